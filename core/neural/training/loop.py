"""The loop of a training: steps, losses, samples, checkpoints, and how it ends."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from senga.errors import ModelError, SengaError
from senga.neural.executor import Array

from .batches import prefetching
from .run_folder import RunFolder, State

B = TypeVar("B")


class Trainee(Protocol[B]):
    """What is trained: everything but the loop."""

    columns: tuple[str, ...]

    def batch(self, step: int) -> B:
        """The pictures of a step, a function of the step alone; called from another thread."""
        ...

    def train(self, step: int, batch: B) -> Mapping[str, float]:
        """Take a step; its losses by name."""
        ...

    def phase(self, step: int) -> str:
        """What a step is part of, in a word."""
        ...

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on."""
        ...

    def load(self, state: Mapping[str, Array]) -> None:
        """Go back to a state; raises ModelError if it does not fit."""
        ...

    def weights(self) -> dict[str, Array]:
        """The generator as it would be used."""
        ...

    def sample(self) -> Array:
        """Pictures to look at, as bytes (rows, columns, H, W, 3)."""
        ...


@dataclass(frozen=True)
class Pace:
    """How long, and how often what is written.

    Attributes:
        steps: in all.
        checkpoint: steps between checkpoints.
        sample: steps between samples, each with a generator to choose from.
        minutes: stop after so long, with a checkpoint; None goes on to the end.
    """

    steps: int
    checkpoint: int
    sample: int
    minutes: float | None = None


@dataclass(frozen=True)
class Progress:
    """What is told after each step: how many are done of how many, in which phase, the losses, the seconds left."""

    done: int
    steps: int
    phase: str
    losses: Mapping[str, float]
    seconds_left: float


class Loop(Generic[B]):
    """Runs a trainee in a folder.

    Args:
        trainee: what is trained.
        folder: where everything is written.
        pace: how long and how often.
        facts: for the checkpoints.
        told: further facts of the generator as it is, for the weights.
        tell: hears of every step.
        stopped: asked after every step; True ends with a checkpoint.
    """

    def __init__(
        self,
        trainee: Trainee[B],
        folder: RunFolder,
        pace: Pace,
        *,
        facts: Mapping[str, str],
        told: Callable[[], Mapping[str, str]] = dict,
        tell: Callable[[Progress], None] = lambda progress: None,  # noqa: ARG005
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.trainee, self.folder, self.pace = trainee, folder, pace
        self._facts, self._told, self._tell, self._stopped = dict(facts), told, tell, stopped
        self._recent: deque[float] = deque(maxlen=20)

    def begin(self, *, resume: bool) -> int:
        """Go back to the last checkpoint if asked to; the step to start from.

        Raises:
            ModelError: the checkpoint is of another network or of other settings.
        """
        state = self.folder.last_state() if resume else None
        step = state.step if state else 0
        if state:
            differing = sorted(key for key, value in self._facts.items() if state.facts.get(key) != value)
            if differing:
                raise ModelError(
                    f"The checkpoint of step {step} was made with other settings ({', '.join(differing)}): put "
                    "“run.toml” back as it was, or begin a new training in another folder."
                )
            self.trainee.load(state.arrays)
        self.folder.cut_losses(("step", "phase", "seconds", *self.trainee.columns), step)
        if not state:
            self._save(0)  # a disk without room for a checkpoint is told at once, not after hours
        return step

    def run(self, first: int) -> int:
        """Train from a step on; the number of steps that are done in the end.

        Raises:
            SengaError: the losses are no numbers any more, or the disk is full; the last checkpoint is kept.
        """
        began, saved, step = time.monotonic(), first, first
        with prefetching(self.trainee.batch, first) as batches:
            while step < self.pace.steps:
                losses = self._step(step, batches.get(step))
                step += 1
                if step % self.pace.sample == 0:
                    self._show(step)
                if step % self.pace.checkpoint == 0:
                    saved = self._save(step)
                self._tell(Progress(step, self.pace.steps, self.trainee.phase(step - 1), losses, self._left(step)))
                if self._stopped() or (self.pace.minutes and time.monotonic() - began > 60 * self.pace.minutes):
                    break
        if saved != step:
            self._save(step)
        if step > first and step % self.pace.sample:
            self._show(step)
        return step

    def _step(self, step: int, batch: B) -> Mapping[str, float]:
        began = time.monotonic()
        with np.errstate(all="ignore"):  # what is no number is told below
            losses = self.trainee.train(step, batch)
        seconds = time.monotonic() - began
        self._recent.append(seconds)
        broken = [name for name, value in losses.items() if not math.isfinite(value)]
        if broken:
            raise SengaError(
                f"The training diverged at step {step}: the loss “{broken[0]}” is no number; begin anew with "
                f"smaller rates (--set rates=1e-4,1e-4,1e-4); {self.folder.advice()}"
            )
        values = [f"{losses[name]:.6g}" if name in losses else "" for name in self.trainee.columns]
        self.folder.add_losses([step, self.trainee.phase(step), f"{seconds:.3f}", *values])
        return losses

    def _save(self, step: int) -> int:
        self.folder.save(State(step, self.trainee.state(), self._facts))
        return step

    def _show(self, step: int) -> None:
        self.folder.save_sample(step, self.trainee.sample())
        self.folder.save_weights(step, self.trainee.weights(), {**self._facts, **self._told()})

    def _left(self, step: int) -> float:
        return statistics.median(self._recent) * (self.pace.steps - step)
