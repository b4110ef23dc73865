"""Landmarks given by hand: both kinds of files, their units, and what is said about wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from senga.errors import ReadError, SettingsError
from senga.faces import COUNT, faces_of_shares, faces_text, find_faces, read_faces
from senga.faces.face import MIRRORED, Face
from senga.image import Image
from senga.job import Job

SIZE = (200, 300)
POINTS = np.random.default_rng(0).uniform(2, 190, (COUNT, 2)).round(2).astype(np.float32)
PAIRS = POINTS.astype(float).round(2).tolist()


def written(folder: Path, content: object) -> Path:
    path = folder / "marks.txt"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def lines(between: str) -> str:
    return "\n".join(f"{x:.2f}{between}{y:.2f}" for x, y in PAIRS)


@pytest.mark.parametrize(
    "content",
    [PAIRS, [PAIRS], {"faces": [{"points": PAIRS}]}, {"points": PAIRS}, lines(", "), lines("\t"), "#\n\n" + lines(" ")],
    ids=["face", "faces", "object", "points", "commas", "tabs", "blanks"],
)  # fmt: skip
def test_all_forms_say_the_same(tmp_path: Path, content: object) -> None:
    (face,) = read_faces(written(tmp_path, content), SIZE)
    np.testing.assert_allclose(face.points, POINTS, atol=0.01)
    assert face.score == 1
    assert face.box[0] == pytest.approx(POINTS[:, 0].min(), abs=0.01)


def test_written_faces_are_read_again_on_another_size(tmp_path: Path) -> None:
    faces = [Face.of_points(POINTS), Face.of_points(POINTS / 2)]
    found = read_faces(written(tmp_path, faces_text(faces, SIZE)), (400, 600))
    for face, before in zip(found, faces, strict=True):
        np.testing.assert_allclose(face.points, 2 * before.points, atol=0.02)


def test_numbers_up_to_one_are_shares_and_a_size_scales_lines(tmp_path: Path) -> None:
    shares = (POINTS / [300, 200]).tolist()
    (face,) = read_faces(written(tmp_path, shares), SIZE)
    np.testing.assert_allclose(face.points, POINTS, rtol=1e-4)
    (face,) = read_faces(written(tmp_path, "# size 600 400\n" + lines(" ")), SIZE)
    np.testing.assert_allclose(face.points, POINTS / 2, atol=0.01)
    (face,) = faces_of_shares([tuple(pair) for pair in shares], SIZE)
    np.testing.assert_allclose(face.points, POINTS, rtol=1e-4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PAIRS[:60], r"^Face 1 in marks.txt has 60 points, but a face has 68: give each as \[x, y\]\.$"),
        ([PAIRS, PAIRS[:-1]], "^Face 2 in marks.txt has 67 points"),
        ([*PAIRS[:-1], [3, "x"]], "^Point 67 of face 1 in marks.txt is none: give two numbers, x and y.$"),
        ([*PAIRS[:-1], [3, float("nan")]], "^Point 67 of face 1"),
        ([*PAIRS[:-1], [3, 1e30]], "^Point 67 of face 1"),
        ([[PAIRS[0], 5]], "^Face 1 in marks.txt has 2 points"),
        ([7] * 68, "^Face 1 in marks.txt has 0 points"),
        ({"nose": 3}, "^marks.txt has no faces"),
        ("[[1, 2], [3", "^marks.txt is no valid JSON"),
        ("[" * 99999, "^marks.txt is no valid JSON"),
        (lines(",") + "\n7, 8", "^marks.txt has 69 points, but a face has 68"),
        ("1, 2\nnose\n", "^Line 2 of marks.txt is no point: give two numbers, x and y.$"),
        ("", "^marks.txt has 0 points"),
        ({"size": [0, 9], "faces": [PAIRS]}, "^The size told"),
        ({"size": "wide", "faces": [PAIRS]}, "^The size told"),
        ([PAIRS] * 201, "^marks.txt has 201 faces"),
    ],
)
def test_wrong_files_are_told_in_one_sentence(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read_faces(written(tmp_path, content), SIZE)
    assert str(caught.value).count("\n") == 0


def test_a_file_that_is_not_there_and_one_that_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="^The landmarks in .*none.json cannot be read: No such file or directory.$"):
        read_faces(tmp_path / "none.json", SIZE)
    with pytest.raises(ReadError, match="larger than 4 MB"):
        read_faces(written(tmp_path, "#" * (4 << 20) + "#"), SIZE)


def test_points_of_a_setting_must_be_whole_faces() -> None:
    with pytest.raises(SettingsError, match="^Faces have 68 points each, but 67 are given"):
        faces_of_shares([(0.5, 0.5)] * 67, SIZE)


def test_given_faces_follow_the_crop_and_the_largest_is_first(tmp_path: Path) -> None:
    path = written(tmp_path, [(POINTS / 2).tolist(), PAIRS])
    crop = Image(np.zeros((50, 60, 3), np.uint8))
    large, small = find_faces(crop, Job(full_size=SIZE, offset=(20, 30)), given=str(path))
    np.testing.assert_allclose(large.points, POINTS - [30, 20], atol=0.02)
    assert large.area > small.area
    assert len(find_faces(crop, Job(full_size=SIZE), given=str(path), most=1)) == 1


def test_mirroring_twice_is_nothing_and_sides_change() -> None:
    assert (MIRRORED[MIRRORED] == np.arange(COUNT)).all()
    for left, right in (
        (0, 16),
        (17, 26),
        (36, 45),
        (37, 44),
        (41, 46),
        (48, 54),
        (31, 35),
        (60, 64),
        (67, 65),
        (59, 55),
    ):
        assert MIRRORED[left] == right
    for middle in (8, 27, 30, 33, 51, 57, 62, 66):
        assert MIRRORED[middle] == middle
