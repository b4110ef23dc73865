"""Results with an alpha of their own: where they cover, how they mix, and what canvases without alpha get."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from senga.compose import Blend, compose_act
from senga.cutouts import on_white
from senga.errors import SettingsError
from senga.image import Image, to_depth
from senga.job import Job

GREEN = Image(np.full((6, 8, 3), (0, 200, 0), np.uint8))


def ink(image: Image, job: Job) -> Image:
    """Black, covering more from left to right."""
    cover = np.linspace(0, 255, 8).round().astype(np.uint8)[job.offset[1] :][: image.width]
    return Image(np.zeros_like(image.pixels), np.broadcast_to(cover, (image.height, image.width)))


def laid(picture: Image, **how: Any) -> Image:
    result = compose_act(ink, picture, Job(), Blend(**how), reach=lambda *_: 0)
    assert isinstance(result, Image)
    return result


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_its_alpha_is_kept(depth: Any) -> None:
    result = laid(Image(to_depth(GREEN.pixels, depth)))
    assert result.alpha is not None
    assert result.alpha.dtype == depth
    np.testing.assert_allclose(to_depth(result.alpha, np.float32)[0], np.linspace(0, 1, 8), atol=0.003)
    assert not result.pixels.any()


def test_what_was_transparent_stays_so() -> None:
    hidden = np.full((6, 8), 255, np.uint8)
    hidden[:, 7] = 51
    result = laid(Image(GREEN.pixels, hidden))
    assert result.alpha is not None
    assert result.alpha[0, 7] == 51
    assert result.alpha[0, 6] == laid(GREEN).alpha[0, 6]  # type: ignore[index]


def test_half_strength_is_half_the_picture_and_half_the_ink() -> None:
    result = laid(GREEN, strength=0.5)
    assert result.alpha is not None
    assert abs(int(result.alpha[0, 0]) - 128) <= 1
    assert tuple(result.pixels[0, 0]) == (0, 200, 0), "nothing covers here but the picture"
    assert abs(int(result.pixels[0, 7, 1]) - 100) <= 1
    assert result.alpha[0, 7] == 255


def test_outside_a_selection_the_picture_stays() -> None:
    selection = np.zeros((6, 8), np.uint8)
    selection[2:4, 2:6] = 255
    result = laid(GREEN, selection=selection)
    assert result.alpha is not None
    inside = selection > 0
    assert np.array_equal(result.pixels[~inside], GREEN.pixels[~inside])
    assert (result.alpha[~inside] == 255).all()
    assert not result.pixels[inside].any()
    assert np.array_equal(result.alpha[2, 2:6], laid(GREEN).alpha[2, 2:6])  # type: ignore[index]


def test_original_colours_are_refused() -> None:
    with pytest.raises(SettingsError, match="choose one or the other"):
        laid(GREEN, keep_colors=True)


def test_white_paper_takes_the_place_of_nothing() -> None:
    flat = on_white(laid(GREEN))
    assert flat.alpha is None
    assert np.array_equal(flat.pixels[0, :, 0], 255 - np.linspace(0, 255, 8).round().astype(np.uint8))
    assert on_white(GREEN) is GREEN
