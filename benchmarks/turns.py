"""Ways to do the same thing, measured by turns in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from senga.neural.onnx.runtime import onnxruntime

THREADS = 2


def session_of(model: Any) -> Any:
    """Onnxruntime with a graph, bytes or a file, on two threads of the processor."""
    library = onnxruntime()
    options = library.SessionOptions()
    options.intra_op_num_threads = THREADS
    return library.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def measured(ways: dict[str, Callable[[], object]], rounds: int) -> str:
    """Seconds of the first way, and ratios of the others to it."""
    for way in ways.values():
        way()
    taken: dict[str, list[float]] = {label: [] for label in ways}
    for _ in range(rounds):
        for label, way in ways.items():
            began = time.perf_counter()
            way()
            taken[label].append(time.perf_counter() - began)
    first, *others = ways
    pairs = {label: zip(taken[label], taken[first], strict=True) for label in others}
    ratios = [f"{label} {statistics.median(a / b for a, b in pair):.2f}" for label, pair in pairs.items()]
    return f"{first} {statistics.median(taken[first]):.3f} s; ratios: {', '.join(ratios)}"
