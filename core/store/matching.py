"""From any public weights file to the names and axes of a described network.

Four ways are tried: our own names, TensorFlow's names, the order of operations of an ONNX graph, and the order of
shapes. What is found must fit a network completely. A family says which networks a file may hold (``Candidate``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural import blocks
from senga.neural.checkpoints import Checkpoint, Node
from senga.neural.graph import Network

Arrays = Mapping[str, NDArray[Any]]

_UPSAMPLE = {"asymmetric": "tf1", "half_pixel": "half_pixel", "pytorch_half_pixel": "half_pixel",
             "align_corners": "align_corners"}  # fmt: skip
_MOVES_AXES = {"Identity", "Cast", "Reshape", "Unsqueeze", "Squeeze", "Transpose"}

_FIRST_CHANNELS = frozenset(range(1, 257))
_MOST_FIRSTS = 8
"""So many kernels are tried as the first layer; a network has one or two."""


@dataclass(frozen=True)
class Candidate:
    """A network that a file may hold.

    Attributes:
        network: it.
        facts: what its card says.
        tensorflow: names of variables in TensorFlow checkpoints -> names in the network.
        tensorflow_name: the variable that the name of an array stands for, where a file spells it in another way; an
            empty text for what is none of the network.
        branched: layers of equal shape run side by side, so that an order does not tell them apart.
    """

    network: Network
    facts: Mapping[str, str]
    tensorflow: Mapping[str, str] = field(default_factory=dict)
    tensorflow_name: Callable[[str], str] = lambda name: name
    branched: bool = False


def matched(checkpoint: Checkpoint, candidates: Iterable[Candidate], unknown: str = "") -> Weights:
    """The weights in the names of the first network that fits, with its facts and the habits of the file.

    Args:
        checkpoint: the file.
        candidates: the likeliest first.
        unknown: what is said of a file that holds something else, in place of what the candidates are.

    Raises:
        ModelError: the file holds none of them, or only a part of one.
    """
    tried: list[Network] = []
    for candidate in candidates:
        tried.append(candidate.network)
        for way in (_by_own_names, _by_tf_names, _by_graph, _by_order):
            found = way(checkpoint, candidate)
            if found is not None:
                habits = {"upsample": "tf1", "eps": "1e-12"} if way is _by_tf_names else {}
                card = {**candidate.facts, **habits, **graph_habits(checkpoint)}
                return Weights(_checked(candidate.network, found), card)
    raise ModelError(unknown or _unknown(checkpoint.arrays, tried))


def widths(arrays: Arrays, build: Callable[[float], Network]) -> list[float]:
    """The widths that a file's network may have.

    The first kernel tells the width about, the shapes of all kernels tell it exactly. Channels are rounded, so a width
    between two shows only in wider layers. All roundings of a network together hold over more than a thousandth, so
    there is a width of three digits.

    Args:
        arrays: of the file.
        build: gives the network of a width.
    """
    kernels = _kernels(arrays)
    outputs, *rest = next(iter(build(1.0).parameters.values()))
    firsts = sorted({_outputs(shape, rest) for shape in kernels} & _FIRST_CHANNELS)[:_MOST_FIRSTS]
    near = (width for channels in firsts for width in _near(channels, outputs))
    exact = (width for width in near if _kernels_of(build(width)) <= kernels)
    return list(islice(exact, 1)) or [channels / outputs for channels in firsts]


def _near(channels: int, full: int) -> list[float]:
    """Widths whose first layer has so many channels, the likeliest first."""
    first, last = 1000 * (2 * channels - 1) // (2 * full) + 1, 1000 * (2 * channels + 1) // (2 * full)
    return [channels / full, *sorted((width / 1000 for width in range(first, last + 1)), key=_digits)]


def _outputs(shape: tuple[int, ...], rest: list[int]) -> int:
    """Outputs of a kernel with these inputs, height and width in any order of axes, or 0 if it is none."""
    others = Counter(shape) - Counter(rest)
    return next(others.elements()) if others.total() == 1 and len(shape) == 1 + len(rest) else 0


def _kernels(arrays: Arrays) -> Counter[tuple[int, ...]]:
    return Counter(tuple(sorted(array.shape)) for array in arrays.values() if array.ndim == 4)


def _kernels_of(network: Network) -> Counter[tuple[int, ...]]:
    return Counter(tuple(sorted(shape)) for shape in network.parameters.values() if len(shape) == 4)


def _digits(width: float) -> int:
    return len(str(width))


def tf_axes(network: Network) -> dict[str, tuple[int, ...]]:
    """For every kernel of ``network``: the axes for ``np.transpose`` of the TensorFlow array.

    Kernels (height, width, inputs, outputs) become (outputs, inputs, height, width), depthwise ones
    (height, width, channels, 1) become (channels, 1, height, width).
    """
    convs = (node.block for node in network.nodes if isinstance(node.block, blocks.Conv))
    return {conv.weight: (2, 3, 0, 1) if conv.groups > 1 else (3, 2, 0, 1) for conv in convs}


def _by_own_names(checkpoint: Checkpoint, candidate: Candidate) -> dict[str, NDArray[Any]] | None:
    """Our names, perhaps behind a common prefix, with MindSpore's ``gamma`` and ``beta`` for norms."""
    network = candidate.network
    first = next(iter(network.parameters))
    prefixes = sorted((name.removesuffix(first) for name in checkpoint.arrays if name.endswith(first)), key=len)
    for prefix in prefixes:
        theirs = {name: _spelling(prefix + name, checkpoint.arrays) for name in network.parameters}
        return _collected(network, checkpoint, theirs)
    return None


def _spelling(name: str, arrays: Arrays) -> str:
    other = re.sub(r"\.bias$", ".beta", re.sub(r"\.weight$", ".gamma", name))
    return name if name in arrays else other


def _by_tf_names(checkpoint: Checkpoint, candidate: Candidate) -> dict[str, NDArray[Any]] | None:
    found = {candidate.tensorflow_name(name): name for name in checkpoint.arrays}
    theirs = {ours: found.get(variable, variable) for variable, ours in candidate.tensorflow.items()}
    if not theirs or len(set(theirs.values()) & set(checkpoint.arrays)) * 2 < len(theirs):
        return None
    return _collected(candidate.network, checkpoint, theirs)


def _collected(network: Network, checkpoint: Checkpoint, theirs: Mapping[str, str]) -> dict[str, NDArray[Any]] | None:
    """Arrays by our names. Names that tell the network must give all of it, unless an ONNX graph can tell the rest."""
    axes, arrays = tf_axes(network), checkpoint.arrays
    found: dict[str, NDArray[Any]] = {}
    for ours, shape in network.parameters.items():
        name = theirs[ours]
        fitted = _fitted(arrays[name], shape, axes.get(ours)) if name in arrays else None
        if fitted is None and checkpoint.nodes:
            return None
        if fitted is None:
            was = f"has the shape {arrays[name].shape} instead of {shape}" if name in arrays else "is missing"
            raise ModelError(f"It looks like {network.name}, but “{name}” {was}.")
        found[ours] = fitted
    return found


def _fitted(array: NDArray[Any], shape: tuple[int, ...], axes: tuple[int, ...] | None) -> NDArray[Any] | None:
    """The array in our shape: as it is, with TensorFlow's axes moved, or a vector freed of axes of length one."""
    if array.shape == shape:
        return array
    if axes is not None and array.ndim == 4 and array.transpose(axes).shape == shape:
        return array.transpose(axes)
    if len(shape) == 1 and array.size == prod(shape) and max(array.shape, default=0) == array.size:
        return array.reshape(shape)  # (channels,)
    return None


def _by_order(checkpoint: Checkpoint, candidate: Candidate) -> dict[str, NDArray[Any]] | None:
    """One array for each parameter, in the order of use, scale before shift; names may not contradict."""
    network = candidate.network
    arrays = {name: array for name, array in checkpoint.arrays.items() if array.ndim}
    if checkpoint.nodes or candidate.branched or len(arrays) != len(network.parameters):
        return None
    found: dict[str, NDArray[Any]] = {}
    for (name, array), (ours, shape) in zip(arrays.items(), network.parameters.items(), strict=True):
        wrong = ("gamma", "weight") if ours.endswith("bias") else ("beta", "bias")
        if array.shape != shape or (len(shape) == 1 and name.endswith(wrong)):
            return None
        found[ours] = array
    return found


@dataclass
class _Layer:
    """A convolution of an ONNX graph, and the constants that follow it before the next one."""

    node: Node
    kernel: NDArray[Any] | None
    scales: list[NDArray[Any]] = field(default_factory=list)
    shifts: list[NDArray[Any]] = field(default_factory=list)


def _by_graph(checkpoint: Checkpoint, candidate: Candidate) -> dict[str, NDArray[Any]] | None:
    """The n-th convolution of the graph is the n-th of ours, and what follows it is its norm."""
    layers, network = _layers(checkpoint), candidate.network
    convs = [node for node in network.nodes if isinstance(node.block, blocks.Conv)]
    if candidate.branched or not layers or len(layers) != len(convs):
        return None
    found: dict[str, NDArray[Any]] = {}
    for layer, conv in zip(layers, convs, strict=True):
        norms = [node.block for node in network.readers[conv.name] if isinstance(node.block, blocks.Norm)]
        taken = _layer_arrays(layer, conv.block, norms[0] if norms else None)
        if taken is None:
            return None
        found |= taken
    return found


def _layers(checkpoint: Checkpoint) -> list[_Layer]:
    """The convolutions in the order they run; constants may reach them through moved or added axes."""
    constants: dict[str, NDArray[Any]] = dict(checkpoint.arrays)
    layers: list[_Layer] = []
    for node in checkpoint.nodes:
        if node.kind in _MOVES_AXES and node.outputs and constants.keys() & set(node.inputs[:1]):
            array = constants[node.inputs[0]]
            perm = node.attributes.get("perm")
            moved = node.kind == "Transpose" and isinstance(perm, list) and sorted(perm) == list(range(array.ndim))
            constants[node.outputs[0]] = array.transpose(perm) if moved else array
        elif node.kind == "Conv":
            layers.append(_Layer(node, constants.get("".join(node.inputs[1:2]))))
            layers[-1].shifts += [constants[name] for name in node.inputs[2:3] if name in constants]
        elif layers:
            _note_constants(node, [constants[name] for name in node.inputs if name in constants], layers[-1])
    return layers


def _note_constants(node: Node, constants: list[NDArray[Any]], layer: _Layer) -> None:
    channels = len(layer.kernel) if layer.kernel is not None and layer.kernel.ndim else 0
    vectors = [array for array in constants if array.size == channels and array.dtype.kind == "f"]
    if node.kind == "Mul":
        layer.scales += vectors
    elif node.kind in ("Add", "Sub"):
        layer.shifts += vectors
    elif node.kind.endswith("Normalization") and len(vectors) == 2:
        layer.scales.append(vectors[0])
        layer.shifts.append(vectors[1])


def _layer_arrays(layer: _Layer, conv: blocks.Block, norm: blocks.Norm | None) -> dict[str, NDArray[Any]] | None:
    """The parameters of one convolution and its norm, or None where they do not fit."""
    if not isinstance(conv, blocks.Conv) or layer.kernel is None or layer.kernel.shape != conv.shape:
        return None
    steps = [layer.node.attributes.get(name, [1, 1]) for name in ("strides", "dilations")]
    if layer.node.attributes.get("group", 1) != conv.groups or steps != [[conv.stride] * 2, [conv.dilation] * 2]:
        return None
    wanted = bool(conv.bias) + bool(norm)
    shifts = layer.shifts if len(layer.shifts) == wanted else [shift for shift in layer.shifts if np.any(shift)]
    if len(shifts) != wanted or len(layer.scales) != bool(norm):
        return None
    names = [name for name in (conv.bias, norm and norm.beta) if name]
    found = {conv.weight: layer.kernel} | {name: shift.ravel() for name, shift in zip(names, shifts, strict=True)}
    return found | ({norm.gamma: layer.scales[0].ravel()} if norm and norm.gamma else {})


def graph_habits(checkpoint: Checkpoint) -> dict[str, str]:
    """How a network enlarges and the eps of its norms, as the file states it or its graph does it."""
    habits: dict[str, str] = {}
    for node in checkpoint.nodes:
        mode = node.attributes.get("coordinate_transformation_mode")
        if node.kind == "Resize" and isinstance(mode, str) and mode in _UPSAMPLE:
            habits["upsample"] = _UPSAMPLE[mode]
        if node.kind.endswith("Normalization") and isinstance(node.attributes.get("epsilon"), float):
            habits["eps"] = f"{node.attributes['epsilon']:.3g}"
        small = [checkpoint.arrays[name] for name in node.inputs if name in checkpoint.arrays]
        if node.kind == "Add" and small and small[0].size == 1 and 0 < small[0].item() < 1e-3:
            habits["eps"] = f"{small[0].item():.3g}"
    return habits | _stated(checkpoint.metadata)


def _stated(metadata: Mapping[str, str]) -> dict[str, str]:
    """What the file says of itself, as far as it can be meant."""
    meant = {"upsample": frozenset(_UPSAMPLE.values()).__contains__, "eps": _is_small}
    return {key: metadata[key] for key, fits in meant.items() if key in metadata and fits(metadata[key])}


def _is_small(number: str) -> bool:
    """Whether a text is a number that can be added to a variance."""
    try:
        return 0 < float(number) < 1
    except ValueError:
        return False


def _checked(network: Network, found: Arrays) -> dict[str, NDArray[Any]]:
    network.check(found)
    arrays = {name: np.ascontiguousarray(found[name]) for name in network.parameters}
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise ModelError(f"It looks like {network.name}, but “{name}” holds {array.dtype} numbers: quantised.")
        if not np.isfinite(array).all():
            raise ModelError(f"It looks like {network.name}, but “{name}” holds infinite values; the file is damaged.")
    return arrays


def _unknown(arrays: Arrays, tried: list[Network]) -> str:
    known = "; ".join(dict.fromkeys(map(_summary, tried)))
    first = next(iter(arrays), "")
    return f"It has {len(arrays)} arrays, from “{first}” on, but {known or 'that is no network that is known'}."


def _summary(network: Network) -> str:
    return f"{network.name} has {len(network.parameters)}, from “{next(iter(network.parameters))}” on"
