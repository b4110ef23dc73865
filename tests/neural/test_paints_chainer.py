"""PaintsChainer's network: as many numbers as the published one, and the same colours as a computation of our own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from senga.errors import ModelError
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.networks.paints_chainer import hint_painter, to_senga

WIDTH = 2
NORMED = [f"c{n}" for n in range(9)] + [f"dc{n}" for n in range(8, 0, -1)]


def chainer(seed: int = 0) -> dict[str, Any]:
    """Random weights in Chainer's names and axes."""
    rng, w = np.random.default_rng(seed), WIDTH
    sizes = {
        "c0": (w, 4, 3), "c1": (2 * w, w, 4), "c2": (2 * w, 2 * w, 3), "c3": (4 * w, 2 * w, 4), "c4": (4 * w, 4 * w, 3),
        "c5": (8 * w, 4 * w, 4), "c6": (8 * w, 8 * w, 3), "c7": (16 * w, 8 * w, 4), "c8": (16 * w, 16 * w, 3),
        "dc8": (32 * w, 16 * w, 4), "dc7": (8 * w, 16 * w, 3), "dc6": (16 * w, 8 * w, 4), "dc5": (4 * w, 8 * w, 3),
        "dc4": (8 * w, 4 * w, 4), "dc3": (2 * w, 4 * w, 3), "dc2": (4 * w, 2 * w, 4), "dc1": (w, 2 * w, 3),
        "dc0": (3, 2 * w, 3),
    }  # fmt: skip
    made: dict[str, Any] = {}
    for name, (first, second, kernel) in sizes.items():
        outputs = second if name in ("dc8", "dc6", "dc4", "dc2") else first
        made[f"{name}/W"] = rng.normal(0, 0.3, (first, second, kernel, kernel)).astype(np.float32)
        made[f"{name}/b"] = rng.normal(0, 0.1, outputs).astype(np.float32)
        if name in NORMED:
            norm = f"bn{name.replace('dc', 'd')}"
            for kind, low in (("gamma", 0.5), ("beta", -0.5), ("avg_mean", -0.5), ("avg_var", 0.5)):
                made[f"{norm}/{kind}"] = (low + rng.random(outputs)).astype(np.float32)
            made[f"{norm}/N"] = np.array(7)
    return made


def conv(x: Any, kernel: Any, bias: Any, stride: int) -> Any:
    windows = sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), kernel.shape[2:], (1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, kernel) + bias[:, None, None]


def transposed(x: Any, kernel: Any, bias: Any) -> Any:
    """Every number puts its multiple of the kernel down, two pixels from the last; one pixel is cut off all around."""
    _, height, width = x.shape
    sheet = np.zeros((kernel.shape[1], 2 * height + 2, 2 * width + 2))
    for i in range(height):
        for j in range(width):
            sheet[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.einsum("c,coij->oij", x[:, i, j], kernel)
    return sheet[:, 1:-1, 1:-1] + bias[:, None, None]


def colours(arrays: dict[str, Any], planes: Any) -> Any:
    """The network as it was published, in numpy, channels first."""

    def layer(name: str, x: Any, stride: int = 1) -> Any:
        kernel, bias = arrays[f"{name}/W"].astype(float), arrays[f"{name}/b"].astype(float)
        made = transposed(x, kernel, bias) if stride < 0 else conv(x, kernel, bias, stride)
        if name == "dc0":
            return made
        norm = {kind: arrays[f"bn{name.replace('dc', 'd')}/{kind}"].astype(float)[:, None, None]
                for kind in ("gamma", "beta", "avg_mean", "avg_var")}  # fmt: skip
        scaled = (made - norm["avg_mean"]) / np.sqrt(norm["avg_var"] + 2e-5)
        return np.maximum(norm["gamma"] * scaled + norm["beta"], 0)

    e = [layer("c0", planes)]
    for n in range(1, 9):
        e.append(layer(f"c{n}", e[-1], 1 + n % 2))
    x = layer("dc7", layer("dc8", np.concatenate([e[7], e[8]]), -1))
    for n, skip in ((6, 6), (4, 4), (2, 2)):
        x = layer(f"dc{n - 1}", layer(f"dc{n}", np.concatenate([e[skip], x]), -1))
    return layer("dc0", np.concatenate([e[0], x]))


def test_it_has_as_many_numbers_as_the_published_one() -> None:
    learned = sum(int(np.prod(shape)) for name, shape in hint_painter().parameters.items() if "running" not in name)
    assert learned == 18_639_619


def test_it_paints_as_a_computation_of_our_own() -> None:
    pytest.importorskip("onnxruntime")
    arrays = chainer()
    planes = np.random.default_rng(1).uniform(0, 255, (4, 32, 48))
    planes[1:, :16] = np.array([-512.0, 128.0, 128.0])[:, None, None]
    given = np.ascontiguousarray(planes.transpose(1, 2, 0), np.float32)
    network = hint_painter(WIDTH)
    (made,) = evaluate(network, to_senga(arrays), {"photo": given}, Job(engine="onnx")).values()
    wanted = colours(arrays, planes).transpose(1, 2, 0)
    assert np.abs(made - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_a_file_in_a_model_is_read_too() -> None:
    inside = {f"updater/model:main/{name}": array for name, array in chainer().items()}
    assert set(to_senga(inside)) == set(to_senga(chainer()))


@pytest.mark.parametrize("change", ["missing", "shape", "strange"])
def test_other_files_are_refused(change: str) -> None:
    arrays = chainer()
    if change == "missing":
        del arrays["bnd4/avg_var"]
    elif change == "shape":
        arrays["c3/W"] = arrays["c3/W"][:, :1]
    else:
        arrays = {"x": np.zeros(3)}
    with pytest.raises(ModelError, match="does not hold the network of PaintsChainer"):
        to_senga(arrays)
