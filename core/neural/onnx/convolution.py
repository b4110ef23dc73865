"""A convolution with what is done before it as a small model, for runtimes that read such models."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from senga.neural.blocks import reach
from senga.neural.executor import Activation, Array, Half
from senga.neural.fold import phase
from senga.neural.places import rows_memory
from senga.neural.winograd import ROWS

from . import wire
from .four_rows import CHANNELS, write_mixed, write_products
from .page import OPSET, Page

_FLOAT, _HALF = 1, 10
"""``TensorProto.DataType``."""
_ALL = 2**31 - 1


class Session(Protocol):
    """A model that several strips may use at once."""

    def run(self, feeds: Mapping[str, Any]) -> list[Array]:
        """All results."""
        ...

    def run_into(self, feeds: Mapping[str, Any], out: Array | Half) -> None:
        """Put the only result into an array."""
        ...


class Sessions(Protocol):
    """A runtime that reads models.

    Attributes:
        concurrent: it computes on the processor, each strip in a thread of its own.
        piece: columns of a result that are computed at once, or None for all.
        columns_apart: kernels with few outputs are faster as single columns.
    """

    concurrent: bool
    piece: int | None
    columns_apart: bool

    def session(self, model: bytes) -> Session:
        """A session for a model.

        Raises:
            MissingExtraError: the runtime refuses it.
        """
        ...


@dataclass(frozen=True)
class Part:
    """A kernel, and which of the four phases of a doubled picture it gives."""

    kernel: Array
    down: int = 0
    right: int = 0


def phases(kernel: Array) -> list[Part]:
    """The four of a bilinear doubling with a 3x3 convolution behind it."""
    return [Part(phase(kernel, down, right), down, right) for down in (0, 1) for right in (0, 1)]


class ModelConvolution:
    """One convolution, or four that together give a doubled picture, with what is done before; see ``Convolution``."""

    def __init__(
        self,
        runtime: Sessions,
        parts: Sequence[Part],
        bias: Array | None,
        stride: int,
        groups: int,
        mixes: bool,
        dilation: int = 1,
    ) -> None:
        self._runtime = runtime
        self._parts = parts
        self._bias = bias
        self._stride, self._groups, self._mixes, self._dilation = stride, groups, mixes, dilation
        self._sessions: dict[tuple[str, float | None, bool], Session] = {}
        self._lock = threading.Lock()

    def __call__(self, x: Array | Half, before: Activation | None = None) -> Array:
        """See ``Convolution``; wide rows are worked on part by part, so that the numbers stay in the cache."""
        outputs, _, *size = self._parts[0].kernel.shape
        height, breadth = reach((size[0], size[1]), self._dilation)
        rows, width = (x.shape[1] - height) // self._stride + 1, (x.shape[2] - breadth) // self._stride + 1
        missing = -rows % ROWS if self._mixes else 0
        if missing:
            x = np.concatenate([x, np.zeros_like(x, shape=(x.shape[0], missing, x.shape[2]))], axis=1)
        every = 1 if len(self._parts) == 1 else 2
        step = (self._runtime.piece or width * every) // every
        if width <= step and every == 1:
            return self._run_into(x, before, (outputs, rows + missing, width))[:, :rows]
        out = rows_memory.empty((outputs, rows * every, width * every))
        for left in range(0, width, step):
            right = min(left + step, width)
            piece = x[:, :, left * self._stride : (right - 1) * self._stride + breadth]
            made = self._run(np.ascontiguousarray(piece), before)
            for part, values in zip(self._parts, made, strict=True):
                target = out[:, part.down :: every, left * every + part.right : right * every : every]
                target[...] = values[:, -(rows + missing) :, left - right :][:, :rows]
        return out

    def _run(self, x: Array | Half, before: Activation | None) -> list[Array]:
        """The results of all parts, (outputs, rows, width) each; some have a row or column too many in front."""
        made = self._session(x.dtype.name, before).run(_feeds(x, before))
        return [y.reshape(y.shape[1], -1, y.shape[-1]) for y in made]  # (outputs, rows, width)

    def _run_into(self, x: Array | Half, before: Activation | None, shape: tuple[int, int, int]) -> Array:
        """The result of the only part; on the processor where rows wait, for it may be kept as it is."""
        if not self._runtime.concurrent:
            return self._run(x, before)[0]
        out = rows_memory.empty(shape)
        outputs, rows, width = shape
        whole = (1, outputs, rows // ROWS, ROWS, width) if self._mixes else (1, *shape)
        self._session(x.dtype.name, before).run_into(_feeds(x, before), out.reshape(whole))
        return out

    def _session(self, kind: str, before: Activation | None) -> Session:
        key = (kind, None, False) if before is None else (kind, before.slope, before.bends_only)
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = self._runtime.session(self._model(*key))
            return self._sessions[key]

    def _model(self, kind: str, slope: float | None, bends_only: bool) -> bytes:
        channels, page = self._parts[0].kernel.shape[1] * self._groups, Page()
        given = [wire.value("x", kind, [1, channels, "height", "columns"])]
        if slope is not None and not bends_only:
            given += _affine_inputs(channels)
        x = _write_activation(page, kind, slope, bends_only=bends_only)
        write = self._write_mixing if self._mixes else self._write_plain
        rank = 5 if self._mixes else 4
        made = [wire.value(name, np.float32, [f"size{i}" for i in range(rank)]) for name in write(page, x, channels)]
        return wire.model(page.nodes, page.tensors(), given, made, opset=OPSET)

    def _write_plain(self, page: Page, x: str, _: int) -> list[str]:
        names = []
        for i, part in enumerate(self._parts):
            constants = [page.constant(f"kernel{i}", part.kernel)]
            constants += [] if self._bias is None else [page.constant("bias", self._bias)]
            plain = self._runtime.columns_apart and self._stride == self._groups == self._dilation == 1
            if plain and _is_narrow(part.kernel):
                names.append(_write_columns(page, x, part.kernel, self._bias, f"y{i}"))
                continue
            sides = {"kernel_shape": part.kernel.shape[2:], "strides": [self._stride] * 2}
            apart = [self._dilation] * 2
            names.append(page.add("Conv", [x, *constants], f"y{i}", group=self._groups, dilations=apart, **sides))
        return names

    def _write_mixing(self, page: Page, x: str, channels: int) -> list[str]:
        mixed = {part.down: part.kernel.shape[2] for part in self._parts}
        rows = {down: write_mixed(page, x, channels, taps, down) for down, taps in mixed.items()}
        return [
            write_products(page, rows[part.down], part.kernel, self._bias, f"y{i}")
            for i, part in enumerate(self._parts)
        ]


def _feeds(x: Array | Half, before: Activation | None) -> dict[str, Any]:
    return {"x": x[None]} | ({} if before is None or before.bends_only else affine(before))


def _is_narrow(kernel: Array) -> bool:
    """Whether the columns of a kernel are better taken as so many outputs: results come in blocks of channels."""
    outputs, inputs, _, breadth = kernel.shape
    return breadth > 1 and outputs * 2 <= CHANNELS <= inputs


def _write_columns(page: Page, x: str, kernel: Array, bias: Array | None, name: str) -> str:
    """A convolution with a single column for all columns of a kernel, whose results are shifted and added."""
    outputs, inputs, height, breadth = kernel.shape
    column = kernel.transpose(3, 0, 1, 2).reshape(breadth * outputs, inputs, height, 1)  # (column, output), …
    parts = page.add("Conv", [x, page.constant(f"{name}.column", column)], f"{name}.parts", kernel_shape=[height, 1])
    shifted = []
    for i in range(breadth):
        start, stop = [i * outputs, i], [(i + 1) * outputs, i - breadth + 1 or _ALL]
        shifted.append(page.add("Slice", [parts, *page.integers(start, stop, [1, 3])], f"{name}.shifted{i}"))
    offsets = [] if bias is None else [page.constant(f"{name}.bias", bias[:, None, None])]
    return page.add("Sum", [*shifted, *offsets], name)


def _write_activation(page: Page, kind: str, slope: float | None, *, bends_only: bool = False) -> str:
    """What is done before; gives the name of its result."""
    x = "x" if kind == "float32" else page.add("Cast", ["x"], "exact", to=_FLOAT)
    if slope is None:
        return x
    if bends_only:
        return page.add("LeakyRelu", [x], "active", alpha=float(slope))
    shifted = page.add("Add", [page.add("Mul", [x, "scale"], "scaled"), "shift"], "shifted")
    return shifted if slope == 1 else page.add("LeakyRelu", [shifted], "active", alpha=float(slope))


def affine(before: Activation) -> dict[str, Array]:
    """The scale and the shift, as models take them."""
    return {"scale": before.scale[:, None, None], "shift": before.shift[:, None, None]}


def _affine_inputs(channels: int | str) -> list[bytes]:
    return [wire.value(name, np.float32, [channels, 1, 1]) for name in ("scale", "shift")]


def widening(slope: float) -> bytes:
    """A model that does to rows at half precision what comes before they are read; see ``Executor.widened``."""
    page = Page()
    page.add("Identity", [_write_activation(page, "float16", slope)], "y")
    shape: list[int | str] = [1, "channels", "rows", "width"]
    given = [wire.value("x", np.float16, shape), *_affine_inputs("channels")]
    return wire.model(page.nodes, [], given, [wire.value("y", np.float32, shape)], opset=OPSET)


def halving() -> bytes:
    """A model that brings rows to half precision; see ``Executor.halved``."""
    page = Page()
    page.add("Cast", [page.add("Sub", ["x", "offset"], "near")], "y", to=_HALF)
    shape: list[int | str] = [1, "channels", "rows", "width"]
    given = [wire.value("x", np.float32, shape), wire.value("offset", np.float32, ["channels", 1, 1])]
    return wire.model(page.nodes, [], given, [wire.value("y", np.float16, shape)], opset=OPSET)
