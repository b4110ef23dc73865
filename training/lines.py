"""Trains the lines of `line-art`: `python -m training.lines --pairs FOLDER --out RUN`.

A folder has `NAME_colour.png` beside `NAME_line.png`, or any coloured pictures, whose lines are then those of a pen
without a network. Every tenth drawing is held back. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from senga.neural.networks.lines import lines
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair
from senga.plugins.line_art.samples import Example, example
from training.drawn import in_bfloat16
from training.module import NetworkModule
from training.on_drawings import held_back, parser_of, run_ahead, start
from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.running import Checkpoint, Running, learning_rate, set_rate

RATE, LAST = 2e-3, 1e-4
"""First and last learning rate."""
HEAVY = 1.5
"""So much more pixels of lines count than others."""
HELD = 10
"""One of so many drawings is held back."""


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Drawings to learn from, and those that are held back."""
    return held_back(pairs, HELD, HELD - 1)


class Drawings:
    """Drawings to learn from, held in memory, and details of photographs."""

    def __init__(self, pairs: Sequence[Pair], textures: Sequence[Picture], seed: int = 0) -> None:
        self.pairs, self.textures, self.seed = pairs, textures, seed

    def batch(self, step: int, count: int, size: int) -> tuple[Tensor, Tensor]:
        """What the network sees at a step, (N, 3, S, S) in [-1, 1], and the ink, (N, 1, S, S) in 0..1."""
        random = np.random.default_rng([self.seed, step])
        found = [example(self.pairs, self.textures, size, random) for _ in range(count)]
        seen, ink = np.stack([each.seen for each in found]), np.stack([each.ink for each in found])
        return torch.from_numpy(seen).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(ink)[:, None]


def parts_of(made: Tensor, ink: Tensor) -> dict[str, Tensor]:
    """The loss of drawn lines in [-1, 1]: cross-entropy, heavier on lines, and what both have not in common (Dice).

    References:
        F. Milletari, N. Navab, S.-A. Ahmadi: V-Net. 3DV 2016, arXiv:1606.04797 (Dice, with squares).
    """
    share = ((made + 1) / 2).clamp(1e-4, 1 - 1e-4)
    entropy = functional.binary_cross_entropy(share, ink, weight=1 + HEAVY * ink)
    common = 2 * (share * ink).sum() + 1
    return {"entropy": entropy, "dice": 0.5 * (1 - common / ((share * share).sum() + (ink * ink).sum() + 1))}


class Trainer(Running):
    """The network of lines, its running mean and optimiser."""

    def __init__(self, width: float = 1.0) -> None:
        network = lines(width)
        module = NetworkModule(network, first_weights(network, "he", 0))
        super().__init__(module.to(memory_format=torch.channels_last), 0.995, RATE, (0.9, 0.99))
        self.width = width

    def step(self, seen: Tensor, ink: Tensor, progress: float) -> dict[str, float]:
        """One step."""
        set_rate(self.optimiser, learning_rate(progress, RATE, LAST))
        parts = parts_of(in_bfloat16(self.network, seen), ink)
        self.advance(torch.stack(list(parts.values())).sum())
        return {name: part.item() for name, part in parts.items()}

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        facts = {"width": f"{self.width:g}", "steps": str(self.steps)}
        save_file(arrays, path, metadata={"architecture": "lines", **facts})


def drawn(network: torch.nn.Module, several: Sequence[Example]) -> NDArray[np.float32]:
    """The ink of examples, (N, S, S) in 0..1."""
    seen = torch.from_numpy(np.stack([each.seen for each in several])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return np.asarray(((network(seen) + 1) / 2)[:, 0].numpy(), np.float32)


def agreement(made: NDArray[np.float32], ink: NDArray[np.float32]) -> float:
    """F-measure of the pixels that are ink in (N, H, W) planes, where one pixel aside counts as right."""
    element = np.ones((3, 3), np.uint8)
    ours, theirs = (np.asarray(each > 0.5, np.uint8) for each in (made, ink))
    near = [np.stack([cv2.dilate(one, element) for one in each]) for each in (ours, theirs)]
    precise = (ours & near[1]).sum() / max(1, ours.sum())
    found = (theirs & near[0]).sum() / max(1, theirs.sum())
    return float(2 * precise * found / max(1e-9, precise + found))


def leave(trainer: Trainer, held: Sequence[Pair], textures: Sequence[Picture], out: Path) -> None:
    """Writes the averaged weights, and what they make of drawings that were held back; tells how well."""
    trainer.save(out / f"step-{trainer.steps:05d}.safetensors")
    if not held:
        return
    rng = np.random.default_rng(1)
    several = [example(held, textures, 128, rng) for _ in range(32)]
    made = drawn(trainer.average, several)
    print(f"agreement {agreement(made, np.stack([each.ink for each in several])):.4f}", flush=True)
    rows = [
        np.hstack([each.picture, *(np.repeat(1 - plane[:, :, None], 3, axis=2) for plane in (each.ink, ink))])
        for each, ink in zip(several, made, strict=True)
    ]
    sheet = np.vstack([np.hstack(rows[index : index + 4]) for index in range(0, len(rows), 4)])
    write_rgb(out / f"step-{trainer.steps:05d}.png", np.rint(sheet * 255).astype(np.uint8))


def train(trainer: Trainer, given: Drawings, held: Sequence[Pair], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, ())

    def kept() -> None:
        checkpoint.write()
        leave(trainer, held, given.textures, options.out)

    run_ahead(checkpoint, options, given.batch, lambda seen, at: trainer.step(*seen, at), (options.every, kept))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = parser_of(__doc__, every=400)
    parser.add_argument("--textures", type=Path, help="photographs whose detail lies over colours: folder or list")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    pairs, held = split(start(options))
    textures = [read_rgb(path) for path in list_pictures(options.textures)] if options.textures else []
    print(f"{len(pairs)} drawings, {len(held)} held back, {len(textures)} photographs", flush=True)
    train(Trainer(options.width), Drawings(pairs, textures), held, options)


if __name__ == "__main__":
    main()
