"""A face that is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

FACE = np.array(
    [(-40 + 5 * i, -8 + 58 * np.sin(np.pi * i / 16)) for i in range(17)]
    + [(-32 + 5 * i, -20) for i in range(5)]
    + [(12 + 5 * i, -20) for i in range(5)]
    + [(0, -8 + 6 * i) for i in range(4)]
    + [(-8 + 4 * i, 16) for i in range(5)]
    + [(-26 + 3 * (i % 3), -8 + 4 * (i // 3)) for i in range(6)]
    + [(20 + 3 * (i % 3), -8 + 4 * (i // 3)) for i in range(6)]
    + [(-12 + 2 * i, 28) for i in range(12)]
    + [(-8 + 2 * i, 29) for i in range(8)],
    np.float64,
)


@pytest.fixture
def upright() -> NDArray[np.float64]:
    """(68, 2) landmarks round (0, 0), 80 pixels wide."""
    return FACE
