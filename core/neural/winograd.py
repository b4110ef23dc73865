"""Convolutions with fewer multiplications: four rows of the result at once, from rows that are mixed before and after.

Four results of a filter with ``taps`` taps need ``taps + 3`` products instead of ``4 * taps``: filter and rows are
read as polynomials and multiplied at as many points. Here that is done in the vertical direction alone: whole rows are
mixed, which is cheap, and the products are convolutions with kernels of one row.

References:
    S. Winograd: Arithmetic Complexity of Computations. SIAM 1980, doi:10.1137/1.9781611970364.
    A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks. CVPR 2016, doi:10.1109/CVPR.2016.435.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 4
"""Rows of the result that are computed together."""
TAPS = 7
"""A kernel may be so high."""
_POINTS = (0, 1, -1, 2, -2, 0.5, -0.5, 4, -4)
"""Small numbers, so that little is lost to rounding; the last point is infinity."""
Matrix = NDArray[np.float64]


def matrices(taps: int) -> tuple[Matrix, Matrix, Matrix]:
    """What mixes the rows of the input, the taps of the kernel, and the rows of the products.

    For a column ``x`` of ``taps + 3`` rows and a kernel ``k`` the four results are
    ``after @ ((during @ k) * (before @ x))``.
    """
    size = taps + ROWS - 1
    points = np.array(_POINTS[: size - 1])
    before, during, after = np.zeros((size, size)), np.zeros((size, taps)), np.zeros((ROWS, size))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        before[i, :-1] = np.poly(others)[::-1]
        during[i] = point ** np.arange(taps) / np.prod(point - others)
        after[:, i] = point ** np.arange(ROWS)
    before[-1], during[-1, -1], after[-1, -1] = np.poly(points)[::-1], 1, 1
    scale = 2.0 ** np.round(np.log2(abs(before).max(axis=1, keepdims=True)))
    return before / scale, during * scale, after
