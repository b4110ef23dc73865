from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from senga.errors import Cancelled
from senga.job import Job
from senga.strokes import bank, canvas, paper, render
from senga.strokes.settings import PencilSettings

Grey = NDArray[np.uint8]


def blurred(picture: Grey, sigma: float = 6) -> NDArray[np.float32]:
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma)


@pytest.mark.parametrize("settings", [{}, {"hatching": "across"}, {"hatching": "fixed"}, {"stroke_width": 12}])
def test_same_settings_same_pixels_on_any_number_of_threads(photo: Grey, settings: dict[str, Any]) -> None:
    chosen = PencilSettings(**settings)
    np.random.seed(1)  # noqa: NPY002 - the global generator must not matter
    first = render.draw(photo, chosen, Job(threads=1))
    state = np.random.get_state()[2]  # noqa: NPY002
    second = render.draw(photo, chosen, Job(threads=7))
    assert np.array_equal(first.result, second.result)
    assert np.array_equal(first.strokes, second.strokes)
    assert np.random.get_state()[2] == state  # noqa: NPY002
    assert not np.array_equal(first.result, render.draw(photo, PencilSettings(**settings, seed=2)).result)


def test_what_was_drawn_before_changes_nothing(photo: Grey) -> None:
    bank._kept_bank.cache_clear()
    fresh = render.draw(photo, PencilSettings()).result
    for other in ({"levels": 4}, {"brush": "ink"}, {"seed": 9}, {"darkness": 3}):
        render.draw(photo[::-1], PencilSettings(**other))
    assert np.array_equal(render.draw(photo, PencilSettings()).result, fresh)
    assert bank._kept_bank.cache_info().hits > 0, "the patches of narrow strokes are kept"


def test_dark_is_dark_and_white_is_light(photo: Grey) -> None:
    result = blurred(render.draw(photo, PencilSettings()).result)
    coat, white = result[95:115, 30:80].mean(), result[5:18, 5:22].mean()
    assert coat < 85, "a black coat is not grey"
    assert white > 225
    greyer = blurred(render.draw(photo, PencilSettings(darkness=1)).result)
    assert greyer[95:115, 30:80].mean() > coat + 40


def test_strokes_only_darken_the_paper(photo: Grey) -> None:
    drawing = render.draw(photo, PencilSettings(seed=4))
    assert (drawing.shading <= paper.blank(photo.shape, 4)).all()
    assert drawing.outlines is not None
    assert (drawing.result <= drawing.outlines).all()


def test_edges_off(photo: Grey) -> None:
    drawing = render.draw(photo, PencilSettings(edges=0, darkness=1))
    assert drawing.outlines is None
    assert np.array_equal(drawing.result, drawing.shading)
    means = [render.draw(photo, PencilSettings(edges=edges)).result.mean() for edges in (0, 0.5, 1, 2)]
    assert (np.diff(means) < 0).all()


def test_canvas_bands_change_nothing(photo: Grey, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = PencilSettings(stroke_width=4, width_unit="pixels")
    whole = render.draw(photo, chosen)
    monkeypatch.setattr(canvas, "BAND", 2000)
    bands = render.draw(photo, chosen)
    assert len(canvas.canvas_bands(render.prepare(photo, chosen, Job()).guide.turn(3), _bank())) > 3
    # Where a warp begins moves its fixed-point grid by up to 1/32 pixel.
    assert np.abs(whole.shading.astype(int) - bands.shading).max() <= 12
    assert np.abs(whole.shading.astype(int) - bands.shading).mean() < 0.3


def _bank() -> Any:
    return render.prepare(np.zeros((9, 9), np.uint8), PencilSettings(stroke_width=4, width_unit="pixels"), Job()).bank


def test_strokes_as_long_as_the_picture_are_drawn() -> None:
    wide = np.full((60, 1400), 255, np.uint8)
    wide[20:40] = 40
    rows = PencilSettings(stroke_width=5, width_unit="pixels", hatching="fixed", angle=0, edges=0, lightness=0)
    drawing = render.draw(wide, rows)
    lengths = drawing.strokes["end"] - drawing.strokes["begin"]
    assert (lengths == 1400).sum() >= 10
    dark = blurred(drawing.result)[25:35]
    assert dark[:, 20:-20].max() < 160
    assert np.abs(dark[:, 20:-20].mean(axis=0) - dark.mean()).max() < 40, "no part of the long strokes is missing"


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_constant_picture_is_evenly_hatched(value: int) -> None:
    result = render.draw(
        np.full((90, 130), value, np.uint8), PencilSettings(stroke_width=4, width_unit="pixels")
    ).result
    far = blurred(result, 12)
    assert far.max() - far.min() < 60
    assert (far.mean() > 225) == (value == 255)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (10, 10), (3, 700), (700, 3), (30, 4000)])
@pytest.mark.parametrize(
    "settings", [{}, {"stroke_width": 60}, {"levels": 24, "directions": 36}, {"levels": 2, "directions": 1}]
)
def test_any_size(size: tuple[int, int], settings: dict[str, Any]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    assert render.draw(grey, PencilSettings(**settings)).result.shape == size


@given(st.integers(-180, 180))
@settings(max_examples=10, deadline=None)
def test_angles_repeat_after_a_half_turn(angle: int) -> None:
    assert PencilSettings(angle=angle).stroke_angle() == PencilSettings(angle=(angle + 360) % 180 - 180).stroke_angle()
    assert -90 <= PencilSettings(angle=angle).stroke_angle() < 90


def test_flat_areas_at_135_equal_45_downwards(photo: Grey) -> None:
    first, second = (render.draw(photo, PencilSettings(angle=angle)).result for angle in (135, -45))
    assert np.array_equal(first, second)


def test_fixed_hatching_has_one_direction(photo: Grey) -> None:
    drawing = render.draw(photo, PencilSettings(hatching="fixed", angle=0))
    assert set(drawing.strokes["direction"].tolist()) == {0}
    along_rows = np.abs(np.diff(drawing.shading.astype(int), axis=1)).mean()
    assert along_rows < 0.6 * np.abs(np.diff(drawing.shading.astype(int), axis=0)).mean()


def test_large_pictures_look_like_small_ones() -> None:
    y, x = np.mgrid[0:700, 0:1000] / 700
    scene = 0.55 + 0.3 * np.sin(4 * x + 3 * y * y)
    scene[(x - 0.7) ** 2 + (y - 0.5) ** 2 < 0.08] = 0.15
    small = np.rint(255 * scene).astype(np.uint8)
    large = cv2.resize(small, (3000, 2100), interpolation=cv2.INTER_CUBIC)
    one, nine = render.draw(small, PencilSettings()), render.draw(large, PencilSettings())
    assert 0.8 < len(nine.strokes) / len(one.strokes) < 1.25
    near = cv2.resize(nine.result, (1000, 700), interpolation=cv2.INTER_AREA)
    assert np.abs(blurred(one.result) - blurred(near)).mean() < 5
    assert np.std(near.astype(float) - blurred(near)) > 0.6 * np.std(one.result - blurred(one.result))


def test_the_width_refers_to_the_full_picture() -> None:
    chosen = PencilSettings(stroke_width=5)
    assert chosen.width_on(1000, 1000) == 5
    assert chosen.width_on(3000, 4000) == 17
    grey = np.full((60, 60), 120, np.uint8)
    assert render.prepare(grey, chosen, Job(full_size=(2000, 2000))).bank.width == 10
    pixels = PencilSettings(stroke_width=5, width_unit="pixels")
    assert render.prepare(grey, pixels, Job(full_size=(2000, 2000))).bank.width == 5


def test_progress_rises_and_tells_what_happens(photo: Grey) -> None:
    told: list[tuple[float, str]] = []
    render.draw(photo, PencilSettings(), Job(on_progress=lambda share, note: told.append((share, note))))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {"Finding directions", "Finding outlines", "Drawing strokes"} <= {note for _, note in told}


def test_cancel_stops_soon() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (900, 900), dtype=np.uint8)
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 10

    with pytest.raises(Cancelled):
        render.draw(grey, PencilSettings(), Job(cancelled=cancelled))
    assert len(asked) < 30, "a whole drawing asks some eighty times"


def test_lightness_keeps_black_black_however_much_there_is() -> None:
    grey = np.full((80, 80), 250, np.uint8)
    grey[:, 8:] = 8
    result = blurred(render.draw(grey, PencilSettings()).result)
    assert result[20:60, 30:70].mean() < 95
