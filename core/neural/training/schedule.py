"""The course of a training: its phases and rates."""

from __future__ import annotations

from dataclasses import dataclass

from .presets import Preset


@dataclass(frozen=True)
class Schedule:
    """The course of a training.

    Attributes:
        preset: all settings.
        start_steps: of the first phase.
        steps: of both phases.
    """

    preset: Preset
    start_steps: int
    steps: int

    def phase(self, step: int) -> str:
        """``start`` while the generator learns to reproduce, then ``style``."""
        return "start" if step < self.start_steps else "style"

    def rate(self, step: int, which: int) -> float:
        """The learning rate: 0 of the first phase, 1 of the generator, 2 of discriminators."""
        if self.phase(step) == "start":
            return self.preset.rates[0]
        return self.preset.rates[which] * (1 - (1 - self.preset.rate_end) * self.fall(step))

    def fall(self, step: int) -> float:
        """How far the second half of the second phase is, 0 to 1."""
        share = max(0.0, (step - self.start_steps) / max(1, self.steps - self.start_steps))
        return max(0.0, 2 * share - 1)
