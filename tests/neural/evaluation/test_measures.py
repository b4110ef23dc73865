"""Files in, figures out: with a small fixed projection instead of InceptionV3, and at last with the network."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from senga.errors import Cancelled, ReadError, SettingsError
from senga.job import Job
from senga.neural.evaluation.gaussian import frechet_distance, summarise
from senga.neural.evaluation.inception import Inception
from senga.neural.evaluation.inception_score import inception_score
from senga.neural.evaluation.kernel_distance import squared_mmd
from senga.neural.evaluation.measures import Reading, class_score, fid, kid
from senga.neural.evaluation.preparation import Convention, prepare
from senga.neural.evaluation.sources import pictures_of, read_picture

Folder = Callable[..., Path]


class Projection:
    """Features by a fixed random matrix from a coarse picture; batches of any size give the same values."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.matrix = rng.standard_normal((3 * 13 * 13, 2048)).astype(np.float32)
        self.classes = rng.standard_normal((2048, 12))
        self.batches: list[int] = []

    def features(self, batch: np.ndarray) -> np.ndarray:
        self.batches.append(len(batch))
        coarse = batch.reshape(-1, 3, 13, 23, 13, 23).mean((3, 5))
        return coarse.reshape(len(batch), -1) @ self.matrix

    def logits(self, features: np.ndarray) -> np.ndarray:
        return features @ self.classes / 100


def features(paths: list[Path], network: Any) -> np.ndarray:
    return np.concatenate([network.features(prepare(read_picture(path))[None]) for path in paths])


@pytest.fixture
def sides(folder: Folder) -> tuple[list[Path], list[Path]]:
    return pictures_of(folder("real", 7, seed=1)), pictures_of(folder("generated", 5, seed=2))


def test_fid_of_files_is_that_of_their_features(sides: Any) -> None:
    network = Projection()
    real, generated = sides
    score = fid(real, generated, Reading(network, batch=3), Job(threads=2))
    expected = frechet_distance(*(summarise([features(side, network)]) for side in sides))
    assert score.value == pytest.approx(expected, rel=1e-6)
    assert (score.real, score.generated, score.convention) == (7, 5, Convention.FIDELITY)
    assert "With 5 pictures FID comes out too high" in score.notes[0]
    assert fid(generated, real, Reading(network), Job()).value == pytest.approx(score.value, rel=1e-6)
    assert fid(real, real, Reading(network), Job()).value == pytest.approx(0, abs=1e-6)


def test_kid_of_files_is_that_of_their_features(sides: Any) -> None:
    network = Projection()
    score = kid(*sides, Reading(network, batch=2), Job())
    assert score.value == pytest.approx(squared_mmd(*(features(side, network) for side in sides)), rel=1e-5)
    assert "with 5 pictures it scatters" in score.notes[0]
    assert "jackknife" in score.notes[1]
    drawn = [kid(*sides, Reading(network), Job(), subsets=4, size=3, seed=seed).value for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_is_of_files_is_that_of_their_features(sides: Any) -> None:
    network = Projection()
    real, _ = sides
    score = class_score(real, Reading(network, batch=2), Job(), splits=3, seed=1)
    expected = inception_score([network.logits(features(real, network))], 7, splits=3, seed=1)
    assert (score.value, score.spread) == (
        pytest.approx(expected.value, rel=1e-6),
        pytest.approx(expected.spread, rel=1e-6),
    )
    assert "cannot exceed the number of pictures in a split, which is 2" in score.notes[0]


def test_too_few_pictures_are_refused(sides: Any) -> None:
    real, _ = sides
    with pytest.raises(SettingsError, match="1 picture is too few"):
        fid(real, real[:1], Reading(Projection()), Job())
    with pytest.raises(SettingsError, match="1 picture is too few"):
        kid(real[:1], real, Reading(Projection()), Job())
    with pytest.raises(SettingsError, match="7 pictures are too few for 10 splits; give --splits 1"):
        class_score(real, Reading(Projection()), Job())


def test_the_last_batch_may_be_smaller_and_progress_only_grows(sides: Any) -> None:
    network, shares = Projection(), list[float]()
    fid(*sides, Reading(network, batch=4), Job(on_progress=lambda share, _: shares.append(share)))
    assert network.batches == [4, 3, 4, 1]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_it_can_be_stopped_between_batches(sides: Any) -> None:
    network = Projection()
    with pytest.raises(Cancelled):
        kid(*sides, Reading(network, batch=1), Job(cancelled=lambda: len(network.batches) == 3))
    assert len(network.batches) == 3


def test_a_broken_picture_is_named(sides: Any) -> None:
    real, generated = sides
    generated[2].write_bytes(b"no picture")
    with pytest.raises(ReadError, match=r"002.png"):
        fid(real, generated, Reading(Projection()), Job())


def test_threads_do_not_change_the_value(sides: Any) -> None:
    values = {kid(*sides, Reading(Projection(), batch=4), Job(threads=threads)).value for threads in (1, 4)}
    assert len(values) == 1


def test_memory_does_not_grow_with_the_number_of_pictures(folder: Folder) -> None:
    paths = pictures_of(folder("set", 3))
    network = Projection()

    def peak(repeats: int) -> int:
        tracemalloc.start()
        try:
            for _ in Reading(network, batch=2).features(paths * repeats, Job(threads=1)):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    assert peak(12) < 1.3 * peak(2)


@pytest.mark.needs_mindspore
def test_the_network_sees_a_slight_change_before_a_strong_one(inception_weights: Any, folder: Folder) -> None:
    reading = Reading(Inception(inception_weights, "cpu"), batch=4)
    one, slight, strong = (pictures_of(folder(name, 3, seed=1)) for name in ("one", "slight", "strong"))
    for path in slight:
        PIL.Image.fromarray(read_picture(path) ^ 1).save(path)
    for path in strong:
        PIL.Image.fromarray(read_picture(path) ^ 170).save(path)
    near, far = (fid(one, side, reading, Job()).value for side in (slight, strong))
    assert 0 < near < far / 10
