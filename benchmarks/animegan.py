"""AnimeGANv2 in Senga, on all engines, beside onnxruntime and PyTorch: the same weights and pictures, two threads.

    python benchmarks/animegan.py                              all sizes and contenders
    python benchmarks/animegan.py --sizes "12 MP" "50 MP"      large pictures, ours with a budget of 2 and 3 GB
    python benchmarks/animegan.py --only "senga onnx" onnxruntime

Every contender runs in a process of its own, whose peak memory is its own. Times of one size are taken in turns, round
by round, and the ratio is the median of the ratios of the rounds, so that a busy machine slows all alike. Large ones
are painted once, by one contender after the other; their ratio is to the time per pixel that the same process took for
1 MP before and after.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SENGA_SHARED", ROOT.parent / "shared")) / "data" / "weights"
GRAPH = SHARED / "animegan" / "animeganv2_hayao_dequant.onnx"
ARRAYS = SHARED / "animegan" / "animeganv2_hayao_dequant.npz"
HALF = SHARED / "own" / "painted-comic-trial.npz"
THREADS = 2
ENGINES = {"onnx": "onnxruntime", "openvino": "openvino", "mindspore": "mindspore"}
"""And their packages."""
SIZES = {"512 x 512": (512, 512), "1 MP": (1024, 1024), "2 MP": (1448, 1448)}
LARGE = {"12 MP": ((3000, 4000), 2_000_000_000), "50 MP": ((5776, 8660), 3_000_000_000)}
Picture = NDArray[Any]
Run = Callable[[Picture, int | None], Any]
"""Paints (H, W, 3) in a budget of bytes, which only ours has."""


def picture(height: int, width: int) -> Picture:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = np.stack([np.sin(x / 37 + c) * np.cos(y / 29 - c) for c in range(3)], axis=-1)
    return np.clip(0.5 + 0.4 * waves + rng.normal(0, 0.03, waves.shape), 0, 1).astype(np.float32)


def large_picture(height: int, width: int) -> Picture:
    """In 8 bit, of many small ones, so that making it takes no memory."""
    small = np.rint(255 * picture(1024, 1024)).astype(np.uint8)
    return np.tile(small, (-(-height // 1024), -(-width // 1024), 1))[:height, :width]


def hayao() -> dict[str, NDArray[np.float32]]:
    """The public weights in Senga's names."""
    from senga.plugins.animegan.network import animeganv2, tf_names

    names = tf_names(animeganv2())
    with np.load(ARRAYS) as arrays:
        return {names[_tensorflow_name(name)]: arrays[name] for name in arrays.files}


def _tensorflow_name(stored: str) -> str:
    name = re.sub(r"^\d+\|(MUL\||SUB\|)?", "", stored)
    name = re.sub(r"/(r\d)/r\d1?\|bias$", r"/\1/bias", name)
    return re.sub(r"/Conv2D1?$", "/weights", re.sub(r"/(r\d)/r\d1?$", r"/\1/w", name))


def senga(engine: str, half: bool, precision: str = "full") -> Run:
    from senga.job import Job
    from senga.neural.engine import run
    from senga.plugins.animegan.network import animeganv2

    if half:
        with np.load(HALF) as arrays:
            network, weights = animeganv2(0.5, 1e-5), dict(arrays)
    else:
        network, weights = animeganv2(1.0, 1e-12), hayao()
    job = Job(threads=THREADS, engine=engine, device="cpu", precision=precision)
    return lambda pixels, budget: run(network, weights, pixels, replace(job, memory=budget))


def onnxruntime() -> Run:
    from senga.neural.onnx import runtime as ours

    runtime = ours.onnxruntime()

    options = runtime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = runtime.InferenceSession(GRAPH, options)
    name = session.get_inputs()[0].name
    return lambda pixels, _: session.run(None, {name: (pixels * 2 - 1).transpose(2, 0, 1)[None]})


def torch() -> Run:
    import torch as runtime

    sys.path.insert(0, str(ROOT))
    from training.network import Generator

    runtime.set_num_threads(THREADS)
    model = Generator(eps=1e-12)
    model.load_state_dict({name: runtime.from_numpy(array.copy()) for name, array in hayao().items()})
    model = model.eval().to(memory_format=runtime.channels_last)

    def run(pixels: Picture, _: int | None) -> Any:
        with runtime.inference_mode():
            batch = runtime.from_numpy((pixels * 2 - 1).transpose(2, 0, 1)[None].copy())
            return model(batch.to(memory_format=runtime.channels_last))

    return run


CONTENDERS: dict[str, Callable[..., Run]] = {
    "senga onnx": partial(senga, "onnx", False),
    "senga onnx, half width": partial(senga, "onnx", True),
    "senga openvino": partial(senga, "openvino", False),
    "senga openvino, half width": partial(senga, "openvino", True),
    "senga openvino, draft": partial(senga, "openvino", False, "draft"),
    "senga openvino, half, draft": partial(senga, "openvino", True, "draft"),
    "senga mindspore": partial(senga, "mindspore", False),
    "senga mindspore, half width": partial(senga, "mindspore", True),
    "onnxruntime": onnxruntime,
    "torch": torch,
}


def serve(name: str) -> None:
    """One contender: paints whenever a line tells height, width and budget; answers with seconds and its peak in MB."""
    run = CONTENDERS[name]()
    for line in sys.stdin:
        height, width, budget = map(int, line.split())
        pixels = (picture if (height, width) in SIZES.values() else large_picture)(height, width)
        start = time.perf_counter()
        run(pixels, budget or None)
        print(json.dumps([time.perf_counter() - start, peak()]), flush=True)


def peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Contender:
    """A process that paints."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), "--serve", name]
        self.name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.peak = 0.0

    def paint(self, size: tuple[int, int], budget: int = 0) -> float | None:
        """Seconds of one picture, or None if the process is gone (out of memory)."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or self._process.poll() is not None:
            return None
        print(*size, budget, file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            return None
        seconds, self.peak = json.loads(line)
        return float(seconds)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def measured(labels: Sequence[str], asked: Sequence[str], rounds: int) -> Iterator[dict[str, Any]]:
    """The rows, as they come."""
    packages = {f"senga {name}": package for name, package in ENGINES.items()}
    names = [name for name in asked if importlib.util.find_spec(packages.get(name.split(",")[0], name))]
    for label in labels:
        if label in SIZES:
            yield from compare(label, SIZES[label], names, rounds)
        else:
            yield from (alone(label, name, *LARGE[label]) for name in names if name.startswith("senga"))


def compare(label: str, size: tuple[int, int], names: list[str], rounds: int) -> list[dict[str, Any]]:
    """Contenders in turns: first call, warm median, ratio to onnxruntime, peak memory."""
    contenders = [Contender(name) for name in names]
    try:
        first = {c.name: c.paint(size) for c in contenders}
        turns = [{c.name: c.paint(size) for c in contenders} for _ in range(rounds)]
        return [row(label, c, first[c.name], turns) for c in contenders]
    finally:
        for contender in contenders:
            contender.close()


def alone(label: str, name: str, size: tuple[int, int], budget: int) -> dict[str, Any]:
    """One contender with a large picture, between small ones."""
    contender, small = Contender(name), SIZES["1 MP"]
    try:
        times = [contender.paint(*order) for order in ((small,), (small,), (size, budget), (small,))]
    finally:
        contender.close()
    _, before, large, after = times
    pixels = size[0] * size[1] / (small[0] * small[1])
    found = large / pixels / ((before + after) / 2) if before and large and after else None
    return {"size": label, "who": name, "first_s": large, "warm_s": None, "ratio": found, "peak_mb": contender.peak}


def row(label: str, contender: Contender, first: float | None, turns: list[dict[str, float | None]]) -> dict[str, Any]:
    times = [seconds for turn in turns if (seconds := turn[contender.name]) is not None]
    pairs = [(turn[contender.name], turn.get("onnxruntime")) for turn in turns]
    ratios = [mine / theirs for mine, theirs in pairs if mine is not None and theirs is not None]
    return {
        "size": label,
        "who": contender.name,
        "first_s": first,
        "warm_s": statistics.median(times) if times else None,
        "ratio": statistics.median(ratios) if ratios else None,
        "peak_mb": contender.peak or None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=[*SIZES, *LARGE], choices=[*SIZES, *LARGE])
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    if not GRAPH.exists():
        sys.exit(f"no weights at {SHARED} (SENGA_SHARED names another folder)")
    print(f"{'size':<10} {'who':<28} {'first s':>8} {'warm s':>8} {'ratio':>6} {'peak MB':>8}")
    for found in measured(arguments.sizes, arguments.only, arguments.rounds):
        cells = [found[key] for key in ("first_s", "warm_s", "ratio", "peak_mb")]
        first, warm, ratio, most = ("-" if value is None else f"{value:.2f}" for value in cells)
        print(f"{found['size']:<10} {found['who']:<28} {first:>8} {warm:>8} {ratio:>6} {most:>8}", flush=True)


if __name__ == "__main__":
    main()
