"""Text of strangers on its way to a terminal, a pipe or a dialog."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from senga.findings import Finding
from senga.plain import plain, plain_lines, tell, tell_row

NASTY = "\x1b[31m[red]x[/]\x07\x9b2J\u202egpj\u200b\n:smile:\x1b]0;title\x07\udcff"
SENGA = [os.environ["SENGA_WARM"]]
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def test_nothing_that_a_terminal_obeys_is_left() -> None:
    everything = "".join(map(chr, range(0x3000))) + "\ufeff\udc80\U000e0041"
    assert not HARMFUL.search(plain(everything, len(everything)))
    assert "\n" not in plain(everything)
    assert plain(NASTY) == "�[red]x[/]�gpj� :smile:�"


@pytest.mark.parametrize(
    "text", ["Grüße 写真.jpg", "  indented", "نمی\u200cخواهم", "👨\u200d👩\u200d👧", "a [b] <c> & :d:", ""]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_long_text_loses_its_middle_quickly() -> None:
    cut = plain("a" * 5000 + "\x1b]" * 1_000_000 + "z" * 5000)
    assert len(cut) == 2000
    assert cut.startswith("aaa")
    assert cut.endswith("zzz")


def test_lines_stay_lines() -> None:
    assert plain_lines("one\ttab\r\ntwo\x1b[2J") == ["one tab", "two�"]


def test_a_stream_of_few_letters_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    tell("“日本” \udcff")
    tell_row("a\tb", "c")
    assert raw.getvalue() == b"???? ?\na b\tc\n".replace(b"????", b"?" * 4)
    monkeypatch.setattr(sys, "stdout", None)
    tell("nobody hears it")


def test_a_finding_is_plain_for_people_and_whole_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("Models", "problem", NASTY, NASTY)
    finding.tell()
    assert not HARMFUL.search(capsys.readouterr().out)
    finding.tell(as_json=True)
    assert json.loads(capsys.readouterr().out)["text"] == NASTY


def _nasty_file(folder: Path) -> bytes:
    name = os.fsencode(folder) + b"/\x1b[31m[bold]\n\xff\xe2\x80\xae.png"
    Path(os.fsdecode(name)).write_bytes(b"no picture")
    return name


COMMANDS = [
    ["run", "sketch", "INPUT", "-o", "out.png"],
    ["run", "--recipe", "INPUT", "x.png", "-o", "out.png"],
    ["run", "sketch", "x.png", "--selection", "INPUT", "-o", "out.png"],
    ["run", "INPUT"],
    ["run", "sketch", "--INPUT"],
    ["run", "sketch", "x.png", "--stroke-width", "INPUT"],
    ["info", "INPUT"],
    ["models", "import", "INPUT"],
    ["models", "show", "INPUT"],
    ["models", "remove", "INPUT"],
    ["models", "export", "INPUT", "-o", "INPUT"],
    ["plugins", "disable", "INPUT"],
    ["plugins", "texts", "INPUT"],
    ["completion", "INPUT"],
    ["INPUT"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_hostile_names_are_harmless_in_every_command(command: list[str], tmp_path: Path) -> None:
    name = _nasty_file(tmp_path)
    (tmp_path / "x.png").write_bytes(b"no picture either")
    words = [word.encode().replace(b"INPUT", name) for word in command]
    done = subprocess.run([*SENGA, *words], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode
    assert done.stderr
    for said in (done.stdout, done.stderr):
        assert not HARMFUL.search(said.decode("utf-8"))
    assert b"Traceback" not in done.stderr


def test_hostile_names_are_harmless_on_a_terminal(tmp_path: Path) -> None:
    name = _nasty_file(tmp_path)
    ours, theirs = pty.openpty()
    done = subprocess.Popen([*SENGA, "run", "sketch", name, "-o", "out.png"], stderr=theirs, cwd=tmp_path)
    os.close(theirs)
    said = b""
    while part := _read(ours):
        said += part
    assert done.wait() == 1
    assert b"[bold]" in said
    assert b"\x1b[31m[bold]" not in said
    assert "\u202e".encode() not in said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
