"""Which runtime paints: the fastest one that is installed and works; the next takes over where it cannot."""

from __future__ import annotations

import importlib.metadata
import logging
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, get_args

from senga.errors import MissingExtraError, SettingsError
from senga.job import Device, Engine, Precision

from . import speed
from .executor import Executor

if TYPE_CHECKING:
    from .openvino_runtime import OpenVino
    from .openvino_strips import OpenVinoStrips

log = logging.getLogger("senga.neural")

_CARDS = ("onnxruntime-gpu", "onnxruntime-directml")
"""Packages that come with what a graphics card needs."""


@lru_cache(maxsize=8)
def choose(engine: str, device: str, threads: int, precision: str = "full") -> Executor:
    """What paints strips in this process.

    Args:
        engine: ``mindspore``, ``onnx``, ``openvino``, or ``auto``: the fastest one that is there, in this order: onnx,
            openvino, mindspore.
        device: ``auto`` or one of ``senga.job.Device``.
        threads: for the processor.
        precision: one of ``senga.job.Precision``.

    Raises:
        MissingExtraError: no such runtime is installed, or it does not start.
        SettingsError: there is no such engine, device or precision.
    """
    _check(engine, device)
    check_precision(precision)
    if engine == "openvino":
        return _openvino_strips(device, threads, precision)
    if engine == "mindspore" or (engine == "auto" and device == "ascend"):
        return _mindspore(device, threads)
    if engine == "auto" and not installed("onnxruntime"):
        return _without_onnx(device, threads, precision)
    try:
        return _onnx(device)
    except MissingExtraError as error:
        if engine == "onnx" or not installed("mindspore"):
            raise
        log.warning("%s Until then MindSpore paints, more slowly.", error)
        return _mindspore(device, threads)


def _without_onnx(device: str, threads: int, precision: str) -> Executor:
    """OpenVINO, else MindSpore, which takes twice the time and knows other devices."""
    if device in ("auto", "cpu") and installed("openvino"):
        try:
            return _openvino_strips(device, threads, precision)
        except MissingExtraError as error:
            if not installed("mindspore"):
                raise
            log.warning("%s Until then MindSpore paints, more slowly.", error)
    if not installed("mindspore"):
        raise MissingExtraError('Neural filters need a runtime; install one with pip install "senga[fast]".')
    return _mindspore(device, threads)


@lru_cache(maxsize=8)
def choose_whole(engine: str, device: str, threads: int, precision: str) -> OpenVino | None:
    """What paints whole pictures in this process, or None where strips are as fast.

    Args:
        engine: as above; ``openvino`` insists.
        device: as above.
        threads: as above.
        precision: one of ``senga.job.Precision``.

    Raises:
        MissingExtraError: OpenVINO is insisted on, and is not there.
        SettingsError: there is no such engine, device or precision.
    """
    _check(engine, device)
    check_precision(precision)
    if engine == "openvino":
        return _openvino(device, threads, precision)
    if engine != "auto" or device not in ("auto", "cpu") or not installed("openvino") or _has_card(device):
        return None
    try:
        found = _openvino(device, threads, precision)
    except MissingExtraError as error:
        log.warning("%s Until then another runtime paints.", error)
        return None
    return found if found.drafts or _is_fastest(threads) else None


def warm_up(threads: int) -> None:
    """Start what pictures and previews will be painted with.

    Raises:
        MissingExtraError: no runtime is installed, or none starts.
    """
    whole = [choose_whole("auto", "auto", threads, precision) for precision in get_args(Precision)]
    if None in whole:
        choose("auto", "auto", threads)


def installed(package: str) -> bool:
    """Whether a package can be found; it is not imported."""
    try:
        return find_spec(package) is not None
    except ValueError:  # what it is named after was put aside
        return False


def check_precision(precision: str) -> None:
    """Whether there is such a precision.

    Raises:
        SettingsError: there is none.
    """
    if precision not in get_args(Precision):
        raise SettingsError(f"There is no precision “{precision}”; choose {', '.join(get_args(Precision))}.")


def _check(engine: str, device: str) -> None:
    if engine not in get_args(Engine):
        raise SettingsError(f"There is no engine “{engine}”; choose auto, mindspore, onnx or openvino.")
    if device not in get_args(Device):
        raise SettingsError(f"There is no device “{device}”; choose {', '.join(get_args(Device))}.")


def _is_fastest(threads: int) -> bool:
    """Whether OpenVINO paints faster than the strips do; MindSpore was always slower."""
    return not installed("onnxruntime") or speed.fastest(threads) == "openvino"


def _has_card(device: str) -> bool:
    """Whether onnxruntime would paint on a graphics card; the plain package, which has none, is not imported."""
    return device == "auto" and any(map(_is_distributed, _CARDS)) and not choose("auto", device, 1).concurrent


def _is_distributed(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except Exception:  # it is not there, or its metadata cannot be read
        return False


@lru_cache(maxsize=4)
def _mindspore(device: str, threads: int) -> Executor:
    from .mindspore_executor import MindSporeExecutor

    return MindSporeExecutor(device, threads)


@lru_cache(maxsize=4)
def _onnx(device: str) -> Executor:
    from .onnx.executor import OnnxExecutor

    return OnnxExecutor(device)


@lru_cache(maxsize=4)
def _openvino(device: str, threads: int, precision: str) -> OpenVino:
    from .openvino_runtime import OpenVino

    return OpenVino(device, threads, precision)


@lru_cache(maxsize=4)
def _openvino_strips(device: str, threads: int, precision: str) -> OpenVinoStrips:
    from .openvino_strips import OpenVinoStrips

    return OpenVinoStrips(device, threads, precision)
