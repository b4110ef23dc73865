"""Which runtime is faster on this machine: measured once with a small network, and kept for the next time.

The note is Senga's alone, names no machine and may be deleted at any time. It is made anew for every version of Senga
and of the runtimes. The first of several processes that measure at the same time decides for all: pictures of one
batch should not come from different runtimes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.places import cache_folder
from senga.regular import read_regular

from .graph import Builder, Network

RUNTIMES = {"openvino": "openvino", "onnx": "onnxruntime"}
"""Engines that are measured, and their packages; the first one is taken where nothing can be kept."""
_SIDE = 192
_ROUNDS = 6
_PATIENCE = 0.7
"""Seconds after which no further round begins."""
_KEPT = 4
"""Notes: of other machines with the same home, or of other environments."""
_MOST = 4096
"""Bytes of a note."""
_Sample = tuple[Network, Mapping[str, NDArray[Any]], NDArray[np.float32]]


def fastest(threads: int) -> str:
    """The faster one of the engines that are measured."""
    found = known()
    if not found:
        with suppress(OSError):
            found = _kept(measured(threads))
    return min(found, key=found.__getitem__) if found else next(iter(RUNTIMES))


def known() -> dict[str, float]:
    """Seconds of each engine as they were measured, or nothing."""
    try:
        found = json.loads(read_regular(note(), _MOST) or b"")
        return {name: float(found[name]) for name in RUNTIMES}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def measured(threads: int) -> dict[str, float]:
    """Seconds of each engine for a small picture, taken in turns; one that fails takes forever."""
    sample, started = _sample(), time.perf_counter()
    seconds = dict.fromkeys(RUNTIMES, inf)
    for turn in range(_ROUNDS + 1):
        if turn > 1 and time.perf_counter() - started > _PATIENCE:
            break
        for name in RUNTIMES:
            taken = _seconds(sample, Job(engine=name, device="cpu", threads=threads))
            if turn:  # the first one makes ready
                seconds[name] = min(seconds[name], taken)
    return seconds


def _seconds(sample: _Sample, job: Job) -> float:
    from .engine import run

    began = time.perf_counter()
    try:
        run(*sample, job)
    except Exception:  # a broken runtime raises anything
        return inf
    return time.perf_counter() - began


def _kept(seconds: dict[str, float]) -> dict[str, float]:
    """Keep a measurement, unless another process was first; gives what is kept.

    Raises:
        OSError: there is no place for it.
    """
    place = note()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(place.parent.glob("runtimes-*.json"), key=os.path.getmtime, reverse=True)[_KEPT - 1 :]:
        old.unlink(missing_ok=True)
    if not known():
        place.unlink(missing_ok=True)  # what is there cannot be read
    descriptor, made = tempfile.mkstemp(dir=place.parent, prefix=".runtimes-")  # for its owner alone
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(seconds, file)
        _link(made, place)
    finally:
        Path(made).unlink(missing_ok=True)
    return known() or seconds


def _link(made: str, place: Path) -> None:
    """Give a file its name, unless that is taken; where the file system knows no second names, the last one stays."""
    try:
        os.link(made, place)
    except FileExistsError:
        return
    except OSError:
        Path(made).replace(place)


def note() -> Path:
    """Where the measurement of these versions on this machine is kept."""
    versions = [f"{name} {_version(name)}" for name in ("senga", *RUNTIMES.values())]
    facts = [*versions, platform.node(), platform.machine(), str(os.cpu_count())]
    digest = hashlib.blake2b("\n".join(facts).encode("utf-8", "replace"), digest_size=12).hexdigest()
    return cache_folder() / f"runtimes-{digest}.json"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except Exception:  # it is not there, or its metadata cannot be read
        return ""


def _sample() -> _Sample:
    """Layers as painters have them, in numbers that stand for nothing."""
    net = Builder()
    x = net.input
    for name, channels, kernel, stride in (("a", 16, 7, 1), ("b", 32, 3, 2), ("c", 64, 3, 2), ("d", 64, 3, 1)):
        x = net.leaky_relu(net.layer_norm(net.conv(x, name, channels, kernel, stride), f"{name}.norm", 1e-5))
    for name, channels in (("e", 64), ("f", 32)):
        x = net.conv(net.double(x, "tf1"), name, channels, 3)
        x = net.leaky_relu(net.layer_norm(x, f"{name}.norm", 1e-5))
    net.tanh(net.conv(x, "g", 3, 1))
    network, rng = net.build("sample", multiple=4), np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in network.parameters.items()}
    return network, weights, rng.random((_SIDE, _SIDE, 3), np.float32)
