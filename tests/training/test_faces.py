"""What the networks of faces are shown, and what is wanted of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from senga.faces.detector import candidates
from senga.faces.face import MIRRORED
from senga.faces.frame import Frame
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.networks.faces import SIDE, face_finder, face_points
from training.faces_bank import SIDE as WIDE
from training.faces_bank import Bank, is_held_back, square, turned
from training.faces_labels import crop_matrix, tilt
from training.faces_mesh import JAW, REST, landmarks
from training.faces_samples import Photo, face_square, frames_of
from training.faces_scenes import cells_of, scene


def head() -> np.ndarray:
    """A mesh on half an egg: its landmarks lie as on a face, the others anywhere on it."""
    rng = np.random.default_rng(0)
    mesh = rng.uniform(-0.6, 0.6, (468, 2))
    mesh[list(JAW)] = [(-np.cos(t), np.sin(t)) for t in np.linspace(0, np.pi, len(JAW))]
    upright = np.linspace(-0.2, 0.4, 9)
    mesh[list(REST[:9])] = np.stack([np.r_[np.zeros(4), np.linspace(-0.2, 0.2, 5)], upright], axis=1)
    for first, middle in ((9, -0.45), (15, 0.45)):
        mesh[list(REST[first : first + 6])] = [(middle + 0.02 * (i - 3), -0.2) for i in range(6)]
    mesh[list(REST[21:])] = [(0.02 * (i % 12 - 6), 0.55) for i in range(20)]
    depth = -np.sqrt(np.clip(1.1 - (mesh**2).sum(axis=1), 0, 1))
    return np.c_[60 * mesh + (100, 110), 40 * depth]


def marked(mesh: np.ndarray) -> np.ndarray:
    """Grey, with a bright spot at the tip of the nose."""
    picture = np.full((240, 200, 3), 60, np.uint8)
    x, y = landmarks(mesh)[30, :2]
    cv2.circle(picture, (round(x), round(y)), 7, (255, 255, 255), -1)
    return picture


def stuff() -> list[Photo]:
    noise = np.random.default_rng(1).integers(0, 90, (200, 260, 3)).astype(np.uint8)
    return [Photo(noise, ())]


def bank() -> Bank:
    picture, mesh = square(marked(head()), head())
    points = landmarks(mesh)[:, :2].astype(np.float32)
    return Bank(picture[None].astype(np.uint8), points[None], np.zeros(1, bool))


def test_the_jaw_is_at_equal_distances_and_keeps_ends_and_chin() -> None:
    mesh = head()
    jaw = landmarks(mesh)[:17]
    for landmark, point in ((0, JAW[0]), (8, 152), (16, JAW[-1])):
        np.testing.assert_allclose(jaw[landmark], mesh[point])
    steps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
    assert steps.max() < 1.15 * steps.min()


def test_a_head_that_turns_takes_its_points_along() -> None:
    picture, mesh = square(marked(head()), head())
    for turn in ((0.0, 0.4, 0.0), (-0.25, 0.0, 0.0), (0.2, -0.5, 0.0)):
        made, moved = turned(picture, mesh, np.array(turn))
        tip = landmarks(moved)[30, :2]
        assert np.linalg.norm(tip - landmarks(mesh)[30, :2]) > 2
        bright = np.argwhere(made[:, :, 0] > 150).mean(axis=0)[::-1]
        assert np.linalg.norm(bright - tip) < 3
        assert (np.abs(made[2].astype(int) - picture[2]) < 40).all(), "the border stays"


def test_landmarks_of_a_square_lie_on_the_face_mirrored_or_not() -> None:
    sides = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        picture, points, is_face = face_square(bank(), stuff(), rng)
        assert picture.shape == (SIDE, SIDE, 3)
        if not is_face:
            continue
        sides.add(points[36, 0] < points[45, 0])
        x, y = (points[30] + 1) * SIDE / 2
        near = picture[max(0, int(y) - 4) : int(y) + 5, max(0, int(x) - 4) : int(x) + 5].astype(float)
        assert near.mean() > picture.mean() + 10
    assert sides == {True}, "the left eye stays left in a mirror"
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()


def test_cells_are_read_as_they_are_written() -> None:
    faces = [Frame(21, 22, 20, 0.4), Frame(66, 60, 50, -2.0), Frame(80, 17, 17, 0)]
    cells, odds, counts = cells_of(faces, [])
    cells[0] = np.where(cells[0] > 0, 9 - np.hypot(cells[1], cells[2]), -9)
    found = [frame for frame, _ in candidates(cells.transpose(1, 2, 0))]
    for face in faces:
        assert any(
            np.allclose((one.x, one.y, one.size), (face.x, face.y, face.size), rtol=1e-3)
            and np.cos(one.turn - face.turn) > 0.999
            for one in found
        )
    assert odds.max() == 1
    assert counts.all()


def test_doubtful_and_tiny_faces_count_neither_way() -> None:
    cells, odds, counts = cells_of([Frame(80, 80, 6, 0)], [Frame(30, 30, 40, 0)])
    assert cells[0].sum() == odds.max() == 0
    assert counts[9, 9] == counts[3, 3] == 0
    assert counts[0].all()


def test_scenes_have_faces_where_they_say() -> None:
    count = 0
    for seed in range(20):
        picture, faces, doubtful = scene(bank(), stuff(), np.random.default_rng(seed))
        assert picture.shape == (96, 96, 3)
        assert doubtful == []
        for one, other in ((one, other) for one in faces for other in faces if one is not other):
            assert np.hypot(one.x - other.x, one.y - other.y) > 0.4 * (one.size + other.size)
        count += len(faces)
    assert 5 < count < 40


def test_labels_are_believed_doubted_or_thrown_away() -> None:
    labels = {
        "path": np.array(["a.jpg"] * 3 + ["flowers/b.jpg"]),
        "sure": np.array([0.7, 0.9, 0.7, 0.7]),
        "score": np.array([9.0, -5.0, -5.0, -5.0]),
        "mesh": np.array([head()] * 4),
        "box": np.array([[10.0, 10, 40, 50]] * 4),
        "five": np.array([[20.0, 30, 40, 30, 30, 40, 22, 50, 38, 50]] * 4),
    }
    faces, doubtful = frames_of(labels, Path("a.jpg"), 1.0)
    assert (len(faces), len(doubtful)) == (2, 1)
    assert frames_of(labels, Path("flowers/b.jpg"), 1.0) == ((), ())
    assert frames_of(labels, Path("a.jpg"), 0.5)[0][0].size == pytest.approx(faces[0].size / 2)


def test_what_is_held_back_hangs_on_the_name_alone() -> None:
    names = [f"{number}.jpg" for number in range(800)]
    held_back = [is_held_back(f"/somewhere/{name}") for name in names]
    assert held_back == [is_held_back(name) for name in names]
    assert 60 < sum(held_back) < 140


def test_crops_of_the_mesh_are_upright() -> None:
    points = head()
    middle, size, slope = tilt(points)
    matrix = crop_matrix(middle, 1.5 * size, slope)
    seen = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert abs(tilt(np.c_[seen, points[:, 2]])[2]) < 1e-6
    assert seen.min() > 0
    assert seen.max() < 192
    assert WIDE == 176


@pytest.mark.parametrize("which", ["finder", "points"])
def test_the_module_gives_what_the_engine_gives(which: str) -> None:
    torch = pytest.importorskip("torch")
    from training.faces import Learning, finder_loss, first_weights, points_loss
    from training.module import NetworkModule

    network, loss = (face_finder(), finder_loss) if which == "finder" else (face_points(), points_loss)
    weights = first_weights(network, np.random.default_rng(0))
    photo = np.random.default_rng(1).uniform(-1, 1, (SIDE, SIDE, 3)).astype(np.float32)
    photo = np.pad(photo, [(0, 16), (0, 16), (0, 0)]) if which == "finder" else photo
    given = torch.from_numpy(photo.transpose(2, 0, 1)[None].copy())
    with torch.no_grad():
        expected = NetworkModule(network, weights).eval()(given)
    found = evaluate(network, weights, {"photo": photo}, Job())
    if which == "finder":
        np.testing.assert_allclose(found["cells"], expected[0].permute(1, 2, 0).numpy(), atol=1e-3)
        wanted = [torch.from_numpy(part[None]) for part in cells_of([Frame(60, 60, 40, 0)], [], 128)]
    else:
        np.testing.assert_allclose(found["points"], expected[0].flatten().numpy(), atol=1e-3)
        wanted = [torch.zeros(1, 136), torch.ones(1)]
    learner = Learning(network, loss)
    batch = (given.repeat(2, 1, 1, 1), *(part.repeat(2, *[1] * (part.ndim - 1)) for part in wanted))
    losses = [sum(learner.learn(batch, 0.5).values()) for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]


def test_what_tells_faces_from_alarms_learns_to() -> None:
    torch = pytest.importorskip("torch")
    from training.faces_sure import features, fitted, seen

    rng = torch.Generator().manual_seed(0)
    faces, others = (torch.randn((200, 20), generator=rng) + shift for shift in (0.8, -0.8))
    weight, bias = fitted(faces, others, torch.zeros(1, 20), torch.zeros(1))
    assert float((faces @ weight.flatten() + bias > 0).float().mean()) > 0.95
    assert float((others @ weight.flatten() + bias > 0).float().mean()) < 0.05
    network = seen(face_points())
    weights = {name: torch.rand(shape) for name, shape in network.parameters.items()}
    found = features([np.zeros((SIDE, SIDE, 3), np.uint8)] * 2, weights)
    assert found.shape == (2, 48 * 7 * 7)
