"""SGRU: as many numbers as the published one, and the same pictures as a computation of our own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from senga.errors import ModelError
from senga.job import Job
from senga.neural.checkpoints import Checkpoint
from senga.neural.engine import evaluate
from senga.neural.networks.sgru import apart, sgru, to_senga
from senga.plugins.colorize import suggestion_network

SCOPE = "SGRU_MODEL"


class Written:
    """The network as it was published, in numpy, (rows, columns, channels), with random weights in TensorFlow's names.

    They are made where they are first asked for, so that nothing but this knows their shapes.
    """

    def __init__(self, width: int, arrays: dict[str, Any] | None = None) -> None:
        self.width, self.rng = width, np.random.default_rng(3)
        self.arrays: dict[str, Any] = {} if arrays is None else arrays

    def get(self, name: str, shape: tuple[int, ...], spread: float, middle: float = 0.0) -> Any:
        made = self.rng.normal(middle, spread, shape).astype(np.float32)
        return self.arrays.setdefault(f"{SCOPE}/{name}", made).astype(np.float64)

    def normed(self, x: Any, name: str) -> Any:
        gamma = self.get(f"{name}/LayerNorm/gamma", x.shape[2:], 0.2, 1.0)
        beta = self.get(f"{name}/LayerNorm/beta", x.shape[2:], 0.2)
        return gamma * (x - x.mean()) / np.sqrt(x.var() + 1e-12) + beta

    def conv(self, x: Any, name: str, outputs: int, kernel: int) -> Any:
        taps = self.get(f"{name}/weights", (kernel, kernel, x.shape[2], outputs), (kernel**2 * x.shape[2]) ** -0.5)
        rim = kernel // 2
        windows = sliding_window_view(np.pad(x, ((rim, rim), (rim, rim), (0, 0))), (kernel, kernel), (0, 1))
        return self.normed(np.einsum("rckij,ijko->rco", windows, taps), name)

    def active(self, x: Any, name: str, outputs: int, kernel: int) -> Any:
        made = self.conv(x, name, outputs, kernel)
        return np.where(made > 0, made, 0.2 * made)

    def doubled(self, x: Any, name: str, outputs: int) -> Any:
        taps = self.get(f"{name}/weights", (2, 2, outputs, x.shape[2]), x.shape[2] ** -0.5)
        made = np.einsum("rck,ijok->ricjo", x, taps).reshape(2 * len(x), -1, outputs)  # each puts 2 x 2 down
        made = self.normed(made, name)
        return np.where(made > 0, made, 0.2 * made)

    def gated(self, x: Any, name: str) -> Any:
        return x / (1 + np.exp(-self.conv(x, f"{name}/Conv", x.shape[2], 3)))

    def block(self, x: Any, name: str, outputs: int, narrow: bool) -> tuple[Any, Any]:
        names = [f"{name}/Conv", f"{name}/Conv_1", f"{name}/Conv_2"]
        x = self.active(x, names.pop(0), outputs, 1) if narrow else x
        return x, self.active(self.active(x, names[0], outputs, 3), names[1], outputs, 3)

    def __call__(self, x: Any) -> Any:
        down, up = (
            [each * self.width // 12 for each in several] for several in ((12, 24, 36, 48, 60), (64, 60, 48, 36, 24))
        )
        across = []
        for level, outputs in enumerate(down, 1):
            x, made = self.block(x, f"SGB_{level}", outputs, level > 1)
            across.append(self.gated(made, f"SWISH_{level}"))
            x = np.concatenate([halved(made), self.gated(halved(x), f"SGB_{level}/SWISH")], axis=2)
        for level, outputs in zip((5, 4, 3, 2, 1), up, strict=True):
            name = f"SGB_{level}_up"
            x, made = self.block(x, name, outputs, True)
            large = self.doubled(made, f"{name}/Conv2d_transpose", outputs)
            passed = self.gated(self.doubled(x, f"{name}/Conv2d_transpose_1", outputs), f"{name}/SWISH")
            x = np.concatenate([large, passed, across[level - 1]], axis=2)
        for name, kernel in (("Conv", 1), ("Conv_1", 3), ("Conv_2", 3)):
            x = self.active(x, name, self.width, kernel)
        taps = self.get("conv2d/kernel", (1, 1, self.width, 27), 0.3)[0, 0]
        return x @ taps + self.get("conv2d/bias", (27,), 0.1)


def halved(x: Any) -> Any:
    rows, columns, channels = x.shape
    return x.reshape(rows // 2, 2, columns // 2, 2, channels).max((1, 3))


@pytest.fixture(scope="module")
def published() -> tuple[Any, Any, dict[str, Any]]:
    """Lines, the nine pictures, and the weights in TensorFlow's names."""
    written = Written(24)
    lines = np.random.default_rng(1).uniform(0, 255, (64, 96, 1))
    return lines, written(lines), written.arrays


def test_it_has_as_many_numbers_as_the_published_one() -> None:
    assert sgru().parameter_count == 47_827_558


@pytest.mark.parametrize("engine", ["onnx", "mindspore"])
def test_it_paints_as_a_computation_of_our_own(engine: Any, published: Any) -> None:
    pytest.importorskip("onnxruntime" if engine == "onnx" else "mindspore")
    lines, wanted, arrays = published
    given = {"photo": lines.astype(np.float32)}
    (made,) = evaluate(sgru(0.25), to_senga(arrays), given, Job(engine=engine)).values()
    assert made.shape == (64, 96, 27)
    assert np.abs(made - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_a_picture_has_one_plane_of_each_colour() -> None:
    planes = np.broadcast_to(np.arange(27.0), (2, 3, 27))
    assert apart(planes)[4, 1, 2].tolist() == [4, 13, 22]
    assert apart(planes).shape == (9, 2, 3, 3)


def test_a_checkpoint_of_tensorflow_is_read_with_all_that_is_beside_it(published: Any) -> None:
    extra = {"beta1_power": np.zeros((), np.float32), "SGRU_MODEL/Conv/weights/Adam": np.zeros(3, np.float32)}
    found = suggestion_network.to_senga(Checkpoint("tensorflow", published[2] | extra))
    assert found.card == {"architecture": "sgru", "width": "0.25"}
    assert set(found.arrays) == set(sgru(0.25).parameters)
    again = suggestion_network.to_senga(Checkpoint("safetensors", dict(found.arrays)))
    assert again.card["width"] == "0.25"


@pytest.mark.parametrize("change", ["missing", "shape", "strange"])
def test_other_files_are_refused(change: str, published: Any) -> None:
    arrays = dict(published[2])
    if change == "missing":
        del arrays["SGRU_MODEL/SGB_3_up/SWISH/Conv/LayerNorm/beta"]
    elif change == "shape":
        arrays["SGRU_MODEL/SGB_2/Conv/weights"] = arrays["SGRU_MODEL/SGB_2/Conv/weights"][:, :, 1:]
    else:
        arrays = {"x": np.zeros(3)}
    with pytest.raises(ModelError, match="does not hold the network of SGRU"):
        to_senga(arrays)
