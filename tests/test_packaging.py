"""The wheel: complete, and working without the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"core": "senga", "plugins": "senga/plugins", "host_adapters": "senga/host_adapters"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(words, check=True, capture_output=True)
    return next(folder.glob("senga-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked into a folder of its own."""
    target = tmp_path_factory.mktemp("installed")
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel]
    subprocess.run(words, check=True, capture_output=True)
    return target


def python(installed: Path, code: str, *, without: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run code with the unpacked wheel and the dependencies, but without the editable install (-S skips its hook)."""
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in without)
    path = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    env = {**os.environ, "PYTHONPATH": path}
    words = [sys.executable, "-S", "-W", "error", "-c", f"import sys\n{blocked}{code}"]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=installed, env=env)


def test_the_wheel_holds_every_file_of_the_rooms(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room, package in ROOMS.items():
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and not {"__pycache__", "gimpfu-stubs"} & set(path.parts):
                assert f"{package}/{path.relative_to(ROOT / room).as_posix()}" in names


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"senga"}
    assert wheel.stat().st_size < 20e6


def test_the_licence_and_the_command_are_there(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    texts = {Path(name).name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name}
    assert "Apache License" in texts["LICENSE"]
    assert "senga = senga.host_adapters.standalone:main" in texts["entry_points.txt"]


def test_the_installed_wheel_draws_a_picture(installed: Path) -> None:
    code = (
        "import senga\nfrom senga.testing import sample\nprint(senga.__file__)\n"
        "print(senga.apply('sketch', sample(40, 50)).pixels.shape)"
    )
    done = python(installed, code)
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stdout
    assert "(40, 50, 3)" in done.stdout


def test_the_installed_wheel_carries_its_default_style(installed: Path) -> None:
    code = "from senga.registry import plugins\nprint(plugins().store().load('painted-comic').card['licence'])"
    done = python(installed, code)
    assert done.returncode == 0, done.stderr
    assert "CC-BY-4.0" in done.stdout


def test_the_installed_wheel_paints_without_mindspore(installed: Path) -> None:
    code = (
        "import senga\nfrom senga.testing import sample\n"
        "for name in ('sketch', 'anime'): print(senga.apply(name, sample(20, 20)).pixels.shape)"
    )
    done = python(installed, code, without=("mindspore",))
    assert (done.returncode, done.stdout) == (0, "(20, 20, 3)\n" * 2), done.stderr
