"""Convolutions at single precision from products in bfloat16, for processors that multiply matrices of those (AMX).

Such a processor multiplies bfloat16 numbers many times as fast as single ones, and adds up what comes out at single
precision. A single number is the sum of two in bfloat16, but for 2^-17 of it: ``x = high + low``. So ``x * k`` is
``high * k_high + low * k_high + high * k_low``, and three convolutions in bfloat16 stand for one. What they leave out
is a hundredth of a grey level after 24 layers.

OpenVINO has operations that give another type than they take: its own passes make them of what is quantised. Its files
of networks name them, and that is the only way to write them, so the network takes a way through such a file.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .executor import Array

_CHANNELS = 8
"""Fewer do not fill the processor's matrices well enough."""
_PRODUCTS = 200
"""Fewer for a number of the input take less time than taking that number apart."""
_LANES = 16
"""Results that single precision computes at once, whether they are asked for or not."""
_OTHER_TYPE = "type_relaxed_opset1"
_NEAR = np.float32(-1 - 2**-20)
"""Exactly -1 would be taken for a subtraction. ``high`` need not be exact, for ``low`` is what it leaves."""
_EXACT = 1e-4
"""The trial's largest error, as a part of the largest result, must be smaller; bfloat16 alone has 4e-3."""


def works(openvino: ModuleType, core: Any, options: Mapping[str, Any]) -> bool:
    """Whether this processor and this version of OpenVINO compute so: tried with a small convolution."""
    rng = np.random.default_rng(0)
    kernel, x = rng.normal(size=(256, 16, 1, 1)).astype(np.float32), rng.normal(size=(1, 16, 8, 8)).astype(np.float32)
    compiled = core.compile_model(
        in_parts(openvino, core, lambda: _trial(openvino, kernel)), "CPU", {**options, "PERF_COUNT": True}
    )
    request = compiled.create_infer_request()
    found = request.infer({0: x})[0][0]
    exact = np.einsum("oi,ihw->ohw", kernel[:, :, 0, 0].astype(np.float64), x[0].astype(np.float64))
    used = [each.exec_type for each in request.get_profiling_info() if each.node_type == "Convolution"]
    return bool(used) and all("amx" in each for each in used) and _largest(found - exact) < _EXACT * _largest(exact)


def _largest(values: NDArray[Any]) -> float:
    return float(np.abs(values).max())


def _trial(openvino: ModuleType, kernel: Array) -> Any:
    """One convolution."""
    ops = openvino.opset13
    given = ops.parameter([1, kernel.shape[1], -1, -1], np.float32)
    made = ops.convolution(given, ops.constant(kernel), [1, 1], [0, 0], [0, 0], [1, 1])
    return openvino.Model([made], [given])


def in_parts(openvino: ModuleType, core: Any, read: Callable[[], Any]) -> Any:
    """A network with its dense convolutions in three parts each; those of few channels or of a fixed size stay.

    Args:
        openvino: the module.
        core: of it.
        read: gives the network; it is not held while the other one is read.

    Raises:
        Exception: OpenVINO does not know such operations (it raises anything), or there is no place for the file.
    """
    with tempfile.TemporaryDirectory(prefix="senga-", ignore_cleanup_errors=True) as folder:  # for the user alone
        graph, weights = Path(folder, "graph.xml"), Path(folder, "graph.bin")
        _write(openvino, read(), graph, weights)
        return core.read_model(str(graph), str(weights))


def _write(openvino: ModuleType, model: Any, graph: Path, weights: Path) -> None:
    halves = _Halves(openvino)
    for node in model.get_ordered_ops():
        kernel = _kernel(node)
        if kernel is not None:
            node.output(0).replace(halves.convolved(node, kernel).output(0))
    openvino.serialize(model, str(graph), str(weights))
    tree = ET.parse(graph)  # noqa: S314 # just written, in a folder of our own
    for layer in tree.iter("layer"):
        if layer.get("name") in halves.marks:
            _mark(layer, *halves.marks[str(layer.get("name"))])
    tree.write(graph)


def _kernel(node: Any) -> Array | None:
    """The kernel of a convolution that is better taken apart.

    What has a fixed size OpenVINO puts together with its neighbours, where roundings in between are lost.
    """
    if node.get_type_name() != "Convolution" or node.input_value(0).get_partial_shape().is_static:
        return None
    kernel = node.input_value(1).get_node()
    if kernel.get_type_name() != "Constant" or kernel.shape[1] < _CHANNELS:
        return None
    outputs, _, height, width = kernel.shape
    products = max(outputs, _LANES) * height * width / prod(node.get_attributes()["strides"])
    return np.asarray(kernel.data, np.float32) if products >= _PRODUCTS else None


class _Halves:
    """Layers and kernels as pairs of bfloat16 numbers.

    Attributes:
        marks: types that operations take and give, by their names.
    """

    def __init__(self, openvino: ModuleType) -> None:
        self.marks: dict[str, tuple[str, str]] = {}
        self._ops: Any = openvino.opset13
        self._type = openvino.Type.bf16
        self._known: dict[tuple[str, int], tuple[Any, Any]] = {}

    def convolved(self, node: Any, kernel: Array) -> Any:
        """The sum of three convolutions, the largest last: sums go into the convolution behind them."""
        high, low = self._layer(node.input_value(0))
        coarse = halved(kernel)
        fine = halved(kernel - coarse)
        parts = [self._convolution(node, *each) for each in ((high, -fine), (low, coarse), (high, -coarse))]
        return self._ops.add(self._ops.add(parts[0], parts[1]), parts[2])

    def _layer(self, source: Any) -> tuple[Any, Any]:
        """``-high`` and ``low`` of a layer; of what has margins the layer is taken apart before they are added."""
        node = source.get_node()
        key = node.get_friendly_name(), source.get_index()
        if key not in self._known:
            is_padded = node.get_type_name() == "Pad"
            self._known[key] = self._padded(node) if is_padded else self._apart(source)
        return self._known[key]

    def _padded(self, node: Any) -> tuple[Any, Any]:
        margins = node.input_value(1), node.input_value(2)
        mode = node.get_attributes()["pad_mode"]
        high, low = (self._ops.pad(each, *margins, mode) for each in self._layer(node.input_value(0)))
        return high, low

    def _apart(self, source: Any) -> tuple[Any, Any]:
        high = self._marked(self._ops.multiply(source, self._ops.constant(_NEAR)), "f32,f32", "bf16")
        low = self._marked(self._ops.add(source, high), "f32,f32", "bf16")
        return self._ops.convert(high, "bf16"), self._ops.convert(
            low, "bf16"
        )  # when all is marked nothing is converted

    def _convolution(self, node: Any, x: Any, kernel: Array) -> Any:
        asked = node.get_attributes()
        names = ("strides", "pads_begin", "pads_end", "dilations", "auto_pad")
        made = self._ops.convolution(x, self._ops.constant(kernel, self._type), *(asked[name] for name in names))
        return self._ops.convert(self._marked(made, "bf16,bf16", "f32"), "f32")

    def _marked(self, node: Any, takes: str, gives: str) -> Any:
        self.marks[node.get_friendly_name()] = takes, gives
        return node


def halved(values: NDArray[np.float32]) -> Array:
    """The nearest numbers that bfloat16 has."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    nearest = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return nearest.view(np.float32)


def _mark(layer: ET.Element, takes: str, gives: str) -> None:
    layer.set("version", _OTHER_TYPE)
    facts = layer.find("data")
    if facts is None:
        facts = ET.Element("data")
        layer.insert(0, facts)
    facts.attrib |= {"type_relax": "true", "input_data_types": takes, "output_data_types": gives}
