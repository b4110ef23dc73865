"""Magenta's networks for any painting: one looks at the painting and gives numbers, the other paints by them.

What they become is an ordinary style: scales and shifts of norms are linear in these numbers. Files of TensorFlow Lite
are known by the names of their arrays, whether their numbers are whole or not.

References:
    G. Ghiasi, H. Lee, M. Kudlur, V. Dumoulin, J. Shlens: Exploring the structure of a real-time, arbitrary neural
    artistic stylization network. BMVC 2017, arXiv:1705.06830.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.engine import evaluate
from senga.neural.networks.mobilenet import SIDE, style_observer

Arrays = Mapping[str, NDArray[Any]]

PAINTER, OBSERVER = "arbitrary", "style-observer"
"""What cards call the architecture of both."""
_DOWN, _UP, _PAIR = ("first", "down1", "down2"), ("up1", "up2", "last"), ("first", "second")
_LEAF = {"weights": "weight", "Conv2D_bias": "bias", "depthwise_weights": "weight", "depthwise_bias": "bias"}
_PLACES = {"": "shift", "_1": "scale"}
_CONV = re.compile(r"transformer/(contract|expand)/conv([123])(?:/conv)?/(weights|Conv2D_bias)")
_RESIDUAL = re.compile(r"transformer/residual/residual(\d+)/conv([12])/weights()")
_STYLE = re.compile(
    r"style_params/transformer/(?:residual/residual(\d+)|expand)/conv([123])(?:/conv)?/StyleNorm/Conv(|_1)/(weights|Conv2D_bias)"
)
_MOBILE = re.compile(r"MobilenetV2/(Conv|Conv_1|expanded_conv(?:_(\d+))?/(expand|depthwise|project))/(\w+)")
_NUMBERS = re.compile(r"mobilenet_conv/Conv/(weights|Conv2D_bias)")


def spelt(arrays: Arrays) -> dict[str, NDArray[np.float32]]:
    """The arrays of a published file under our names; none if it is no such file."""
    named = {_name(name.removesuffix("/read")): array for name, array in arrays.items()}
    return {name: _turned(name, array) for name, array in named.items() if name}


def _name(name: str) -> str:
    if found := _CONV.fullmatch(name):
        way, number, leaf = found.groups()
        return f"{(_DOWN if way == 'contract' else _UP)[int(number) - 1]}.conv.{_LEAF[leaf]}"
    if found := _RESIDUAL.fullmatch(name):
        return f"res{found[1]}.{_PAIR[int(found[2]) - 1]}.conv.weight"
    if (found := _STYLE.fullmatch(name)) and (found[1] is None or found[2] != "3"):
        place = f"res{found[1]}.{_PAIR[int(found[2]) - 1]}" if found[1] else _UP[int(found[2]) - 1]
        return f"{place}.{_PLACES[found[3]]}.{_LEAF[found[4]]}"
    if found := _NUMBERS.fullmatch(name):
        return f"numbers.{_LEAF[found[1]]}"
    return _of_observer(name)


def _of_observer(name: str) -> str:
    found = _MOBILE.fullmatch(name)
    if not found or found[4] not in _LEAF:
        return ""
    block = f"block{found[2] or 0}.{'each' if found[3] == 'depthwise' else found[3]}"
    return f"{ {'Conv': 'first', 'Conv_1': 'last'}.get(found[1], block) }.{_LEAF[found[4]]}"


def _turned(name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    """Kernels are (outputs, inputs, height, width), matrices (outputs, inputs)."""
    values = np.asarray(array, np.float32)
    if values.ndim != 4:
        return values
    if name.startswith("numbers.") or ".scale." in name or ".shift." in name:
        return np.ascontiguousarray(values[0, 0].T)
    return np.ascontiguousarray(values.transpose((2, 3, 0, 1) if ".each." in name else (3, 2, 0, 1)))


def to_arbitrary(checkpoint: Checkpoint) -> Weights:
    """The one that paints, or the one that looks.

    Raises:
        ModelError: the file holds neither, or only a part of one.
    """
    from .network import described, network_of

    arrays = spelt(checkpoint.arrays) or {**checkpoint.arrays}
    if "numbers.weight" in arrays:
        found = Weights(arrays, {"architecture": OBSERVER})
    elif "last.scale.weight" in arrays:
        arrays = {name: array for name, array in arrays.items() if _is_used(name)}
        card = described(arrays, "arbitrary") | {"numbers": str(arrays["last.scale.weight"].shape[-1])}
        found = Weights(arrays, {"architecture": PAINTER, **card})
    else:
        raise ModelError("It holds neither a network that paints by numbers of a style, nor one that gives them.")
    network_of(found.card).check(found.arrays)
    if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays.values()):
        raise ModelError(f"It looks like {found.card['architecture']}, but holds no usable numbers.")
    return found


def _is_used(name: str) -> bool:
    """What a convolution adds in front of a norm is nothing to it."""
    return not (name.endswith(".conv.bias") and name.partition(".")[0] not in _DOWN)


def looked_at(painting: Image, observer: Weights, job: Job) -> NDArray[np.float32]:
    """The numbers of a painting, (100,), from its middle square.

    Raises:
        ModelError: the model is no observer.
    """
    if observer.card.get("architecture") != OBSERVER:
        raise ModelError("The model named as “observer” does not look at paintings: name the one that was imported so.")
    side = min(painting.height, painting.width)
    top, left = (painting.height - side) // 2, (painting.width - side) // 2
    square = to_depth(np.ascontiguousarray(painting.pixels[top : top + side, left : left + side]), np.float32)
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    given = {"photo": np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=way), np.float32)}
    return evaluate(style_observer(), observer.arrays, given, job, note="looking")["style"]


def in_style(painter: Weights, numbers: NDArray[np.float32]) -> Weights:
    """The ordinary style that these numbers stand for."""
    arrays, leaves = dict(painter.arrays), {"scale": "weight", "shift": "bias"}
    for name in [name for name in arrays if name.endswith((".scale.weight", ".shift.weight"))]:
        place, kind, _ = name.rsplit(".", 2)
        linear = arrays.pop(name) @ numbers + arrays.pop(f"{place}.{kind}.bias")
        arrays[f"{place}.norm.{leaves[kind]}"] = np.asarray(linear, np.float32)
    return Weights(arrays, {**painter.card, "architecture": "johnson"}, painter.network)
