"""Which runtime paints: onnxruntime where it is installed and works, else MindSpore."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.util import find_spec
from typing import get_args

from senga.errors import MissingExtraError, SettingsError
from senga.job import Device, Engine

from .executor import Executor

log = logging.getLogger("senga.neural")


@lru_cache(maxsize=4)
def choose(engine: str, device: str, threads: int) -> Executor:
    """The executor of this process.

    Args:
        engine: ``auto`` (the faster one that is there), ``mindspore`` or ``onnx``.
        device: ``auto`` or one of ``senga.job.Device``.
        threads: for the processor.

    Raises:
        MissingExtraError: no such runtime is installed, or it does not start.
        SettingsError: there is no such engine or device.
    """
    if engine not in get_args(Engine):
        raise SettingsError(f"There is no engine “{engine}”; choose auto, mindspore or onnx.")
    if device not in get_args(Device):
        raise SettingsError(f"There is no device “{device}”; choose {', '.join(get_args(Device))}.")
    if engine == "auto" and not installed("onnxruntime") and not installed("mindspore"):
        raise MissingExtraError('Neural filters need a runtime; install one with pip install "senga[fast]".')
    if engine == "mindspore" or (engine == "auto" and (device == "ascend" or not installed("onnxruntime"))):
        return _mindspore(device, threads)
    try:
        return _onnx(device)
    except MissingExtraError as error:
        if engine == "onnx" or not installed("mindspore"):
            raise
        log.warning("%s Until then MindSpore paints, more slowly.", error)
        return _mindspore(device, threads)


def installed(package: str) -> bool:
    """Whether a package can be found; it is not imported."""
    try:
        return find_spec(package) is not None
    except ValueError:  # what it is named after was put aside
        return False


@lru_cache(maxsize=4)
def _mindspore(device: str, threads: int) -> Executor:
    from .mindspore_executor import MindSporeExecutor

    return MindSporeExecutor(device, threads)


@lru_cache(maxsize=4)
def _onnx(device: str) -> Executor:
    from .onnx.executor import OnnxExecutor

    return OnnxExecutor(device)
