"""Faces that are found: where, in which pictures none, and the same ones on every runtime, at every depth and size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from senga.errors import Cancelled
from senga.faces import COUNT, Face, find_faces
from senga.faces.detector import LONG, Sheet, apart, candidates
from senga.faces.face import MIRRORED
from senga.faces.frame import Frame
from senga.faces.weights import FOLDER
from senga.files import read
from senga.image import Image
from senga.job import Job
from senga.neural.networks.faces import STEP

ROOT = Path(__file__).resolve().parents[2]
LABELS = Path(__file__).with_name("labels.json")
"""Points of MediaPipe's mesh on portraits that the training did not see: [[name, points], …]."""


@pytest.fixture(scope="module")
def astronaut() -> Image:
    found = read(ROOT / "examples" / "astronaut.png")
    assert isinstance(found, Image)
    return found


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Face:
    (found,) = find_faces(astronaut, Job())
    return found


def apart_by(one: Face, other: Face) -> float:
    """In eye distances."""
    return float(np.linalg.norm(one.points - other.points, axis=1).mean() / one.eye_distance)


def test_the_face_of_a_photograph_is_found(face: Face, astronaut: Image) -> None:
    assert face.points.shape == (COUNT, 2)
    assert face.points.dtype == np.float32
    assert 0.5 < face.score <= 1
    np.testing.assert_allclose(face.eyes, [[203, 100], [247, 102]], atol=5)  # looked at
    np.testing.assert_allclose(face.points[48:60].mean(axis=0), [224, 145], atol=5)
    x0, y0, x1, y1 = face.box
    assert (face.points >= (x0, y0)).all()
    assert (face.points <= (x1, y1)).all()


def test_a_landscape_has_none() -> None:
    landscape = read(ROOT / "examples" / "summer-palace.jpg")
    assert isinstance(landscape, Image)
    assert find_faces(landscape, Job()) == []
    assert find_faces(Image(np.zeros((1, 1, 3), np.uint8)), Job()) == []
    assert find_faces(Image(np.full((3, 900, 3), 200, np.uint8)), Job()) == []


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_size_does_not_matter(face: Face, astronaut: Image, scale: float) -> None:
    other = Image(np.asarray(cv2.resize(astronaut.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))
    (found,) = find_faces(other, Job())
    assert apart_by(face, found.moved(0, 0, 1 / scale)) < 0.05


def test_depth_and_colour_hardly_matter(face: Face, astronaut: Image) -> None:
    deep = Image(astronaut.pixels.astype(np.uint16) * 257)
    real = Image(astronaut.pixels.astype(np.float32) / 255)
    grey = Image(np.repeat(astronaut.pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8))
    for other, limit in ((deep, 0.01), (real, 0.01), (grey, 0.06)):
        found = find_faces(other, Job())[0]  # a badge on the suit is taken for another where it is grey
        assert apart_by(face, found) < limit


def test_a_mirrored_and_a_turned_picture(face: Face, astronaut: Image) -> None:
    mirrored = replace(astronaut, pixels=np.ascontiguousarray(astronaut.pixels[:, ::-1]))
    (found,) = find_faces(mirrored, Job())
    back = Face.of_points((found.points * (-1, 1) + (astronaut.width, 0))[MIRRORED])
    assert apart_by(face, back) < 0.06
    matrix = cv2.getRotationMatrix2D((225.0, 130.0), 30, 1)
    turned = cv2.warpAffine(
        astronaut.pixels, matrix, (astronaut.width, astronaut.height), borderMode=cv2.BORDER_REFLECT
    )
    (found,) = find_faces(Image(np.asarray(turned)), Job())
    there = Face.of_points(face.points @ matrix[:, :2].T + matrix[:, 2])
    assert apart_by(there, found) < 0.08


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_that_lies(face: Face, astronaut: Image, quarters: int) -> None:
    lying = Image(np.ascontiguousarray(np.rot90(astronaut.pixels, quarters)))
    (found,) = find_faces(lying, Job())
    x, y = face.points.T
    there = {1: (y, 512 - x), 2: (512 - x, 512 - y), 3: (512 - y, x)}[quarters]
    assert apart_by(Face.of_points(np.stack(there, axis=1)), found) < 0.06


def test_two_faces_the_larger_first(face: Face, astronaut: Image) -> None:
    part = astronaut.pixels[30:230, 120:320]
    small = cv2.resize(part, (110, 110), interpolation=cv2.INTER_AREA)
    canvas = np.full((260, 400, 3), 128, np.uint8)
    canvas[60:170, 20:130], canvas[40:240, 180:380] = small, part
    large, other = find_faces(Image(canvas), Job())
    assert apart_by(face.moved(180 - 120, 40 - 30), large) < 0.06
    assert abs(other.eyes[:, 0].mean() - (20 + 0.55 * (224 - 120))) < 6
    assert len(find_faces(Image(canvas), Job(), most=1)) == 1


def test_every_runtime_and_number_of_threads_finds_the_same(face: Face, astronaut: Image) -> None:
    for job in (Job(engine="onnx"), Job(engine="openvino"), Job(threads=1)):
        pytest.importorskip({"onnx": "onnxruntime", "openvino": "openvino"}.get(job.engine, "numpy"))
        (found,) = find_faces(astronaut, job)
        assert apart_by(face, found) < 1e-3


@pytest.mark.needs_mindspore
def test_mindspore_finds_the_same(face: Face, astronaut: Image) -> None:
    (found,) = find_faces(Image(astronaut.pixels), Job(engine="mindspore"))
    assert apart_by(face, found) < 1e-3


def test_landmarks_of_portraits_are_near_those_of_the_mesh(shared: Path) -> None:
    errors = []
    for name, points in json.loads(LABELS.read_text("utf-8")):
        picture = read(shared / "faces_pd" / name)
        assert isinstance(picture, Image)
        (found,) = find_faces(picture, Job())
        errors.append(apart_by(Face.of_points(np.array(points)), found))
    assert np.mean(errors) < 0.05
    assert max(errors) < 0.1


def test_a_portrait_upside_down_is_not_taken_for_an_upright_one(shared: Path) -> None:
    found_at_all = 0
    for name, points in json.loads(LABELS.read_text("utf-8")):
        picture = read(shared / "faces_pd" / name)
        assert isinstance(picture, Image)
        found = find_faces(Image(np.ascontiguousarray(picture.pixels[::-1, ::-1])), Job())
        there = Face.of_points(np.array([picture.width, picture.height]) - np.array(points))
        assert all(apart_by(there, each) < 0.15 for each in found), name
        found_at_all += len(found)
    assert found_at_all > 4


def test_finding_stops_when_it_is_asked_to_and_tells_how_far_it_is(astronaut: Image) -> None:
    with pytest.raises(Cancelled):
        find_faces(astronaut, Job(cancelled=lambda: True))
    told: list[float] = []
    find_faces(astronaut, Job(on_progress=lambda share, _: told.append(share)))
    assert (np.diff(told) > -1e-9).all()
    assert told[-1] == 1


def test_the_networks_are_small_and_have_a_card() -> None:
    assert (FOLDER / "finder.safetensors").stat().st_size < 1_000_000
    assert (FOLDER / "points.safetensors").stat().st_size < 2_000_000
    card = (FOLDER / "faces.md").read_text("utf-8")
    assert all(word in card for word in ("licence", "CC BY 4.0", "python -m training.faces ", "has not seen"))


def test_cells_say_where_how_large_and_which_way_up() -> None:
    cells = np.zeros((6, 8, 6), np.float32)
    cells[:, :, 0] = -5
    cells[2, 3] = 3.0, 0.25, -0.5, 2.0, 2.0, 0.0  # a face that lies: it looks up to the right
    cells[2, 4] = 2.0, 0, 0, 2.0, 0, -2
    ((frame, score),) = candidates(cells)
    assert (frame.x, frame.y) == (3.75 * STEP, 2 * STEP)
    assert frame.size == 4 * STEP
    assert frame.up == pytest.approx((1, 0), abs=1e-6)
    assert score == pytest.approx(1 / (1 + np.exp(-3)))


def test_of_faces_that_are_near_the_surest_stays() -> None:
    near = [(Frame(50, 50, 40, 0), 0.6), (Frame(60, 50, 44, 0), 0.9), (Frame(120, 50, 40, 0), 0.5)]
    assert apart(near) == [near[1], near[2]]


@pytest.mark.parametrize("size", [(480, 640), (640, 300), (64, 64), (3, 900)])
def test_all_sizes_of_a_picture_lie_on_one_sheet(size: tuple[int, int]) -> None:
    sheet = Sheet.of(np.full((*size, 3), 255, np.uint8))
    assert not any(side % 32 for side in sheet.photo.shape[:2])
    white = (sheet.photo == 1).all(axis=2)
    covered = np.zeros(white.shape, np.int32)
    for rows, columns in sheet.places:
        covered[rows.start * STEP : rows.stop * STEP, columns.start * STEP : columns.stop * STEP] += 1
    assert covered.max() == 1, "none lies over another"
    assert not (white & (covered == 0)).any()
    assert len(sheet.places) == len(LONG)
    longest = [max(rows.stop - rows.start, columns.stop - columns.start) * STEP for rows, columns in sheet.places]
    assert longest == list(LONG)
