"""Nothing that Senga starts, and none of its dependencies, opens a connection or writes outside Senga's folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SENGA = str(Path(sys.executable).with_name("senga"))
MAKING = "open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
CALLS = f"connect,sendto,sendmsg,bind,{MAKING}"
LOCAL = re.compile(r"AF_UNIX|AF_UNSPEC|socketpair")
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
WORKER = """
from senga.host_adapters.worker.client import Canvas, connect
import sys
manifest = {"python": sys.executable, "folder": sys.argv[1], "worker_options": ["--cold"]}
with connect(manifest) as worker, Canvas(64, 48, 3, "u8") as canvas:
    canvas.write_band(0, bytes(64 * 48 * 3))
    worker.run({"filter": "anime", "settings": {}}, canvas, lambda *_: None, lambda: False)
with connect(manifest) as worker:
    worker.stop()
"""
COMMANDS = {
    "onnxruntime": [SENGA, "run", "anime", "a.png", "-o", "out/", "--engine", "onnx"],
    "mindspore": [SENGA, "run", "anime", "a.png", "-o", "out/", "--engine", "mindspore"],
    "crew": [SENGA, "run", "anime", "a.png", "b.png", "-o", "out/", "--workers", "2"],
    "openvino": [SENGA, "run", "anime", "a.png", "-o", "out/", "--engine", "openvino"],
    "measuring": [SENGA, "run", "anime", "a.png", "-o", "out/"],
    "doctor": [SENGA, "doctor"],
    "worker": [sys.executable, "-c", WORKER, "worker"],
    "strangers": [sys.executable, "-c", "import senga, onnxruntime; onnxruntime.get_available_providers()"],
    "strangers with openvino": [sys.executable, "-c", "import senga, openvino; openvino.convert_model"],
}


class Place:
    """A working folder, a home and a folder for temporary files, all of their own."""

    def __init__(self, folder: Path) -> None:
        self.work, self.home, self.temporary = (folder / name for name in ("work", "home", "tmp"))
        for path in (self.work, self.home, self.temporary, self.work / "worker", self.work / "out"):
            path.mkdir(mode=0o700)
        for name in ("a", "b"):
            Image.effect_noise((64, 48), 60).convert("RGB").save(self.work / f"{name}.png")

    def run(self, *words: str) -> None:
        keep = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")  # above all not CI, where onnxruntime behaves
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1"}
        words = tuple(str(self.work / word) if word == "worker" else word for word in words)
        done = subprocess.run(words, cwd=self.work, env=env, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr

    def left(self) -> set[str]:
        """What lies around afterwards, and is neither a result nor Senga's."""
        found = {str(path.relative_to(self.work)) for path in self.work.iterdir()} - {"a.png", "b.png", "worker", "out"}
        own = ("senga", ".config", ".config/senga", ".cache", ".cache/senga")
        found_at_home = {str(path.relative_to(self.home)) for path in self.home.rglob("*")}
        at_home = {name for name in found_at_home if not name.startswith(".cache/senga/runtimes-")} - set(own)
        temporary = {path.name for path in self.temporary.iterdir()} - {f"senga-{os.geteuid()}"}
        return found | at_home | temporary


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def needed(name: str) -> None:
    needs = {"strangers": "onnxruntime", "strangers with openvino": "openvino", "measuring": "openvino"}
    for package in ("mindspore", "onnxruntime", "openvino"):
        if package in (name, needs.get(name)) and find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@pytest.fixture(scope="session")
def tracer() -> list[str]:
    """The beginning of a command that traces another one, where that is possible."""
    path = shutil.which("strace")
    for words in ([path, "--seccomp-bpf", "-f", "-qq", "-s", "512"], [path, "-f", "-qq", "-s", "512"]):
        if path and subprocess.run([*words, "-o", os.devnull, "true"], capture_output=True).returncode == 0:
            return [*words, "-e", f"trace={CALLS}"]
    return []


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_sent_and_nothing_is_left_behind(place: Place, name: str, tmp_path: Path, tracer: list[str]) -> None:
    needed(name)
    trace = tmp_path / "trace"
    place.run(*(*tracer, "-o", str(trace)) if tracer else (), *COMMANDS[name])
    if tracer:
        told = trace.read_text(errors="replace")
        assert "openat(" in told
        assert not list(connections(told))
        assert not list(writes(told, place))
    assert not place.left()


def calls(trace: str) -> Iterator[str]:
    """Every call with its result; one that others interrupt stands on two lines."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[process] = call.removesuffix("<unfinished ...>").strip()
        elif " resumed>" in call:
            yield begun.pop(process, "") + call.partition(" resumed>")[2]
        else:
            yield call.strip()


def connections(trace: str) -> Iterator[str]:
    for call in calls(trace):
        sends = call.startswith(("connect(", "bind(", "sendto(", "sendmsg(")) and "sa_family" in call
        if sends and not LOCAL.search(call):
            yield call


def writes(trace: str, place: Place) -> Iterator[str]:
    """Calls that write, or make something, where neither results nor Senga's own things belong."""
    short = Path(f"/tmp/senga-{os.geteuid()}")  # noqa: S108 - for sockets, where the other path is too long
    cache = place.home / ".cache" / "senga"
    mine = [str(path) for path in (place.work, place.home / ".config", cache, place.temporary, short)]
    for call in calls(trace):
        makes = call.startswith(("creat(", "mkdir", "rename", "link", "symlink"))
        if (not makes and not (call.startswith("open") and WRITES.search(call))) or " = -1 " in call:
            continue
        path = (re.findall(r'"((?:[^"\\]|\\.)*)"', call) or [""])[0]
        fine = call.startswith("mkdir") and path == str(cache.parent)
        fine = fine or not path.startswith("/") or path.startswith(("/dev/", "/proc/", *mine)) or "__pycache__" in path
        if not fine:
            yield call


def test_the_trace_would_show_it(place: Place) -> None:
    bad = [
        "12 connect(3, {sa_family=AF_INET, sin_port=htons(53)}, 16) = 0",
        f'12 openat(AT_FDCWD, "{place.home}/.cache/Microsoft/db", O_RDWR|O_CREAT, 0644 <unfinished ...>',
        f'13 mkdir("{place.home}/intel", 0700) = 0',
        "12 <... openat resumed>) = 3",
    ]
    assert len(list(connections("\n".join(bad)))) == 1
    assert len(list(writes("\n".join(bad), place))) == 2


def test_whoever_imports_onnxruntime_finds_its_events_forbidden() -> None:
    code = "import senga, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    env = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout == "1\n"


@pytest.mark.parametrize(
    ("package", "place"),
    [("onnxruntime", "core/neural/onnx/runtime.py"), ("openvino", "core/neural/openvino_runtime.py")],
)
def test_the_projects_own_code_imports_a_runtime_in_one_place(package: str, place: str) -> None:
    rooms = ("core", "plugins", "host_adapters", "benchmarks", "training", "tools", "examples")
    paths = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    pattern = re.compile(rf"^\s*(?:import|from) {package}\b|import_module\(.{package}", re.M)
    found = [path for path in paths if pattern.search(path.read_text("utf-8"))]
    alone = [path for path in found if _forbids_events_without_senga(path)]
    assert [str(path.relative_to(ROOT)) for path in found if path not in alone] == [place]


def _forbids_events_without_senga(path: Path) -> bool:
    text = path.read_text("utf-8")
    own = not re.search(r"^\s*(?:import|from) (?:senga|training)\b", text, re.M)
    return own and 'os.environ["ORT_DISABLE_TELEMETRY"] = "1"' in text
