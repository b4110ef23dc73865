"""Rows that wait have a part of the memory for themselves: no place is given away twice, all are used again."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from mmap import mmap
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from senga.job import Job
from senga.neural import painting, places
from senga.neural.engine import run
from senga.neural.executor import Array
from senga.neural.memory import MB, resident
from senga.neural.places import Gaps, RowMemory
from senga.neural.storage import Scratch
from senga.plugins.animegan.network import animeganv2

LARGE = 300_000
"""Numbers that are not taken from the heap."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere arrays come from the heap")


def place(array: Array) -> int:
    return int(array.ctypes.data)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 50)), max_size=60))
def test_gaps_never_overlap_and_come_back(steps: list[tuple[bool, int]]) -> None:
    gaps, taken = Gaps(), list[tuple[int, int]]()
    for gives, size in steps:
        if gives and taken:
            gaps.give(*taken.pop(size % len(taken)))
        else:
            taken.append((gaps.take(size), size))
        ordered = sorted(taken)
        assert all(start + length <= after for (start, length), (after, _) in pairwise(ordered))
        assert gaps.last() >= max((start + length for start, length in taken), default=0)
    for each in taken:
        gaps.give(*each)
    assert gaps.last() == 0
    assert gaps.take(gaps.end) == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=30))
def test_what_is_written_stays_until_nobody_holds_it(steps: list[tuple[int, int]]) -> None:
    memory, held = RowMemory(64 * MB), dict[int, Array]()
    for i, (name, size) in enumerate(steps):
        held[name] = memory.empty((size, LARGE // 4, 4))
        held[name][...] = 10 * i + name
        for each, values in held.items():
            assert (values % 10 == each).all()
            assert np.ptp(values) == 0


@linux
def test_places_are_used_again() -> None:
    memory = RowMemory()
    first = place(memory.empty((LARGE,)))
    assert all(place(memory.empty((LARGE,))) == first for _ in range(10))


@linux
def test_a_kernel_without_large_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.mmap, "MADV_HUGEPAGE", 9999, raising=False)
    values = RowMemory().empty((LARGE,), np.float16)
    assert values.dtype == np.float16
    values[...] = 1
    assert (values == 1).all()


@linux
def test_a_part_of_an_array_keeps_its_place() -> None:
    memory = RowMemory()
    part = memory.empty((3, LARGE))[1:, ::2].T
    part[...] = 1
    gc.collect()
    memory.empty((3, LARGE))[...] = 2
    assert (part == 1).all()


def test_small_arrays_and_what_has_no_place_come_from_the_heap() -> None:
    memory = RowMemory(4 * MB)
    arrays = [memory.empty((LARGE,)) for _ in range(8)]
    arrays += [memory.empty((5,)), memory.empty((0, 3))]
    for i, array in enumerate(arrays):
        array[...] = i
    assert all((array == i).all() for i, array in enumerate(arrays))


@linux
def test_what_stands_free_at_the_end_is_given_back() -> None:
    memory = RowMemory()
    first, large = memory.empty((LARGE,)), memory.empty((100 * MB // 4,))
    first[...], large[...] = 1, 2
    memory.tidy(0)
    assert (large == 2).all()
    held = resident()
    del large
    memory.tidy(0)
    assert held - resident() > 90 * MB
    assert (first == 1).all()
    assert (memory.empty((100 * MB // 4,)) == 0).all()


def test_threads_do_not_mix() -> None:
    memory = RowMemory()

    def fill(number: int) -> bool:
        intact = True
        for _ in range(20):
            values = memory.empty((LARGE,))
            values[...] = number
            intact &= bool((values == number).all())
        return intact

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(fill, range(8)))


@linux
@pytest.mark.parametrize("exact", [True, False])
def test_all_rows_that_wait_have_a_place(
    monkeypatch: pytest.MonkeyPatch, random_weights: Any, photo: Any, exact: bool
) -> None:
    """In the heap they would leave holes: those that convolutions made, sums of them, and what is halved of these."""
    pytest.importorskip("onnxruntime")
    planned = painting.plan
    monkeypatch.setattr(painting, "plan", lambda *given: replace(planned(*given), exact=exact))
    monkeypatch.setattr(places, "_SMALL", 0)
    kept, keep = list[Any](), Scratch.keep
    monkeypatch.setattr(Scratch, "keep", lambda self, rows: kept.append(rows) or keep(self, rows))
    network = animeganv2(0.25)
    run(network, random_weights(network), photo(64, 48), Job(engine="onnx", device="cpu"))
    assert len(kept) > 20
    assert {each.dtype for each in kept} == {np.dtype(np.float32 if exact else np.float16)}
    assert {type(holder(each)) for each in kept} == {mmap}


def holder(values: Any) -> Any:
    """Who holds the memory of an array."""
    while isinstance(values, np.ndarray) and values.base is not None:
        values = values.base
    return values.obj if isinstance(values, memoryview) else values
