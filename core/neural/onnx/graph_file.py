"""A whole network with its weights as one ONNX model, for programs that know nothing of Senga.

The model takes pictures of any size from ``2 * multiple`` pixels on: it mirrors them at the bottom and right up to the
next multiple that the network needs, as the engine does, and cuts results of that size back. Means are taken over rows,
then columns, then channels, and deviations from what is left when the mean is gone: a mean over millions of floats at
once drifts, and the difference of two large sums can be anything. Vectors are (1, channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.neural.network import Network, Output

from . import wire
from .page import OPSET, Page

__all__ = ["OPSET", "Page", "inner_model", "interface", "network_model"]


def network_model(network: Network, weights: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The model: (1, channels, height, width) float32 in and out, height and width free unless they are fixed.

    Args:
        network: what to write; inputs and outputs keep their names and ranges.
        weights: of the network; they keep their names.
        metadata: facts that travel with the model, beside those about input and output.

    Raises:
        ModelError: the weights do not fit the network.
    """
    page = Page()
    enlarges = network.multiple > 1 and not network.fixed
    given = {name: _enlarged(page, name, network.multiple) if enlarges else name for name in _pictures(network)}
    names = _blocks(page, network, weights, given)
    for output in network.outputs:
        if enlarges and network.keeps_size(output.node):
            size = f"{next(iter(given))}.size"
            page.add("Slice", [names[output.node], *page.integers([0, 0]), size, *page.integers([2, 3])], output.name)
        else:
            _finish(page, network, output, names)
    return _model(page, network, {**metadata, **interface(network)})


def inner_model(network: Network, weights: Mapping[str, NDArray[Any]]) -> bytes:
    """The same for pictures whose height and width are multiples of what the network needs.

    Raises:
        ModelError: the weights do not fit the network.
    """
    page = Page()
    names = _blocks(page, network, weights, {name: name for name in _pictures(network)})
    for output in network.outputs:
        _finish(page, network, output, names)
    return _model(page, network, {})


def _pictures(network: Network) -> list[str]:
    return [name for name, block in network.inputs.items() if not block.vector]


def _blocks(
    page: Page, network: Network, weights: Mapping[str, NDArray[Any]], pictures: Mapping[str, str]
) -> dict[str, str]:
    """Write all nodes; gives what each is called."""
    network.check(weights)
    names = dict(pictures)
    for node in network.nodes:
        if node.name in network.inputs:
            if network.inputs[node.name].vector:
                names[node.name] = page.add("Reshape", [node.name, *page.integers([1, -1, 1, 1])], f"{node.name}.pixel")
            continue
        own = {output.name for output in network.outputs}
        name = f"{node.name}.node" if node.name in own else node.name
        names[node.name] = node.block.write(page, name, [names[each] for each in node.inputs], weights)
    return names


def _finish(page: Page, network: Network, output: Output, names: Mapping[str, str]) -> None:
    if output.node in network.vectors:
        page.add("Reshape", [names[output.node], *page.integers([1, -1])], output.name)
    else:
        page.add("Identity", [names[output.node]], output.name)


def _model(page: Page, network: Network, metadata: Mapping[str, str]) -> bytes:
    given = [_value(network, name, name, ("height", "width")) for name in network.inputs]
    made = []
    for each in network.outputs:
        own = f"{each.name}.height", f"{each.name}.width"
        made.append(
            _value(network, each.name, each.node, ("height", "width") if network.keeps_size(each.node) else own)
        )
    return wire.model(page.nodes, page.tensors(), given, made, opset=OPSET, metadata=metadata, name=network.name)


def _value(network: Network, name: str, node: str, sides: tuple[str, str]) -> bytes:
    channels = network.by_name[node].channels
    if node in network.vectors:
        return wire.value(name, np.float32, (1, channels))
    size: tuple[int | str, ...] = network.sizes(*network.fixed)[node] if network.fixed else sides
    return wire.value(name, np.float32, (1, channels, *size))


def interface(network: Network) -> dict[str, str]:
    """What a network takes and gives, as facts for other programs."""
    first = next((name for name in _pictures(network)), "")
    low, high = network.inputs[first].range if first else (-1.0, 1.0)
    channels = network.by_name[first].channels if first else 0
    colours = {1: "grey", 3: "RGB"}.get(channels, str(channels))
    shape = {"layout": "NCHW", "channels": colours, "range": f"{low:g} to {high:g}", "type": "float32"}
    return {**shape, "multiple": str(network.multiple)}


def _enlarged(page: Page, name: str, multiple: int) -> str:
    """A picture, mirrored at the bottom and right up to the next multiple, at least to two of them."""
    size = page.add("Shape", [name], f"{name}.size", start=2, end=4)
    beyond, step, least, nothing = page.integers([multiple - 1], [multiple], [2 * multiple], [0] * 6)
    count = page.add("Div", [page.add("Add", [size, beyond], f"{size}.beyond"), step], f"{size}.count")
    full = page.add("Max", [page.add("Mul", [count, step], f"{size}.multiple"), least], f"{size}.full")
    margin = page.add("Sub", [full, size], f"{size}.margin")
    pads = page.add("Concat", [nothing, margin], f"{size}.pads", axis=0)
    return page.add("Pad", [name, pads], f"{name}.full", mode="reflect")
