"""What judging pictures costs: InceptionV3 a picture, the distances, and ``senga evaluate style`` a picture.

    python benchmarks/evaluation.py

Weights are random, which costs the same. Where PyTorch is installed, the same network runs on it in turns; SciPy's
matrix square root stands beside our Fréchet distance. Processor seconds are shown beside wall seconds: on a machine
that others use they are the better comparison.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from senga.neural.evaluation.described import MindSporeNetwork
from senga.neural.evaluation.gaussian import frechet_distance, summarise
from senga.neural.evaluation.inception import kernels
from senga.neural.evaluation.kernel_distance import kernel_distance
from senga.neural.evaluation.preparation import prepare
from senga.neural.evaluation.style import figures
from senga.neural.networks.inception import inception
from senga.testing import sample

FEATURES = 2048


def timed(label: str, act: Callable[[], object], repeats: int = 3, each: int = 1) -> float:
    """Print and return the median seconds of an act on ``each`` pictures, a picture; the first call does not count."""
    act()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        act()
        walls.append((time.perf_counter() - wall) / each)
        processors.append((time.process_time() - processor) / each)
    print(f"{label:<58} {statistics.median(walls):8.3f} s {statistics.median(processors):8.3f} s of processor")
    return statistics.median(processors)


def network() -> None:
    rng = np.random.default_rng(0)
    weights = {f"{name}.weight": rng.standard_normal(shape, np.float32) / 99 for name, shape in kernels().items()}
    weights |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in kernels().items()}
    photo = sample(512, 512).u8()
    timed("512 x 512 picture to 299 x 299", lambda: prepare(photo), 9)
    ours = MindSporeNetwork(inception(folded=True), weights, "cpu")
    for batch in (1, 8):
        pictures = np.stack([prepare(photo)] * batch)
        mine = timed(f"InceptionV3, MindSpore, batch {batch}, a picture", partial(ours, pictures), each=batch)
        if importlib.util.find_spec("torch"):
            other = timed(f"InceptionV3, PyTorch, batch {batch}, a picture", in_pytorch(weights, pictures), each=batch)
            print(f"{'':<58} ratio {mine / other:.2f}")


def in_pytorch(weights: Mapping[str, np.ndarray], pictures: np.ndarray) -> Callable[[], object]:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import torch

    from training.module import NetworkModule

    module = NetworkModule(inception(folded=True), weights).eval()

    def run() -> object:
        with torch.inference_mode():
            return module(torch.from_numpy(pictures)).numpy()

    return run


def distances() -> None:
    rng = np.random.default_rng(1)
    few = [rng.standard_normal((100, FEATURES)) for _ in range(2)]
    many = [np.concatenate([each, rng.standard_normal((2400, FEATURES))]) for each in few]
    timed("FID of 100 + 100 pictures' features", lambda: frechet_distance(*(summarise([x]) for x in few)))
    mine = timed("FID of 2500 + 2500 pictures' features", lambda: frechet_distance(*(summarise([x]) for x in many)), 1)
    try:
        from scipy.linalg import sqrtm
    except ImportError:
        sqrtm = None
    if sqrtm is not None:
        first, second = (np.cov(each, rowvar=False) for each in many)
        other = timed("the square root alone by scipy.linalg.sqrtm", lambda: sqrtm(first @ second), 1)
        print(f"{'':<58} ratio {mine / other:.2f}")
    timed("KID of 100 + 100 pictures' features", lambda: kernel_distance(*few))
    timed("KID of 2500 + 2500, ten of 100 subsets", lambda: kernel_distance(*many, subsets=10), 1)


def style() -> None:
    photo = sample(512, 512).u8()
    timed("senga evaluate style, 512 x 512, a picture", lambda: figures(photo, photo[::-1]), 5)


if __name__ == "__main__":
    network()
    distances()
    style()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
