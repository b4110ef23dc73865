"""Trains the edges of `find-edges`: `python -m training.edges --photos LIST --out FOLDER`.

Labels are made: those of photographs are what detectors of two kinds agree on, those of rendered scenes are known. The
derivatives of the network are written down, and its votes are trained on pixels of both, which takes a minute.
"""

from __future__ import annotations

import argparse
import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from senga.plugins.effects.edge_network import DIRECTIONS, MIXED, PARTS, SCALES, WEIGHED, bank, edges
from training.edge_labels import Example, agreed
from training.edge_scenes import scene
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb, resize_long

LONG = (384, 640)
"""Sizes at which photographs are looked at, by turns."""
RATE = 4e-3
SHARE = 0.12
"""Of the pixels beside edges that are trained on; all pixels of edges are."""
OPPONENT = np.array([[0.3, 0.59, 0.11], [0.5, -0.5, 0], [0.25, 0.25, -0.5]])
"""Brightness, red against green, yellow against blue."""


def derivatives() -> NDArray[np.float32]:
    """(24, 3, 5, 5) kernels: derivatives of a Gaussian in four directions, of three colours, up and down."""
    y, x = np.mgrid[-2:3, -2:3].astype(np.float64)
    soft = np.exp(-(x * x + y * y) / 2)
    ways = [np.pi * index / DIRECTIONS for index in range(DIRECTIONS)]
    planes = np.stack([(np.cos(way) * x + np.sin(way) * y) * soft for way in ways])
    planes /= np.abs(planes).sum(axis=(1, 2), keepdims=True) / 4  # a step between black and white is about 2
    kernels = np.einsum("dyx,oc->docyx", planes, OPPONENT).reshape(-1, 3, 5, 5)
    return np.concatenate([kernels, -kernels]).astype(np.float32)


def examples(photos: list[Picture], scenes: int, folder: Path, rng: np.random.Generator) -> list[Example]:
    """Photographs with their labels, which are kept in the folder, and rendered scenes."""
    found: list[Example] = []
    for index, photo in enumerate(photos):
        small = resize_long(photo, LONG[index % 2])
        kept = folder / f"{index}-{max(small.shape)}.png"
        if not kept.is_file():
            labels, sure = agreed(small)
            cv2.imwrite(str(kept), np.packbits(np.dstack([labels, sure]).transpose(2, 0, 1), axis=0)[0])
        both = np.unpackbits(cv2.imread(str(kept), cv2.IMREAD_UNCHANGED)[None], axis=0)[:6].transpose(1, 2, 0)
        found.append((small, both[:, :, :3], both[:, :, 3:]))
    return found + [scene(photos, 224, rng) for _ in range(scenes)]


def pixels_of(module: NetworkModule, example: Example, rng: np.random.Generator) -> list[Tensor]:
    """What the bank gives for some pixels of an example, what they are, and their weights."""
    height, width = (length // 16 * 16 for length in example[0].shape[:2])
    photo, wanted, sure = (torch.from_numpy(part[:height, :width].astype(np.float32)) for part in example)
    with torch.no_grad():
        given = module((photo / 127.5 - 1).permute(2, 0, 1)[None])[0].flatten(1).T
    wanted, sure = wanted.reshape(-1, 3), sure.reshape(-1, 3)
    edge = wanted.amax(1) > 0
    chosen = edge | torch.from_numpy(rng.random(len(edge)) < SHARE)
    heavy = torch.where(edge, 3.0, 1 / SHARE)[:, None]
    return [given[chosen].half(), wanted[chosen], (sure * heavy)[chosen]]


def train(pixels: list[Tensor], steps: int) -> dict[str, Tensor]:
    """The three convolutions of one pixel, by Adam with a rate that falls to nothing."""
    torch.manual_seed(0)
    layers = [nn.Linear(*sizes) for sizes in pairwise((pixels[0].shape[1], MIXED, WEIGHED, 3))]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    votes = nn.Sequential(layers[0], nn.LeakyReLU(0.2), layers[1], nn.LeakyReLU(0.2), layers[2])
    adam = torch.optim.Adam(votes.parameters(), RATE)
    total = 0.0
    for step in range(steps):
        adam.param_groups[0]["lr"] = RATE * (0.005 + 0.4975 * (1 + math.cos(math.pi * step / steps)))
        some = torch.randint(len(pixels[0]), (4096,))
        given, wanted, weight = (part[some].float() for part in pixels)
        loss = functional.binary_cross_entropy_with_logits(2 * votes(given), wanted, weight)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        total = 0.99 * total + 0.01 * loss.item()
        if (step + 1) % 500 == 0:
            print(f"{step + 1:6} steps, loss {total:.4f}", flush=True)
    return _apart(*layers)


def _apart(mix: nn.Linear, weigh: nn.Linear, votes: nn.Linear) -> dict[str, Tensor]:
    """The weights by the names of the network, which has the first layer in parts."""
    found = {f"mix.{name}.weight": part for name, part in zip(PARTS, mix.weight.chunk(len(PARTS), 1), strict=True)}
    found |= {"weigh.weight": weigh.weight, "votes.weight": votes.weight}
    found = {name: value.detach()[:, :, None, None] for name, value in found.items()}
    offsets = {"mix.steps1.bias": mix.bias, "weigh.bias": weigh.bias, "votes.bias": votes.bias}
    return found | {name: value.detach() for name, value in offsets.items()}


def main() -> None:
    """Makes labels and scenes, and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    rng = np.random.default_rng(0)
    options.out.mkdir(parents=True, exist_ok=True)
    photos = [read_rgb(path) for path in list_pictures(options.photos)]
    written = {f"steps{scale}.weight": derivatives() for scale in SCALES}
    module = NetworkModule(bank(), written)
    parts = [pixels_of(module, each, rng) for each in examples(photos, options.scenes, options.out, rng)]
    pixels = [torch.cat(part) for part in zip(*parts, strict=True)]
    print(f"{len(pixels[0])} pixels", flush=True)
    found = train(pixels, options.steps) | {name: torch.from_numpy(value) for name, value in written.items()}
    tensors = {name: value.half().contiguous() for name, value in found.items()}
    save_file(tensors, options.out / "edges.safetensors", {"architecture": edges().name, "licence": "CC0-1.0"})


if __name__ == "__main__":
    main()
