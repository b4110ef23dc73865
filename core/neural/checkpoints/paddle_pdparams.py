"""Weights saved by Paddle (``.pdparams``): pickled dictionaries of NumPy's arrays, read without Paddle.

A file holds one network, or several by their names. Matrices of linear layers are (inputs, outputs).

Reference:
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/save_en.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from .budget import Damaged, spend_name, step
from .checkpoint import Checkpoint
from .numpy_npy import ARRAYS, array_in
from .pickle_values import Stream
from .pickled import read_pickle

_DEEPEST = 2
"""Dictionaries in each other: networks, and their layers."""


def _pair(parts: Any = ()) -> tuple[Any, ...]:
    """A name and its array, as newer versions write an array."""
    if not isinstance(parts, tuple | list):
        raise Damaged("a pair that is none")
    return tuple(parts)


_VOCABULARY: dict[tuple[str, str], Callable[..., Any] | str] = {
    **ARRAYS,
    **{(module, "tuple"): _pair for module in ("__builtin__", "builtins")},
}


def read_paddle(data: memoryview) -> Checkpoint:
    """The arrays of all networks of a file, as ``layer`` or ``network.layer``."""
    content = read_pickle(Stream(data), _VOCABULARY)
    if not isinstance(content, dict):
        raise Damaged("it is a pickle, but neither one of PyTorch nor one of Paddle")
    arrays = {spend_name(name): array for name, array in _arrays(content, _DEEPEST)}
    if not arrays:
        raise Damaged("it is a pickle without any weights")
    return Checkpoint("paddle", arrays)


def _arrays(table: dict[Any, Any], deep: int) -> Iterator[tuple[str, NDArray[Any]]]:
    step(len(table))
    for name, value in table.items():
        if isinstance(value, dict):
            below = _arrays(value, deep - 1) if deep > 1 else ()
            yield from ((f"{name}.{inner}", array) for inner, array in below)
        elif not isinstance(value, str | bool | None):  # names of variables, which stand beside the arrays
            yield str(name), array_in(value[1] if isinstance(value, tuple) and len(value) == 2 else value)
