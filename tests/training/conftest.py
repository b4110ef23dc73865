from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Photos with targets, and drawings, of noise."""
    from training.pictures import write_rgb

    rng = np.random.default_rng(0)
    for folder, names in (("pairs", ("a.photo", "a.target")), ("style", ("a", "b"))):
        (tmp_path / folder).mkdir()
        for name in names:
            write_rgb(tmp_path / folder / f"{name}.png", rng.integers(0, 255, (140, 150, 3)).astype(np.uint8))
    return tmp_path


@pytest.fixture
def stopped() -> Callable[[Any, int | None, Callable[[], None]], None]:
    """Runs a training, which is ended from outside where its trainer has taken so many steps, or goes to its end."""

    def run(trainer: Any, stop: int | None, train: Callable[[], None]) -> None:
        step, taken = trainer.step, []

        def counted(*args: Any) -> dict[str, float]:
            if len(taken) == stop:
                raise KeyboardInterrupt
            taken.append(1)
            return dict(step(*args))

        trainer.step = counted
        try:
            train()
        except KeyboardInterrupt:
            assert stop

    return run
