"""The networks of cartoons beside onnxruntime and OpenVINO, by turns in one process: `python benchmarks/cartoon.py`.

    python benchmarks/cartoon.py 512 3                      # side in pixels, rounds
    python benchmarks/cartoon.py 224 5 whitebox.tflite      # with the published graph, guided filter included

The programs run the graphs that Senga exports; the published one, whose size is fixed, is read by OpenVINO itself and
compared with the whole filter. Ratios are medians over the rounds, of times in the same round.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from turns import THREADS, measured, session_of

from senga.job import Job
from senga.neural.checkpoints import read_checkpoint
from senga.neural.engine import evaluate
from senga.neural.onnx.graph_file import network_model
from senga.neural.openvino_runtime import openvino
from senga.neural.training.initial import first_weights
from senga.plugins.cartoon.network import generator, to_senga
from senga.plugins.cartoon.painting import Parts, paint
from senga.plugins.cartoongan.network import cartoongan_light

NETWORKS = {"White-box": generator(), "White-box, 3/4 width": generator(0.75), "CartoonGAN, light": cartoongan_light()}


def ways_of(network: Any, photo: Any) -> dict[str, Callable[[], object]]:
    """Runs of a network by name; the first is what the others are compared with."""
    weights = first_weights(network, "he", 0)
    model, feed = network_model(network, weights, {}), np.ascontiguousarray(photo.transpose(2, 0, 1)[None])
    session = session_of(model)
    core = openvino().Core()
    hints = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(core.read_model(model), "CPU", hints)
    ways: dict[str, Callable[[], object]] = {
        "onnxruntime": lambda: session.run(None, {"photo": feed}),
        "OpenVINO": lambda: compiled(feed),
    }
    for label, engine, precision in (("senga, full", "auto", "full"), ("senga, draft", "auto", "draft")):
        job = Job(engine=engine, precision=precision, threads=THREADS)
        ways[label] = lambda job=job: evaluate(network, weights, {"photo": photo}, job)  # type: ignore[misc]
    return ways


def published(file: Path) -> dict[str, Callable[[], object]]:
    """The published graph by OpenVINO, and the filter with its weights."""
    core = openvino().Core()
    hints = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(core.read_model(file), "CPU", hints)
    pixels = np.random.default_rng(0).integers(0, 255, (*compiled.inputs[0].shape[1:3], 3), np.uint8)
    feed, weights = pixels[None].astype(np.float32) / 127.5 - 1, to_senga(read_checkpoint(file))
    job = Job(threads=THREADS)
    return {
        "OpenVINO": lambda: compiled(feed),
        "senga, the filter": lambda: paint(weights, pixels, job, 1.0, Parts(), "picture"),
    }


def main() -> None:
    """Print a line for each network."""
    side, rounds = map(int, sys.argv[1:3] if len(sys.argv) > 2 else (512, 3))
    photo = np.random.default_rng(0).random((side, side, 3), np.float32) * 2 - 1
    for name, network in NETWORKS.items():
        print(f"{name}, {side} x {side}: {measured(ways_of(network, photo), rounds)}", flush=True)
    for file in map(Path, sys.argv[3:]):
        print(f"{file.name}: {measured(published(file), rounds)}", flush=True)


if __name__ == "__main__":
    main()
