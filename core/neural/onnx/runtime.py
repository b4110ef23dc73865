"""Bring onnxruntime up: a version that works, on the device that was asked for."""

from __future__ import annotations

import importlib
import re
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from senga.errors import MissingExtraError, SettingsError
from senga.neural.memory import MB

from . import wire
from .page import OPSET

OLDEST = (1, 18)
CPU = "CPUExecutionProvider"
ACCELERATORS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
_MEND = 'mend it with pip install --upgrade "senga[fast]".'
_ERRORS_ONLY = 3
_AS_ASKED = 1
"""The pool grows by what is asked for, not by powers of two."""
_PIECE = 128 * MB


def onnxruntime() -> ModuleType:
    """The onnxruntime module, imported on the first call.

    Raises:
        MissingExtraError: it is not installed, too old, or does not start here.
    """
    try:
        module = importlib.import_module("onnxruntime")
        version = str(module.__version__)
        module.set_default_logger_severity(_ERRORS_ONLY)
        getattr(module, "disable_telemetry_events", int)()  # ``senga`` forbids them earlier, unless this came first
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            'The engine onnx needs onnxruntime; install it with pip install "senga[fast]".'
        ) from error
    except Exception as error:  # a broken library raises anything
        raise _does_not_start(error) from error
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise MissingExtraError(f"onnxruntime {version} is too old, Senga needs {oldest} or later; {_MEND}")
    return module


def provider(module: ModuleType, device: str) -> str:
    """The execution provider for a device.

    Args:
        module: onnxruntime.
        device: ``auto`` (a working CUDA or DirectML card, else the processor), ``cpu``, ``gpu`` (any accelerator),
            ``cuda``, ``directml`` or ``coreml``.

    Raises:
        SettingsError: it is not there.
        MissingExtraError: onnxruntime does not compute here.
    """
    wanted = device.lower()
    choices = {"auto": ["cuda", "directml"], "cpu": [], "gpu": [*ACCELERATORS]} | {
        name: [name] for name in ACCELERATORS
    }
    if wanted not in choices:
        known = ", ".join(choices)
        raise SettingsError(f"onnxruntime knows no device “{device}”; choose {known}, or the engine mindspore.")
    for name in choices[wanted]:
        if _works(module, ACCELERATORS[name]):
            return ACCELERATORS[name]
    if wanted in ("auto", "cpu"):
        try:
            _probe(module, CPU)
        except Exception as error:  # a broken library raises anything
            raise _does_not_start(error) from error
        return CPU
    raise SettingsError(
        f"onnxruntime finds no device “{device}” that works here; choose the device cpu or auto, or install the "
        "onnxruntime package for your card (onnxruntime-gpu, onnxruntime-directml)."
    )


def session(module: ModuleType, model: bytes, provider_name: str) -> Any:
    """A session that computes in the calling thread: strips are what runs at once.

    Raises:
        MissingExtraError: the runtime refuses the model.
    """
    try:
        return _session(module, model, provider_name)
    except Exception as error:  # its exceptions have no common base
        raise MissingExtraError(
            f"onnxruntime {module.__version__} refuses a network ({_reason(error)}); {_MEND}"
        ) from error


def _session(module: ModuleType, model: bytes, provider_name: str) -> Any:
    _share_memory(module)
    options = module.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.use_env_allocators", "1")
    providers = [provider_name] if provider_name == CPU else [provider_name, CPU]
    return module.InferenceSession(model, options, providers=providers)


@cache
def _share_memory(module: ModuleType) -> None:
    """One pool for all sessions of the process: with one each, the peak would be the sum of all.

    It begins with one large piece, which takes no memory until it is used: many small ones, of the sizes that strips
    have in turns, add up to twice as much.
    """
    pool = {"arena_extend_strategy": _AS_ASKED, "initial_chunk_size_bytes": _PIECE, "max_dead_bytes_per_chunk": MB}
    place = module.OrtMemoryInfo("Cpu", module.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, module.OrtMemType.DEFAULT)
    module.create_and_register_allocator(place, module.OrtArenaCfg(pool))


def _works(module: ModuleType, name: str) -> bool:
    """Whether a provider is there and computes: a driver may be missing."""
    try:
        return name in module.get_available_providers() and _probe(module, name) == name
    except Exception:  # whatever a driver raises, it means no
        return False


def _probe(module: ModuleType, name: str) -> str:
    """The provider that doubles a number when this one is asked.

    Raises:
        ArithmeticError: the result is wrong.
    """
    given, made = (wire.value(each, np.float32, [1]) for each in ("x", "y"))
    model = wire.model([wire.node("Add", ["x", "x"], ["y"])], [], [given], [made], opset=OPSET)
    probe = _session(module, model, name)
    if probe.run(None, {"x": np.ones(1, np.float32)})[0][0] != 2:
        raise ArithmeticError("it computes wrong numbers")
    return str(probe.get_providers()[0])


def _does_not_start(error: Exception) -> MissingExtraError:
    return MissingExtraError(f"onnxruntime is installed but does not start here ({_reason(error)}); {_MEND}")


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
