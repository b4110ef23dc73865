"""A whole network with its weights as one ONNX model, for programs that know nothing of Senga.

The model takes pictures of any size from ``2 * multiple`` pixels on: it mirrors them at the bottom and right up to the
next multiple that the network needs, as the engine does, and cuts the result back. Means are taken over rows, then
columns, then channels, and deviations from what is left when the mean is gone: a mean over millions of floats at once
drifts, and the difference of two large sums can be anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from senga.neural.blocks import Add, Conv, Double, Halve, Input, LeakyReLU, Norm, PadMode, Sampling, Tanh
from senga.neural.graph import Network, Node

from . import wire

OPSET = 17
"""The first with all that is used is 15; runtimes have known this one since 2022."""

INPUT, OUTPUT = "photo", "painting"

_MODES = {"reflect": "reflect", "edge": "edge", "zero": "constant"}
_COORDINATES: dict[Sampling, str] = {"tf1": "asymmetric", "half_pixel": "half_pixel", "align_corners": "align_corners"}


def network_model(network: Network, weights: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The model: (1, 3, height, width) float32 RGB in [-1, 1] in and out, height and width free.

    Args:
        network: what to write.
        weights: of the network; they keep their names.
        metadata: facts that travel with the model, beside those about input and output.

    Raises:
        ModelError: the weights do not fit the network.
    """
    page = Page()
    result = _blocks(page, network, weights, _enlarged(page, network.multiple))
    page.add("Slice", [result, *page.integers([0, 0]), "size", *page.integers([2, 3])], OUTPUT)
    return _model(page, network, {**metadata, **interface(network)})


def inner_model(network: Network, weights: Mapping[str, NDArray[Any]]) -> bytes:
    """The same for pictures whose height and width are multiples of what the network needs.

    Raises:
        ModelError: the weights do not fit the network.
    """
    page = Page()
    page.add("Identity", [_blocks(page, network, weights, INPUT)], OUTPUT)
    return _model(page, network, {})


def _blocks(page: Page, network: Network, weights: Mapping[str, NDArray[Any]], x: str) -> str:
    network.check(weights)
    names = {network.nodes[0].name: x}
    for node in network.nodes[1:]:
        names[node.name] = write_block(page, node, [names[name] for name in node.inputs], weights)
    return names[network.nodes[-1].name]


def _model(page: Page, network: Network, metadata: Mapping[str, str]) -> bytes:
    shape = (1, network.nodes[0].channels, "height", "width")
    given, made = wire.value(INPUT, np.float32, shape), wire.value(OUTPUT, np.float32, shape)
    return wire.model(page.nodes, page.tensors(), [given], [made], opset=OPSET, metadata=metadata, name=network.name)


def interface(network: Network) -> dict[str, str]:
    """What a network takes and gives, as facts for other programs."""
    shape = {"layout": "NCHW", "channels": "RGB", "range": "-1 to 1", "type": "float32"}
    return {**shape, "multiple": str(network.multiple)}


class Page:
    """Operations and constants as they are written down."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def add(self, op_type: str, inputs: Sequence[str], output: str, **attributes: wire.Attribute) -> str:
        """Write one operation; returns the name of its output."""
        self.nodes.append(wire.node(op_type, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, array: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """Write a constant; returns its name."""
        self.constants[name] = np.asarray(array, dtype)
        return name

    def integers(self, *lists: Sequence[int]) -> list[str]:
        """Names of constants that hold these numbers, written once each."""
        return [self.constant("_".join(["integers", *map(str, each)]), each, np.int64) for each in lists]

    def floats(self, *lists: Sequence[float]) -> list[str]:
        """Names of constants that hold these numbers, written once each."""
        return [self.constant("_".join(["floats", *map(str, each)]), each) for each in lists]

    def tensors(self) -> list[bytes]:
        """The constants, as models hold them."""
        return [wire.tensor(name, array) for name, array in self.constants.items()]


def write_block(page: Page, node: Node, inputs: Sequence[str], weights: Mapping[str, NDArray[Any]]) -> str:
    """Write one block as operations; returns the name of the result, which is that of the node."""
    match node.block:
        case Conv() as conv:
            return _convolution(page, node.name, conv, inputs[0], weights)
        case Norm() as norm:
            return _norm(page, node.name, norm, inputs[0], weights)
        case LeakyReLU(slope):
            return page.add("LeakyRelu", inputs, node.name, alpha=slope)
        case Tanh():
            return page.add("Tanh", inputs, node.name)
        case Add():
            return page.add("Add", inputs, node.name)
        case Double(sampling):
            return _resized(page, node.name, sampling, 2.0, inputs[0])
        case Halve(sampling):
            return _resized(page, node.name, sampling, 0.5, inputs[0])
        case Input():
            raise ValueError(f"{node.name!r} is an input inside the network")


def _enlarged(page: Page, multiple: int) -> str:
    """The photo, mirrored at the bottom and right up to the next multiple, at least to two of them."""
    page.add("Shape", [INPUT], "size", start=2, end=4)
    beyond, step, least, nothing = page.integers([multiple - 1], [multiple], [2 * multiple], [0] * 6)
    page.add("Div", [page.add("Add", ["size", beyond], "size.beyond"), step], "size.count")
    page.add("Max", [page.add("Mul", ["size.count", step], "size.multiple"), least], "size.full")
    page.add("Sub", ["size.full", "size"], "size.margin")
    page.add("Concat", [nothing, "size.margin"], "size.pads", axis=0)
    return page.add("Pad", [INPUT, "size.pads"], f"{INPUT}.full", mode="reflect")


def _convolution(page: Page, name: str, conv: Conv, x: str, weights: Mapping[str, NDArray[Any]]) -> str:
    pad = conv.padding
    margins = [pad.top, pad.left, pad.bottom, pad.right]
    inside = pad.mode == "zero"
    if any(margins) and not inside:
        x = _padded(page, f"{name}.padded", pad.mode, margins, x)
    parameters = [page.constant(each, weights[each]) for each in (conv.weight, conv.bias) if each]
    return page.add(
        "Conv",
        [x, *parameters],
        name,
        kernel_shape=[conv.kernel] * 2,
        strides=[conv.stride] * 2,
        pads=margins if inside else [0] * 4,
        group=conv.groups,
    )


def _padded(page: Page, name: str, mode: PadMode, margins: Sequence[int], x: str) -> str:
    top, left, bottom, right = margins
    return page.add("Pad", [x, *page.integers([0, 0, top, left, 0, 0, bottom, right])], name, mode=_MODES[mode])


def _norm(page: Page, name: str, norm: Norm, x: str, weights: Mapping[str, NDArray[Any]]) -> str:
    """The mean first, then the deviation from it."""
    scale, shift = (page.constant(each, np.reshape(weights[each], (-1, 1, 1))) for each in (norm.gamma, norm.beta))
    rows = page.add("ReduceMean", [x], f"{name}.rows", axes=[3])
    centred = page.add("Sub", [x, _mean_of_rows(page, f"{name}.mean", norm, rows)], f"{name}.centred")
    squares = page.add("ReduceSumSquare", [centred], f"{name}.squares", axes=[3])
    width = page.add("Cast", [page.add("Shape", [x], f"{name}.columns", start=3, end=4)], f"{name}.width", to=1)
    variance = page.add("Div", [_mean_of_rows(page, f"{name}.sums", norm, squares), width], f"{name}.variance")
    above = page.add("Add", [variance, *page.floats([norm.eps])], f"{name}.above")
    factor = page.add("Div", [scale, page.add("Sqrt", [above], f"{name}.deviation")], f"{name}.factor")
    return page.add("Add", [page.add("Mul", [centred, factor], f"{name}.scaled"), shift], name)


def _mean_of_rows(page: Page, name: str, norm: Norm, rows: str) -> str:
    """(1, C, H, 1) -> (1, 1, 1, 1) for the picture, (1, C, 1, 1) for each channel."""
    channels = page.add("ReduceMean", [rows], f"{name}.channels", axes=[2])
    return channels if norm.over == "channel" else page.add("ReduceMean", [channels], name, axes=[1])


def _resized(page: Page, name: str, sampling: Sampling, factor: float, x: str) -> str:
    scales = page.floats([1.0, 1.0, factor, factor])
    mode = _COORDINATES[sampling]
    return page.add("Resize", [x, "", *scales], name, mode="linear", coordinate_transformation_mode=mode)
