"""Networks that paint in one pass beside onnxruntime, by turns in one process: `python benchmarks/fast_style.py`.

    python benchmarks/fast_style.py 1024 3                  # side in pixels, rounds
    python benchmarks/fast_style.py 512 5 multistyle26.onnx # with Magenta's published graph of 26 styles

onnxruntime runs the graphs that Senga exports, or the published one; PyTorch, where it is installed, the same network
as a module. Ratios are medians over the rounds, of times in the same round.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from turns import THREADS, measured, session_of

from senga.job import Job
from senga.neural.checkpoints import read_checkpoint
from senga.neural.engine import run
from senga.neural.networks.johnson import Shape, johnson
from senga.neural.networks.stylebank import Shape as BankShape
from senga.neural.networks.stylebank import stylebank
from senga.neural.onnx.graph_file import network_model
from senga.neural.training.initial import first_weights
from senga.plugins.fast_style.network import network_of, to_cin
from senga.store.several import picked

NETWORKS = {
    "Johnson, published": johnson(Shape(form="pytorch")),
    "conditional norms, small": johnson(Shape((16, 32, 64), (), 4, 5)),
    "StyleBank, small": stylebank(BankShape((16, 32, 64), 1, 5)),
}


def exported(network: Any, photo: Any) -> dict[str, Callable[[], object]]:
    """Runs of a network by name; the first is what the others are compared with."""
    weights = first_weights(network, "he", 0)
    session = session_of(network_model(network, weights, {}))
    feed = np.ascontiguousarray(photo.transpose(2, 0, 1)[None])
    ways: dict[str, Callable[[], object]] = {"onnxruntime": lambda: session.run(None, {"photo": feed})}
    for precision in ("full", "draft"):
        job = Job(precision=precision, threads=THREADS)
        ways[f"senga, {precision}"] = lambda job=job: run(network, weights, photo, job)  # type: ignore[misc]
    return ways | (in_pytorch(network, weights, photo) if importlib.util.find_spec("torch") else {})


def in_pytorch(network: Any, weights: Any, photo: Any) -> dict[str, Callable[[], object]]:
    """A run of the module that trains such networks, channels last."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1]))  # in front of the benchmark of this name
    from training.module import NetworkModule

    torch.set_num_threads(THREADS)
    module = NetworkModule(network, weights).eval().to(memory_format=torch.channels_last)
    given = torch.from_numpy(photo).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)

    def once() -> object:
        with torch.inference_mode():
            return module(given)

    return {"PyTorch": once}


def published(file: Path, photo: Any) -> dict[str, Callable[[], object]]:
    """The published graph, and its first style here."""
    session, style = session_of(str(file)), picked(to_cin(read_checkpoint(file)))
    network, job = network_of(style.card), Job(threads=THREADS)
    shares = np.zeros(26, np.float32)
    shares[0] = 1
    feed = {"image": np.ascontiguousarray(photo.transpose(2, 0, 1)[None]), "style_weights": shares}
    return {
        "onnxruntime": lambda: session.run(None, feed),
        "senga, full": lambda: run(network, style.arrays, photo, job),
    }


def main() -> None:
    """Print a line for each network."""
    side, rounds = map(int, sys.argv[1:3] if len(sys.argv) > 2 else (1024, 3))
    photo = np.random.default_rng(0).random((side, side, 3), np.float32)
    for name, network in NETWORKS.items():
        print(f"{name}, {side} x {side}: {measured(exported(network, photo), rounds)}", flush=True)
    for file in map(Path, sys.argv[3:]):
        print(f"{file.name}, {side} x {side}: {measured(published(file, photo), rounds)}", flush=True)


if __name__ == "__main__":
    main()
