"""Written networks, run in onnxruntime and in onnx's own evaluator, against a float64 reading of the blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from senga.errors import ModelError
from senga.job import Job
from senga.neural.blocks import Padding, PadMode, Sampling
from senga.neural.engine import run
from senga.neural.graph import Builder, Network
from senga.neural.onnx.graph_file import network_model
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite

Floats = NDArray[Any]
LEVEL = 1 / 255
SAMPLINGS = get_args(Sampling)
MARGINS = [Padding.same(3, mode) for mode in get_args(PadMode)] + [
    Padding(0, 0, 1, 1),
    Padding(2, 1, 0, 3, "edge"),
    Padding(1, 0, 2, 0, "zero"),
]


def onnxruntime_result(model: bytes, pixels: Floats) -> Floats:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (painted,) = session.run(["painting"], {"photo": as_input(pixels)})
    return as_pixels(painted)


def evaluator_result(model: bytes, pixels: Floats) -> Floats:
    (painted,) = ReferenceEvaluator(onnx.load_model_from_string(model)).run(["painting"], {"photo": as_input(pixels)})
    return as_pixels(painted)


def as_input(pixels: Floats) -> Floats:
    return pixels.transpose(2, 0, 1)[None] * np.float32(2) - np.float32(1)


def as_pixels(painted: Floats) -> Floats:
    return (painted[0].transpose(1, 2, 0) + 1) / 2


def conv(padding: Padding, stride: int = 1, kernel: int = 3, bias: bool = True) -> Callable[[Builder], str]:
    return lambda net: net.conv(net.input, "c", 3, kernel, stride, padding=padding, bias=bias)


BLOCKS: dict[str, Callable[[Builder], str]] = {
    **{f"pad-{pad}": conv(pad) for pad in MARGINS},
    "stride": conv(Padding(0, 0, 1, 1), stride=2, bias=False),
    "seven": conv(Padding.same(7), kernel=7),
    "depthwise": lambda net: net.depthwise(net.input, "c", bias=True),
    "layer-norm": lambda net: net.layer_norm(net.input, "n", 1e-5),
    "instance-norm": lambda net: net.instance_norm(net.input, "n", 1e-5),
    "leaky": lambda net: net.leaky_relu(net.input, 0.3),
    "tanh": lambda net: net.tanh(net.input),
    "add": lambda net: net.add(net.input, net.tanh(net.input)),
    **{f"double-{sampling}": lambda net, s=sampling: net.double(net.input, s) for sampling in SAMPLINGS},  # type: ignore[misc]
    **{f"halve-{sampling}": lambda net, s=sampling: net.halve(net.input, s) for sampling in SAMPLINGS},  # type: ignore[misc]
}


def one_block(kind: str) -> Network:
    net = Builder()
    BLOCKS[kind](net)
    return net.build(kind, multiple=2)


def crop(result: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """A lone block may change the size, and the result is cut to that of the photo."""
    height, width = min(len(result), len(expected)), min(result.shape[1], expected.shape[1])
    return result[:height, :width], expected[:height, :width]


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("execute", [onnxruntime_result, evaluator_result])
def test_every_block(
    kind: str, execute: Any, reference: Any, random_weights: Any, photo: Callable[..., Floats]
) -> None:
    network = one_block(kind)
    weights, pixels = random_weights(network, seed=3), photo(14, 10)
    model = network_model(network, weights, {})
    onnx.checker.check_model(model, full_check=True)
    found, expected = crop(execute(model, pixels), reference(network, weights, pixels))
    assert found.size
    assert np.abs(found - expected).max() < 1e-5


def test_a_norm_of_values_far_from_zero(reference: Any, photo: Callable[..., Floats]) -> None:
    """The deviation is a thousandth of the mean: the difference of two sums would lose half of its digits."""
    net = Builder()
    net.layer_norm(net.conv(net.input, "c", 3, 1, bias=True), "n", 1e-12)
    network = net.build("far", multiple=1)
    kernel = 0.03 * np.eye(3, dtype=np.float32)[..., None, None]
    weights = {"c.weight": kernel, "c.bias": np.full(3, 10, "f4"), "n.weight": np.ones(3, "f4"), "n.bias": np.zeros(3)}
    found = onnxruntime_result(network_model(network, weights, {}), photo(64, 48))
    assert np.abs(found - reference(network, weights, photo(64, 48))).max() < 1e-3


@pytest.mark.parametrize("kind", ["layer-norm", "instance-norm"])
def test_means_over_millions_do_not_drift(kind: str, reference: Any, random_weights: Any) -> None:
    network = one_block(kind)
    weights = random_weights(network)
    pixels = np.random.default_rng(0).beta(8, 2, (1536, 1024, 3)).astype(np.float32)
    found = onnxruntime_result(network_model(network, weights, {}), pixels)
    assert np.abs(found - reference(network, weights, pixels)).max() < 0.005 * LEVEL


@pytest.mark.parametrize("kind", ["layer-norm", "instance-norm"])
def test_a_picture_of_one_colour_has_no_deviation(kind: str, random_weights: Any) -> None:
    network = one_block(kind)
    weights = random_weights(network)
    found = onnxruntime_result(network_model(network, weights, {}), np.full((32, 32, 3), 0.3, np.float32))
    expected = (weights["n.bias"] + 1) / 2 if kind == "instance-norm" else None
    assert np.isfinite(found).all()
    assert expected is None or np.abs(found - expected).max() < 1e-3


NETWORKS: dict[str, Callable[[], Network]] = {
    "v2": animeganv2,
    "v2-half": lambda: animeganv2(0.5),
    "v2-eighth-half-pixel": lambda: animeganv2(0.125, 1e-12, "half_pixel"),
    "v2-quarter-corners": lambda: animeganv2(0.25, 1e-5, "align_corners"),
    "lite": animeganv2_lite,
    "v1": animeganv1,
    "v1-half-pixel": lambda: animeganv1(1e-5, "half_pixel"),
    "v1-corners": lambda: animeganv1(1e-5, "align_corners"),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_whole_networks(kind: str, reference: Any, random_weights: Any, photo: Callable[..., Floats]) -> None:
    network = NETWORKS[kind]()
    weights, pixels = random_weights(network), photo(48, 32)
    model = network_model(network, weights, {})
    onnx.checker.check_model(model, full_check=True)
    assert np.abs(onnxruntime_result(model, pixels) - reference(network, weights, pixels)).max() < 0.05 * LEVEL


@pytest.mark.parametrize("kind", ["v2-half", "lite", "v1"])
@pytest.mark.parametrize("size", [(33, 50), (17, 16), (40, 31)])
def test_any_size_is_painted_as_the_engine_does(
    kind: str, size: tuple[int, int], random_weights: Any, photo: Callable[..., Floats]
) -> None:
    network = NETWORKS[kind]()
    weights, pixels = random_weights(network), photo(*size)
    found = onnxruntime_result(network_model(network, weights, {}), pixels)
    assert found.shape == (*size, 3)
    assert np.abs(found - run(network, weights, pixels, Job())).max() < 0.5 * LEVEL


def test_the_model_tells_what_it_takes(random_weights: Any) -> None:
    network = animeganv2_lite()
    model = onnx.load_model_from_string(network_model(network, random_weights(network), {"licence": "CC0-1.0"}))
    assert {pair.key: pair.value for pair in model.metadata_props} == {
        "licence": "CC0-1.0",
        "layout": "NCHW",
        "channels": "RGB",
        "range": "-1 to 1",
        "type": "float32",
        "multiple": "8",
    }
    for value in (*model.graph.input, *model.graph.output):
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        assert dims == [1, 3, "height", "width"]
    assert model.graph.name == "animeganv2-lite"


def test_weights_of_another_network_are_refused(random_weights: Any) -> None:
    with pytest.raises(ModelError, match="instead of"):
        network_model(animeganv2(0.5), random_weights(animeganv2(0.25)), {})
