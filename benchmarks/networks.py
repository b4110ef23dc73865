"""Networks without norms of the whole picture, on each runtime, beside onnxruntime on the exported graph.

    python benchmarks/networks.py                       # all five at 512 x 512
    python benchmarks/networks.py 512 3 white-box vgg19

In turns in one process, two threads, first weights (the time does not depend on them). Ratios are medians over the
rounds of times in the same round.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from turns import THREADS, measured, session_of

from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.onnx.graph_file import network_model
from senga.neural.training.initial import first_weights

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "neural"))
from families import FAMILIES, SHRUNK

WAYS = {
    "OpenVINO": Job(engine="openvino", threads=THREADS),
    "OpenVINO, draft": Job(engine="openvino", precision="draft", threads=THREADS),
    "strips on onnxruntime": Job(engine="onnx", device="cpu", threads=THREADS),
    "strips on MindSpore": Job(engine="mindspore", device="cpu", threads=THREADS),
}


def ways_of(network: Any, photo: Any) -> dict[str, Callable[[], object]]:
    """Runs of a network by name; the first is what the others are compared with."""
    weights, name = first_weights(network, "he", 0), next(iter(network.inputs))
    session = session_of(network_model(network, weights, {}))
    feed = np.ascontiguousarray(photo.transpose(2, 0, 1)[None])
    ways: dict[str, Callable[[], object]] = {"onnxruntime": lambda: session.run(None, {name: feed})}
    return ways | {way: partial(evaluate, network, weights, {name: photo}, job) for way, job in WAYS.items()}


def main() -> None:
    """Print a line for each network."""
    side, rounds, *asked = sys.argv[1:] or ("512", "3")
    for name in asked or FAMILIES:
        network = FAMILIES[name]
        length = int(side) // SHRUNK.get(name, 1)
        channels = network.by_name[next(iter(network.inputs))].channels
        photo = np.random.default_rng(0).random((length, length, channels), np.float32)
        print(f"{name}, {side} x {side}: {measured(ways_of(network, photo), int(rounds))}", flush=True)


if __name__ == "__main__":
    main()
