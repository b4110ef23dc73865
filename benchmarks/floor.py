"""What limits the network: the share of time in convolutions, and their rate beside the peak of the processor.

    python benchmarks/floor.py
    python benchmarks/floor.py --engine mindspore --side 512

The peak is that of a product of matrices in the cache, on one core. Operations are counted in the direct form, so a
convolution that saves multiplications can be faster than the peak. The floor is the time that all operations would
take at the peak on the cores that are used.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy starts

import numpy as np
from animegan import THREADS, hayao, picture

from senga.job import Job
from senga.neural import engine, plan
from senga.neural.executors import choose
from senga.neural.prepare import Prepared, prepare
from senga.plugins.animegan.network import animeganv2


def peak_rate(size: int = 512, rounds: int = 50) -> float:
    """Operations per second of one core."""
    a, b = np.random.default_rng(0).normal(size=(2, size, size)).astype(np.float32)
    best = 1e9
    for _ in range(rounds):
        start = time.perf_counter()
        np.matmul(a, b, out=np.empty_like(a))
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def timed(prepared: Prepared, spent: list[float]) -> Prepared:
    """The same, telling the seconds of every convolution."""

    def watch(act: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            start = time.perf_counter()
            try:
                return act(*given)
            finally:
                spent.append(time.perf_counter() - start)

        return run

    parts = {name: watch(part) if callable(part) else part for name, part in prepared.parts.items()}
    return replace(prepared, parts=parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="onnx", choices=["onnx", "mindspore"])
    parser.add_argument("--side", type=int, default=1024)
    given = parser.parse_args()
    network, pixels = animeganv2(1.0, 1e-12), picture(given.side, given.side)
    job = Job(threads=THREADS, engine=given.engine, device="cpu")
    spent: list[float] = []
    watched = timed(prepare(network, hayao(), choose(job.engine, job.device, job.threads)), spent)
    engine.prepare = lambda *_: watched  # type: ignore[assignment]
    seconds = []
    for _ in range(4):
        spent.clear()
        start = time.perf_counter()
        engine.run(network, {}, pixels, job)
        seconds.append((time.perf_counter() - start, sum(spent)))
    wall, inside = min(seconds[1:])
    operations = plan.operations(network, network.sizes(given.side, given.side), network.by_name)
    peak, strips = peak_rate(), THREADS if watched.executor.concurrent else 1
    rate = operations / inside / (1 if strips > 1 else THREADS)
    print(f"{given.engine}, {given.side} x {given.side}, {THREADS} cores: {wall:.2f} s")
    print(f"in convolutions                    {inside / strips / wall:6.0%} of it")
    print(f"their rate, direct form            {rate / 1e9:6.0f} GFLOP/s a core")
    print(f"peak of a product of matrices      {peak / 1e9:6.0f} GFLOP/s a core")
    floor = operations / peak / THREADS
    print(f"floor of the direct form           {floor:6.2f} s; taken {wall / floor:.2f} x")


if __name__ == "__main__":
    main()
