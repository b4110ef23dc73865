"""``senga models`` as a user meets it: real processes, a real store."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click.testing
import pytest

from senga.errors import ModelError
from senga.host_adapters.standalone import models
from senga.host_adapters.standalone.models import models_command
from senga.store import Store
from senga.store.catalog import read_catalog
from senga.store.download import digest_of

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "plugins" / "animegan" / "weights.toml"
PAYLOAD = ROOT / "plugins" / "animegan" / "weights" / "hokusai.safetensors"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a model on a web server in a process of its own."""
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "model").write_bytes(PAYLOAD.read_bytes())
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    port = re.search(r"port (\d+)", server.stdout.readline())
    assert port
    yield f"http://127.0.0.1:{port[1]}/model"
    server.terminate()
    server.wait()
    server.stdout.close()


@pytest.fixture
def listed(tmp_path: Path, served: str) -> Path:
    """A list of models with one that can be pulled from there."""
    path = tmp_path / "weights.toml"
    shutil.copytree(PAYLOAD.parent, tmp_path / "shipped")
    path.write_text(f"""
converter = "senga.plugins.animegan.convert:to_senga"
network = "senga.plugins.animegan.painting:network_of"
shipped = "shipped"

[model.wave]
title = "Wave"
urls = [{served!r}]
size = {PAYLOAD.stat().st_size}
digest = "{digest_of(PAYLOAD)}"
architecture = "animeganv2"
width = 0.5
licence = "Wave licence"
terms = "Not for sale."
commercial = "no"
author = "Nobody"
source = "https://example.com/wave"
training_data = "waves"

[model.tofu]
urls = [{served!r}]
architecture = "animeganv2"
width = 0.5
""")
    return path


@pytest.fixture(autouse=True)
def opened(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(models, "open_store", lambda: Store(read_catalog(listed)))


def call(*words: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(models_command, [str(word) for word in words])


def facts(result: click.testing.Result) -> dict[str, dict[str, object]]:
    assert result.exit_code == 0
    return {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_the_list_tells_state_size_licence_and_use() -> None:
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in call("list").stdout.splitlines()}
    assert lines["hokusai"][:4] == ["built in", "1.1 MB", "CC0-1.0", "commercial use allowed"]
    assert lines["wave"][:4] == ["to pull", "1.1 MB", "Wave licence", "non-commercial only"]
    assert lines["tofu"][:4] == ["to pull", "?", "unknown", "commercial use not stated"]


def test_the_list_as_json_is_complete() -> None:
    listed = facts(call("list", "--json"))
    assert {"hokusai", "painted-comic", "wave", "tofu"} <= listed.keys()
    assert listed["wave"]["digest"] == digest_of(PAYLOAD)
    assert listed["wave"]["state"] == "to pull"


def test_show_tells_whose_it_is() -> None:
    said = call("show", "painted-comic").stdout
    assert "David Revoy" in said
    assert "CC-BY-4.0" in said
    assert facts(call("show", "wave", "--json"))["wave"]["terms"] == "Not for sale."


def test_without_a_terminal_consent_is_needed_beforehand() -> None:
    result = call("pull", "wave")
    assert isinstance(result.exception, ModelError)
    assert str(result.exception).endswith("repeat with --yes to accept them.")
    for fact in ("Wave by Nobody, 1.1 MB", "Made from: waves.", "Wave licence (non-commercial only)", "Not for sale."):
        assert fact in result.stderr
    assert facts(call("list", "--json"))["wave"]["state"] == "to pull"


def test_pull_verify_remove() -> None:
    assert call("pull", "wave", "--yes").stdout == "wave is ready.\n"
    assert facts(call("list", "--json"))["wave"]["state"] == "here"
    assert "wave: sound\n" in call("verify").stdout
    assert call("remove", "wave").stdout == "wave is removed.\n"
    assert facts(call("list", "--json"))["wave"]["state"] == "to pull"


def test_pull_as_json_tells_progress() -> None:
    events = [json.loads(line) for line in call("pull", "wave", "--yes", "--json").stdout.splitlines()]
    assert [event["event"] for event in events[:1] + events[-1:]] == ["progress", "done"]
    done = [event["done"] for event in events[:-1]]
    assert done == sorted(done)
    assert done[-1] == events[0]["total"] == PAYLOAD.stat().st_size


def test_what_nobody_pins_is_called_unverified() -> None:
    result = call("pull", "tofu", "--yes")
    assert result.stdout == "tofu is ready.\n"
    assert f"unverified ({digest_of(PAYLOAD)})" in result.stderr


def test_import_and_find(tmp_path: Path) -> None:
    assert call("import", PAYLOAD, "--name", "mine").stdout == "mine is ready (animeganv2, width 0.5).\n"
    assert facts(call("list", "--json"))["mine"]["state"] == "here"
    assert facts(call("import", PAYLOAD, "--name", "other", "--json"))["other"]["width"] == "0.5"


@pytest.mark.parametrize("ending", ["onnx", "safetensors"])
def test_export_and_import_again(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"out.{ending}"
    result = call("export", "painted-comic", "-o", file)
    assert result.stdout == f"{file} is written.\n"
    assert "CC-BY-4.0 (commercial use allowed) https://creativecommons.org" in result.stderr
    assert call("import", file, "--name", "mine").stdout == "mine is ready (animeganv2, width 0.5).\n"
    assert "David Revoy" in call("show", "mine").stdout


def test_export_shows_terms_and_respects_what_exists(tmp_path: Path) -> None:
    call("pull", "wave", "--yes")
    file = tmp_path / "out.onnx"
    file.write_bytes(b"precious")
    for choice in ("error", "skip", "rename"):
        result = call("export", "wave", "-o", file, "--overwrite", choice)
        assert file.read_bytes() == b"precious"
        assert (result.exit_code == 0) == (choice != "error")
    assert "Not for sale." in result.stderr
    assert (tmp_path / "out-1.onnx").stat().st_size > 1 << 20
    told = json.loads(call("export", "wave", "-o", file, "--overwrite", "replace", "--json").stdout)
    assert (told["output"], told["terms"]) == (str(file), "Not for sale.")
    assert file.read_bytes() == (tmp_path / "out-1.onnx").read_bytes()


def test_verify_exits_with_1_when_something_is_damaged(private_home: Path) -> None:
    call("import", PAYLOAD, "--name", "mine")
    file = private_home / "models" / "mine.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    result = call("verify", "--json")
    assert result.exit_code == 1
    sound = {line["name"]: line["sound"] for line in map(json.loads, result.stdout.splitlines())}
    assert sound["hokusai"]
    assert not sound["mine"]


def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    assert call("pull").exit_code == 2
    assert call("import", tmp_path / "gone.onnx").exit_code == 2
    assert call("import").exit_code == 2


ON_A_TERMINAL = """
import sys
from pathlib import Path
from senga.store.catalog import read_catalog
from senga.host_adapters.standalone import models
from senga.store import Store
models.open_store = lambda: Store(read_catalog(Path(sys.argv[1])))
models.models_command(sys.argv[2:])
"""


def on_a_terminal(listed: Path, *words: str, typed: str = "") -> tuple[int, str]:
    """The exit code, and what the screen shows, of ``senga models`` run on a terminal."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, str(listed), *words]
    env = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = b""
        with contextlib.suppress(OSError):  # how Linux says that the other side is gone
            while piece := os.read(ours, 4096):
                screen += piece
    os.close(ours)
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.decode())


def test_a_terminal_gets_a_table(listed: Path) -> None:
    code, screen = on_a_terminal(listed, "list")
    assert code == 0
    assert re.search(r"Style +State +Size +Licence", screen)
    assert re.search(r"wave +to pull +1\.1 MB +Wave licence +non-commercial only", screen)


def test_on_a_terminal_the_terms_are_asked(listed: Path) -> None:
    code, screen = on_a_terminal(listed, "pull", "wave", typed="n\n")
    assert code != 0
    assert "Do you accept these terms?" in screen
    assert "were not accepted, so nothing was fetched" in screen
    code, screen = on_a_terminal(listed, "pull", "wave", typed="y\n")
    assert code == 0
    assert "wave is ready." in screen


SENGA = os.environ["SENGA_WARM"]


def senga(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SENGA, "models", *map(str, words)], capture_output=True, text=True, check=False)


def test_the_installed_command_shows_the_shipped_styles_and_says_what_is_wrong(tmp_path: Path) -> None:
    done = senga("list", "--json")
    assert done.returncode == 0
    states = {line["name"]: line["state"] for line in map(json.loads, done.stdout.splitlines())}
    assert states["painted-comic"] == "built in"
    assert states["hayao"] == "to pull"
    (tmp_path / "x.pt").write_bytes(b"not weights")
    failed = senga("import", tmp_path / "x.pt")
    assert failed.returncode == 1
    assert failed.stderr.startswith("senga: “x.pt” is no weights file")
    assert len(failed.stderr.splitlines()) == 1


def test_the_help_needs_neither_rich_nor_numpy() -> None:
    program = "import sys, senga.host_adapters.standalone.models; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)
    assert not {"rich", "safetensors", "mindspore", "cv2"} & set(loaded.stdout.split())
