"""Style by optimisation: it goes towards the painting, shows what is there, stops when asked, and goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import senga
from senga.errors import Cancelled, SettingsError
from senga.growing import Kept
from senga.image import Animation, Image, to_depth
from senga.job import Job
from senga.neural.optimising import canvas
from senga.ops import luma
from senga.plugins.optimise_style import growth
from senga.plugins.optimise_style.growth import canvas_size
from senga.registry import plugins
from senga.testing import check_filter, sample

QUICK = {"size": 64, "steps": 6, "levels": 1}


def orange() -> Image:
    """A painting of waves in orange."""
    y, x = np.mgrid[0:80, 0:90] / 8
    light = (np.sin(x + np.sin(y)) + 1)[:, :, None] / 2
    return Image((light * (1.0, 0.6, 0.1)).astype(np.float32))


def painted(photo: Any = None, job: Job | None = None, **settings: Any) -> Any:
    """The result as float32 in 0..1."""
    given = sample(64, 72) if photo is None else photo
    result = senga.apply("optimise-style", given, job=job, painting=orange(), **QUICK | settings)
    assert isinstance(result, Image)
    return to_depth(result.pixels, np.float32)


def test_it_keeps_every_promise() -> None:
    check_filter(plugins().make("optimise-style", {**QUICK, "steps": 1}))


def test_it_begins_with_what_any_style_paints_unless_a_larger_network_looks() -> None:
    assert all(
        growth._starts_painted(plugins().make("optimise-style", given)) for given in ({}, {"start": "any-style"})
    )
    for given in ({"start": "photo"}, {"recipe": "paper"}, {"network": growth.shipped_encoder()}):
        assert not growth._starts_painted(plugins().make("optimise-style", given)), given
    begun, other = (painted(start=start, steps=1) for start in ("auto", "photo"))
    fast = to_depth(senga.apply("any-style", sample(64, 72), painting=orange()).pixels, np.float32)
    assert np.abs(begun - fast).mean() < 0.6 * np.abs(other - fast).mean()


def loss(picture: Any) -> float:
    """How far a picture is from photo and painting, as the filter sees it."""
    act = plugins().make("optimise-style", {**QUICK, "painting": orange()})
    scene = growth.Scene(act, sample(64, 72).float(), orange().float(), growth.eye_of(act), Job())
    photo, there = (canvas.planes(x, canvas.MARGIN) for x in (scene.photo, picture))
    return growth._looks(scene, photo, (64, 72))(canvas.Pixels(), canvas.View())(there)[0]


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_more_steps_come_nearer(method: str) -> None:
    found = [loss(painted(method=method, steps=steps)) for steps in (1, 8)]
    assert found[1] < 0.7 * found[0], found


def test_the_form_of_the_photo_stays_and_the_colours_are_those_of_the_painting() -> None:
    photo = sample(64, 72).float()
    result = painted(steps=10)
    assert np.corrcoef(luma(photo).ravel(), luma(result).ravel())[0, 1] > 0.5
    assert np.abs(result.mean((0, 1)) - orange().float().mean((0, 1))).max() < 0.08
    plain = painted(colours="luminance")
    step = plain - photo
    inside = ((plain > 0.01) & (plain < 0.99)).all(2)
    assert inside.mean() > 0.5
    assert np.ptp(step[inside], axis=1).max() < 0.02  # all channels by the same
    dyed = painted(colours="photo", steps=10)
    assert np.abs(dyed.mean((0, 1)) - photo.mean((0, 1))).max() < 0.08


def test_every_colour_can_be_as_frequent_as_in_the_painting() -> None:
    wanted = np.sort(orange().float()[..., 0].ravel())
    gaps = []
    for share in (0.0, 1.0):
        found = np.sort(painted(histogram=share)[..., 0].ravel())
        gaps.append(
            np.abs(np.quantile(found, np.linspace(0, 1, 50)) - np.quantile(wanted, np.linspace(0, 1, 50))).mean()
        )
    assert gaps[1] < 0.03 < gaps[0]


def test_the_growth_is_an_animation_that_ends_with_the_result() -> None:
    film = senga.apply("optimise-style", sample(64, 64), painting=orange(), **QUICK, show="growth")
    assert isinstance(film, Animation)
    frames = [to_depth(frame.image.pixels, np.float32) for frame in film.frames()]
    assert len(frames) == film.count == 3
    assert np.abs(frames[-1] - painted(sample(64, 64))).max() < 0.01
    assert np.abs(frames[0] - frames[1]).max() > 0.01


def test_what_is_there_stays_when_it_is_stopped_and_is_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("senga.growing._PAUSE", 0.0)
    file, share = tmp_path / "growing.png", [0.0]
    job = Job(
        on_progress=lambda done, _note: share.append(done),
        cancelled=lambda: share[-1] > 0.5,
        on_picture=Kept.of(str(file)).show,
    )
    with pytest.raises(Cancelled):
        painted(job=job, steps=40)
    assert list(tmp_path.iterdir()) == [file]
    kept = senga.open(file)
    assert isinstance(kept, Image)
    assert loss(canvas.resized(kept.float(), 64, 72)) < loss(painted(steps=1))
    assert loss(painted(begun=kept, steps=2)) < loss(painted(steps=2))


def test_nothing_is_overwritten_and_only_pngs_are_written(tmp_path: Path) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    for place, words in ((mine, "there already"), (tmp_path / "no" / "a.png", "folder"), (tmp_path / "a.txt", "PNG")):
        with pytest.raises(SettingsError, match=words):
            Kept.of(str(place))
    assert mine.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [mine]


def test_after_so_many_minutes_what_is_there_is_kept() -> None:
    assert np.array_equal(painted(minutes=1e-6, steps=5000), painted(steps=growth.CHUNK))


def test_sizes_are_even_and_not_too_small() -> None:
    for height, width in ((1, 1), (333, 777), (5000, 20), (64, 65)):
        rows, columns = canvas_size(height, width, 512)
        assert rows % 2 == columns % 2 == 0
        assert min(rows, columns) >= growth.LEAST
        assert growth._sizes((rows, columns, 3), 4)[-1] == (rows, columns)


def test_the_recipes_of_publications_run_in_all_their_starts() -> None:
    for recipe in ("paper", "article"):
        for start in ("photo", "both", "noise", "painting"):
            found = painted(recipe=recipe, start=start, steps=1, method="adam")
            assert np.isfinite(found).all()
            assert found.std() > 0.01


def test_it_needs_no_mindspore(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['mindspore'] = None; import senga; from senga.testing import sample;"
        "print(senga.apply('optimise-style', sample(64, 64), size=64, steps=1, levels=1).height)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=120
    )
    assert run.stdout.strip() == "64"
