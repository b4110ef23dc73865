"""The plug-in on Python 2.7 and the double of Python-Fu, with a real worker: the checks of .ci/gimp2/run, and more."""

from __future__ import annotations

import re
import signal
import time

import pytest

from .conftest import HERE, Studio

PLACES = {"check_painting": "inside", "check_changes": "inside", "check_failures": "inside", "check_double": "double"}


def _titles(module: str) -> set[str]:
    return set(re.findall(r"^def (check_\w+)", (HERE / PLACES[module] / f"{module}.py").read_text("utf-8"), re.M))


@pytest.mark.parametrize("module", PLACES)
def test_every_check_passes(studio: Studio, module: str) -> None:
    text = studio.play(module).communicate()[0]
    assert set(re.findall(r"^ok (check_\w+)$", text, re.M)) == _titles(module), text
    assert not studio.canvases()


def test_a_check_can_fail(studio: Studio) -> None:
    """An image of another precision, painted as if it were 8 bits: the double notices, as GIMP does."""
    code = studio.plug_in.parent / "senga_gimp2/painting.py"
    text = code.read_text("utf-8")
    code.write_text(text.replace("    pdb.gimp_plugin_enable_precision()", "    pass"), "utf-8")
    try:
        assert "FAILED check_every_mode_and_precision" in studio.play("check_painting").communicate()[0]
    finally:
        code.write_text(text, "utf-8")


def test_a_killed_plug_in_stops_its_job(studio: Studio) -> None:
    """What GIMP's own Cancel button does: the next job does not wait for the old one, and no canvas stays."""
    played = studio.play("check_killed", wait=False)
    assert played.stdout is not None
    for line in played.stdout:
        if line.startswith("working"):
            break
    played.send_signal(signal.SIGKILL)
    played.communicate()
    started = time.monotonic()
    text = studio.play("check_afterwards").communicate()[0]
    assert "ok check_afterwards" in text, text
    assert time.monotonic() - started < 15, "the job of the killed plug-in ran on"
    assert not studio.canvases()


def test_without_the_python_of_senga(studio: Studio) -> None:
    _spoil(studio, '"python": ".*?"', '"python": "/nowhere/python"', "check_gone")


def test_with_a_damaged_manifest(studio: Studio) -> None:
    _spoil(studio, r"^\{", "", "check_damaged")


def _spoil(studio: Studio, pattern: str, text: str, module: str) -> None:
    manifest = studio.plug_in.parent / "manifest.json"
    whole = manifest.read_text("utf-8")
    manifest.write_text(re.sub(pattern, text, whole, count=1), "utf-8")
    try:
        found = studio.play(module).communicate()[0]
        assert f"ok {module}" in found, found
    finally:
        manifest.write_text(whole, "utf-8")
