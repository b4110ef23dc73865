from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import Cancelled
from senga.image import Animation, Image
from senga.job import Job
from senga.plugins.color_pencil import ColorPencil
from senga.plugins.drawing_process import DrawingProcess
from senga.plugins.sketch import Sketch
from senga.strokes import process, render
from senga.strokes.settings import PencilSettings

Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def picture(photo: Grey) -> Image:
    tint = np.array([1, 0.8, 0.6])
    return Image(np.rint(photo[..., None] * tint).astype(np.uint8))


def frames_of(picture: Image, **settings: Any) -> list[NDArray[Any]]:
    animation = DrawingProcess(**settings)(picture, Job())
    assert isinstance(animation, Animation)
    frames = list(animation.frames())
    assert len(frames) == animation.count
    assert {frame.image.pixels.shape for frame in frames} == {(animation.height, animation.width, 3)}
    return [frame.image.pixels for frame in frames]


@pytest.mark.parametrize(
    "settings", [{}, {"order": "random"}, {"order": "scan", "pace": "strokes"}, {"hatching": "fixed"}]
)
def test_frames_only_get_darker_and_end_with_the_sketch(picture: Image, settings: dict[str, Any]) -> None:
    frames = frames_of(picture, frames=12, **settings)
    assert all((before >= after).all() for before, after in pairwise(frames))
    shared = {name: value for name, value in settings.items() if name in PencilSettings.model_fields}
    sketch = Sketch(**shared)(picture, Job())
    assert np.array_equal(frames[-1], sketch.pixels)
    assert frames[0].min() > 220, "it begins with blank paper"


def test_colour_frames_end_with_the_colour_drawing(picture: Image) -> None:
    last = frames_of(picture, frames=4, color=True)[-1]
    assert np.array_equal(last, ColorPencil()(picture, Job()).pixels)


def test_nothing_jumps(picture: Image) -> None:
    frames = frames_of(picture, frames=40)
    steps = -np.diff([frame.mean() for frame in frames])
    assert steps.max() < 0.2 * steps.sum()
    blurred = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert blurred[-1] < 0.1 * sum(blurred), "the outlines do not appear at once"


def test_pace(picture: Image) -> None:
    scene = render.prepare(np.ascontiguousarray(picture.pixels[..., 0]), PencilSettings(), Job())
    plan = process.plan(scene, "importance", Job())
    by_area, by_count = plan.stops(11), plan.stops(11, by_area=False)
    for stops in (by_area, by_count):
        assert stops[0] == 0
        assert stops[-1] == len(plan.strokes)
        assert (np.diff(stops) >= 0).all()
    assert np.ptp(np.diff(by_count)) <= 1
    work = np.add.reduceat(plan._lengths(), by_area[:-1])
    assert np.ptp(work) < 0.1 * work.mean()
    assert by_area[5] < by_count[5], "important strokes are long"


def test_strokes_per_frame(picture: Image) -> None:
    animation = DrawingProcess(strokes_per_frame=500)(picture, Job())
    assert isinstance(animation, Animation)
    strokes = len(render.draw(np.ascontiguousarray(Sketch()(picture, Job()).pixels[..., 0]), PencilSettings()).strokes)
    assert strokes > 500
    assert animation.count > 3


def test_times(picture: Image) -> None:
    animation = DrawingProcess(frames=20, seconds=5, hold=3)(picture, Job())
    assert isinstance(animation, Animation)
    seconds = [frame.seconds for frame in animation.frames()]
    assert sum(seconds) == pytest.approx(8)
    assert seconds[-1] == pytest.approx(3.25)


def test_frames_can_be_asked_for_again(picture: Image) -> None:
    animation = DrawingProcess(frames=5)(picture, Job())
    assert isinstance(animation, Animation)
    first, second = ([frame.image.pixels for frame in animation.frames()] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_size_and_full_size(picture: Image) -> None:
    small = frames_of(picture, frames=2, size=80)
    assert small[0].shape == (60, 80, 3)
    assert frames_of(picture, frames=2, size=0)[0].shape == (120, 160, 3)
    large = Image(np.kron(picture.pixels, np.ones((8, 8, 1), np.uint8)))
    job = Job(full_size=(960, 1280))
    assert DrawingProcess(frames=2, size=640)(large, job).height == 480


@pytest.mark.parametrize(("stages", "colour"), [(1, False), (5, False), (6, True)])
def test_strip(picture: Image, stages: int, colour: bool) -> None:
    strip = DrawingProcess(show="strip", stages=stages, color=colour)(picture, Job())
    assert isinstance(strip, Image)
    last = (ColorPencil() if colour else Sketch())(picture, Job())
    assert strip.width * strip.height >= stages * 120 * 160
    corner = strip.pixels[-4 - 120 : -4, -4 - 160 : -4]
    if stages != 5:
        assert np.array_equal(corner, last.pixels)


def test_cancel_while_frames_are_drawn(picture: Image) -> None:
    stop: list[bool] = []
    animation = DrawingProcess(frames=30)(picture, Job(cancelled=lambda: bool(stop)))
    assert isinstance(animation, Animation)
    frames = animation.frames()
    next(frames)
    stop.append(True)
    with pytest.raises(Cancelled):
        list(frames)


def test_frames_are_drawn_while_they_are_asked_for(picture: Image) -> None:
    told: list[float] = []
    animation = DrawingProcess(frames=30)(picture, Job(on_progress=lambda share, _: told.append(share)))
    assert isinstance(animation, Animation)
    before = len(told)
    frames = animation.frames()
    next(frames)
    early = told[-1]
    list(frames)
    assert before > 0
    assert early < 0.4
    assert told[-1] == 1
