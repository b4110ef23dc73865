"""The fuzzer finds what is planted, keeps it, and finds nothing in a reader that keeps its word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parent

PLANTED = """
import os
import time

from mutation import Sample
from readers import Reader
from senga.errors import ModelError


def corpus():
    return [Sample(bytes(40))]


def raw(content):
    if len(content) > 45:
        raise KeyError("planted")


def wrapped(content):
    try:
        raw(content)
    except KeyError as error:
        raise ModelError("a sentence") from error


def endless(content):
    while len(content) > 45:
        time.sleep(0.01)


def hungry(content):
    if len(content) > 45:
        bytearray(64 << 30)


def hidden(content):
    try:
        hungry(content)
    except MemoryError as error:
        raise ModelError("a sentence") from error


def deadly(content):
    if len(content) > 45:
        os.abort()


READERS = {f.__name__: Reader(corpus, f) for f in (raw, wrapped, endless, hungry, hidden, deadly)}
"""


def fuzz(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    planted = folder / "planted.py"
    planted.write_text(PLANTED)
    command = [sys.executable, str(FUZZ), "--extra", planted, "--findings", folder / "kept", *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(
    ("name", "kind"),
    [("raw", "raw"), ("endless", "time"), ("hungry", "memory"), ("hidden", "memory"), ("deadly", "crash")],
)
def test_a_planted_fault_is_found_and_kept(tmp_path: Path, name: str, kind: str) -> None:
    told = fuzz(tmp_path, "--readers", name, "--seed", 1, "--seconds", 4, "--patience", 1)
    assert told.returncode == 1, told.stdout + told.stderr
    (kept,) = (tmp_path / "kept").glob(f"{name}-{kind}-1-*.bin")
    assert str(kept) in told.stdout
    assert len(kept.read_bytes()) > 45
    if kind in ("raw", "memory"):
        again = fuzz(tmp_path, "--readers", name, "--replay", kept)
        assert again.returncode == 1
        assert kind in again.stdout


def test_a_reader_that_keeps_its_word_passes(tmp_path: Path) -> None:
    told = fuzz(tmp_path, "--readers", "wrapped", "--seed", 1, "--seconds", 3)
    assert (told.returncode, told.stderr) == (0, "")
    assert "0 findings" in told.stdout
    assert int(told.stdout.split()[1]) > 10


def test_the_same_seed_gives_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FUZZ))
    import mutation

    samples = [mutation.Sample(bytes(range(100)))]
    made = [mutation.damaged(samples, (b"word",), f"{seed}/{n}") for seed in (1, 1, 2) for n in range(20)]
    assert made[:20] == made[20:40] != made[40:]
