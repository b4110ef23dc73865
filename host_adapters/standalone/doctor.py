"""``senga doctor``: look at this installation and say what to do about each finding."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from math import isfinite

import click

from senga import places
from senga.errors import MissingExtraError
from senga.findings import Finding
from senga.registry import Plugins, plugins
from senga.strangers import border, reason

from .trial import tried

SLOW = 2.0
"""GFLOP/s: far above oneDNN's reference loop (0.5), far below any healthy processor, a busy one included."""
Look = Callable[[], Iterator[Finding]]
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "tifffile", "imagecodecs", "av", "pydantic", "pluggy")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--training", is_flag=True, help="Try MindSpore, too, which trains; this takes some seconds.")
def doctor_command(as_json: bool, training: bool) -> int:
    """Check this installation and say what to do.

    The exit code is 1 when something is wrong that keeps filters from working.
    """
    worst = 0
    for finding in examine(*([_mindspore] if training else [])):
        worst |= finding.state == "problem"
        finding.tell(as_json)
    return int(worst)


def examine(*more: Look) -> Iterator[Finding]:
    """All findings, the quick ones first."""
    for look in (*LOOKS, *more):
        found: list[Finding] = []
        try:
            with border():
                for finding in look():
                    found.append(finding)  # what was found before it breaks stays
        except Exception as error:  # a doctor must not fall ill: whatever breaks is a finding
            found.append(Finding(look.__name__.strip("_").capitalize(), "problem", reason(error)))
        yield from found


def _python() -> Iterator[Finding]:
    here = f"Python {platform.python_version()}, {platform.platform(terse=True)}, {sys.executable}"
    yield Finding("Python", "fine", f"Senga {importlib.metadata.version('senga')}, {here}")
    found = {name: _version(name) for name in PACKAGES}
    missing = [
        name
        for name, number in found.items()
        if not number and not (name == "opencv-python-headless" and _version("opencv-python"))
    ]
    yield Finding("Packages", "fine", ", ".join(f"{name} {number}" for name, number in found.items() if number))
    for name in missing:
        yield Finding("Packages", "problem", f"{name} is missing", f"pip install {name}")


def _memory() -> Iterator[Finding]:
    from senga.neural.memory import available

    free = available()
    text = f"{free / 2**30:.1f} GiB free, {os.cpu_count()} cores"
    low = "Give --memory, for example --memory 1GB, when a picture is large."
    yield Finding("Memory", "note" if free < 2**30 else "fine", text, low if free < 2**30 else "")


def _folders() -> Iterator[Finding]:
    folder = places.data_folder()
    near = next(path for path in (folder, *folder.parents) if path.exists())
    room = shutil.disk_usage(near).free / 2**30
    if os.access(near, os.W_OK):
        yield Finding("Model folder", "fine", f"{folder} ({room:.0f} GiB free)")
    else:
        yield Finding("Model folder", "problem", f"{folder} cannot be written", "Set SENGA_HOME to a folder of yours.")


def _plugins() -> Iterator[Finding]:
    tried()  # in another process first
    known = Plugins(strict=False)
    known.brushes()
    known.store()
    yield Finding("Filters", "fine" if known.filters else "problem", ", ".join(known.filters) or "none")
    for plugin in known.known.values():
        if plugin.state == "broken":
            mend = f"Tell its author, or switch it off: senga plugins disable {plugin.name}"
            yield Finding("Plug-in", "problem", f"“{plugin.name}” ({plugin.origin}) is broken: {plugin.problem}", mend)
        elif plugin.state != "loaded":
            yield Finding("Plug-in", "note", f"“{plugin.name}” is {plugin.state}")


def _models() -> Iterator[Finding]:
    from senga.store.drafts import without_drafts

    store = plugins().store()
    ready = store.shown(entry for entry in without_drafts(store.entries()) if entry.file is not None)
    if ready:
        yield Finding("Models", "fine", f"{', '.join(ready)} can be used")
    else:
        yield Finding("Models", "problem", "no style is installed", "senga models list shows what can be pulled.")
    for problem in store.problems:
        yield Finding("Models", "problem", problem)
    for verdict in store.verify():
        if verdict.problem:
            mend = f"senga models remove {verdict.name}, then pull or import it again."
            yield Finding("Models", "problem", verdict.problem, mend)


def _networks() -> Iterator[Finding]:
    """What paints; MindSpore, which takes seconds to start, is only tried where it is needed for that."""
    from senga.neural.executors import installed
    from senga.neural.health import paints_on, unavailable

    if installed("openvino"):
        yield from _whole_pictures()
    try:
        yield Finding("Networks", "fine", f"onnxruntime {_version('onnxruntime')} paints ({paints_on()})")
    except MissingExtraError as error:
        lacking = unavailable()
        mend = "" if lacking else "MindSpore paints meanwhile, more slowly."
        yield Finding("Networks", "problem" if lacking else "note", str(error), mend)
    else:
        if installed("mindspore"):
            text = f"MindSpore {_version('mindspore')} is installed, for training: senga doctor --training tries it"
            yield Finding("Networks", "fine", text)
            return
    yield from _mindspore()


def _mindspore() -> Iterator[Finding]:
    """Whether MindSpore starts, and convolves as fast as this processor can."""
    from senga.neural.health import convolution_rate, unavailable

    lacking = unavailable()
    if lacking:
        yield Finding("Networks", "note", f"MindSpore is not usable; painting does not need it: {lacking}")
        return
    rate = convolution_rate()
    text = f"MindSpore {_version('mindspore')} convolves at {rate:.0f} GFLOP/s on this processor"
    if rate >= SLOW:
        yield Finding("Networks", "fine", text)
    else:
        mend = "pip install 'mindspore>=2.7.2,<2.9'; or set ONEDNN_MAX_CPU_ISA=AVX2 before starting Senga."
        yield Finding("Networks", "problem", f"{text}: a slow reference loop is used", mend)


def _whole_pictures() -> Iterator[Finding]:
    """OpenVINO, and which runtime was faster when both were measured."""
    from senga.neural import speed
    from senga.neural.executors import installed
    from senga.neural.health import whole_pictures_on

    try:
        drafts = whole_pictures_on()
    except MissingExtraError as error:
        yield Finding("Networks", "note", str(error), "Another runtime paints meanwhile.")
        return
    yield Finding("Networks", "fine", f"OpenVINO {_version('openvino')} paints whole pictures, drafts in {drafts}")
    if installed("onnxruntime"):
        chosen, found = speed.fastest(os.cpu_count() or 1), speed.known()
        measured = ", ".join(f"{name} {_milliseconds(seconds)}" for name, seconds in found.items()) or "nothing yet"
        quick = chosen if drafts == "float32" else "openvino"
        yield Finding(
            "Networks", "fine", f"Measured on this machine: {measured}; auto takes {chosen}, for drafts {quick}"
        )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if isfinite(seconds) else "failed"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except Exception:  # it is not there, or its metadata cannot be read
        return ""


LOOKS: tuple[Look, ...] = (_python, _memory, _folders, _plugins, _models, _networks)
