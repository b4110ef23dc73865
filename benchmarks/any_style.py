"""How long `any-style` and its network in ONNX Runtime take: `python benchmarks/any_style.py [MEGAPIXELS]`.

By turns; medians of several rounds. A first call, with reading and measuring the painting, is told apart.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import senga
from senga.job import Job
from senga.neural.networks import adain
from senga.neural.onnx.graph_file import network_model
from senga.neural.onnx.runtime import onnxruntime
from senga.registry import plugins
from senga.testing import sample

ROUNDS = 5


def seconds(act: Callable[[], object]) -> float:
    """What one call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def exported(height: int, width: int) -> Callable[[], object]:
    """The network in ONNX Runtime, for a picture of this size."""
    arrays = plugins().store().load("painterly").arrays
    session = onnxruntime().InferenceSession(
        network_model(adain.painter(), arrays, {}), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {}
    for each in session.get_inputs():
        sides = {"height": height, "width": width}
        given[each.name] = rng.random(
            [sides.get(side, 1) if isinstance(side, str) else side for side in each.shape], np.float32
        )
    return lambda: session.run(None, given)


def main() -> None:
    """Prints a table."""
    megapixels = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5 / 8) * 8
    width = height * 4 // 3 // 8 * 8
    photo = sample(height, width)
    ways: dict[str, Callable[[], object]] = {
        "any-style, stroke_scale 1": lambda: senga.apply("any-style", photo, stroke_scale=1),
        "any-style, as it comes": lambda: senga.apply("any-style", photo),
        "its network, ONNX Runtime": exported(height, width),
    }
    print(f"{width} x {height}, {Job().threads} threads")
    first = {name: seconds(way) for name, way in ways.items()}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(seconds(way))
    for name, taken in found.items():
        print(f"{name:28} first {first[name]:6.2f} s, then {median(taken):6.3f} s")


if __name__ == "__main__":
    main()
