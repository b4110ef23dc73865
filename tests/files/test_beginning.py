"""The beginning of films: as long as asked for, with its sound and chapters, and nothing else decoded."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from senga.files import read, write
from senga.files.beginning import beginning
from senga.image import Animation, Frame, Image

CHAPTERS = [
    {"id": 1, "start": 0, "end": 300, "time_base": Fraction(1, 1000), "metadata": {"title": "Dawn"}},
    {"id": 2, "start": 300, "end": 1500, "time_base": Fraction(1, 1000), "metadata": {"title": "Day"}},
    {"id": 3, "start": 1500, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "Dusk"}},
]


def film(path: Path) -> Animation:
    found = read(path)
    assert isinstance(found, Animation)
    return found


def lengths(path: Path) -> dict[str, float]:
    """Where each track ends, in seconds."""
    with av.open(str(path)) as opened:
        ends: dict[str, float] = {}
        for packet in opened.demux():
            if packet.pts is not None and packet.size:
                name = f"{packet.stream.type}{packet.stream.index}"
                ends[name] = max(ends.get(name, 0), float((packet.pts + packet.duration) * packet.time_base))
    return ends


@pytest.mark.parametrize(("sound", "target"), [("aac", ".mp4"), ("pcm_s16le", ".mp4"), ("aac", ".mkv")])
def test_the_first_seconds_with_all_tracks_and_chapters(
    sound: str, target: str, make_film: Any, tmp_path: Path
) -> None:
    path = make_film("film.mov", sound=sound, languages=("eng", "ger"), chapters=CHAPTERS)
    part = beginning(film(path), 0.5)
    assert part.count == 5
    out = write(part, tmp_path / f"out{target}")
    assert len(list(film(out).frames())) == 5
    found = lengths(out)
    assert len(found) == 3
    assert all(0.4 < end < 0.56 for end in found.values()), found
    with av.open(str(out)) as opened:
        assert [each["metadata"]["title"] for each in opened.chapters()] == ["Dawn", "Day"]
        assert float(opened.chapters()[1]["end"] * (opened.chapters()[1]["time_base"] or 0)) == pytest.approx(0.5)


def test_the_last_picture_is_shown_until_there_and_later_ones_are_not_made() -> None:
    made = []

    def frames() -> Iterator[Frame]:
        for number in range(100):
            made.append(number)
            yield Frame(Image(np.zeros((4, 4, 3), np.uint8)), 0.4)

    shown = list(beginning(Animation(frames, 4, 4, 100), 1.0).frames())
    assert [frame.seconds for frame in shown] == pytest.approx([0.4, 0.4, 0.2])
    assert max(made) == 2


def test_a_longer_beginning_is_the_whole_film(make_film: Any, tmp_path: Path) -> None:
    path = make_film("film.mp4", sound="aac")
    whole, more = (write(each, tmp_path / name) for each, name in
                   ((film(path), "whole.mp4"), (beginning(film(path), 60), "more.mp4")))  # fmt: skip
    assert whole.read_bytes() == more.read_bytes()
