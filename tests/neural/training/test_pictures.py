"""Albums, batches, edge smoothing, drawn targets."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from senga.errors import ReadError
from senga.neural.training import batches
from senga.neural.training.album import make_album, open_album, read_rgb
from senga.neural.training.batches import Prefetch, chosen, crop_places, crops, to_batch, to_bytes
from senga.neural.training.edges import grey_twice, smooth_edges
from senga.neural.training.targets import TargetStyle, draw_target, level_contrast


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Six files: one small, one grey, one with alpha, one that is no picture, one deeper."""
    root = tmp_path / "pictures"
    (root / "deeper").mkdir(parents=True)
    cv2.imwrite(str(root / "a.png"), rng.integers(0, 255, (60, 90, 3), np.uint8))
    cv2.imwrite(str(root / "b-small.jpg"), rng.integers(0, 255, (20, 30, 3), np.uint8))
    cv2.imwrite(str(root / "c-grey.png"), rng.integers(0, 255, (64, 40), np.uint8))
    clear = np.zeros((50, 50, 4), np.uint8)
    clear[:25] = (0, 0, 255, 255)
    cv2.imwrite(str(root / "d-alpha.png"), clear)
    (root / "e-broken.jpg").write_bytes(b"nothing")
    (root / "notes.txt").write_text("no picture")
    cv2.imwrite(str(root / "deeper" / "f.bmp"), rng.integers(0, 255, (40, 40, 3), np.uint8))
    return root


def test_an_album_holds_every_readable_picture_at_its_size(folder: Path, tmp_path: Path) -> None:
    album = make_album(folder, tmp_path / "run" / "photos.raw", 40, 32)
    assert album.names == ("a.png", "b-small.jpg", "c-grey.png", "d-alpha.png", "deeper/f.bmp")
    assert album.shapes == ((40, 60), (40, 60), (64, 40), (40, 40), (40, 40))
    assert album.unreadable == ("e-broken.jpg",)
    assert album.enlarged == ("b-small.jpg",)
    np.testing.assert_array_equal(album[4], read_rgb(folder / "deeper" / "f.bmp"))
    assert (album[2][..., 0] == album[2][..., 2]).all(), "grey has three equal channels"
    assert (album[3][-5:] == 255).all(), "what is transparent becomes white"
    assert (album[3][:5] == (255, 0, 0)).all()
    again = open_album(tmp_path / "run" / "photos.raw")
    assert again == album
    np.testing.assert_array_equal(again[0], album[0])


def test_an_album_that_was_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    album = make_album(folder, tmp_path / "photos.raw", 40, 32)
    album.file.write_bytes(album.file.read_bytes()[:-1])
    with pytest.raises(ReadError, match="missing or damaged"):
        open_album(album.file)


def test_folders_without_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no folder"):
        make_album(tmp_path / "nowhere", tmp_path / "a.raw", 40, 32)
    with pytest.raises(ReadError, match="holds no pictures"):
        make_album(tmp_path, tmp_path / "a.raw", 40, 32)
    (tmp_path / "x.png").write_bytes(b"nothing")
    with pytest.raises(ReadError, match="None of the 1 pictures"):
        make_album(tmp_path, tmp_path / "a.raw", 40, 32)
    assert not (tmp_path / "a.raw").exists()


def test_drawn_targets_fit_their_photos(folder: Path, tmp_path: Path) -> None:
    photos = make_album(folder, tmp_path / "photos.raw", 40, 32)
    targets = make_album(folder, tmp_path / "targets.raw", 40, 32, lambda photo: draw_target(photo, TargetStyle()))
    assert targets.shapes == photos.shapes
    assert not np.array_equal(targets[0], photos[0])
    some, places = [0, 2], [(1, 2, True), (3, 4, False)]
    for crop, i, (top, left, mirror) in zip(crops(photos, some, places, 32), some, places, strict=True):
        part = photos[i][top : top + 32, left : left + 32]
        np.testing.assert_array_equal(crop, part[:, ::-1] if mirror else part)


def test_every_picture_comes_once_before_any_comes_again() -> None:
    seen = [i for step in range(35) for i in chosen(7, 3, 0, step, 3)]
    for start in range(0, 105, 7):
        assert sorted(seen[start : start + 7]) == list(range(7))
    assert seen[:7] != seen[7:14]
    assert chosen(7, 3, 0, 20, 3) == seen[60:63], "a function of the step alone"
    assert [i for step in range(35) for i in chosen(7, 4, 0, step, 3)] != seen


def test_crops_stay_inside_and_reach_everywhere(folder: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    album = make_album(folder, tmp_path / "photos.raw", 40, 32)
    places = crop_places(album, [0] * 400, 32, rng, mirror=True)
    assert {top for top, _, _ in places} == set(range(9))
    assert {left for _, left, _ in places} == set(range(29))
    assert {mirror for _, _, mirror in places} == {True, False}
    assert not any(mirror for _, _, mirror in crop_places(album, [0] * 50, 32, rng, mirror=False))


def test_bytes_survive_the_way_to_a_batch_and_back(rng: np.random.Generator) -> None:
    pictures = [rng.integers(0, 256, (4, 5, 3), np.uint8) for _ in range(2)]
    batch = to_batch(pictures)
    assert (batch.shape, batch.dtype) == ((2, 3, 4, 5), np.float32)
    np.testing.assert_array_equal(to_bytes(batch), np.stack(pictures))


def test_prefetch_works_ahead_and_hands_errors_over() -> None:
    made: list[int] = []
    full = threading.Event()

    def make(step: int) -> int:
        if step == 7:
            raise OSError("the disk is gone")
        made.append(step)
        if len(made) >= 4:
            full.set()
        return step * step

    prefetch = Prefetch(make, 3)
    assert full.wait(5), "batches are made before anybody asks"
    assert [prefetch.get(step) for step in range(3, 7)] == [9, 16, 25, 36]
    with pytest.raises(OSError, match="the disk is gone"):
        prefetch.get(7)
    prefetch.close()


def test_a_prefetch_that_is_full_can_be_closed() -> None:
    with batches.prefetching(lambda step: step, 0) as prefetch:
        assert prefetch.get(0) == 0
        time.sleep(0.05)
    assert not prefetch._thread.is_alive()


def test_edge_smoothing_is_that_of_the_reference(rng: np.random.Generator) -> None:
    """The published program, pixel by pixel."""
    picture = cv2.resize(rng.integers(0, 255, (5, 5, 3), np.uint8), (32, 32), interpolation=cv2.INTER_NEAREST)
    edges = cv2.Canny(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 100, 200)
    near = cv2.dilate(edges, np.ones((5, 5), np.uint8))
    line = cv2.getGaussianKernel(5, 0)
    kernel = line @ line.T
    padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)), "reflect")
    expected = picture.astype(np.float64)
    for y, x in zip(*np.nonzero(near), strict=True):
        for c in range(3):
            expected[y, x, c] = (padded[y : y + 5, x : x + 5, c] * kernel).sum()
    found = smooth_edges(picture)
    assert near.any()
    assert not near.all()
    assert np.abs(found - expected).max() <= 1.01
    np.testing.assert_array_equal(found[near == 0], picture[near == 0])
    assert (grey_twice([picture])[0].std(-1) == 0).all()


def test_level_contrast_widens_pale_pictures_only(rng: np.random.Generator) -> None:
    pale = (0.2 * rng.standard_normal((1, 3, 8, 8))).astype(np.float32)
    strong = np.sign(pale)
    assert level_contrast(pale, pale).std() > 1.3 * pale.std()
    assert np.abs(level_contrast(strong, strong)).min() == pytest.approx(0.95)
