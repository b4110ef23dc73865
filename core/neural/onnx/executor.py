"""Convolutions in onnxruntime: a small model for each, in sessions without threads that many strips use at once."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from senga.neural.executor import Activation, Array, Half, as_array
from senga.neural.memory import MB
from senga.neural.places import rows_memory

from .convolution import ModelConvolution, Part, affine, halving, phases, widening
from .four_rows import worthwhile
from .runtime import CPU, onnxruntime, provider, session

COLUMNS = 512
"""So many columns of a result the budget reckons with; higher or lower strips were no faster."""
PIECE = 1024
"""So many columns of a result are computed at once. With half of that, copies take a fifth of the time of large
pictures; more leave the cache."""
HALVED = 2 * MB
"""So many bytes are brought to half precision at once, so that what lies between stays in the cache."""


class OnnxExecutor:
    """Runs on onnxruntime; see ``senga.neural.executor`` and ``Sessions``."""

    held = 1.5
    columns: int | None = COLUMNS
    piece: int | None = PIECE

    def __init__(self, device: str = "auto") -> None:
        self.runtime = onnxruntime()
        self.provider = provider(self.runtime, device)
        self.concurrent = self.columns_apart = self.provider == CPU
        self.strip_bytes = 32 * MB if self.concurrent else 256 * MB
        self._mixes = self.concurrent and platform.machine().lower() in ("x86_64", "amd64")
        self._halve = OnnxSession(session(self.runtime, halving(), CPU))
        self._widen: dict[float, OnnxSession] = {}

    def session(self, model: bytes) -> OnnxSession:
        """See ``Sessions``."""
        return OnnxSession(session(self.runtime, model, self.provider))

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> ModelConvolution:
        """See ``Executor``."""
        mixes = self._mixes and dilation == 1 and worthwhile(kernel, stride, groups)
        return ModelConvolution(self, [Part(kernel)], bias, stride, groups, mixes, dilation)

    def doubling(self, kernel: Array, bias: Array | None) -> ModelConvolution:
        """See ``Executor``."""
        return ModelConvolution(self, phases(kernel), bias, 1, 1, self._mixes and worthwhile(kernel, 1, 1))

    def halved(self, rows: Array, offset: Array) -> Half:
        """See ``Executor``."""
        half: Half = rows_memory.empty(rows.shape, np.float16)
        channels = max(HALVED // (4 * rows[0].size), 1)
        for low in range(0, len(rows), channels):
            part = slice(low, low + channels)
            feeds = {"x": as_array(rows[None, part]), "offset": offset[part, None, None]}
            self._halve.run_into(feeds, half[None, part])
        return half

    def widened(self, rows: Half, before: Activation, out: Array) -> None:
        """See ``Executor``; numpy takes ten times as long to convert."""
        if before.slope not in self._widen:
            self._widen[before.slope] = self.session(widening(before.slope))
        out[...] = self._widen[before.slope].run({"x": np.ascontiguousarray(rows)[None], **affine(before)})[0][0]


class OnnxSession:
    """See ``Session``."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, feeds: Mapping[str, Any]) -> list[Array]:
        """See ``Session``."""
        found: list[Array] = self._session.run(None, feeds)
        return found

    def run_into(self, feeds: Mapping[str, Any], out: Array | Half) -> None:
        """See ``Session``."""
        binding = self._session.io_binding()
        for name, values in feeds.items():
            binding.bind_cpu_input(name, values)
        binding.bind_output(self._session.get_outputs()[0].name, "cpu", 0, out.dtype, out.shape, out.ctypes.data)
        self._session.run_with_iobinding(binding)
