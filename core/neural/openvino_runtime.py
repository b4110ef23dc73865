"""Whole pictures in OpenVINO: a network with all its statistics as one graph, compiled once for pictures of any size.

Convolution by convolution OpenVINO is slow, for every call changes the layout of what goes in and comes out. So it gets
the network whole, and pictures for which the memory is too small are worked through in strips by another runtime.
"""

from __future__ import annotations

import importlib
import io
import platform
import re
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from senga.errors import MissingExtraError, SettingsError

from . import compiled, openvino_parts
from .executor import Array
from .fold import fused
from .graph import Network, Size
from .memory import MB
from .onnx.graph_file import inner_model
from .plan import operations
from .prepare import digest

OLDEST = (2025, 0)
_MEND = 'mend it with pip install --upgrade "senga[fast]".'
_KEPT = 3
"""Compiled networks of a process."""
_SHAPES = 300
"""What was made ready for sizes of layers and is kept: of a few sizes of pictures, 1.5 MB each."""
_LOOK = 50
"""Milliseconds between two looks at the cancel button."""
_RATE = 60e9
"""Operations a second and thread, until a picture has told better; only the progress bar believes it."""
_OWN = 190 * MB
"""What the library takes, and a network while it is compiled."""
_COPIES = 3
"""So many times the weights are held: as they are given, as constants, as convolutions take them."""
_SPARE = 1.25
"""So many times what blocks hold is taken."""


def openvino() -> ModuleType:
    """The openvino module, imported on the first call; ``senga`` has kept it from telling anybody.

    Raises:
        MissingExtraError: it is not installed, too old, or does not start here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module("openvino")
        version = str(module.__version__)
        is_old = tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST
        if not is_old:
            module.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            'The engine openvino needs OpenVINO; install it with pip install "senga[fast]".'
        ) from error
    except Exception as error:  # a broken library raises anything
        raise MissingExtraError(f"OpenVINO is installed but does not start here ({_reason(error)}); {_MEND}") from error
    if is_old:
        oldest = ".".join(map(str, OLDEST))
        raise MissingExtraError(f"OpenVINO {version} is too old, Senga needs {oldest} or later; {_MEND}")
    return module


def started(device: str) -> tuple[ModuleType, Any]:
    """The module and a core of its own.

    Raises:
        MissingExtraError: OpenVINO is not there.
        SettingsError: another device than the processor is asked for.
    """
    if device not in ("auto", "cpu"):
        raise SettingsError(f"OpenVINO does not paint on the device “{device}”; choose cpu or auto, or another engine.")
    module = openvino()
    return module, module.Core()


class OpenVino:
    """Paints whole pictures.

    Args:
        device: ``auto`` or ``cpu``.
        threads: to use at most; the result does not depend on them.
        precision: ``full`` or ``draft``.

    Attributes:
        drafts: whether it computes in bfloat16, which the processor must have.
        in_parts: whether it computes single precision from that; see ``openvino_parts``.
        refused: networks that OpenVINO does not take.

    Raises:
        MissingExtraError: OpenVINO is not there.
        SettingsError: another device is asked for.
    """

    def __init__(self, device: str, threads: int, precision: str) -> None:
        self._module, self._core = started(device)
        self.drafts = precision == "draft" and has_bfloat16(self._core)
        self.refused = set[Network]()
        self._rate = _RATE * threads
        self._options = {
            "INFERENCE_PRECISION_HINT": "bf16" if self.drafts else "f32",  # left alone it would take bfloat16
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES,
            "ENABLE_CPU_PINNING": False,  # several workers would all take the first cores
        }
        self._facts = _facts(self._module, self._core)
        self.in_parts = precision == "full" and _takes_parts(self._module, self._core, self._options)
        self._compiled: OrderedDict[tuple[bytes, Network], _Compiled] = OrderedDict()
        self._lock = threading.Lock()

    def needs(self, network: Network, sizes: Mapping[str, Size]) -> int:
        """Bytes that a picture takes beside what the process holds already."""
        return needs(network, sizes, drafts=self.drafts, in_parts=self.in_parts)

    def compute(
        self,
        network: Network,
        weights: Mapping[str, NDArray[Any]],
        given: Mapping[str, Array],
        tell: Callable[[float], None],
    ) -> dict[str, Array]:
        """All results of a network.

        Args:
            network: with any inputs and outputs.
            weights: in the names of the network.
            given: for each input a picture, (C, H, W), or a vector, (C,).
            tell: called with the share done (0..1) several times a second; what it raises stops the work.

        Returns:
            For each output the same.

        Raises:
            ModelError: the weights do not fit the network.
            MissingExtraError: OpenVINO refuses the network.
            MemoryError: memory ran out.
        """
        pictures = {name: values.shape for name, values in given.items() if values.ndim == 3}
        sizes = network.sizes_of({name: (shape[1], shape[2]) for name, shape in pictures.items()})
        work = max(operations(network, sizes, network.by_name), 1)
        with self._borrowed(network, weights) as compiled:
            began = time.monotonic()
            with self._told(network):
                request = compiled.create_infer_request()
                request.start_async({name: values[None] for name, values in given.items()}, share_inputs=True)
            try:
                while not self._ended(request, network):
                    tell(min((time.monotonic() - began) * self._rate / work, 0.95))
            except BaseException:
                request.cancel()
                with suppress(RuntimeError):  # it says that it was cancelled
                    request.wait()
                if self.in_parts:  # sums inside convolutions keep the sizes of the picture that was given up
                    self._forget(compiled)
                raise
            self._rate = work / (time.monotonic() - began)
            return {output.name: request.get_tensor(output.name).data[0] for output in network.outputs}

    def _forget(self, model: Any) -> None:
        """Make a network anew for the next picture, or read it from the cache."""
        with self._lock:
            for key in [key for key, each in self._compiled.items() if each.model is model]:
                del self._compiled[key]

    def _ended(self, request: Any, network: Network) -> bool:
        with self._told(network):
            return bool(request.wait_for(_LOOK))

    def release(self) -> None:
        """Give back what finished pictures left to be used again."""
        with self._lock:
            self._release()

    def _release(self, but: _Compiled | None = None) -> None:
        for each in self._compiled.values():
            if not each.users and each is not but:
                each.model.release_memory()

    @contextmanager
    def _borrowed(self, network: Network, weights: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
        """The compiled network; the memory of the others is free meanwhile."""
        key = digest(network, weights), network
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = _Compiled(self._compile(network, inner_model(fused(network), weights)))
            self._compiled.move_to_end(key)
            chosen = self._compiled[key]
            self._release(but=chosen)
            while len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
            chosen.users += 1
        try:
            yield chosen.model
        finally:
            with self._lock:
                chosen.users -= 1

    def _compile(self, network: Network, model: bytes) -> Any:
        """As an earlier process left it, or made anew and left to later ones."""
        key = compiled.key_of(self._facts, repr([self._options, self.in_parts]).encode(), model)
        found = self._read_back(key)
        if found is None:
            with self._told(network):
                graph = self._graph(model)
                found = self._core.compile_model(graph, "CPU", self._options)
                del graph
            with suppress(Exception):  # it can do without, whatever the library raises
                compiled.keep(key, found.export_model().getbuffer())
        return found

    def _graph(self, model: bytes) -> Any:
        if self.in_parts:
            with suppress(Exception):  # whatever the library raises, it goes without
                return openvino_parts.in_parts(self._module, self._core, lambda: self._core.read_model(model))
        return self._core.read_model(model)

    def _read_back(self, key: bytes) -> Any:
        content = compiled.kept(key)
        with suppress(Exception):  # whatever the library raises, it is made anew, and replaced
            return content and self._core.import_model(io.BytesIO(content), "CPU", self._options)
        return None

    @contextmanager
    def _told(self, network: Network) -> Iterator[None]:
        """Tell want of memory from other ways to fail."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:  # a broken library raises anything
            if wants_memory(error):
                raise MemoryError(str(error)) from error
            self.refused.add(network)
            raise refusal(self._module, error) from error


@dataclass
class _Compiled:
    """A network as OpenVINO runs it, and how many pictures are being painted with it."""

    model: Any
    users: int = 0


def wants_memory(error: Exception) -> bool:
    """Whether OpenVINO failed because memory ran out."""
    text = str(error).lower()
    return any(word in text for word in ("bad_alloc", "allocate", "out of memory"))


def refusal(module: ModuleType, error: Exception) -> MissingExtraError:
    """What is told when OpenVINO does not take a network."""
    return MissingExtraError(f"OpenVINO {module.__version__} refuses a network ({_reason(error)}); {_MEND}")


def has_bfloat16(core: Any) -> bool:
    """Whether the processor computes with bfloat16."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _takes_parts(module: ModuleType, core: Any, options: Mapping[str, Any]) -> bool:
    """Whether convolutions are faster in parts of half the precision, and as good."""
    told = _processor()
    if not has_bfloat16(core) or (told and not any("amx_bf16" in line for line in told)):
        return False
    with suppress(Exception):  # whatever the library raises, it does not
        return openvino_parts.works(module, core, options)
    return False


def _facts(module: ModuleType, core: Any) -> bytes:
    """What a compiled network is made for: this version on this processor."""
    told = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    return repr([module.__version__, platform.machine(), *told, _processor()]).encode()


def _processor() -> list[str]:
    """What Linux tells of the instructions of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return sorted({line for line in lines if line.startswith(("flags", "Features"))})


def needs(network: Network, sizes: Mapping[str, Size], *, drafts: bool, in_parts: bool = False) -> int:
    """Bytes that a picture takes beside what the process holds already; known without OpenVINO."""
    weights = sum(prod(shape) for shape in network.parameters.values())
    held = held_numbers(network, sizes, in_parts=in_parts)
    return int(_SPARE * held * (2 if drafts else 4)) + (_COPIES + 3 * in_parts) * 4 * weights + _OWN


def held_numbers(network: Network, sizes: Mapping[str, Size], *, in_parts: bool = False) -> int:
    """The most numbers that wait at a time while a whole picture goes through: for all readers, and copies."""
    run = fused(network)
    numbers = {node.name: node.channels * prod(sizes[node.name]) for node in run.nodes}
    last = {name: i for i, node in enumerate(run.nodes) for name in node.inputs}
    last |= {output.node: len(run.nodes) for output in network.outputs}
    most, living = 0, dict[str, int]()
    for i, node in enumerate(run.nodes):
        living[node.name] = numbers[node.name]
        copied = node.block.copied(run.place(node.name, sizes), in_parts=in_parts)
        most = max(most, sum(living.values()) + copied)
        living = {name: count for name, count in living.items() if last.get(name, i) > i}
    return most


def _reason(error: Exception) -> str:
    """The last line: those before it name lines of OpenVINO's source."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
