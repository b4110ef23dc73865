"""What lies beside the photographs is never run, whatever it is called."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image

from senga import interpreters
from senga.host_adapters.standalone.app import cli
from senga.interpreters import guarded, leave_working_folder

ROOT = Path(__file__).resolve().parent.parent.parent
SENGA = str(Path(sys.executable).with_name("senga"))

MODULES = (
    "struct", "gi", "senga", "numpy", "random", "json", "pickle", "socket", "signal", "tempfile", "threading", "cv2",
    "queue", "pydantic", "pluggy", "click", "multiprocessing", "subprocess", "onnxruntime", "mindspore", "PIL",
    "sitecustomize", "usercustomize", "ctypes", "inspect", "dataclasses", "hashlib", "traceback", "typing", "weakref",
)  # fmt: skip
PROGRAMS = ("gimp-console-3.0", "gimp-2.10", "flatpak", "snap", "python3", "lscpu", "uname", "sh", "cat", "git", "nvcc")

TRAINING = ["--photos", ".", "--style", ".", "--out", "run", "--minutes", "0.0001", "--crop", "32", "--batch", "1"]
"""One step is taken: then the time is over."""
DRAWN = ["--photos", ".", "--out", "run", "--minutes", "0.0001", "--crop", "32", "--batch", "1"]

OTHERS = {
    ("batch", "status"): ["out"],
    ("batch", "retry"): ["out"],
    ("list",): [],
    ("info",): ["sketch"],
    ("models", "list"): [],
    ("models", "show"): ["painted-comic"],
    ("models", "verify"): [],
    ("models", "pull"): ["hayao"],
    ("models", "import"): ["a.png"],
    ("models", "remove"): ["nothing"],
    ("models", "export"): ["painted-comic", "-o", "style.onnx"],
    ("train", "animegan"): TRAINING,
    ("train", "cartoongan"): TRAINING,
    ("train", "cin"): TRAINING,
    ("train", "colour-hints"): DRAWN,
    ("train", "colour-reference"): DRAWN,
    ("train", "distil"): ["--photos", ".", "--teacher", "painted-comic", "--out", "run", "--minutes", "0.0001"],
    ("train", "johnson"): TRAINING,
    ("train", "lines"): DRAWN,
    ("train", "patches"): ["--photos", ".", "--exemplar", "metzinger", "--out", "run"],
    ("train", "sgru"): DRAWN,
    ("train", "stylebank"): TRAINING,
    ("train", "u-gat-it"): TRAINING,
    ("train", "whitebox"): [*TRAINING, "--faces", "."],
    ("train", "wash"): TRAINING,
    ("train", "export"): ["../run-animegan", "-o", "style.safetensors"],
    ("evaluate", "fid"): [".", "."],
    ("evaluate", "is"): ["."],
    ("evaluate", "kid"): [".", "."],
    ("evaluate", "style"): [".", "."],
    ("gimp", "install"): ["--profile", "../profile/3.0"],
    ("gimp", "doctor"): ["--profile", "../profile/3.0"],
    ("gimp", "uninstall"): ["--profile", "../profile/3.0"],
    ("worker", "status"): [],
    ("worker", "stop"): [],
    ("plugins", "list"): [],
    ("plugins", "disable"): ["posterize"],
    ("plugins", "enable"): ["posterize"],
    ("plugins", "texts"): ["sketch"],
    ("doctor",): [],
    ("completion",): ["bash"],
}
"""Every command but ``run`` with its arguments."""

STARTERS = {
    "core/testing/promises.py", "host_adapters/gimp/doctor.py", "host_adapters/gimp/layouts.py",
    "host_adapters/gimp/programs.py", "host_adapters/gimp/self_test.py", "host_adapters/batch/crew.py",
    "host_adapters/standalone/trial.py", "host_adapters/worker/client.py", "training/pack.py",
}  # fmt: skip
"""What starts processes: each was looked at. The benchmarks are started in their own folder."""


def commands(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the command line."""
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from commands(found, (*path, name))


IN_TURN = {path: path[0] for path in OTHERS if path[0] in ("train", "evaluate", "models")}
"""Commands that one process runs one after the other: where one of them would search, the next one searches too."""
SEVERAL = """
import json, sys
from pathlib import Path
from senga.host_adapters import standalone

standalone._end_soon = lambda: None
for words in json.loads(sys.argv[1]):
    sys.argv[:] = ["senga", *words]
    try:
        standalone.main()
    except SystemExit:
        pass
    print(words, [path.name for path in Path(sys.path[0], "../marks").iterdir()], file=sys.stderr)
"""

PAINTED = {("run", name): ["a.png", "b.png", "-o", "out/", "--workers", "2"] for name in ("sketch", "anime")}
PAINTED[("batch",)] = [".", "--filter", "sketch", "-o", "out", "--jobs", "2", "--exclude", "out", "--report", "r.html"]
"""One filter without and one with a network; the others start no other processes."""
COMMANDS = {
    path: (OTHERS | PAINTED).get(path, []) for path in [*commands(), ("batch",)] if path[0] != "run" or path in PAINTED
}


class Photos:
    """A folder with two photographs, and with everything that might be run by mistake."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marks, self.programs = folder / "photos", folder / "marks", folder / "bin"
        self.profile = folder / "profile" / "3.0"
        for path in (self.folder, self.marks, self.programs, self.profile / "plug-ins"):
            path.mkdir(parents=True)
        for name in ("a", "b"):
            Image.effect_noise((40, 30), 60).convert("RGB").save(self.folder / f"{name}.png")
        for name in MODULES:
            (self.folder / f"{name}.py").write_text(f"open({str(self.marks / name)!r}, 'w')\n")
        for name in PROGRAMS:
            self._program(self.folder / name, f"echo >{self.marks / name}-program\n")
        self._program(
            self.programs / "gimp-console-3.0",
            f"case $1 in --version) echo GIMP 3.0.4;; *) {sys.executable} -c 'import struct, gi';; esac\n",
        )

    def _program(self, path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)

    def run(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PATH": os.pathsep.join(["", ".", str(self.programs), os.environ["PATH"]])}
        env |= {"SENGA_OFFLINE": "1", "HOME": str(self.marks.parent)}
        return subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=seconds)

    def ran(self) -> list[str]:
        return sorted(path.name for path in self.marks.iterdir())


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    return Photos(tmp_path)


def test_every_command_is_tried() -> None:
    assert {path for path in COMMANDS if path not in PAINTED} == set(OTHERS)
    assert set(PAINTED) <= set(COMMANDS)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in IN_TURN], ids=" ".join)
def test_no_command_runs_what_lies_beside_the_photographs(photos: Photos, path: tuple[str, ...]) -> None:
    if path[:2] in (("gimp", "doctor"), ("gimp", "uninstall")):
        assert photos.run(SENGA, "gimp", "install", *COMMANDS[path]).returncode == 0
    done = photos.run(SENGA, *path, *COMMANDS[path])
    assert not photos.ran()
    assert "Traceback" not in done.stderr
    if path in PAINTED:
        assert done.returncode == 0, done.stderr
        assert len(list((photos.folder / "out").glob("*.png"))) == 2
    if path == ("gimp", "doctor"):
        assert "3.0.4" in done.stdout
        assert "Self-test" in done.stdout


@pytest.mark.parametrize("group", sorted({*IN_TURN.values()}))
def test_no_command_of_a_group_does(photos: Photos, group: str) -> None:
    program = photos.programs / "several.py"
    program.write_text(SEVERAL)
    lines = [
        [*path, *(f"../run-{path[1]}" if word == "run" else word for word in OTHERS[path])]
        for path in IN_TURN
        if path[0] == group
    ]
    done = photos.run(sys.executable, str(program), json.dumps(lines), seconds=400)
    assert done.returncode == 0
    assert done.stderr.count("] []") == len(lines), done.stderr
    assert "Traceback" not in done.stderr


def test_the_worker_and_its_starter_do_not_either(photos: Photos, tmp_path: Path) -> None:
    code = (
        "from senga.host_adapters.worker.client import connect\nimport sys\n"
        "m = {'python': sys.executable, 'folder': sys.argv[1], 'worker_options': ['--cold']}\n"
        "with connect(m) as worker: worker.stop()"
    )
    folder = tmp_path / "worker"
    folder.mkdir(mode=0o700)
    done = photos.run(sys.executable, "-P", "-c", code, str(folder))
    assert done.returncode == 0, done.stderr
    assert not photos.ran()


def test_the_battery_for_filters_does_not_either(photos: Photos) -> None:
    code = (
        "import sys\nfrom senga import testing\nfrom senga.plugins.sketch import Sketch\nsys.path.insert(0, '')\n"
        "testing.CHECKS['light import'](testing.Bench.of(Sketch, testing.Plugins(), testing.Job()))"
    )
    done = photos.run(sys.executable, "-P", "-c", code)
    assert done.returncode == 0, done.stderr
    assert not photos.ran()


@pytest.mark.parametrize(
    "path", ["", os.pathsep, ".", "sub", f"{os.pathsep}/usr/nothing", f"/usr/nothing{os.pathsep}."]
)
def test_a_path_that_depends_on_the_working_folder_is_left(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "sub"), "", "/usr/nothing"])
    leave_working_folder()
    assert str(tmp_path) not in sys.path
    assert "" not in sys.path
    assert (str(tmp_path / "sub") in sys.path) == (path != "sub")
    assert os.environ.get("PYTHONPATH", "/usr/nothing") == "/usr/nothing"
    assert os.environ["PYTHONSAFEPATH"] == "1"


def test_places_that_are_named_in_full_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{tmp_path / 'other'}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "other")])
    leave_working_folder()
    assert sys.path == [str(tmp_path), str(tmp_path / "other")]
    assert guarded(dict(os.environ))["PYTHONPATH"] == os.environ["PYTHONPATH"]
    assert (sys.executable, "-P") == interpreters.OWN


def test_whatever_starts_processes_was_looked_at() -> None:
    pattern = re.compile(
        r"\bsubprocess\.|\bmultiprocessing\.(?:get_context|Process|Pool)|ProcessPoolExecutor\(|"
        r"\bos\.(?:system|popen|fork|exec|posix_)"
    )
    rooms = ("core", "plugins", "host_adapters", "training")
    paths = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in paths if pattern.search(path.read_text("utf-8"))}
    assert found == STARTERS
