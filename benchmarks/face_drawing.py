"""Generators of drawn faces beside onnxruntime, and faces in a portrait of 12 megapixels.

    python benchmarks/face_drawing.py                      # three rounds, a portrait of the gallery
    python benchmarks/face_drawing.py 3 portrait.jpg        # rounds, and another portrait

The generators are the light one as published and one of a quarter of its width, with numbers that nobody trained; the
program runs the graphs that Senga exports. Ratios are medians over the rounds, of times in the same round. The portrait
is enlarged to 12 megapixels; the first time finds its face and loads all networks, the others paint once more.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from turns import THREADS, measured, session_of

import senga
from senga.exemplars import gallery
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.onnx.graph_file import network_model
from senga.plugins.face_drawing.first import beginning
from senga.plugins.face_drawing.network import SIDE, Shape, generator
from senga.plugins.face_drawing.published import facts
from senga.registry import plugins

SHAPES = {"light, published": Shape(), "light, 16 channels": Shape(16)}
NETWORK = "senga.plugins.face_drawing.published:network_of"


def beside(shape: Shape, rounds: int) -> str:
    """A line for a generator."""
    network = generator(shape)
    weights = beginning(network, "he", 0)
    photo = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32) * 2 - 1
    session = session_of(network_model(network, weights, {}))
    feed = np.ascontiguousarray(photo.transpose(2, 0, 1)[None])
    ways: dict[str, Any] = {"onnxruntime": lambda: session.run(None, {session.get_inputs()[0].name: feed})}
    for engine in ("auto", "onnx"):
        job = Job(engine=engine, threads=THREADS)
        ways[f"senga, {engine}"] = lambda job=job: evaluate(network, weights, {"photo": photo}, job)
    return measured(ways, rounds)


def portrait(picture: Image, shape: Shape) -> str:
    """Seconds of the filter."""
    large = Image(np.asarray(cv2.resize(picture.u8(), (3000, 4000), interpolation=cv2.INTER_CUBIC)))
    weights = Weights(beginning(generator(shape), "identity", 0), facts(shape), NETWORK)
    act = plugins().make("face-drawing", {})
    job = Job(threads=THREADS, weights=lambda _: weights)
    taken = []
    for _ in range(4):
        began = time.perf_counter()
        act(large, job)
        taken.append(time.perf_counter() - began)
    return f"{min(taken[1:]):.2f} s (first {taken[0]:.2f} s)"


def main() -> None:
    """Print a line for each generator."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    picture = senga.open(Path(sys.argv[2])) if len(sys.argv) > 2 else gallery.picture_of(gallery.find("kellogg"))
    for name, shape in SHAPES.items():
        print(f"{name}, {SIDE} x {SIDE}: {beside(shape, rounds)}", flush=True)
        print(f"{name}, a portrait of 12 megapixels: {portrait(picture, shape)}", flush=True)


if __name__ == "__main__":
    main()
