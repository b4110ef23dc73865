"""Drawings of circles, and how trainings on drawings are asked whether they go on exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from senga.neural.training.inked import Pair


def some_pairs(count: int) -> list[Pair]:
    """Drawings with their lines, at most 32."""
    found = []
    for index in range(count):
        line = np.full((64, 64), 255, np.uint8)
        cv2.circle(line, (32, 32), 8 + index % 20, 0, 2)
        found.append(Pair.of(np.minimum(np.full((64, 64, 3), 90 + 5 * index, np.uint8), line[:, :, None]), line))
    return found


def check_going_on(run: Callable[..., dict[str, Any]], folder: Path, stopped: Any) -> None:
    """A training that is stopped after three steps ends as one that is not."""
    torch.set_num_threads(1)
    whole = run(folder / "whole", stopped)
    run(folder / "parts", stopped, stop=3)
    found = run(folder / "parts", stopped)
    for name, value in whole.items():
        assert torch.equal(value, found[name]), name
