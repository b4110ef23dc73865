"""Weights saved by PyTorch (``.pt``, ``.pth``), in its zip format and in the older plain one, read without PyTorch."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .archives import Archive
from .checkpoint import ITEM_BYTES, MAX_BYTES, Checkpoint, Damaged, to_array
from .pickled import Storage, Tensor, read_pickle

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

_WHERE_WEIGHTS_ARE = (
    "params_ema", "generator_ema", "g_ema", "ema", "generator", "netG", "G", "state_dict", "model_state_dict", "params",
    "model", "net", "weights",
)  # fmt: skip
"""Under which keys training programs keep the network that paints, the best first."""


def read_pytorch_zip(archive: Archive) -> Checkpoint:
    """The weights of a file of PyTorch 1.6 or later."""
    (main,) = [name for name in archive.names if name.endswith("/data.pkl") or name == "data.pkl"]
    folder = main.removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.names and archive.read(f"{folder}byteorder") != b"little":
        raise Damaged("it was written on a big-endian machine")
    found, where = _state_dict(read_pickle(io.BytesIO(archive.read(main))))
    numbers: dict[Storage, NDArray[Any]] = {}
    for tensor in found.values():
        storage = tensor.storage
        if storage not in numbers:
            numbers[storage] = to_array(archive.read(f"{folder}data/{storage.key}"), storage.kind, (storage.count,))
    return _checkpoint(found, numbers, where)


def read_pytorch_plain(data: memoryview) -> Checkpoint:
    """The weights of a file of the older format: five pickles, then the numbers."""
    stream = io.BytesIO(data)
    if read_pickle(stream) != _MAGIC or read_pickle(stream) != _PROTOCOL:
        raise Damaged("it is a pickle, but not one of PyTorch")
    if not read_pickle(stream).get("little_endian"):
        raise Damaged("it was written on a big-endian machine")
    storages: dict[str, Storage] = {}
    found, where = _state_dict(read_pickle(stream, storages))
    numbers: dict[Storage, NDArray[Any]] = {}
    for key in read_pickle(stream):
        storage, count = storages[key], int.from_bytes(stream.read(8), "little")
        if count != storage.count:
            raise Damaged(f"{count} numbers where {storage.count} are declared")
        numbers[storage] = to_array(stream.read(count * ITEM_BYTES[storage.kind]), storage.kind, (count,))
    return _checkpoint(found, numbers, where)


def _checkpoint(found: Mapping[str, Tensor], numbers: Mapping[Storage, NDArray[Any]], where: str) -> Checkpoint:
    total = sum(int(np.prod(tensor.shape)) * ITEM_BYTES[tensor.storage.kind] for tensor in found.values())
    if total > MAX_BYTES:
        raise Damaged("its tensors would unpack to more than any weights need")
    arrays = {name: _view(tensor, numbers[tensor.storage]) for name, tensor in found.items()}
    return Checkpoint("pytorch", arrays, {"state_dict": where} if where else {})


def _view(tensor: Tensor, numbers: NDArray[Any]) -> NDArray[Any]:
    strides = [stride * numbers.itemsize for stride in tensor.strides]
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, numbers.dtype)
    # Within bounds: `pickled` has compared the last element with the size of the storage.
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)  # a scalar stays one


def _state_dict(content: Any) -> tuple[dict[str, Tensor], str]:
    """The dictionary of tensors in what was saved, and the key it lies under ("" = on top)."""
    if not isinstance(content, dict):
        raise Damaged("it holds no dictionary of weights")
    if top := _tensors(content):
        return top, ""
    nested = {str(key): _tensors(value) for key, value in content.items() if isinstance(value, dict)}
    nested = {key: tensors for key, tensors in nested.items() if tensors}
    for key in (*_WHERE_WEIGHTS_ARE, *(nested if len(nested) == 1 else ())):
        if key in nested:
            return nested[key], key
    raise Damaged(f"no network was recognised among {', '.join(map(str, content)) or 'nothing'}")


def _tensors(content: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
