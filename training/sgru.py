"""Trains the suggestions of `colorize`: `python -m training.sgru --pairs FOLDER --out RUN`.

A folder has `NAME_colour.png` beside `NAME_line.png`, or any coloured pictures, whose lines are then those of a pen
without a network. Every 17th drawing is held back. The same command goes on where it was stopped.

References:
    Q. Chen, V. Koltun: Photographic Image Synthesis with Cascaded Refinement Networks. ICCV 2017, arXiv:1707.09405
    (the diversity loss).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.networks.sgru import PICTURES, apart, sgru
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair
from senga.neural.training.perceptual import load_encoder, shipped_encoder
from senga.plugins.colorize.suggestion_presets import LEVEL, LossWeights, layers_of
from senga.plugins.colorize.suggestion_samples import Example, example, tints
from training.drawn import in_bfloat16
from training.module import NetworkModule
from training.on_drawings import held_back, parser_of, run_ahead, start
from training.pictures import write_rgb
from training.running import Checkpoint, Running, learning_rate, set_rate

RATE, LAST = 1e-3, 1e-4
"""First and last learning rate."""
HELD = 17
"""One of so many drawings is held back."""
PAPER = 0.25
"""What white paper counts beside colours."""
TINT = 0.25
"""How far the nine differ before the first step."""


class Eye(nn.Module):
    """How far pictures in [-1, 1] are from others, in colours and in features of a perceptual network.

    Args:
        weights: of the perceptual network, None for that which comes with Senga.
        smaller: pictures are reduced so many times before it looks.
        half: it looks in half precision.
    """

    def __init__(self, weights: Path | None = None, smaller: int = 1, *, half: bool = False) -> None:
        super().__init__()
        encoder = load_encoder(weights or shipped_encoder())
        self.layers, self.weights = layers_of(encoder.kernels), LossWeights()
        self.network = NetworkModule(encoder.network(tuple(self.layers)), encoder.weights())
        self.requires_grad_(False)
        self.original, self.smaller, self.half = encoder.original, smaller, half
        self.factors = dict.fromkeys(self.layers, 1.0)

    def calibrate(self, pictures: Tensor) -> None:
        """Brings features to the level that the weights reckon with; the original network keeps its own."""
        if not self.original:
            self.factors = {tap: LEVEL / float(each.abs().mean()) for tap, each in self.seen(pictures).items()}

    def forward(self, made: Tensor, real: Tensor, counts: Tensor) -> Tensor:
        """How far each of several pictures (N, K, 3, H, W) is from the one of (N, 3, H, W); (N, K).

        Args:
            made: several for each.
            real: what they should be.
            counts: (N, 1, H, W) what each pixel counts.
        """
        found = self.weights.colours * 127.5 * (counts[:, None] * (made - real[:, None]).abs()).mean((2, 3, 4))
        ours, theirs = self.seen(made.flatten(0, 1)), self.seen(real)
        for tap, weight in self.layers.items():
            here = functional.interpolate(counts, ours[tap].shape[2:], mode="area")[:, None]
            step = (ours[tap].unflatten(0, made.shape[:2]) - theirs[tap][:, None]).abs()
            found = found + weight * self.factors[tap] * (here * step).mean((2, 3, 4))
        return found

    def seen(self, pictures: Tensor) -> dict[str, Tensor]:
        """Features of pictures."""
        smaller = functional.avg_pool2d(pictures, self.smaller) if self.smaller > 1 else pictures
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            seen = self.network(smaller.contiguous(memory_format=torch.channels_last))
        return {tap: each.float() for tap, each in zip(self.layers, seen, strict=True)}


def diversity(off: Tensor, mean: float) -> Tensor:
    """The loss of several pictures that are so far off, (N, K): that of the best, and a little of the mean of all."""
    return ((1 - mean) * off.amin(1) + mean * off.mean(1)).mean()


def pictures_of(made: Tensor) -> Tensor:
    """(N, 27, H, W) as (N, 9, 3, H, W)."""
    return made.unflatten(1, (3, PICTURES)).transpose(1, 2)


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Drawings to learn from, and those that are held back: the first of every seventeen."""
    return held_back(pairs, HELD)


class Drawings:
    """Drawings to learn from, held in memory."""

    def __init__(self, pairs: Sequence[Pair], seed: int = 0) -> None:
        self.pairs, self.seed = pairs, seed

    def batch(self, step: int, count: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Lines (N, 1, S, S) in 0..255, colours (N, 3, S, S) in [-1, 1], and what pixels count (N, 1, S, S)."""
        random = np.random.default_rng([self.seed, step])
        chosen = random.integers(len(self.pairs), size=count)
        return tensors([example(self.pairs[each], size, random, PAPER) for each in chosen])


def tensors(found: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Lines, colours, and what pixels count."""
    lines, counts = np.stack([each.lines for each in found]), np.stack([each.counts for each in found])
    colours = torch.from_numpy(np.stack([each.colours for each in found])).permute(0, 3, 1, 2).contiguous()
    return torch.from_numpy(lines)[:, None], colours, torch.from_numpy(counts)[:, None]


def beginning(width: float) -> dict[str, Any]:
    """First weights, with which each of the nine has a tint of its own."""
    weights = first_weights(sgru(width), "he", 0)
    weights["pictures.bias"] = tints(TINT)
    weights["pictures.weight"] *= np.float32(0.3)
    return weights


class Trainer(Running):
    """The network of suggestions, its running mean and optimiser."""

    def __init__(self, width: float, eye: Eye) -> None:
        module = NetworkModule(sgru(width), beginning(width)).to(memory_format=torch.channels_last)
        super().__init__(module, 0.995, RATE, (0.9, 0.99))
        self.width, self.eye = width, eye

    def step(self, lines: Tensor, colours: Tensor, counts: Tensor, progress: float) -> dict[str, float]:
        """One step."""
        set_rate(self.optimiser, learning_rate(progress, RATE, LAST))
        off = self.eye(pictures_of(in_bfloat16(self.network, lines)), colours, counts)
        self.advance(diversity(off, self.eye.weights.share(progress)))
        best = off.detach().argmin(1).unique()
        return {"best": off.amin(1).mean().item(), "mean": off.mean().item(), "kinds": float(len(best))}

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        facts = {"architecture": "sgru", "width": f"{self.width:g}", "steps": str(self.steps)}
        save_file(arrays, path, metadata=facts)


def leave(trainer: Trainer, held: Sequence[Pair], size: int, out: Path) -> None:
    """Writes the averaged weights, and what they suggest for drawings that were held back."""
    trainer.save(out / f"step-{trainer.steps:05d}.safetensors")
    if not held:
        return
    rng = np.random.default_rng(1)
    several = [example(pair, size, rng) for pair in held[:: max(1, len(held) // 12)]]
    with torch.inference_mode():
        made = trainer.average(tensors(several)[0]).permute(0, 2, 3, 1).numpy()
    rows = [_row(each, pictures) for each, pictures in zip(several, made, strict=True)]
    write_rgb(out / f"step-{trainer.steps:05d}.png", np.rint(255 * np.vstack(rows)).astype(np.uint8))


def _row(shown: Example, pictures: Any) -> Any:
    """Lines over the colours as they are, and over nine suggestions."""
    below = np.concatenate([shown.colours[None], np.clip(apart(pictures), -1, 1)])
    return np.hstack(list((below + 1) / 2 * shown.lines[None, :, :, None] / 255))


def train(trainer: Trainer, given: Drawings, held: Sequence[Pair], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, ())
    trainer.eye.calibrate(given.batch(0, 16, options.size)[1])

    def kept() -> None:
        checkpoint.write()
        leave(trainer, held, options.size, options.out)

    run_ahead(checkpoint, options, given.batch, lambda seen, at: trainer.step(*seen, at), (options.every, kept))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = parser_of(__doc__, width=0.2, steps=3000, every=300)
    parser.add_argument("--vgg", type=Path, help="a perceptual network, in place of that which comes with Senga")
    parser.add_argument("--smaller", type=int, default=2, help="pictures are reduced so many times before features")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    pairs, held = split(start(options))
    print(f"{len(pairs)} drawings, {len(held)} held back", flush=True)
    trainer = Trainer(options.width, Eye(options.vgg, options.smaller, half=True))
    train(trainer, Drawings(pairs), held, options)


if __name__ == "__main__":
    main()
