from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from senga.job import Job
from senga.strokes import plan
from senga.strokes.plan import STROKE, Guide, arrange, scan_rows, search, weigh

Grey = NDArray[np.uint8]


def runs_of(line: list[bool]) -> list[tuple[int, int]]:
    """Maximal runs, those with one pixel between them merged: pixel by pixel, as the oracle."""
    found: list[list[int]] = []
    for index, drawn in enumerate(line):
        if drawn and found and index - found[-1][1] <= 1:
            found[-1][1] = index + 1
        elif drawn:
            found.append([index, index + 1])
    return [(begin, end) for begin, end in found]


def guide_of(grey: Grey, direction: Grey | None = None, angles: tuple[float, ...] = (0.0,), levels: int = 4) -> Guide:
    return Guide(grey, np.zeros_like(grey) if direction is None else direction, angles, levels, width=4, seed=3)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_strokes_are_the_runs_on_the_rows(half_height: int, half_width: int, seed: int) -> None:
    height, width = 2 * half_height, 2 * half_width  # the frame of an odd size lies half a pixel aside
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (height, width), dtype=np.uint8)
    direction = rng.integers(0, 2, (height, width), dtype=np.uint8)
    guide = guide_of(grey, direction, (0.0, 90.0))
    rows = scan_rows(Job().rng(3, 0), 4, height, 4)
    level = np.minimum(3, grey.astype(int) * 4 // 255)
    wanted = [
        (index, row, begin, end)
        for index in range(4)
        for row in rows[index].tolist()
        if row < height
        for begin, end in runs_of(((direction == 0) & (level <= index))[max(row, 0)].tolist())
    ]
    found = search(guide, 0, Job())
    assert [tuple(stroke) for stroke in found[["level", "row", "begin", "end"]].tolist()] == wanted


def test_bands_change_nothing(photo: Grey, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = guide_of(photo, angles=(37.0,))
    whole = search(guide, 0, Job())
    weigh(guide, whole, 0, Job())
    monkeypatch.setattr(plan, "_BAND", 4000)
    parts = search(guide, 0, Job())
    weigh(guide, parts, 0, Job())
    # Where a warp begins moves its fixed-point grid by up to 1/32 pixel, which moves a few ends.
    assert len(whole) > 100
    assert abs(len(parts) / len(whole) - 1) < 0.02
    ends = ["level", "row", "begin", "end"]
    common = set(whole[ends].tolist()) & set(parts[ends].tolist())
    assert len(common) > 0.9 * len(whole)
    weights = ({tuple(stroke[ends]): stroke["importance"] for stroke in some} for some in (whole, parts))
    first, second = ([weight[key] for key in sorted(common)] for weight in weights)
    assert np.corrcoef(first, second)[0, 1] > 0.999


def test_importance_is_darkness_times_relief(photo: Grey) -> None:
    guide = guide_of(photo)
    strokes = search(guide, 0, Job())
    weigh(guide, strokes, 0, Job())
    relief = plan._relief(photo).astype(float)
    for stroke in strokes[:: len(strokes) // 30]:
        top, bottom = max(stroke["row"], 0), max(stroke["row"] + 4, 0)
        wanted = relief[top:bottom, stroke["begin"] : stroke["end"]].sum() * (255 - 64 * stroke["level"]) / 255
        assert stroke["importance"] == pytest.approx(wanted, rel=1e-4, abs=1e-3)


@given(st.integers(2, 30), st.integers(1, 3000), st.integers(0, 20))
@settings(max_examples=50, deadline=None)
def test_rows_reach_the_end_evenly(width: int, height: int, seed: int) -> None:
    rows = scan_rows(np.random.default_rng(seed), 3, height, width)
    assert (rows[:, -1] >= height - 1).all()
    assert (rows[:, 0] == -(width // 2)).all()
    steps = np.diff(rows, axis=1)
    assert (steps >= max(1, int(0.8 * width))).all()
    assert (steps <= np.ceil(1.25 * width)).all()


def test_ten_thousand_ties_are_shuffled() -> None:
    strokes = np.zeros(20_000, STROKE)
    strokes["row"] = np.arange(20_000)
    strokes["importance"][::2] = 5
    ordered = arrange(strokes, "importance", seed=1)
    assert (ordered["importance"] == np.repeat([5, 0], 10_000)).all()
    assert sorted(ordered["row"].tolist()) == list(range(20_000))
    assert np.abs(np.corrcoef(ordered["row"][:10_000], np.arange(10_000))[0, 1]) < 0.05
    assert np.array_equal(ordered, arrange(strokes, "importance", seed=1))
    assert not np.array_equal(ordered, arrange(strokes, "importance", seed=2))


def test_orders(photo: Grey) -> None:
    strokes = search(guide_of(photo), 0, Job())
    assert np.array_equal(arrange(strokes, "scan", 1), strokes)
    shuffled = arrange(strokes, "random", 1)
    assert not np.array_equal(shuffled, strokes)
    assert np.array_equal(
        np.sort(shuffled, order=["level", "row", "begin"]), np.sort(strokes, order=["level", "row", "begin"])
    )


def test_strokes_look_alike_whatever_is_drawn_elsewhere() -> None:
    """In films: what changes on one side changes no stroke on the other."""
    grey = np.random.default_rng(4).integers(0, 256, (60, 80), np.uint8)
    changed = grey.copy()
    changed[:, 60:] = 255 - changed[:, 60:]
    one, other = (
        {tuple(stroke[["level", "row", "begin", "end"]].tolist()): stroke["variant"] for stroke in found}
        for found in (search(guide_of(each), 0, Job()) for each in (grey, changed))
    )
    shared = [(one[place], other[place]) for place in one.keys() & other.keys()]
    assert len(shared) > 100
    assert all(first == second for first, second in shared)
    assert len({first for first, _ in shared}) == 4
