"""Bring MindSpore up: quietly, on the device that was asked for, with its traps stepped around."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from senga.errors import MissingExtraError, SettingsError

_lock = threading.Lock()
_started: dict[str, Any] = {}
_TARGETS = {"cpu": "CPU", "gpu": "GPU", "cuda": "GPU", "ascend": "Ascend"}


def mindspore() -> ModuleType:
    """The mindspore module, imported on the first call.

    Raises:
        MissingExtraError: it is not installed, or does not start here.
    """
    os.environ.setdefault("GLOG_v", "3")
    try:
        with warnings.catch_warnings(), _python_protobuf():
            warnings.simplefilter("ignore")
            return importlib.import_module("mindspore")
    except ModuleNotFoundError as error:
        raise MissingExtraError(_how_to_install(error)) from error
    except Exception as error:
        raise MissingExtraError(
            f"MindSpore is installed but does not start here ({_first_line(error)}); reinstall it with "
            "“pip install --force-reinstall 'mindspore>=2.7.2,<2.9' 'numpy<2'”."
        ) from error


def start(device: str = "auto", threads: int | None = None) -> tuple[ModuleType, str]:
    """Import MindSpore and choose the device; the number of threads is fixed by the first call of the process.

    Args:
        device: ``auto`` (a working Ascend, else the processor), ``cpu``, ``gpu``, ``cuda`` or ``ascend``.
        threads: for the processor; None leaves it to MindSpore.

    Returns:
        The module, and ``cpu``, ``gpu`` or ``ascend``.

    Raises:
        MissingExtraError: MindSpore is not there.
        SettingsError: the device is not there.
    """
    with _lock:
        module = mindspore()
        chosen = _choose(module, device)
        if "device" not in _started:
            module.set_device(_TARGETS[chosen])
            _started["device"] = chosen
            if chosen == "cpu":
                module.runtime.launch_blocking()  # a queue would only spin on the cores that compute
                if threads:
                    module.device_context.cpu.op_tuning.threads_num(threads)
        elif _started["device"] != chosen:
            raise SettingsError(f"This process already works on “{_started['device']}”; start another for “{chosen}”.")
        return module, chosen


def _choose(module: ModuleType, device: str) -> str:
    if device == "auto":
        return str(_started.get("device") or _best(module))
    if device != "cpu" and not _works(module, device):
        raise SettingsError(f"MindSpore finds no device “{device}” that works here; choose the device cpu or auto.")
    return device


def _best(module: ModuleType) -> str:
    """Ascend where its driver has left a device; without one MindSpore need not load the driver to find out."""
    return "ascend" if any(Path("/dev").glob("davinci[0-9]*")) and _works(module, "ascend") else "cpu"


def _works(module: ModuleType, device: str) -> bool:
    context = getattr(module.device_context, _TARGETS.get(device, "").lower(), None)
    try:
        return bool(context and context.is_available())
    except Exception:  # a broken driver raises anything; it means no
        return False


@contextmanager
def _python_protobuf() -> Iterator[None]:
    """Lend MindSpore a pure-Python protobuf of its own.

    Its message files are older than today's protobuf, which only its pure-Python form reads. That form is chosen at
    protobuf's import, so a program that imported it before (onnx, tensorflow) would stop MindSpore from starting.
    """
    aside = {} if "mindspore" in sys.modules else {name: sys.modules.pop(name) for name in _protobuf_modules()}
    before = os.environ.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION")
    try:
        yield
    finally:
        if aside:
            for name in _protobuf_modules():
                del sys.modules[name]
            sys.modules.update(aside)
        if before is None:
            os.environ.pop("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", None)


def _protobuf_modules() -> list[str]:
    return [name for name in sys.modules if name == "google.protobuf" or name.startswith("google.protobuf.")]


def _how_to_install(error: ModuleNotFoundError) -> str:
    if error.name != "mindspore":
        return f"MindSpore lacks the package “{error.name}”; install it with “pip install {error.name}”."
    version = sys.version_info
    if version >= (3, 13):
        return (
            "Training, evaluation and the engine mindspore need MindSpore, which has no wheel for Python "
            f"{version.major}.{version.minor}; install Senga with Python 3.11 or 3.12 for them."
        )
    if sys.platform == "darwin" and os.uname().machine != "arm64":
        return (
            "Training, evaluation and the engine mindspore need MindSpore, which has no wheel for Macs with Intel "
            "processors; use another machine for them."
        )
    return (
        "Training, evaluation and the engine mindspore need MindSpore; install it with “pip install "
        "'mindspore>=2.7.2,<2.9'”."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
