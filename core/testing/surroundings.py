"""Questions about what a filter sees beside the pixel it makes: its surroundings, second pictures, what it prepared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from senga.filter import Filter, reach_of
from senga.image import Image, Pixels, to_depth
from senga.prepared import digest_of
from senga.settings import pictures_of

from .bench import Bench, distance, hint, is_equal, sample
from .promises import Check

NEAR = 48
"""Height of the pictures here, and columns of the part that is looked at."""
SHIFT = 0.03
"""How far the mean of ``BLOCK`` x ``BLOCK`` pixels may go where a filter measures the whole picture."""
BLOCK = 16
_ROUNDING = 1.01 / 255
_ROOM = 24
"""Pixels that a crop has beyond the reach."""
_WIDEST = 2000
"""Pixels; a filter that sees farther is not asked."""


def _reach_of(bench: Bench) -> int | None:
    """The reach in the pictures here, or None where there is nothing to ask."""
    reach = reach_of(bench.act, NEAR, 4 * NEAR)
    assert reach is None or reach >= 0, "reach() is negative"
    return None if reach is None or reach > _WIDEST else reach


def _keeps_to_its_reach(bench: Bench) -> None:
    """Pixels beyond the reach change; a filter that measures the whole gets the same pixels in another order."""
    reach = _reach_of(bench)
    if reach is None:
        return
    image = sample(NEAR, NEAR + reach + 2 * NEAR)
    far, pixels = NEAR + reach, np.array(image.pixels)
    pixels[:, far:] = pixels[::-1, far:][:, ::-1] if bench.act.measures_whole else 255 - pixels[:, far:]
    act = bench.fitted(image)
    here, there = bench.raw(image, act), bench.raw(image.with_pixels(pixels), act)
    if not all(result.pixels.shape == pixels.shape for result in (*here, *there)) or len(here) != len(there):
        return
    if bench.act.measures_whole:
        gap = _shift(here[-1].pixels[:, :NEAR], there[-1].pixels[:, :NEAR])
        assert gap <= SHIFT, f"it draws what lies beyond reach(), and does not only measure it: {255 * gap:.0f} of 255"
        return
    for a, b in zip(here, there, strict=True):
        gap = distance(a.pixels[:, :NEAR], b.pixels[:, :NEAR])
        assert gap <= _ROUNDING, f"pixels farther than reach() ({reach}) change the result by {255 * gap:.0f} of 255"


def _shift(first: Pixels, second: Pixels) -> float:
    """The largest difference of the means of blocks."""
    return distance(_blocks(first), _blocks(second))


def _blocks(pixels: Pixels) -> NDArray[np.float32]:
    rows, columns = (side // BLOCK for side in pixels.shape[:2])
    part = to_depth(pixels[: rows * BLOCK, : columns * BLOCK], np.float32)
    tiles = part.reshape(rows, BLOCK, columns, BLOCK, 3)  # (row, y, column, x, channel)
    return np.asarray(tiles.mean(axis=(1, 3)), np.float32)


def _goes_along(bench: Bench) -> None:
    """The crop around a selection gives the pixels of the whole picture, aligned pictures and all."""
    reach = _reach_of(bench)
    if reach is None or bench.act.measures_whole:
        return
    margin = reach + _ROOM
    image = sample(2 * margin + 24, 2 * margin + 40)
    act = bench.fitted(image, {name: hint(NEAR, 64) for name in bench.aligned if not bench.act.picture(name)})
    box = _ROOM // 2, _ROOM, image.height - _ROOM // 3, image.width - _ROOM // 4
    job = replace(bench.job, full_size=(image.height, image.width))
    crops = {name: _second(act, name).crop(*box) for name in bench.aligned}
    whole = bench.raw(image, act, job)
    part = bench.raw(image.crop(*box), act.with_pictures(crops), replace(job, offset=box[:2]))
    size = box[2] - box[0], box[3] - box[1]
    kept = [(each.height, each.width) for each in (*whole, *part)]
    if kept != [(image.height, image.width)] * len(whole) + [size] * len(whole):
        return
    rows, columns = slice(margin, margin + 24), slice(margin, margin + 40)
    for a, b in zip(whole, part, strict=True):
        inside = b.pixels[rows.start - box[0] : rows.stop - box[0], columns.start - box[1] : columns.stop - box[1]]
        gap = distance(a.pixels[rows, columns], inside)
        assert gap <= _ROUNDING, (
            f"a selection gives other pixels than the whole picture ({255 * gap:.0f} of 255): second pictures are "
            "cropped already, and lengths and places count from job.full_size and job.offset"
        )


def _second(act: Filter, name: str) -> Image:
    picture = act.picture(name)
    assert picture is not None, f"the picture “{name}” is lost"
    return picture


def _prepares(bench: Bench) -> None:
    """What is prepared is made once for many pictures: from the settings and the whole second pictures alone."""
    if type(bench.act).prepare is Filter.prepare:
        return
    image = sample(NEAR, 64)
    act = bench.fitted(image)
    seen = [each for info in pictures_of(type(act)) if (each := act.picture(info.name))]
    copies = [replace(each, pixels=each.pixels.copy()) for each in seen]
    made = act.prepare(bench.job)
    before = [digest_of(each) for each in copies]
    assert before == [digest_of(replace(each)) for each in seen], "prepare() wrote into a second picture"
    first = _prepared(bench, act, image, made)
    assert is_equal(first, _prepared(bench, act, image, made)), "it changes what was prepared while it runs"
    job = replace(bench.job, full_size=(777, 999), offset=(11, 13))
    elsewhere = _prepared(bench, act, image, act.prepare(job))
    assert is_equal(first, elsewhere), "prepare() takes notice of one picture, but serves many"
    others = {name: sample(NEAR, 64, seed=9) for name in bench.aligned}
    again = _prepared(bench, act, image, bench.fitted(image, others).prepare(bench.job))
    assert is_equal(first, again), "prepare() reads an aligned picture, which is another one for each picture"


def _prepared(bench: Bench, act: Filter, image: Image, made: Any) -> list[Image]:
    """The result with what was prepared; preparing again is a fault."""

    def again(*_: Any) -> Any:
        raise AssertionError("the filter prepares again, although job.prepared has it already")

    if made is None:
        return bench.raw(image, act)
    with patch.object(type(act), "prepare", again):
        return bench.raw(image, act, replace(bench.job, prepared=made))


SURROUNDINGS: dict[str, Check] = {"reach": _keeps_to_its_reach, "selection": _goes_along, "prepare": _prepares}
