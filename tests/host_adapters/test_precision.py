"""How exactly networks compute, as hosts ask for it: drafts are for previews, and for results only when asked."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import senga
from senga import files
from senga.errors import SettingsError
from senga.host_adapters.batch.attempt import job_of
from senga.host_adapters.worker.order import Request
from senga.image import Animation, Frame, Image
from senga.job import Job
from senga.work import Resources

SHEET = {"path": "/nowhere", "width": 2, "height": 2, "channels": 3, "depth": "u8"}


def request(preview: str = "", **order: Any) -> Request:
    return Request.read({"order": {"filter": "anime", **order}, "canvas": SHEET, "preview": preview})


@pytest.mark.parametrize(
    ("preview", "asked", "expected"),
    [
        ("", {}, "full"),
        ("dialog", {}, "draft"),
        ("", {"precision": "draft"}, "draft"),
        ("dialog", {"precision": "full"}, "full"),
    ],
)
def test_the_worker_makes_drafts_of_previews_only(preview: str, asked: dict[str, str], expected: str) -> None:
    assert request(preview, **asked).precision == expected


def test_the_worker_names_a_precision_that_it_does_not_know() -> None:
    with pytest.raises(SettingsError, match="precision"):
        request(precision="exact")


def test_the_runner_and_python_hand_it_on() -> None:
    options = {"threads": None, "memory": None, "device": "auto", "engine": "auto", "precision": "draft"}
    assert job_of(options, lambda: False, lambda *_: None).precision == "draft"
    assert Job().precision == "full"
    assert Resources(precision="draft").given_to(Job()).precision == "draft"
    assert Resources().given_to(Job(precision="draft")).precision == "draft"


# ---- from one end to the other

SENGA = os.environ["SENGA_WARM"]
needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="no OpenVINO here")


def painted(source: Path, output: Path, *options: str) -> list[Any]:
    """The pictures that ``senga run anime`` makes of a picture or film."""
    words = [SENGA, "run", "anime", str(source), "-o", str(output), "--engine", "openvino", *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    made = files.read(output)
    return [frame.image.pixels for frame in made.frames()] if isinstance(made, Animation) else [made.pixels]


def applied(picture: Image, precision: str) -> Any:
    return senga.apply("anime", picture, job=Job(engine="openvino", precision=precision)).pixels


@needs_openvino
def test_the_runner_paints_what_python_paints(picture: Any, tmp_path: Path) -> None:
    photo = picture(72, 96)
    photo.save(tmp_path / "photo.png")
    plain, draft = (
        painted(tmp_path / "photo.png", tmp_path / f"{number}.png", *options)[0]
        for number, options in enumerate([[], ["--precision", "draft"]])
    )
    assert np.array_equal(plain, applied(photo, "full"))
    assert np.array_equal(draft, applied(photo, "draft"))


@needs_openvino
def test_films_are_drafts_only_when_asked_and_the_same_with_any_number_of_workers(picture: Any, tmp_path: Path) -> None:
    frames = [picture(48, 64).pixels, picture(48, 64).pixels[::-1], picture(48, 64).pixels[:, ::-1]]
    made = Animation(lambda: (Frame(Image(np.ascontiguousarray(each)), 0.1) for each in frames), 48, 64, 3)
    files.write(made, tmp_path / "film.webp", quality=100)
    source = files.read(tmp_path / "film.webp")
    assert isinstance(source, Animation)
    given = [frame.image for frame in source.frames()]
    for precision, workers in (("full", "1"), ("draft", "2")):
        found = painted(
            tmp_path / "film.webp", tmp_path / f"{precision}.png", "--precision", precision, "--workers", workers
        )
        assert all(
            np.array_equal(pixels, applied(image, precision)) for pixels, image in zip(found, given, strict=True)
        )
