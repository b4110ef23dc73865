"""Convolutions of strips in OpenVINO: a small model for each, compiled once for strips of any size.

Between two statistics of a whole picture there is often no more than a convolution with what is done before it. As
single precision that takes about as long as in onnxruntime, in bfloat16 half of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from .executor import Activation, Array, Half
from .memory import MB
from .onnx.convolution import ModelConvolution, Part, affine, halving, phases, widening
from .openvino_runtime import has_bfloat16, refusal, started, wants_memory
from .places import rows_memory

_NEARLY_NOTHING = 1e-30
"""Offsets that change no number of a layer."""
_READY = 2
"""Models that keep what they work in; more would add up."""


class OpenVinoStrips:
    """Runs on OpenVINO; see ``senga.neural.executor`` and ``Sessions``.

    Args:
        device: ``auto`` or ``cpu``.
        threads: to use at most; the result does not depend on them.
        precision: ``full`` or ``draft``.

    Attributes:
        drafts: whether it computes in bfloat16, which the processor must have.

    Raises:
        MissingExtraError: OpenVINO is not there.
        SettingsError: another device is asked for.
    """

    held = 2.0
    strip_bytes = 16 * MB
    columns: int | None = 512
    piece: int | None = None
    concurrent = columns_apart = True

    def __init__(self, device: str, threads: int, precision: str) -> None:
        self._module, self._core = started(device)
        self.drafts = precision == "draft" and has_bfloat16(self._core)
        self._threads = threads
        self._used: OrderedDict[Session, None] = OrderedDict()
        self._lock = threading.Lock()
        self._halve = self._session(halving(), "f32")
        self._widen: dict[float, Session] = {}

    def session(self, model: bytes) -> Session:
        """See ``Sessions``."""
        return self._session(model, "bf16" if self.drafts else "f32")

    def convolution(
        self, kernel: Array, bias: Array | None, stride: int, groups: int, dilation: int = 1
    ) -> ModelConvolution:
        """See ``Executor``."""
        return ModelConvolution(self, [Part(kernel)], self._some(bias, kernel), stride, groups, False, dilation)

    def doubling(self, kernel: Array, bias: Array | None) -> ModelConvolution:
        """See ``Executor``."""
        return ModelConvolution(self, phases(kernel), self._some(bias, kernel), 1, 1, False)

    def _some(self, bias: Array | None, kernel: Array) -> Array | None:
        """Offsets that change nothing: without any, drafts leave at single precision, which takes twice the time."""
        return np.full(len(kernel), _NEARLY_NOTHING, np.float32) if bias is None and self.drafts else bias

    def halved(self, rows: Array, offset: Array) -> Half:
        """See ``Executor``."""
        out: Half = rows_memory.empty((1, *rows.shape), np.float16)
        self._halve.run_into({"x": rows[None], "offset": offset[:, None, None]}, out)
        half: Half = out[0]
        return half

    def widened(self, rows: Half, before: Activation, out: Array) -> None:
        """See ``Executor``."""
        if before.slope not in self._widen:
            self._widen[before.slope] = self._session(widening(before.slope), "f32")
        out[...] = self._widen[before.slope].run({"x": np.ascontiguousarray(rows)[None], **affine(before)})[0][0]

    def begun(self, session: Session) -> None:
        """A model is used again; those that were longest not give back what they work in."""
        with self._lock:
            self._used[session] = None
            self._used.move_to_end(session)
            old = [each for each in self._used if not each.busy][: max(len(self._used) - _READY, 0)]
            for each in old:
                del self._used[each]
                each.release()

    def _session(self, model: bytes, kind: str) -> Session:
        options = {
            "INFERENCE_PRECISION_HINT": kind,
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": 1,  # with more each has a copy of all that a model works in
            "ENABLE_CPU_PINNING": False,  # several workers would all take the first cores
        }
        try:
            return Session(self, self._module, self._core.compile_model(self._core.read_model(model), "CPU", options))
        except Exception as error:  # a broken library raises anything
            raise refusal(self._module, error) from error


class Session:
    """See ``Session``.

    Attributes:
        busy: how many strips use it.
    """

    def __init__(self, owner: OpenVinoStrips, module: ModuleType, compiled: Any) -> None:
        self.busy = 0
        self._owner, self._module, self._compiled = owner, module, compiled
        self._free: list[Any] = []
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, Any]) -> list[Array]:
        """See ``Session``."""
        with self._request() as request:
            return list(self.infer(request, feeds).values())

    def run_into(self, feeds: Mapping[str, Any], out: Any) -> None:
        """See ``Session``."""
        with self._request() as request:
            request.set_output_tensor(self._module.Tensor(out, shared_memory=True))
            self.infer(request, feeds, share_outputs=True)

    @staticmethod
    def infer(request: Any, feeds: Mapping[str, Any], **how: bool) -> Any:
        """All results of one request."""
        return request.infer(feeds, share_inputs=True, **how)

    def release(self) -> None:
        """Give back what it works in."""
        with self._lock:
            if not self.busy:
                self._free.clear()
                self._compiled.release_memory()

    @contextmanager
    def _request(self) -> Iterator[Any]:
        with self._lock:
            self.busy += 1
            request = self._free.pop() if self._free else self._compiled.create_infer_request()
        self._owner.begun(self)
        try:
            yield request
        except Exception as error:  # a broken library raises anything
            raise MemoryError(str(error)) if wants_memory(error) else refusal(self._module, error) from error
        finally:
            with self._lock:
                self.busy -= 1
                self._free.append(request)
