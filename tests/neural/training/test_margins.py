"""Margins around planes that are smaller than they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from senga.neural.blocks import Padding
from senga.neural.training import arithmetic

SIDES = (3, 2, 4, 3)


@pytest.mark.parametrize("mode", ["reflect", "edge"])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 2), (3, 2), (3, 3), (7, 5)])
def test_margins_are_those_of_numpy(size: tuple[int, int], mode: Literal["reflect", "edge"]) -> None:
    top, left, bottom, right = SIDES
    sides = ((0, 0), (0, 0), (top, bottom), (left, right))
    x = np.random.default_rng(0).random((1, 2, *size))
    padding = Padding(*SIDES, mode)
    base = np.pad(x, sides, constant_values=np.nan)
    arithmetic.fill_margin(base, padding)
    wanted = np.pad(x, sides, mode=mode)
    np.testing.assert_array_equal(base, wanted)
    g = np.random.default_rng(1).random(wanted.shape)
    expected = (g * wanted).sum()  # linear in x: the folded gradient gives the same sum
    np.testing.assert_allclose((arithmetic.fold_margin(g, padding) * x).sum(), expected)
