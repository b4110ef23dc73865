"""Trains the perceptual network that ships.

`python -m training.encoder --pictures LIST --held LIST --teacher e5_base.pth --out FOLDER`

A VGG-16 with few channels imitates the features of a larger network: every convolution has a twin there (hints, after
Romero et al.: FitNets, ICLR 2015), and at five depths it is also held to the directions and to the gram matrices.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.graph import Network
from senga.neural.networks.vgg import layers, vgg
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import OWN, load_encoder
from training.losses import gram
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb, resize_long
from training.running import Checkpoint, Running, set_rate

DEPTHS = tuple(f"relu{block}_1" for block in range(1, 6))
"""Where features are compared, and used."""
CHANNELS = dict(zip(layers(16), (16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128), strict=False))
TWINS = {"conv1_1": "conv1_1"} | {f"relu{name[4:]}": f"relu{name[4:]}" for name in CHANNELS}
TWINS |= {"relu3_3": "relu3_4", "relu4_3": "relu4_4"}
"""Each convolution of the small network, and the one of VGG-19 that it imitates. The first one also in front of its
activation: there are few channels, and one that begins below zero everywhere would stay there."""
RATE, SIDE, LONG = 2e-3, 96, 640
BATCH, CALIBRATION, EVERY = 4, 8, 250


def student(taps: tuple[str, ...] = DEPTHS) -> Network:
    """The network that is trained: 0.7 million weights."""
    return vgg(taps, 16, channels=CHANNELS, pad_mode="reflect")


def first() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Random kernels; the mix of colours in front of them is left to the first convolution."""
    weights = first_weights(student(), "he", 1)
    return weights | {"prepare.weight": np.eye(3, dtype=np.float32)[:, :, None, None] * np.float32(2)}


class Crops:
    """Random crops of pictures, now and then in other light, in grey, or noisy."""

    def __init__(self, pictures: list[Picture], seed: int) -> None:
        self.pictures, self.random = pictures, np.random.default_rng(seed)

    def batch(self, count: int) -> Tensor:
        """So many, in [-1, 1]."""
        some = [self.crop(self.pictures[i]) for i in self.random.integers(len(self.pictures), size=count)]
        return torch.from_numpy(np.stack(some)).permute(0, 3, 1, 2)  # channels last in memory: faster here

    def crop(self, picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """One of them: a square of any size, made smaller."""
        short, random = min(picture.shape[:2]), self.random
        side = min(short, int(SIDE * random.uniform(1, max(1.0, short / SIDE))))
        top, left = (int(random.integers(length - side + 1)) for length in picture.shape[:2])
        square = picture[top : top + side, left : left + side]
        square = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR)
        x = square[:, :: random.choice((-1, 1))].astype(np.float32) / 127.5 - 1
        if random.random() < 0.3:
            x = x * random.uniform(0.6, 1.3) + random.uniform(-0.2, 0.2)
        if random.random() < 0.25:
            x = x[:, :, random.permutation(3)]
        elif random.random() < 0.1:
            x = x.mean(2, keepdims=True).repeat(3, axis=2)
        if random.random() < 0.1:
            x = x + random.normal(0, 0.08, x.shape)
        return np.asarray(np.clip(x, -1, 1), np.float32)


class Distillation:
    """The two networks and the loss; the features to imitate are brought to a deviation of one, layer by layer."""

    def __init__(self, teacher: Path, crops: Crops) -> None:
        encoder, taps = load_encoder(teacher), tuple(TWINS)
        self.teacher = NetworkModule(encoder.network(tuple(TWINS.values())), encoder.weights()).requires_grad_(False)
        self.student = NetworkModule(student(taps), first())
        for name, value in self.student.named_parameters():
            value.requires_grad_(not name.startswith("prepare"))
        for network in (self.teacher, self.student):
            network.to(memory_format=torch.channels_last)
        seen = [self.teacher(crops.batch(BATCH)) for _ in range(CALIBRATION)]
        self.spread = [torch.stack([some[i].var() for some in seen]).mean().sqrt() for i in range(len(taps))]

    def loss(self, pictures: Tensor) -> Tensor:
        """Mean squared difference everywhere; at the five depths that of directions and of gram matrices, too."""
        total = pictures.new_zeros(())
        found, wanted = self.student(pictures), self.teacher(pictures)
        for name, a, large, spread in zip(TWINS, found, wanted, self.spread, strict=True):
            b = large / spread
            total = total + (a - b).square().mean()
            if name in DEPTHS:
                total = total + 0.5 * (1 - functional.cosine_similarity(a, b, dim=1).mean())
                total = total + 0.3 * (gram(a) - gram(b)).square().mean() / gram(b).square().mean()
        return total


def rate(progress: float, step: int) -> float:
    """A short rise, then half a cosine to nothing."""
    return RATE * min(1.0, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * progress)) + 1e-5


def squares(paths: list[Path], side: int = 256) -> list[Tensor]:
    """The upper left of every picture at a short side."""
    found = []
    for path in paths:
        picture = read_rgb(path)
        factor = side / min(picture.shape[:2])
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)[:side, :side]
        found.append(torch.from_numpy(small.astype(np.float32).transpose(2, 0, 1).copy())[None] / 127.5 - 1)
    return found


def ranks(values: Tensor) -> Tensor:
    """Places in their order, centred."""
    places = values.argsort().argsort().double()
    return places - places.mean()


@torch.no_grad()
def agreement(small: nn.Module, large: nn.Module, pictures: list[Tensor]) -> dict[str, tuple[float, float]]:
    """By depth: mean cosine of features, and rank correlation of the distances between gram matrices of all pairs."""
    seen = [(small(x), large(x)) for x in pictures]
    found = {}
    for index, depth in enumerate(DEPTHS):
        pairs = [(a[index], b[index]) for a, b in seen]
        cosine = float(np.mean([functional.cosine_similarity(a.flatten(1), b.flatten(1)).item() for a, b in pairs]))
        first_ranks, second_ranks = (
            ranks(torch.pdist(torch.cat([gram(pair[i]) for pair in pairs]).flatten(1))) for i in (0, 1)
        )
        found[depth] = cosine, functional.cosine_similarity(first_ranks, second_ranks, 0).item()
    return found


def judge(small: Path, teacher: Path, held: list[Path]) -> dict[str, tuple[float, float]]:
    """The agreement of two files on pictures that were not trained on."""
    both = [load_encoder(path) for path in (small, teacher)]
    return agreement(*(NetworkModule(each.network(DEPTHS), each.weights()) for each in both), squares(held))


def packed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """At half precision; what stands in front of the first convolution becomes a part of it."""
    first_kernel = weights["conv1_1.weight"] * weights["prepare.weight"][0, 0, 0, 0]
    kept = {name: value for name, value in weights.items() if not name.startswith("prepare")}
    return {name: value.half().contiguous() for name, value in (kept | {"conv1_1.weight": first_kernel}).items()}


def train(job: Distillation, crops: Crops, out: Path, steps: int) -> dict[str, Tensor]:
    """Adam to the end, with a checkpoint now and then, from the last one if there is one; the averaged weights."""
    run = Running(job.student, 0.999, RATE, (0.9, 0.99))
    checkpoint = Checkpoint(out / "checkpoint.pt", run, (crops.random,))
    checkpoint.read()
    while run.steps < steps:
        set_rate(run.optimiser, rate(run.steps / steps, run.steps))
        loss = job.loss(crops.batch(BATCH))
        run.advance(loss)
        if run.steps % EVERY == 0 or run.steps == steps:
            print(f"{run.steps:6} steps, loss {loss.item():.4f}", flush=True)
            checkpoint.write()
    return dict(run.average.state_dict())


def main() -> None:
    """Trains, or with `--steps 0` only judges what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--held", type=Path, required=True, help="pictures to judge by")
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = [resize_long(read_rgb(path), LONG) for path in list_pictures(options.pictures)]
    crops = Crops([picture for picture in pictures if min(picture.shape[:2]) >= SIDE // 2], 1)
    found = train(Distillation(options.teacher, crops), crops, options.out, options.steps)
    save_file(packed(found), options.out / "perceptual.safetensors", {"architecture": OWN, "licence": "CC-BY-4.0"})
    for depth, (cosine, rank) in judge(
        options.out / "perceptual.safetensors", options.teacher, list_pictures(options.held)
    ).items():
        print(f"{depth}  cosine {cosine:.4f}  rank correlation {rank:.4f}", flush=True)


if __name__ == "__main__":
    main()
