"""What every training here does: steps, running means of the weights, rates, and going on where it was stopped."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

LONGEST = 5.0
"""Of the gradient of a step."""
TOLD = 20
"""Steps between two lines of figures."""

Weights = TypeVar("Weights")
"""A class of weights of losses, each with a default."""


def begin(options: argparse.Namespace) -> None:
    """As every training starts: its ``threads``, the same random numbers, its folder ``out``."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.out.mkdir(parents=True, exist_ok=True)


class Running:
    """A generator, its running mean and its optimiser.

    Args:
        network: the generator.
        memory: how long the mean remembers.
        rate: first learning rate.
        betas: of Adam, for all players.

    Attributes:
        average: the network with the running mean of the weights.
        steps: taken so far.
    """

    def __init__(self, network: nn.Module, memory: float, rate: float, betas: tuple[float, float]) -> None:
        self.network, self.steps = network, 0
        self.average = copy.deepcopy(network)
        self._memory, self._betas = memory, betas
        self.optimiser = self.adam(network, rate)

    def adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        """An optimiser for a player."""
        return torch.optim.Adam(network.parameters(), lr=rate, betas=self._betas)

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state that the next step depends on."""
        return self.network, self.average, self.optimiser

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, but for the pictures."""
        return {"parts": [part.state_dict() for part in self.kept], "steps": self.steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to a state."""
        for part, saved in zip(self.kept, state["parts"], strict=True):
            part.load_state_dict(saved)
        self.steps = state["steps"]

    def advance(self, loss: torch.Tensor) -> None:
        """A step of the generator; its mean follows."""
        update(self.optimiser, self.network, loss)
        self.steps += 1
        weight = 1 - min(self._memory, self.steps / (self.steps + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, weight)


def update(optimiser: torch.optim.Optimizer, network: nn.Module, loss: torch.Tensor) -> None:
    """One step against the gradient of a loss, which is shortened if it is too long."""
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), LONGEST)
    optimiser.step()


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of the next steps."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def learning_rate(progress: float, high: float = 4e-4, low: float = 4e-5) -> float:
    """Constant over the first half, then falling linearly."""
    return high + (low - high) * max(0.0, 2 * progress - 1)


class Checkpoint:
    """The file that a stopped training goes on from: networks, optimisers, and where the random numbers are."""

    def __init__(self, path: Path, trainer: Running, randoms: Iterable[np.random.Generator]) -> None:
        self.path, self.trainer, self.randoms = path, trainer, tuple(randoms)

    def write(self) -> None:
        """Replaces the file in one move."""
        new = self.path.with_suffix(".new")
        randoms = [random.bit_generator.state for random in self.randoms]
        torch.save({**self.trainer.state(), "randoms": randoms, "torch": torch.get_rng_state()}, new)
        new.replace(self.path)

    def read(self) -> None:
        """Goes back to the file, if there is one."""
        if not self.path.exists():
            return
        device = next(self.trainer.network.parameters()).device
        state = torch.load(self.path, map_location=device, weights_only=True)
        self.trainer.restore(state)
        torch.set_rng_state(state["torch"].cpu())
        for random, saved in zip(self.randoms, state["randoms"], strict=True):
            random.bit_generator.state = saved


Step = Callable[[float], tuple[str, dict[str, float]]]
"""Takes a step at that share of the training; says with which crops, and the parts of its loss."""


def run(checkpoint: Checkpoint, steps: int, step: Step, *acts: tuple[int, Callable[[], object]]) -> None:
    """Goes on from a checkpoint until so many steps are taken.

    Args:
        checkpoint: is read, not written.
        steps: in all.
        step: takes one.
        acts: each is done after every so many steps, and at the end.
    """
    checkpoint.read()
    trainer = checkpoint.trainer
    while trainer.steps < steps:
        progress = trainer.steps / steps
        crops, figures = step(progress)
        if trainer.steps % TOLD == 0:
            shown = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
            print(f"{trainer.steps} {progress:.2f} {crops} {shown}", flush=True)
        for every, act in acts:
            if trainer.steps % every == 0 or trainer.steps == steps:
                act()


def offer_weights(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """Options for the weights of losses."""
    for name, value in vars(kind()).items():
        parser.add_argument(f"--weight-{name.replace('_', '-')}", type=float, default=value)


def weights_from(options: argparse.Namespace, kind: type[Weights]) -> Weights:
    """The weights of losses that were asked for."""
    return kind(**{name: getattr(options, f"weight_{name}") for name in vars(kind())})
