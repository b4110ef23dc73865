"""How long `any-style` takes, beside its network in ONNX Runtime and PyTorch, by turns in one process.

    python benchmarks/any_style.py [MEGAPIXELS] [ROUNDS]
    python benchmarks/any_style.py memory [MEGAPIXELS]    # one large picture, every pixel painted, in 2 GB

ONNX Runtime runs the graph that Senga exports; PyTorch is measured where it is installed, in channels last. Ratios are
medians over the rounds, of times in the same round.
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from turns import THREADS, measured, session_of

import senga
from senga.job import Job
from senga.neural.engine import run
from senga.neural.networks import any_style
from senga.neural.onnx.graph_file import network_model
from senga.registry import plugins
from senga.testing import sample

Ways = dict[str, Callable[[], object]]


def photo_of(megapixels: float) -> Any:
    """A picture of that size, 4 : 3."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5 / 8) * 8
    return sample(height, height * 4 // 3 // 8 * 8)


def bare(photo: Any) -> Ways:
    """The network alone, at every pixel: in Senga, in ONNX Runtime, and in PyTorch."""
    network, arrays = any_style.painter(), plugins().store().load("painterly").arrays
    values = photo.float()
    style = dict(zip(any_style.STYLE, (np.full(3, 0.4), np.zeros(3), np.full(any_style.MANNER, 0.05)), strict=True))
    style = {name: vector.astype(np.float32) for name, vector in style.items()}
    own = {name: np.asarray(arrays[name]) for name in network.parameters}
    session = session_of(network_model(network, own, {}))
    feed = {"photo": np.ascontiguousarray(values.transpose(2, 0, 1)[None])}
    for each in session.get_inputs()[1:]:
        feed[each.name] = style[each.name].reshape([side if isinstance(side, int) else 1 for side in each.shape])
    ways: Ways = {"onnxruntime": lambda: session.run(None, feed)}
    for precision in ("full", "draft"):
        job = Job(precision=precision, threads=THREADS)
        ways[f"senga, {precision}"] = lambda job=job: run(network, own, values, job, given=style)  # type: ignore[misc]
    if importlib.util.find_spec("torch"):
        ways["torch"] = in_torch(network, own, [feed["photo"], *style.values()])
    return ways


def in_torch(network: Any, arrays: Any, given: list[Any]) -> Callable[[], object]:
    """The network in PyTorch."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from training.module import NetworkModule

    torch.set_num_threads(THREADS)
    layout = torch.channels_last
    module = NetworkModule(network, {name: np.float32(array) for name, array in arrays.items()}).eval()
    module.to(memory_format=layout)
    picture, *vectors = map(torch.from_numpy, given)
    inputs = [picture.contiguous(memory_format=layout), *(vector.reshape(1, -1, 1, 1) for vector in vectors)]

    def act() -> object:
        with torch.inference_mode():
            return module(*inputs)

    return act


def filtered(photo: Any) -> Ways:
    """The filter as a painter calls it."""
    return {
        "any-style, as it comes": lambda: senga.apply("any-style", photo),
        "every pixel painted": lambda: senga.apply("any-style", photo, stroke_scale=1),
    }


def memory(megapixels: float) -> str:
    """What one large picture takes."""
    photo, began = photo_of(megapixels), time.perf_counter()
    senga.apply("any-style", photo, stroke_scale=1, job=Job(memory=2 << 30, threads=THREADS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"{megapixels:g} MP in 2 GB: {time.perf_counter() - began:.1f} s, peak {peak} MB"


def main() -> None:
    """Print a line for each comparison."""
    if sys.argv[1:2] == ["memory"]:
        print(memory(float(sys.argv[2]) if len(sys.argv) > 2 else 12))
        return
    megapixels, rounds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0, int(sys.argv[2]) if len(sys.argv) > 2 else 5
    photo = photo_of(megapixels)
    for name, ways in (("the filter", filtered(photo)), ("its network", bare(photo))):
        print(f"{name}, {photo.width} x {photo.height}: {measured(ways, rounds)}", flush=True)


if __name__ == "__main__":
    main()
