"""FID, KID and IS of picture files, batch by batch: memory does not grow with their number."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.job import Job
from senga.neural.executor import Array

from .gaussian import frechet_distance, summarise
from .inception import FEATURES
from .inception_score import inception_score
from .kernel_distance import kernel_distance
from .preparation import Convention, prepare
from .sources import read_picture

Paths = Sequence[Path]

FULL_RANK = FEATURES + 1
"""From this many pictures on a covariance of the features has its full rank."""

USEFUL_FOR_KERNELS = 100
USEFUL_FOR_CLASSES = 100


class Extractor(Protocol):
    """What the measures need of a network; ``senga.neural.evaluation.inception.Inception`` is one."""

    def features(self, batch: Array) -> Array:
        """From (pictures, 3, 299, 299) in [-1, 1] to (pictures, 2048)."""
        ...

    def logits(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """From features to (pictures, classes)."""
        ...


@dataclass(frozen=True)
class Reading:
    """How pictures are read and put through the network."""

    network: Extractor
    convention: Convention = Convention.FIDELITY
    batch: int = 8

    def features(self, paths: Paths, job: Job) -> Iterator[Array]:
        """Features of all pictures in their order, (pictures, 2048) at a time; tells progress, and stops when asked."""
        with ThreadPoolExecutor(max(1, min(job.threads, self.batch))) as readers:
            for start in range(0, len(paths), self.batch):
                job.progress(start / len(paths), f"{start} of {len(paths)} pictures")
                chunk = paths[start : start + self.batch]
                yield self.network.features(np.stack(list(readers.map(self._input, chunk))))
        job.progress(1.0)

    def _input(self, path: Path) -> Array:
        return prepare(read_picture(path), self.convention)


@dataclass(frozen=True)
class Score:
    """A measure of a set of pictures.

    Attributes:
        measure: ``fid``, ``kid`` or ``is``.
        value: the figure.
        spread: its deviation, where the measure has one.
        convention: how pictures were resized.
        real: number of real pictures; 0 where the measure needs none.
        generated: number of generated pictures.
        notes: what to keep in mind with these pictures, in sentences.
    """

    measure: str
    value: float
    spread: float | None
    convention: Convention
    real: int
    generated: int
    notes: tuple[str, ...] = ()


def fid(real: Paths, generated: Paths, reading: Reading, job: Job) -> Score:
    """Fréchet Inception Distance: 0 for equal statistics; smaller is nearer.

    Raises:
        SettingsError: there are fewer than two pictures on a side.
        ReadError: a picture cannot be read.
    """
    _need(2, real, generated)
    edge = 0.95 * len(real) / (len(real) + len(generated))
    first = summarise(reading.features(real, job.part(0, edge)))
    second = summarise(reading.features(generated, job.part(edge, 0.95)))
    job.progress(0.95, "distance")
    value = frechet_distance(first, second)
    fewest = min(len(real), len(generated))
    note = (
        f"With {fewest} pictures FID comes out too high (a full covariance takes {FULL_RANK}): compare it only between "
        "sets of the same size, or use KID."
    )
    notes = (note,) if fewest < FULL_RANK else ()
    return Score("fid", value, None, reading.convention, len(real), len(generated), notes)


def kid(
    real: Paths, generated: Paths, reading: Reading, job: Job, *, subsets: int = 100, size: int = 1000, seed: int = 2020
) -> Score:
    """Kernel Inception Distance: 0 on average for one source, also with few pictures; smaller is nearer.

    Raises:
        SettingsError: there are fewer than two pictures on a side.
        ReadError: a picture cannot be read.
    """
    _need(2, real, generated)
    edge = 0.9 * len(real) / (len(real) + len(generated))
    with _kept(reading.features(real, job.part(0, edge)), len(real)) as first, \
         _kept(reading.features(generated, job.part(edge, 0.9)), len(generated)) as second:  # fmt: skip
        rest = job.part(0.9, 1)
        found = kernel_distance(
            first, second, subsets=subsets, size=size, seed=seed, step=lambda share: rest.progress(share, "subsets")
        )
    return Score("kid", found.value, found.spread, reading.convention, len(real), len(generated), _kid_notes(
        min(len(real), len(generated)), found.subsets))  # fmt: skip


def class_score(generated: Paths, reading: Reading, job: Job, *, splits: int = 10, seed: int = 2020) -> Score:
    """Inception Score: from 1 to the number of classes; larger means clearer and more varied objects, nothing of style.

    Raises:
        SettingsError: there are fewer than two pictures in a split.
        ReadError: a picture cannot be read.
    """
    _need(2, generated)
    if len(generated) < 2 * splits:
        raise SettingsError(
            f"{len(generated)} pictures are too few for {splits} splits; give --splits {max(len(generated) // 200, 1)}."
        )
    logits = (reading.network.logits(features) for features in reading.features(generated, job))
    found = inception_score(logits, len(generated), splits=splits, seed=seed)
    size = len(generated) // splits
    note = f"IS cannot exceed the number of pictures in a split, which is {size}: with so few it says little."
    notes = (note,) if size < USEFUL_FOR_CLASSES else ()
    return Score("is", found.value, found.spread, reading.convention, 0, len(generated), notes)


def _need(least: int, *sides: Paths) -> None:
    fewest = min(len(side) for side in sides)
    if fewest < least:
        raise SettingsError(f"{fewest} picture is too few: the measure needs {least} on each side, better hundreds.")


def _kid_notes(fewest: int, subsets: int) -> tuple[str, ...]:
    notes = []
    if fewest < USEFUL_FOR_KERNELS:
        notes.append(f"KID has no bias, but with {fewest} pictures it scatters: look at the spread.")
    if subsets == 1:
        notes.append("All pictures made one subset: the spread is the jackknife estimate of the standard error.")
    return tuple(notes)


@contextmanager
def _kept(batches: Iterator[Array], count: int) -> Iterator[NDArray[np.float32]]:
    """All features, in a temporary file instead of memory: 8 KiB a picture."""
    with tempfile.TemporaryFile(prefix="senga-features-") as file:
        for batch in batches:
            file.write(batch.astype(np.float32).tobytes())
        file.flush()
        mapped = np.memmap(file, np.float32, mode="r", shape=(count, FEATURES))
        yield mapped
        del mapped
