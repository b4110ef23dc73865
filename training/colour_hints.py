"""Trains the colours from hints of `colorize`: `python -m training.colour_hints --pairs FOLDER --out RUN`.

A folder has `NAME_colour.png` beside `NAME_line.png`, or any coloured pictures, whose lines are then those of a pen
without a network. The first of every 17 drawings is held back. The same command goes on where it was stopped.

Losses: absolute differences of Y, U and V; of features of the perceptual network; and what a judge of places says, by
least squares where PaintsChainer's has a softmax.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.networks.colour_hints import hint_judge, hint_unet
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair, halved
from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.colorize.hint_network import quiet_start
from senga.plugins.colorize.samples import example
from training import losses
from training.drawn import SEEN, in_bfloat16
from training.module import NetworkModule
from training.on_drawings import held_back, parser_of, run_ahead, start
from training.perceptual import Features
from training.pictures import write_rgb
from training.running import Checkpoint, Running, learning_rate, set_rate, update

RATE, LAST = 8e-4, 1e-4
"""First and last learning rate."""
COLOUR, CONTENT, JUDGED = 10.0, 1.0, 0.1
"""Weights of the parts of the loss."""
HELD = 17
"""One of so many drawings is held back."""


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Drawings to learn from, and those that are held back."""
    return held_back(pairs, HELD)


class Drawings:
    """Drawings to learn from, held in memory."""

    def __init__(self, pairs: Sequence[Pair], seed: int = 0) -> None:
        self.pairs, self.seed = pairs, seed

    def batch(self, step: int, count: int, size: int) -> tuple[Tensor, Tensor]:
        """What the network sees at a step, (N, 5, S, S), and the colours, (N, 3, S, S), both in [-1, 1]."""
        random = np.random.default_rng([self.seed, step])
        found = [example(self.pairs, size, random) for _ in range(count)]
        seen, wanted = np.stack([each for each, _ in found]), np.stack([2 * square.colours - 1 for _, square in found])
        return _tensor(seen), _tensor(wanted)


def _tensor(planes: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(planes, np.float32)).permute(0, 3, 1, 2).contiguous()


class Trainer(Running):
    """The network, its running mean, its judge and their optimisers."""

    def __init__(self, width: int = 16, rate: float = RATE) -> None:
        network = hint_unet(width)
        super().__init__(_module(network, quiet_start(network, 0)), 0.995, rate, (0.9, 0.99))
        self.width, self.rate = width, rate
        judge = hint_judge()
        self.judge = _module(judge, first_weights(judge, "he", 1))
        self.judge_optimiser = self.adam(self.judge, rate / 2)
        self.features = Features(shipped_encoder()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state."""
        return *super().kept, self.judge, self.judge_optimiser

    def step(self, seen: Tensor, colours: Tensor, progress: float) -> dict[str, float]:
        """One step of the network, and one of its judge."""
        set_rate(self.optimiser, learning_rate(progress, self.rate, LAST))
        set_rate(self.judge_optimiser, learning_rate(progress, self.rate, LAST) / 2)
        made = in_bfloat16(self.network, seen)
        judged = self._step_judge(seen[:, :1], colours, made.detach())
        parts = self.parts(seen, made, colours)
        self.advance(torch.stack(list(parts.values())).sum())
        return {"judge": judged} | {name: part.item() for name, part in parts.items()}

    def parts(self, seen: Tensor, made: Tensor, colours: Tensor) -> dict[str, Tensor]:
        """The loss of painted colours, part by part."""
        with torch.no_grad():
            wanted = in_bfloat16(self.features, colours)
        verdict = in_bfloat16(self.judge, torch.cat([made, seen[:, :1]], 1))
        return {
            "colour": COLOUR * losses.colour_loss(made, colours),
            "content": CONTENT * losses.content_loss(in_bfloat16(self.features, made), wanted, SEEN),
            "fooled": JUDGED * losses.fool_loss(verdict),
        }

    def _step_judge(self, lines: Tensor, real: Tensor, fake: Tensor) -> float:
        self.judge.requires_grad_(True)
        both = [in_bfloat16(self.judge, torch.cat([each, lines], 1)) for each in (real, fake)]
        loss = losses.judge_loss(*both)
        update(self.judge_optimiser, self.judge, loss)
        self.judge.requires_grad_(False)
        return float(loss.item())

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        facts = {"width": f"{self.width}", "steps": str(self.steps)}
        save_file(arrays, path, metadata={"architecture": "hint-painter", **facts})


def _module(network: Network, weights: Mapping[str, Array]) -> NetworkModule:
    module = NetworkModule(network, weights)
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return] # torch's own


def leave(trainer: Trainer, held: Sequence[Pair], out: Path) -> None:
    """Writes the averaged weights, and what they make of drawings that were held back; tells how far off they are."""
    trainer.save(out / f"step-{trainer.steps:05d}.safetensors")
    if not held:
        return
    rng = np.random.default_rng(1)
    several = [example(held, 128, rng) for _ in range(30)]
    seen = np.stack([each for each, _ in several])
    with torch.inference_mode():
        made = (in_bfloat16(trainer.average, _tensor(seen)).permute(0, 2, 3, 1).numpy() + 1) / 2
    wanted = np.stack([square.colours for _, square in several])
    print(f"off by {255 * np.abs(made - wanted).mean():.2f} of 255", flush=True)
    shown = np.where(seen[..., 4:] > 0, seen[..., 1:4], seen[..., :1]) / 2 + 0.5
    rows = [np.hstack(each) for each in zip(shown, wanted, made, strict=True)]
    sheet = np.vstack([np.hstack(rows[index : index + 5]) for index in range(0, len(rows), 5)])
    write_rgb(out / f"step-{trainer.steps:05d}.png", np.rint(sheet.clip(0, 1) * 255).astype(np.uint8))


def train(trainer: Trainer, given: Drawings, held: Sequence[Pair], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, ())
    acts = (options.every, checkpoint.write), (options.sheets, lambda: leave(trainer, held, options.out))
    run_ahead(checkpoint, options, given.batch, lambda seen, at: trainer.step(*seen, at), *acts)


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = parser_of(__doc__, width=16, every=100)
    parser.add_argument("--rate", type=float, default=RATE, help="of learning, at first")
    parser.add_argument("--sheets", type=int, default=400, help="steps between sheets and weights")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    pairs, held = split(start(options, halved))
    print(f"{len(pairs)} drawings, {len(held)} held back", flush=True)
    train(Trainer(options.width, options.rate), Drawings(pairs), held, options)


if __name__ == "__main__":
    main()
