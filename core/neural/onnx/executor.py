"""Convolutions in onnxruntime: a small model for each, in sessions without threads that many strips use at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from senga.neural.executor import Activation, Array, Half
from senga.neural.fold import phase
from senga.neural.memory import MB

from . import wire
from .runtime import CPU, OPSET, onnxruntime, provider, session


class OnnxExecutor:
    """Runs on onnxruntime; see ``senga.neural.executor``."""

    held = 1.5

    def __init__(self, device: str = "auto") -> None:
        self.runtime = onnxruntime()
        self.provider = provider(self.runtime, device)
        self.concurrent = self.provider == CPU
        self.strip_bytes = 16 * MB if self.concurrent else 256 * MB
        self._halve = self.session(_halving())

    def session(self, model: bytes) -> Any:
        """A session for a model."""
        return session(self.runtime, model, self.provider)

    def convolution(self, kernel: Array, bias: Array | None, stride: int, groups: int) -> OnnxConvolution:
        """See ``Executor``."""
        return OnnxConvolution(self, [(kernel, 0, 0)], bias, stride, groups)

    def doubling(self, kernel: Array, bias: Array | None) -> OnnxConvolution:
        """See ``Executor``."""
        phases = [(phase(kernel, down, right), down, right) for down in (0, 1) for right in (0, 1)]
        return OnnxConvolution(self, phases, bias, 1, 1)

    def halved(self, rows: Array, offset: Array) -> Half:
        """See ``Executor``."""
        half: Half = self._halve.run(None, {"x": rows[None], "offset": offset[:, None, None]})[0][0]
        return half


class OnnxConvolution:
    """One or four convolutions of the same rows, with what is done to the rows before; see ``Convolution``."""

    def __init__(
        self,
        executor: OnnxExecutor,
        phases: Sequence[tuple[Array, int, int]],
        bias: Array | None,
        stride: int,
        groups: int,
    ) -> None:
        self._executor = executor
        self._phases = phases
        self._bias = bias
        self._stride = stride
        self._groups = groups
        self._sessions: dict[tuple[str, float | None], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, x: Array | Half, before: Activation | None = None) -> Array:
        """See ``Convolution``."""
        feeds: dict[str, Any] = {"x": x[None]}
        if before is not None:
            feeds |= {"scale": before.scale[:, None, None], "shift": before.shift[:, None, None]}
        parts = self._session(x.dtype.name, before).run(None, feeds)
        if len(parts) == 1:
            result: Array = parts[0][0]
            return result
        _, outputs, rows, width = parts[0].shape
        out = np.empty((outputs, 2 * rows, 2 * width), np.float32)
        for part, (_, down, right) in zip(parts, self._phases, strict=True):
            out[:, down::2, right::2] = part[0, :, down:, right:]
        return out

    def _session(self, kind: str, before: Activation | None) -> Any:
        key = kind, None if before is None else before.slope
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = self._executor.session(self._model(*key))
            return self._sessions[key]

    def _model(self, kind: str, slope: float | None) -> bytes:
        inputs = self._phases[0][0].shape[1] * self._groups
        x, nodes, given = _activating(kind, slope, inputs)
        constants, made = [], []
        for i, (kernel, _, _) in enumerate(self._phases):
            constants.append(wire.tensor(f"kernel{i}", kernel))
            names = [x, f"kernel{i}"]
            if self._bias is not None:
                constants.append(wire.tensor(f"bias{i}", self._bias))
                names.append(f"bias{i}")
            sides = {"kernel_shape": kernel.shape[2:], "strides": [self._stride, self._stride], "group": self._groups}
            nodes.append(wire.node("Conv", names, [f"y{i}"], **sides))
            made.append(wire.value(f"y{i}", np.float32, [1, kernel.shape[0], "rows", "width"]))
        return wire.model(nodes, constants, given, made, opset=OPSET)


def _activating(kind: str, slope: float | None, channels: int) -> tuple[str, list[bytes], list[bytes]]:
    """What is done before: the name of its result, nodes, and inputs of the model."""
    given = [wire.value("x", kind, [1, channels, "height", "columns"])]
    if slope is None:
        return "x", [], given
    nodes, x = [], "x"
    if kind != "float32":
        nodes.append(wire.node("Cast", [x], ["exact"], to=1))
        x = "exact"
    nodes += [wire.node("Mul", [x, "scale"], ["scaled"]), wire.node("Add", ["scaled", "shift"], ["shifted"])]
    given += [wire.value(name, np.float32, [channels, 1, 1]) for name in ("scale", "shift")]
    if slope == 1:
        return "shifted", nodes, given
    return "active", [*nodes, wire.node("LeakyRelu", ["shifted"], ["active"], alpha=float(slope))], given


def _halving() -> bytes:
    nodes = [wire.node("Sub", ["x", "offset"], ["near"]), wire.node("Cast", ["near"], ["y"], to=10)]
    given = [
        wire.value("x", np.float32, [1, "channels", "rows", "width"]),
        wire.value("offset", np.float32, ["channels", 1, 1]),
    ]
    return wire.model(nodes, [], given, [wire.value("y", np.float16, [1, "channels", "rows", "width"])], opset=OPSET)
