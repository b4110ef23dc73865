from __future__ import annotations

import numpy as np
import pytest

from senga.strokes.bank import PAPER, Bank, attenuation, nominal_length, profile, shift_down
from senga.strokes.brush import BUILTIN_BRUSHES, find

PENCIL = find("pencil")


def bank(width: int = 5, unit: float = 1.0, brush: str = "pencil", seed: int = 1) -> Bank:
    return Bank(find(brush), width, unit, 2 * width, levels=10, seed=seed)


def test_the_pencil_is_the_grey_distribution_of_the_paper() -> None:
    mean, variance = profile(PENCIL, 5, 50.0)
    away = np.abs(np.arange(5) - 2.5) / 2.5
    assert mean[:, 0] == pytest.approx(50 + 200 * away, abs=1e-3)
    assert variance[:, 0] == pytest.approx(200 * np.cos(np.pi / 2 * away), abs=1e-3)


def test_patches_have_that_mean() -> None:
    """In the middle of its length, before it sags, a stroke has the profile faded by the pressure."""
    source = bank(width=8)
    mean, _ = profile(PENCIL, 8, 51.2)
    wanted = mean + (PAPER - mean) * attenuation(8, 62, 1.0)
    middle = np.concatenate(
        [patch[:, 29:33] for seed in range(1, 30) for patch in bank(8, seed=seed).patches(30, 2)], axis=1
    )
    assert source.patches(30, 2)[0].shape == (8, 62)
    # Numbers are cut to integers: half a grey darker.
    assert np.abs(middle.mean(axis=1)[1:] - (wanted[1:, 29:33].mean(axis=1) - 0.5)).max() < 2.5
    assert (middle[0] == PAPER).all()


def test_strokes_sag_at_both_ends_only_downwards() -> None:
    stroke = np.full((1, 5, 41), PAPER, np.float32)
    stroke[0, 2] = 0
    offset = ((np.arange(41) - 20) / 20.0) ** 2 * 2
    moved = shift_down(stroke, offset.astype(np.float32))[0]
    assert moved[2, 20] == 0
    assert moved[4, 0] == moved[4, 40] == 0
    assert moved[3, 6] < 200
    assert (moved[0] == PAPER).all()


@pytest.mark.parametrize("brush", [brush.name for brush in BUILTIN_BRUSHES])
def test_darker_levels_are_darker(brush: str) -> None:
    source = bank(brush=brush)
    means = [np.mean([patch.mean() for patch in source.patches(30, level)]) for level in range(10)]
    assert (np.diff(means) > -0.5).all()
    assert means[0] < 190 < 235 < means[9]


def test_what_was_asked_for_before_changes_nothing() -> None:
    first, second = bank(), bank()
    for length in (3, 9, 200):
        first.patches(length, 1)
    for one, other in zip(first.patches(7, 4), second.patches(7, 4), strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(first.patches(7, 4)[0], bank(seed=2).patches(7, 4)[0])


def test_sizes() -> None:
    assert bank().patches(10, 0)[0].shape == (5, 30)
    assert bank().patches(81, 0)[0].shape == (10, 101), "long strokes bend beyond their rows"
    assert bank(width=20, unit=4.0).patches(10, 0)[0].shape == (20, 120)


def test_lengths_are_rounded_down_by_little() -> None:
    lengths = np.arange(1, 3000)
    nominal = nominal_length(lengths)
    assert (nominal <= lengths).all()
    assert ((lengths - nominal) / lengths).max() < 0.09
    assert np.array_equal(nominal[:40], lengths[:40])
