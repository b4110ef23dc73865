"""What ``full`` and ``draft`` promise at one megapixel, against PyTorch in double precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the reference is computed in PyTorch")

from senga.image import Image  # noqa: E402
from senga.job import Job  # noqa: E402
from senga.neural.engine import run  # noqa: E402
from senga.neural.executors import installed  # noqa: E402
from senga.plugins.animegan.painting import network_of  # noqa: E402
from senga.registry import Plugins  # noqa: E402
from training.network import Generator  # noqa: E402

PACKAGES = {"openvino": "openvino", "onnx": "onnxruntime", "mindspore": "mindspore"}
STYLE = "painted-comic"


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.float32]:
    """A photograph, repeated in the mirror."""
    photo = Image.of(Path(__file__).resolve().parents[2] / "examples" / "astronaut.png").float()[..., :3]
    beside = [(0, max(1024 - side, 0)) for side in photo.shape[:2]]
    return np.ascontiguousarray(np.pad(photo, (*beside, (0, 0)), "symmetric")[:1024, :1024])


@pytest.fixture(scope="module")
def exact(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    found = Plugins().store().load(STYLE)
    generator = Generator(found.card, found.arrays).double().eval()
    with torch.inference_mode():
        photo = torch.from_numpy(pixels.astype(np.float64).transpose(2, 0, 1)[None].copy())
        made: NDArray[np.float64] = generator(photo * 2 - 1)[0].numpy()
    return (made.transpose(1, 2, 0) + 1) / 2


@pytest.mark.parametrize("engine", PACKAGES)
def test_a_result_is_within_one_step_everywhere(
    engine: str, pixels: NDArray[np.float32], exact: NDArray[np.float64]
) -> None:
    assert abs(painted(engine, "full", pixels) - exact).max() < 1 / 255


@pytest.mark.parametrize("engine", PACKAGES)
def test_a_draft_is_within_one_step_on_average(
    engine: str, pixels: NDArray[np.float32], exact: NDArray[np.float64]
) -> None:
    assert abs(painted(engine, "draft", pixels) - exact).mean() <= 0.8 / 255


def painted(engine: str, precision: str, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    if not installed(PACKAGES[engine]):
        pytest.skip(f"no {PACKAGES[engine]} here")
    found = Plugins().store().load(STYLE)
    job = Job(engine=engine, device="cpu", precision=precision)
    made: NDArray[np.float32] = run(network_of(found.card), found.arrays, pixels, job)
    return made
