"""What judging pictures costs: InceptionV3 a picture, the distances, and ``senga evaluate style`` a picture.

    python benchmarks/evaluation.py

Weights are random, which costs the same. Where PyTorch is installed, the same network runs on it in turns; SciPy's
matrix square root stands beside our Fréchet distance. Processor seconds are shown beside wall seconds: on a machine
that others use they are the better comparison.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from senga.neural.evaluation.gaussian import frechet_distance, summarise
from senga.neural.evaluation.inception import Network, kernels
from senga.neural.evaluation.kernel_distance import kernel_distance
from senga.neural.evaluation.layers import MindSporeLayers
from senga.neural.evaluation.preparation import prepare
from senga.neural.evaluation.style import figures
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


class TorchLayers:
    """The same operations in PyTorch."""

    def __init__(self, torch: Any, weights: Mapping[str, np.ndarray]) -> None:
        self.torch, self.functions = torch, torch.nn.functional
        self.weights = {name: torch.from_numpy(values) for name, values in weights.items()}

    def conv(self, x: Any, name: str, outputs: int, kernel: tuple[int, int], stride: int, same: bool) -> Any:
        margin = (kernel[0] // 2, kernel[1] // 2) if same else 0
        return self.functions.conv2d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], stride, margin)

    def relu(self, x: Any) -> Any:
        return x.relu()

    def average(self, x: Any) -> Any:
        return self.functions.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def maximum(self, x: Any, stride: int, same: bool) -> Any:
        return self.functions.max_pool2d(x, 3, stride, int(same))

    def concat(self, parts: Sequence[Any]) -> Any:
        return self.torch.cat(parts, 1)


def network() -> None:
    rng = np.random.default_rng(0)
    weights = {f"{name}.weight": rng.standard_normal(shape, np.float32) / 99 for name, shape in kernels().items()}
    weights |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in kernels().items()}
    photo = sample(512, 512).u8()
    timed("512 x 512 picture to 299 x 299", lambda: prepare(photo), 9)
    ours = MindSporeLayers(weights, "cpu")
    try:
        import torch
    except ImportError:
        torch = None
    for batch in (1, 8):
        pictures = np.stack([prepare(photo)] * batch)
        run = partial(features, Network(ours), ours.tensor(pictures))
        mine = timed(f"InceptionV3, MindSpore, batch {batch}, a picture", run, each=batch)
        if torch is not None:
            run = partial(features, Network(TorchLayers(torch, weights)), torch.from_numpy(pictures))
            other = timed(f"InceptionV3, PyTorch, batch {batch}, a picture", run, each=batch)
            print(f"{'':<58} ratio {mine / other:.2f}")


def features(network: Network[Any], pictures: Any) -> Any:
    """To NumPy, so that asynchronous work is waited for."""
    maps = network.features(pictures)
    return maps.asnumpy() if hasattr(maps, "asnumpy") else maps.numpy()


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
