"""Pictures that are seen while they grow: whole, blended like the result, and made only where somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from senga.compose import Blend
from senga.errors import Cancelled, WriteError
from senga.exemplars import gallery
from senga.faces import read_faces
from senga.filter import Filter
from senga.growing import Kept
from senga.image import Animation, Frame, Image
from senga.job import Job
from senga.registry import plugins
from senga.testing import sample
from senga.work import Work

CARD = gallery.find("adele")
PORTRAIT = gallery.picture_of(CARD)
POINTS = read_faces(str(CARD.landmarks), (PORTRAIT.height, PORTRAIT.width))[0].points
GROWING: dict[str, tuple[Image, dict[str, Any]]] = {
    "guided-synthesis": (
        sample(60, 80, 3),
        {"rounds": 2, "passes": 2, "size_unit": "pixels", "painting": sample(60, 70, 5)},
    ),
    "optimise-style": (sample(64, 72, 3), {"steps": 10, "levels": 1, "size": 72, "painting": sample(64, 64, 5)}),
    "face-style": (
        Image(np.ascontiguousarray(PORTRAIT.pixels[::3, ::3])),
        {
            "rounds": 1,
            "passes": 1,
            "fineness": 60,
            "background": "photograph",
            "exemplar": "adele",
            "points": [(x / PORTRAIT.width, y / PORTRAIT.height) for x, y in POINTS.tolist()],
        },
    ),
}


def seen(act: str | Filter, picture: Image | Animation, look: Any, blend: Blend | None = None, **settings: Any) -> Any:
    work = Work.of(plugins(), act, settings, blend=blend)
    return work.run(plugins(), picture, Job(threads=2, on_picture=look))


@pytest.mark.parametrize("name", GROWING)
def test_what_is_seen_is_whole_and_becomes_the_result(name: str) -> None:
    picture, settings = GROWING[name]
    mask = np.full(picture.pixels.shape[:2], 255, np.uint8)
    mask[:20] = 0
    grown: list[Image] = []
    result = seen(name, picture, lambda make: grown.append(make()), Blend(mask), **settings)
    assert len(grown) > 1
    assert {(each.pixels.shape, each.depth) for each in grown} == {(picture.pixels.shape, picture.depth)}
    for each in grown:
        np.testing.assert_array_equal(each.pixels[:20], picture.pixels[:20], "what is not selected stays")
    first, last = (np.abs(each.pixels.astype(int) - result.pixels).mean() for each in (grown[0], grown[-1]))
    assert last < 0.7 * first
    unlike = np.abs(picture.pixels.astype(int) - result.pixels).mean()
    assert last < unlike, "and not towards the photograph"


class Slow(Filter):
    """Shows the picture half red, then fully."""

    name, title = "slow", "Slow"
    made: ClassVar[int] = 0

    def __call__(self, image: Image, job: Job) -> Image:
        """As the class says."""

        def make(share: float) -> Image:
            type(self).made += 1
            red = np.asarray(image.float() * (1 - share) + np.array((share, 0, 0), np.float32), np.float32)
            return replace(image, pixels=red)

        job.part(0, 1).show(lambda: make(0.5))
        return make(1.0)

    def paints_color(self) -> bool:
        """Red."""
        return True


def test_nothing_is_made_where_nobody_looks_nor_of_frames_of_films() -> None:
    Slow.made = 0
    seen(Slow(), sample(8, 9), lambda _: None)
    assert Slow.made == 1
    Work.of(plugins(), Slow()).run(plugins(), sample(8, 9))
    assert Slow.made == 2

    def look(_: Callable[[], Image]) -> None:
        raise AssertionError("a single frame is shown")

    film = Animation(lambda: iter([Frame(sample(8, 9), 0.1)] * 2), 8, 9, 2)
    result = seen(Slow(), film, look)
    assert len(list(result.frames())) == 2


def test_strength_and_cancel_reach_what_is_seen() -> None:
    picture, grown = sample(8, 9), []
    seen(Slow(), picture, lambda make: grown.append(make()), Blend(strength=0.5))
    half = picture.float() * 0.75 + np.array((0.25, 0, 0), np.float32)
    np.testing.assert_allclose(grown[0].float(), half, atol=0.01)
    with pytest.raises(Cancelled):
        Job(cancelled=lambda: True, on_picture=lambda make: grown.append(make())).show(lambda: picture)
    assert len(grown) == 1


def test_what_cannot_be_put_into_the_file_is_one_sentence_and_spares_what_took_its_name(tmp_path: Path) -> None:
    kept = Kept.of(str(tmp_path / "growing.png"))
    (tmp_path / "growing.png").write_bytes(b"mine")
    with pytest.raises(WriteError, match="exists already"):
        kept.show(lambda: sample(8, 8))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]
    (tmp_path / "new").mkdir()
    gone = Kept.of(str(tmp_path / "new" / "growing.png"))
    (tmp_path / "new").rmdir()
    with pytest.raises(WriteError, match="There is no folder"):
        gone.show(lambda: sample(8, 8))
