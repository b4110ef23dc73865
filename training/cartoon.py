"""Trains White-box Cartoonization: `python -m training.cartoon --photos LIST --style LIST --held LIST --out RUN`.

Beside the losses of the publication the picture is held against a drawn target, which is what makes some thousand steps
enough. The same command goes on where it was stopped.

References:
    X. Wang, J. Yu: Learning to Cartoonize Using White-box Cartoon Representations. CVPR 2020.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

import senga
from senga import ops
from senga.job import Job
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.cartoon.first import passing_weights
from senga.plugins.cartoon.network import CHANNELS, generator, judge
from senga.plugins.cartoon.painting import flat
from training import losses
from training.data import Pairs, Panels
from training.drawn import Drawn, crop_plan, in_bfloat16, leave
from training.module import NetworkModule
from training.perceptual import Features
from training.pictures import Picture, list_pictures, read_rgb, resize_long, write_rgb
from training.running import Checkpoint, offer_weights, run, update, weights_from

KINDS = ("scenery", "faces")
FACES_EVERY = 5
JUDGED = 0.7
"""The share of the generator's learning rate that judges have."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the generator's loss."""

    colour: float = 8.0
    gradient: float = 6.0
    content: float = 0.7
    structure: float = 0.7
    surface: float = 0.5
    texture: float = 0.7
    variation: float = 0.5


def lifted(paint: Any, lift: float) -> Any:
    """Brighter colours with more contrast and saturation."""
    bright = np.clip(paint, 0, 1) ** (1 / (1 + 0.35 * lift))
    curved = bright + 0.5 * lift * (bright * bright * (3 - 2 * bright) - bright)
    return np.clip(ops.saturate(curved, 1 + 0.4 * lift), 0, 1).astype(np.float32)


def draw(photo: Picture) -> Picture:
    """The target: flat patches half mixed with smooth paint, clear colours, thin lines in a dark shade of them."""
    picture = np.asarray(photo / 255, np.float32)
    flat = senga.apply("flat-cartoon", photo, patch_size=9, flatness=0.6, shading=0.2, lines=0, lift=0).pixels / 255
    smooth = ops.smooth_l0(ops.kuwahara(picture, 4), 0.012)
    paint = lifted(0.5 * flat + 0.5 * smooth, 0.9)
    dark = ops.edge_ink(ops.luma(ops.kuwahara(picture, 2)), 1.0, 0.004)
    lines = 0.9 * ops.fade_crowds(ops.without_specks(dark, 60), 0.34)[..., None]
    drawn = paint * (1 - lines) + 0.45 * paint * np.array((0.75, 0.65, 0.8), np.float32) * lines
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.45) * 255 + 0.5, np.uint8)


def pack(photos: list[Path], folder: Path, long_side: int) -> None:
    """Draws the target of every photo once."""
    folder.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        if not (folder / f"{_name_of(photo)}.target.png").exists():
            _pack_one(photo, folder, long_side)


def _name_of(photo: Path) -> str:
    return f"{photo.parent.name}-{photo.stem}"


def _pack_one(path: Path, folder: Path, long_side: int) -> None:
    photo = resize_long(read_rgb(path), long_side)
    target = draw(photo)
    write_rgb(folder / f"{_name_of(path)}.photo.png", photo)
    write_rgb(folder / f"{_name_of(path)}.target.png", target)


def box_mean(x: Tensor, radius: int) -> Tensor:
    """Means of windows of side ``2 radius + 1``; at the borders of what is there."""
    for kernel, pad in (((2 * radius + 1, 1), (radius, 0)), ((1, 2 * radius + 1), (0, radius))):
        x = functional.avg_pool2d(x, kernel, 1, pad, count_include_pad=False)
    return x


def guided_filter(guide: Tensor, x: Tensor, radius: int, eps: float) -> Tensor:
    """The guided filter of He, Sun and Tang, channel by channel."""
    level, centre = box_mean(guide, radius), box_mean(x, radius)
    variance = box_mean(guide * guide, radius) - level * level
    slope = (box_mean(guide * x, radius) - level * centre) / (variance + eps)
    return box_mean(slope, radius) * guide + box_mean(centre - slope * level, radius)


def surface_of(picture: Tensor) -> Tensor:
    """The smooth surfaces of a picture."""
    return guided_filter(picture, picture, 5, 0.2)


def texture_of(pictures: list[Tensor]) -> list[Tensor]:
    """One channel of each picture, mixed of red, green and blue by the same random shares."""
    low, high = torch.tensor((0.199, 0.487, 0.014)), torch.tensor((0.399, 0.687, 0.214))
    shares = low + (high - low) * torch.rand(3)
    return [torch.einsum("nchw,c->nhw", x, shares / shares.sum())[:, None] for x in pictures]


def structure_of(picture: Tensor) -> Tensor:
    """Flat patches; no gradient."""
    seen = np.ascontiguousarray(((picture.detach().clamp(-1, 1) + 1) / 2).permute(0, 2, 3, 1).cpu().numpy())
    patches = [flat(each, Job(), max(6, len(each) // 14)) for each in seen]
    return torch.from_numpy(np.stack(patches)).permute(0, 3, 1, 2).to(picture) * 2 - 1


class Trainer(Drawn):
    """Networks, optimisers and running mean of one training."""

    def __init__(self, channels: int, vgg: Path, weights: LossWeights) -> None:
        described = generator(channels / CHANNELS)
        network = NetworkModule(described, passing_weights(described, 0))
        judged = {"surface": judge(3, 16), "texture": judge(1, 16)}
        judges = nn.ModuleDict(
            {k: NetworkModule(v, first_weights(v, "he", 1), spectral_norm=True) for k, v in judged.items()}
        )
        super().__init__(network, judges, JUDGED, Features(vgg), weights)
        self.channels = channels

    def step(self, photo: Tensor, target: Tensor, style: Tensor, progress: float, start: bool) -> dict[str, float]:
        """One step; in the first phase only of the generator, against its target alone."""
        self.set_rates(progress)
        drawing = in_bfloat16(self.network, photo)
        parts = self.faithful(drawing, target) | {"variation": self._variation(drawing)}
        if not start:
            few = max(1, len(drawing) // 2)  # half of the crops: these cost as much as the generator
            parts |= self._step_judges(drawing[:few], style[:few])
            last = drawing[-few:]
            parts["structure"] = self.weights.structure * self.content(last, structure_of(last))
        self.advance(torch.stack(list(parts.values())).sum())
        return {name: part.item() for name, part in parts.items()}

    def _variation(self, drawing: Tensor) -> Tensor:
        variation = drawing.diff(dim=2).square().mean() + drawing.diff(dim=3).square().mean()
        return torch.as_tensor(self.weights.variation * variation)

    def _step_judges(self, drawing: Tensor, style: Tensor) -> dict[str, Tensor]:
        """A step of both judges; what the generator pays for their verdicts."""
        textures = texture_of([style, drawing])
        shown = {"surface": (surface_of(style), surface_of(drawing)), "texture": (textures[0], textures[1])}
        self.judges.requires_grad_(True)
        paid = []
        for name, (real, fake) in shown.items():
            self.judges[name].follow()
            paid.append(losses.judge_loss(*(in_bfloat16(self.judges[name], x) for x in (real, fake.detach()))))
        update(self.judge_optimiser, self.judges, torch.stack(paid).sum())
        self.judges.requires_grad_(False)
        return {
            name: getattr(self.weights, name) * losses.fool_loss(in_bfloat16(self.judges[name], fake))
            for name, (_, fake) in shown.items()
        }

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        card = {"architecture": "whitebox", "width": f"{self.channels / CHANNELS:g}", "steps": str(self.steps)}
        save_file(arrays, path, metadata=card)


def train(trainer: Trainer, sets: dict[str, tuple[Pairs, Panels]], held: list[Picture], options: Any) -> None:
    """Trains to a number of steps."""
    randoms = [each.random for pair in sets.values() for each in pair]
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, randoms)

    def step(progress: float) -> tuple[str, dict[str, float]]:
        kind = "faces" if "faces" in sets and trainer.steps % FACES_EVERY == FACES_EVERY - 1 else "scenery"
        count, size = crop_plan(progress, options.pixels)
        pairs, panels = sets[kind]
        photo, target = pairs.batch(count, size)
        start = trainer.steps < options.start_steps
        return f"{kind} {count}x{size}", trainer.step(photo, target, panels.batch(count, size), progress, start)

    run(checkpoint, options.steps, step, (options.every, checkpoint.write),
        (options.sheets, lambda: leave(trainer, held, options.out)))  # fmt: skip


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, told in (("photos", "photographs"), ("style", "drawn pictures")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{told}: folder, or text file of paths")
    parser.add_argument("--faces", type=Path, help="photographs of faces, for every fifth step")
    parser.add_argument("--face-style", type=Path, help="drawn faces; the style set without")
    parser.add_argument("--held", type=Path, required=True, help="photographs to look at on the way")
    parser.add_argument("--vgg", type=Path, help="perceptual network; Senga's own without")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--start-steps", type=int, default=400, help="steps without judges")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--sheets", type=int, default=500, help="steps between sheets and weights")
    parser.add_argument("--pixels", type=int, default=66_000, help="pixels in one batch")
    parser.add_argument("--long", type=int, default=512, help="long side of the photographs")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    torch.manual_seed(0)
    sets = {}
    for kind, photos, style in zip(
        KINDS, (options.photos, options.faces), (options.style, options.face_style), strict=True
    ):
        if photos:
            pack(list_pictures(photos), options.out / kind, options.long)
            sets[kind] = Pairs(options.out / kind), Panels(style or options.style)
    torch.set_num_threads(options.threads)
    held = [resize_long(read_rgb(path), 512) for path in list_pictures(options.held)]
    trainer = Trainer(options.channels, options.vgg or shipped_encoder(), weights_from(options, LossWeights))
    train(trainer, sets, held, options)


if __name__ == "__main__":
    main()
