"""Jobs on a worker: the pixels, the sentences, the order."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga import Image, Layer, Recipe, Step, apply
from senga.host_adapters.worker import client
from senga.host_adapters.worker.client import Cancelled, Canvas, Worker, WorkerError
from senga.host_adapters.worker.pixels import TYPES
from senga.image import to_depth
from senga.layers import merged

from .conftest import canvases, until

HEIGHT, WIDTH = 40, 60


def pixels(rng: np.random.Generator, channels: int, depth: str) -> np.ndarray:
    values = rng.random((HEIGHT, WIDTH, channels), np.float32)
    if channels in (2, 4):
        values[:10, :10, -1] = 0
    return to_depth(values, TYPES[depth])


def filled(array: np.ndarray, mask: np.ndarray | None = None) -> Canvas:
    depth = next(name for name, kind in TYPES.items() if kind == array.dtype)
    canvas = Canvas(array.shape[1], array.shape[0], array.shape[2], depth)
    for top in range(0, array.shape[0], 16):
        canvas.write_band(top, array[top : top + 16].tobytes())
        if mask is not None:
            canvas.write_mask_band(top, mask[top : top + 16].tobytes())
    return canvas


def seen(canvas: Canvas) -> np.ndarray:
    data = np.frombuffer(canvas.read_band(0, canvas.height), TYPES[canvas.depth])
    return data.reshape(canvas.height, canvas.width, canvas.channels)  # (H, W, C)


@pytest.mark.parametrize("depth", ["u8", "u16", "float"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("masked", [False, True])
def test_the_pixels_are_those_of_every_other_host(
    worker: Worker, rng: np.random.Generator, channels: int, depth: str, masked: bool
) -> None:
    before = pixels(rng, channels, depth)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[5:30, 5:40] = 128
    blend: dict[str, Any] = {"strength": 0.75, "keep_colors": True, "feather": 3.0} if masked else {}
    with filled(before, mask if masked else None) as canvas:
        result = worker.run({"filter": "posterize", "settings": {"levels": 3}, **blend}, canvas)
        after = seen(canvas)
    assert (result.changed, result.layers, result.notes) == (True, [], [])
    wanted = apply("posterize", Image.of(before), selection=mask if masked else None, levels=3, **blend)
    colours = 1 if channels < 3 else 3
    assert np.array_equal(after[:, :, :colours], wanted.pixels[:, :, :colours])
    assert np.array_equal(after[:, :, colours:], before[:, :, colours:])
    assert not np.array_equal(after, before)


def test_a_recipe_and_a_seed_reach_the_filters(worker: Worker, rng: np.random.Generator) -> None:
    recipe = Recipe(steps=(Step(filter="sketch"), Step(filter="posterize", settings={"levels": 5})))
    before = pixels(rng, 3, "u8")
    results = []
    for seed in (1, 2, 1):
        with filled(before) as canvas:
            worker.run({"recipe": recipe.toml(), "seed": seed}, canvas)
            results.append(seen(canvas))
    assert np.array_equal(results[0], results[2])
    assert not np.array_equal(results[0], results[1])
    from senga.registry import plugins

    assert np.array_equal(results[0], apply(recipe.seeded(1, plugins()), before).pixels)


def test_another_size_comes_as_a_layer_and_the_canvas_stays(worker: Worker, rng: np.random.Generator) -> None:
    before = pixels(rng, 3, "u16")
    with filled(before) as canvas:
        result = worker.run({"filter": "double"}, canvas)
        assert not result.changed
        assert np.array_equal(seen(canvas), before)
        (layer,) = result.layers
        assert layer.seconds is None
        assert np.array_equal(seen(layer.canvas), np.repeat(np.repeat(before, 2, axis=0), 2, axis=1))
        result.close()


def test_a_canvas_can_be_used_again(worker: Worker, rng: np.random.Generator) -> None:
    before, mask = pixels(rng, 3, "u8"), np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:] = 255
    with filled(before, mask) as canvas:
        for _ in "ab":
            worker.run({"filter": "redden"}, canvas)
        after = seen(canvas)
    assert np.array_equal(after[:10], before[:10])
    assert (after[10:] == [255, 0, 0]).all()


def test_frames_come_as_layers_one_by_one(worker: Worker, rng: np.random.Generator) -> None:
    before = pixels(rng, 4, "u8")
    got: list[tuple[str, float | None, np.ndarray]] = []
    with filled(before) as canvas:
        order = {"filter": "frames", "settings": {"count": 3}}
        result = worker.run(order, canvas, on_layer=lambda one: got.append((one.title, one.seconds, seen(one.canvas))))
        assert result.layers == []
        assert [(title, seconds) for title, seconds, _ in got] == [(f"Frame {i}", 0.5) for i in (1, 2, 3)]
        for number, (_, _, frame) in enumerate(got, 1):
            visible = before[:, :, 3] > 0
            assert np.array_equal(frame[visible][:, :3], before[visible][:, :3] // number)
            assert np.array_equal(frame[:, :, 3], before[:, :, 3])
        kept = worker.run(order, canvas)
        assert [seen(layer.canvas).shape for layer in kept.layers] == [before.shape] * 3
        kept.close()


def test_a_picture_is_seen_while_it_grows_where_somebody_looks(worker: Worker, rng: np.random.Generator) -> None:
    before, got = pixels(rng, 4, "u8"), []
    before[..., 3] |= 1  # what cannot be seen at all has no colours of its own
    order = {"filter": "grow", "settings": {"steps": 3}}
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    mask[:10] = 0
    with filled(before, mask) as canvas:
        result = worker.run(order, canvas, preview="true", on_growth=lambda one: got.append(seen(one.canvas)))
        after = seen(canvas)
    assert len(got) >= 2
    assert not result.layers
    for number, one in enumerate(got[:2], 2):
        assert np.array_equal(one[10:, :, :3], before[10:, :, :3] // number)
        assert np.array_equal(one[:10], before[:10]), "what is not selected stays"
    assert np.array_equal(after[10:, :, :3], before[10:, :, :3] // 9)
    with filled(before) as canvas:
        assert worker.run(order, canvas, preview="true").layers == [], "nobody looks, nothing comes"


def test_many_pictures_a_second_are_not_all_made(worker: Worker, rng: np.random.Generator) -> None:
    got: list[str] = []
    order = {"filter": "grow", "settings": {"steps": 100, "pause": 0.005}}
    with filled(pixels(rng, 3, "u8")) as canvas:
        worker.run(order, canvas, on_growth=lambda one: got.append(one.title))
    assert 1 <= len(got) < 30


def test_a_picture_that_grows_can_be_cancelled(worker: Worker, rng: np.random.Generator) -> None:
    got: list[str] = []
    order = {"filter": "grow", "settings": {"steps": 600, "pause": 0.05}}
    with filled(pixels(rng, 3, "u8")) as canvas, pytest.raises(Cancelled):
        worker.run(order, canvas, cancelled=lambda: bool(got), on_growth=lambda one: got.append(one.title))
    assert len(got) < 10


@pytest.mark.parametrize("masked", [False, True])
def test_the_parts_of_a_drawing_come_beside_it(worker: Worker, rng: np.random.Generator, masked: bool) -> None:
    before, mask = pixels(rng, 3, "u8"), np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:20, 10:30] = 255
    order = {"filter": "sketch", "settings": {"separate_layers": True}, "strength": 0.5 if masked else 1.0}
    with filled(before, mask if masked else None) as canvas:
        result = worker.run(order, canvas)
        after = seen(canvas)
    assert result.changed
    wanted = apply("sketch", before, selection=mask if masked else None, strength=order["strength"])
    assert np.array_equal(after, wanted.pixels)
    assert [layer.title for layer in result.layers] == ["Paper", "Strokes", "Outlines"]
    assert {layer.part["strength"] for layer in result.layers} == {order["strength"]}
    assert {(layer.part["mode"], layer.part["opacity"]) for layer in result.layers} == {("normal", 1.0)}
    parts = [Layer(one.title, Image.of(seen(one.canvas)), left=one.part["left"], top=one.part["top"])
             for one in result.layers]  # fmt: skip
    whole = merged(parts, wanted)
    drawn = before + (whole.pixels.astype(float) - before) * order["strength"]
    shown = mask > 0 if masked else np.ones((HEIGHT, WIDTH), bool)
    assert np.abs(drawn - after)[shown].max() <= 1.5
    result.close()


def test_a_grey_picture_stays_grey_and_says_so(worker: Worker, rng: np.random.Generator) -> None:
    with filled(pixels(rng, 1, "u8")) as canvas:
        result = worker.run({"filter": "redden"}, canvas)
        assert set(np.unique(seen(canvas))) == {76}  # 0.299 of 255
    assert "convert the picture to RGB" in result.notes[0]


@pytest.mark.parametrize(("order", "says"), [
    ({"filter": "posterise"}, "did you mean “posterize”"),
    ({"filter": "posterize", "settings": {"levels": 99}}, "levels"),
    ({"filter": "posterize", "strength": 2}, "strength"),
    ({"filter": "posterize", "wishes": 3}, "wishes"),
    ({"recipe": "no toml"}, "TOML"),
    ({"recipe": "senga=1", "filter": "posterize"}, "either"),
    ({}, "either"),
    ({"filter": "broken", "settings": {"way": "raise"}}, "one over nothing"),
    ({"filter": "broken", "settings": {"way": "exit"}}, "goodbye"),
    ({"filter": "broken", "settings": {"way": "memory"}}, "memory is used up"),
    ({"filter": "broken", "settings": {"way": "write"}}, "read-only"),
    ({"filter": "posterize", "settings": {"levels": "9" * (5 << 20)}}, "too long"),
    ({"filter": "posterize", "settings": {"levels": "9" * (3 << 20)}}, "99999 …"),
])  # fmt: skip
def test_what_goes_wrong_is_a_sentence_and_the_worker_lives_on(
    worker: Worker, rng: np.random.Generator, order: dict[str, Any], says: str
) -> None:
    pid, before = worker.status()["pid"], pixels(rng, 3, "u8")
    with filled(before) as canvas:
        with pytest.raises(WorkerError, match=says) as caught:
            worker.run(order, canvas)
        assert "\n" not in caught.value.message
        assert np.array_equal(seen(canvas), before)
    with filled(before) as canvas:
        worker.run({"filter": "posterize"}, canvas)
    assert worker.status()["pid"] == pid


def test_prints_of_filters_and_libraries_go_to_the_log(worker: Worker, rng: np.random.Generator) -> None:
    with filled(pixels(rng, 3, "u8")) as canvas:
        worker.run({"filter": "broken", "settings": {"way": "print"}}, canvas)
    log = (Path(worker.folder) / "log").read_text()
    assert "junk on standard output" in log
    assert "more junk" in log


def test_progress_is_told(worker: Worker, rng: np.random.Generator) -> None:
    told: list[tuple[float, str]] = []
    with filled(pixels(rng, 3, "u8")) as canvas:
        order = {"filter": "patient", "settings": {"steps": 8}}
        worker.run(order, canvas, lambda share, note: told.append((share, note)))
    assert len(told) >= 4
    assert told == sorted(told)
    assert {note for _, note in told} == {"Waiting long"}


def test_a_cancelled_job_ends_soon(worker: Worker, rng: np.random.Generator, tmp_path: Path) -> None:
    witness, asked = tmp_path / "witness", []

    def cancelled() -> bool:
        if witness.exists() and len(witness.read_text()) > 3:
            asked.append(time.monotonic())
        return bool(asked)

    order = {"filter": "patient", "settings": {"witness": str(witness), "steps": 600}}
    with filled(pixels(rng, 3, "u8")) as canvas, pytest.raises(Cancelled):
        worker.run(order, canvas, cancelled=cancelled)
    assert time.monotonic() - asked[0] < 10  # of half a minute, on a busy machine; a second on a quiet one
    steps = len(witness.read_text())
    time.sleep(0.3)
    assert len(witness.read_text()) == steps
    assert worker.status()["jobs"] == 0


def test_cancelled_is_asked_ten_times_a_second_even_when_nothing_is_told(
    worker: Worker, rng: np.random.Generator
) -> None:
    asked: list[float] = []
    order = {"filter": "patient", "settings": {"steps": 20, "polite": False}}
    with filled(pixels(rng, 3, "u8")) as canvas:
        worker.run(order, canvas, cancelled=lambda: bool(asked.append(time.monotonic())))
    assert len(asked) >= 6  # in a second or more: a busy machine asks late


def test_a_filter_that_does_not_notice_keeps_nobody_waiting(
    worker: Worker, rng: np.random.Generator, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    order = {"filter": "patient", "settings": {"steps": 80, "polite": False, "witness": str(witness)}}
    with filled(pixels(rng, 3, "u8")) as canvas:
        with pytest.raises(Cancelled):
            worker.run(order, canvas, cancelled=lambda: True)
        assert not witness.exists() or len(witness.read_text()) < 80, "it is at it still"
        worker.run({"filter": "posterize"}, canvas)  # waits for its turn, over a new connection


def test_a_client_that_leaves_takes_its_job_with_it(worker: Worker, rng: np.random.Generator, tmp_path: Path) -> None:
    witness = tmp_path / "witness"

    class FallError(Exception):
        pass

    def fall(share: float, note: str) -> None:
        if share > 0.005:
            raise FallError

    with filled(pixels(rng, 3, "u8")) as canvas, pytest.raises(FallError):
        worker.run({"filter": "patient", "settings": {"witness": str(witness), "steps": 600}}, canvas, fall)
    assert until(lambda: worker.status()["jobs"] == 0)
    steps = len(witness.read_text())
    time.sleep(0.3)
    assert len(witness.read_text()) == steps < 300


HOST = """
import sys; sys.path.insert(0, {folder!r}); sys.dont_write_bytecode = True
import client
worker, canvas = client.connect({manifest!r}), client.Canvas(9, 9, 3, "u8")
worker.run({{"filter": "patient", "settings": {{"witness": {witness!r}, "steps": 600}}}}, canvas)
"""


def test_a_host_that_is_killed_leaves_no_job_and_no_file(
    worker: Worker, house: dict[str, Any], den: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    folder = str(Path(client.__file__).parent)
    code = HOST.format(folder=folder, manifest=house, witness=str(witness))
    with subprocess.Popen([sys.executable, "-c", code]) as host:
        assert until(witness.exists)
        host.kill()
    assert until(lambda: worker.status()["jobs"] == 0)
    steps = len(witness.read_text())
    time.sleep(0.3)
    assert len(witness.read_text()) == steps < 300
    assert not canvases(den)


def test_jobs_wait_in_line_and_are_told_their_place(
    worker: Worker, house: dict[str, Any], rng: np.random.Generator, tmp_path: Path
) -> None:
    witness, notes = tmp_path / "witness", []
    first = filled(pixels(rng, 3, "u8"))
    order = {"filter": "patient", "settings": {"steps": 12, "witness": str(witness)}}
    thread = threading.Thread(target=worker.run, args=(order, first))
    thread.start()
    assert until(witness.exists)
    with client.connect(house) as other, filled(pixels(rng, 3, "u8")) as second:
        other.run({"filter": "posterize"}, second, lambda _, note: notes.append(note))
    assert len(witness.read_text()) == 12
    thread.join()
    first.close()
    assert notes[0] == "Waiting for 1 other job"


def test_a_job_can_be_taken_out_of_the_line(
    worker: Worker, house: dict[str, Any], rng: np.random.Generator, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    first = filled(pixels(rng, 3, "u8"))
    order = {"filter": "patient", "settings": {"steps": 30, "witness": str(witness)}}
    thread = threading.Thread(target=worker.run, args=(order, first))
    thread.start()
    assert until(witness.exists)
    with client.connect(house) as other, filled(pixels(rng, 3, "u8")) as second:
        with pytest.raises(Cancelled):
            other.run({"filter": "posterize"}, second, cancelled=lambda: True)
        assert len(witness.read_text()) < 30
    thread.join()
    first.close()


def test_a_selection_of_nothing_changes_nothing(worker: Worker, rng: np.random.Generator) -> None:
    before = pixels(rng, 4, "u8")
    with filled(before, np.zeros((HEIGHT, WIDTH), np.uint8)) as canvas:
        worker.run({"filter": "posterize"}, canvas)
        assert np.array_equal(seen(canvas), before)


def test_describe_tells_what_a_dialog_needs(worker: Worker) -> None:
    facts = worker.describe("en")
    filters = {one["name"]: one for one in facts["filters"]}
    assert facts["version"] == worker.version
    assert {"anime", "sketch", "color-pencil", "drawing-process", "posterize", "patient"} <= set(filters)
    assert filters["patient"]["plugin"] == "trials"
    assert filters["patient"]["summary"] == "Takes its time."
    way = filters["broken"]["settings"][0]
    assert (way["name"], way["kind"], way["default"], way["choices"][0]) == ("way", "choice", "raise", "raise")
    assert json.dumps(facts)


@pytest.mark.parametrize("change", [
    {"path": "/etc/passwd"}, {"path": "/nowhere/canvas-1"}, {"height": 4000}, {"width": 0}, {"channels": 7},
    {"depth": "u32"}, {"masked": True}, {"extra": 1},
])  # fmt: skip
def test_canvases_that_are_none_are_refused(worker: Worker, rng: np.random.Generator, change: dict[str, Any]) -> None:
    with filled(pixels(rng, 3, "u8")) as canvas:
        worker._ask({"op": "run", "order": {"filter": "posterize"}, "canvas": canvas.facts() | change})
        with pytest.raises(WorkerError):
            worker._follow(None, lambda: False, None, None)
    assert Path("/etc/passwd").exists()


def test_second_pictures_travel_as_canvases_or_as_paths(
    worker: Worker, rng: np.random.Generator, tmp_path: Path
) -> None:
    before, hints, painting = pixels(rng, 3, "u8"), pixels(rng, 4, "u8"), pixels(rng, 3, "u16")
    with filled(before) as canvas, filled(hints) as layer:
        worker.run({"filter": "hint-wash", "settings": {}}, canvas, pictures={"hints": layer})
        after = seen(canvas)
    assert np.array_equal(after, apply("hint-wash", Image.of(before), hints=Image.of(hints)).pixels)
    Image.of(painting).save(tmp_path / "painting.png")
    wanted = apply("palette-of", Image.of(before), exemplar=Image.of(painting)).pixels
    with filled(before) as canvas:
        worker.run({"filter": "palette-of", "settings": {"exemplar": str(tmp_path / "painting.png")}}, canvas)
        assert np.array_equal(seen(canvas), wanted)
    chain = "[[steps]]\nfilter = 'palette-of'\nsettings = {exemplar = 'painting.png'}"
    with filled(before) as canvas:
        worker.run({"recipe": chain, "folder": str(tmp_path)}, canvas)
        assert np.array_equal(seen(canvas), wanted)


@pytest.mark.parametrize(("settings", "says"), [
    ({"hints": "layer.png"}, "choose the file again"),
    ({"hints": "/nowhere/layer.png"}, "no file"),
    ({"hints": 7}, "picture or its path"),
])  # fmt: skip
def test_second_pictures_that_cannot_be_had_are_a_sentence(worker: Worker, rng: Any, settings: Any, says: str) -> None:
    with filled(pixels(rng, 3, "u8")) as canvas, pytest.raises(WorkerError, match=says):
        worker.run({"filter": "hint-wash", "settings": settings}, canvas)


def test_a_second_picture_of_another_size_is_a_sentence(worker: Worker, rng: np.random.Generator) -> None:
    small = np.zeros((4, 5, 3), np.uint8)
    with (
        filled(pixels(rng, 3, "u8")) as canvas,
        filled(small) as layer,
        pytest.raises(WorkerError, match="5 x 4 pixels"),
    ):
        worker.run({"filter": "hint-wash", "settings": {}}, canvas, pictures={"hints": layer})


def test_alternatives_are_handed_over_as_layers(worker: Worker, rng: np.random.Generator) -> None:
    before = pixels(rng, 3, "u8")
    with filled(before) as canvas:
        result = worker.run({"filter": "pins", "settings": {"sizes": "0.1, 0.3", "places": "0.5,0.5"}}, canvas)
        wanted = apply("pins", Image.of(before), sizes=(0.1, 0.3))
        assert np.array_equal(seen(canvas), wanted.pixels)
        assert [layer.title for layer in result.layers] == ["Size 0.3", "Size 0.1"]
        assert np.array_equal(seen(result.layers[0].canvas), wanted.alternatives[1].picture.pixels)
        result.close()
