from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def pencil_bench(shared: Path) -> Path:
    """The folder with results of the program published with the paper."""
    return shared / "bench" / "pencil"


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """A small grey picture with what photographs have: soft shade, hard edges, a dark coat, white, texture, grain."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:120, 0:160] / 120
    shade = 0.75 - 0.35 * x * y
    shade[(x - 0.45) ** 2 + (y - 0.4) ** 2 < 0.06] = 0.9
    shade[(y > 0.62) & (abs(x - 0.45) < 0.35)] = 0.06
    shade[:, 125:] = 0.5 + 0.3 * np.sin(60 * y[:, 125:] + 20 * x[:, 125:])
    shade[:25, :30] = 1
    shade[25:, :] += 0.01 * rng.standard_normal((95, 160))
    return np.rint(255 * np.clip(shade, 0, 1)).astype(np.uint8)
