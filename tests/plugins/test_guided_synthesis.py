"""Synthesis by example: what the filter promises beside what its room does (tests/exemplars/test_synthesis.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import senga
from senga.errors import SettingsError
from senga.image import Image
from senga.job import Job
from senga.registry import plugins
from senga.testing import check_filter, sample

FEW: dict[str, Any] = {"rounds": 1, "passes": 1, "painting": sample(30, 40, 3)}


def painted(image: Image, **settings: Any) -> Any:
    act = plugins().make("guided-synthesis", {**FEW, **settings})
    job = Job(threads=2)
    return act(image, replace(job, prepared=act.prepare(job))).pixels


def test_made_guides_keep_every_promise() -> None:
    check_filter(plugins().make("guided-synthesis", {**FEW, "fine": True}))


def test_guides_of_the_second_pair_say_what_goes_where() -> None:
    halves, paint, place = (np.zeros((*size, 3), np.uint8) for size in ((40, 60), (40, 60), (50, 70)))
    halves[:, :30], place[10:30, 20:50] = 200, 200
    paint[:, :30], paint[:, 30:] = (255, 0, 0), (0, 0, 255)
    result = painted(
        sample(50, 70), painting=paint, style_guide_2=halves, target_guide_2=place, weight_2=100, guide_weight=0,
        detail=0, colour=0, size_unit="pixels", rounds=4, passes=4,
    )  # fmt: skip
    assert (result[14:26, 24:46].mean(axis=(0, 1))[[0, 2]] - (255, 0)).max() < 20
    assert result[14:26, 24:46, 0].mean() > 230
    assert result[34:, :, 2].mean() > 230


def test_a_mask_keeps_parts_of_the_painting_out() -> None:
    paint, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60, 3), np.uint8)
    paint[:, 30:] = sample(40, 30).pixels
    paint[:, :30] = (255, 0, 0)
    mask[:, 33:] = 255
    result = painted(sample(30, 30, 4), painting=paint, style_mask=mask, detail=0, colour=0, size_unit="pixels")
    assert not (result == (255, 0, 0)).all(axis=2).any()


def test_a_guide_alone_is_refused() -> None:
    for name in ("style_guide_2", "target_guide_2", "style_guide"):
        with pytest.raises(SettingsError, match="Guides come in pairs"):
            senga.apply("guided-synthesis", sample(9, 9), **{name: sample(9, 9)})


def test_a_mask_of_the_picture_leaves_the_rest_alone() -> None:
    image, mask = sample(40, 60), np.zeros((40, 60, 3), np.uint8)
    mask[10:30, 20:40] = 255
    paint = np.zeros((30, 40, 3), np.uint8)
    paint[..., 2] = 255
    result = painted(image, painting=paint, target_mask=mask, detail=0, colour=0)
    outside = mask[..., 0] == 0
    assert np.array_equal(result[outside], image.pixels[outside])
    assert (result[~outside] == (0, 0, 255)).all()
    whole = painted(image, painting=paint, target_mask=np.full_like(mask, 255), detail=0, colour=0)
    assert np.array_equal(whole, painted(image, painting=paint, detail=0, colour=0))
