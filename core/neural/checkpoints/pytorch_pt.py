"""Weights saved by PyTorch (``.pt``, ``.pth``), in its zip format and in the older plain one, read without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .archives import Archive
from .budget import MAX_FILE, Damaged, element_count, spend, spend_name, step
from .checkpoint import ITEM_BYTES, Checkpoint, to_array
from .pickle_values import Stream
from .pickled import Name, dictionary, read_pickle

_MAGIC = 0x1950A86A20F9469CFC6C
MAGIC = _MAGIC.to_bytes(10, "little")
"""What stands at the beginning of files of the older format."""
_PROTOCOL = 1001

_STORAGES = {"HalfStorage": "float16", "FloatStorage": "float32", "DoubleStorage": "float64",
             "BFloat16Storage": "bfloat16", "CharStorage": "int8", "ShortStorage": "int16", "IntStorage": "int32",
             "LongStorage": "int64", "ByteStorage": "uint8", "BoolStorage": "bool"}  # fmt: skip

_WHERE_WEIGHTS_ARE = (
    "params_ema", "generator_ema", "g_ema", "ema", "generator", "genA2B", "netG", "G", "state_dict", "model_state_dict",
    "params", "model", "net", "weights",
)  # fmt: skip
"""Under which keys training programs keep the network that paints, the best first."""


@dataclass(frozen=True)
class Storage:
    """A block of numbers that lies elsewhere in the file."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: where it begins, its shape, and its strides, all in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pytorch_zip(archive: Archive) -> Checkpoint:
    """The weights of a file of PyTorch 1.6 or later."""
    (main,) = [name for name in archive.names if name.endswith("/data.pkl") or name == "data.pkl"]
    folder = main.removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.names and archive.read(f"{folder}byteorder") != b"little":
        raise Damaged("it was written on a big-endian machine")
    found, where = _state_dict(read_pickle(Stream(archive.read(main)), _VOCABULARY, _storage))
    numbers: dict[Storage, NDArray[Any]] = {}
    for tensor in found.values():
        storage = tensor.storage
        if storage not in numbers:
            numbers[storage] = to_array(archive.read(f"{folder}data/{storage.key}"), storage.kind, (storage.count,))
    return _checkpoint(found, numbers, where)


def read_pytorch_plain(data: memoryview) -> Checkpoint:
    """The weights of a file of the older format: five pickles, then the numbers."""
    stream = Stream(data)
    if read_pickle(stream, _VOCABULARY) != _MAGIC or read_pickle(stream, _VOCABULARY) != _PROTOCOL:
        raise Damaged("it is a pickle, but not one of PyTorch")
    system = read_pickle(stream, _VOCABULARY)
    if not isinstance(system, dict) or not system.get("little_endian"):
        raise Damaged("it was written on a big-endian machine")
    storages: dict[str, Storage] = {}
    found, where = _state_dict(read_pickle(stream, _VOCABULARY, partial(_noted, storages)))
    numbers: dict[Storage, NDArray[Any]] = {}
    for key in read_pickle(stream, _VOCABULARY):
        storage, count = storages[key], int.from_bytes(stream.take(8), "little")
        if count != storage.count or storage in numbers:
            raise Damaged(f"{count} numbers where {storage.count} are declared")
        numbers[storage] = to_array(stream.take(count * ITEM_BYTES[storage.kind]), storage.kind, (count,))
    return _checkpoint(found, numbers, where)


def _noted(storages: dict[str, Storage], identity: Any) -> Storage:
    storage = _storage(identity)
    storages[storage.key] = storage
    return storage


def _storage(identity: Any) -> Storage:
    """What a persistent identity means: ``("storage", type, key, device, count)``."""
    if not isinstance(identity, tuple) or len(identity) < 5:
        raise Damaged("numbers of an unknown place")
    kind, key, count = identity[1], identity[2], identity[4]
    if identity[0] != "storage" or not isinstance(kind, Name) or kind.meaning not in _STORAGES.values():
        raise Damaged("numbers of an unknown kind")
    if not isinstance(key, str | int) or not isinstance(count, int) or not 0 <= count <= MAX_FILE:
        raise Damaged("numbers of an unknown place")
    if len(identity) > 5 and identity[5] is not None:
        raise Damaged("a view of other numbers, as PyTorch wrote it before 2017")
    return Storage(str(key), str(kind.meaning), count)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise Damaged("a tensor that is none")
    count = element_count(shape)
    places = (offset, *strides[: len(shape) + 1])
    if len(strides) != len(shape) or not all(isinstance(each, int) and 0 <= each <= MAX_FILE for each in places):
        raise Damaged("a tensor that is none")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count and (last >= storage.count or count > storage.count):
        raise Damaged("a tensor that is larger than its numbers")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise Damaged("a parameter that is no tensor")
    return tensor


def _ordered_dict(pairs: Any = ()) -> dict[Any, Any]:
    if not isinstance(pairs, tuple | list):
        raise Damaged("a dictionary that is not made of pairs")
    return dictionary(pairs)


_VOCABULARY: dict[tuple[str, str], Callable[..., Any] | str] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{("torch", name): kind for name, kind in _STORAGES.items()},
}


def _checkpoint(found: Mapping[str, Tensor], numbers: Mapping[Storage, NDArray[Any]], where: str) -> Checkpoint:
    arrays = {spend_name(name): _view(tensor, numbers[tensor.storage]) for name, tensor in found.items()}
    return Checkpoint("pytorch", arrays, {"state_dict": where} if where else {})


def _view(tensor: Tensor, numbers: NDArray[Any]) -> NDArray[Any]:
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, numbers.dtype)
    spend(size=element_count(tensor.shape) * numbers.itemsize)
    strides = [stride * numbers.itemsize for stride in tensor.strides]
    # Within bounds: `_tensor` has compared the last element with the size of the storage.
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
    raise Damaged(f"no network was recognised among {_listed(content)}")


def _listed(content: Mapping[Any, Any]) -> str:
    names = [str(key)[:40] for key in list(content)[:10]]
    return ", ".join(names) + (" …" if len(content) > len(names) else "") or "nothing"


def _tensors(content: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The tensors of a dictionary, which may be given many times."""
    step(len(content))
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
