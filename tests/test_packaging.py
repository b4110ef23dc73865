"""The wheel: complete, and working without the source tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

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
    with alone(tmp_path_factory.getbasetemp().parent / "wheel.lock"):
        subprocess.run(words, check=True, capture_output=True)
    return next(folder.glob("senga-*.whl"))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process after the other: setuptools builds within the source tree."""
    with path.open("w") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    assert wheel.stat().st_size < 25e6


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


# --- Locked versions ---

CONSTRAINTS = ROOT / "constraints"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ENVIRONMENT = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}


def ranges(python: str, *extras: str) -> list[Requirement]:
    """What pyproject.toml asks for on Linux."""
    words = [*PROJECT["dependencies"], *(word for extra in extras for word in PROJECT["optional-dependencies"][extra])]
    here = {**ENVIRONMENT, "python_version": python, "python_full_version": f"{python}.9"}
    wanted = [Requirement(word) for word in words]
    return [one for one in wanted if one.marker is None or one.marker.evaluate(here)]


def pins(name: str) -> dict[str, str]:
    """The version of each package that a constraint file names for Linux."""
    lines = [line for line in (CONSTRAINTS / f"{name}.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    wanted = [Requirement(line) for line in lines]
    kept = [one for one in wanted if one.marker is None or one.marker.evaluate(dict(ENVIRONMENT))]
    assert len({one.name for one in kept}) == len(kept)
    return {one.name: str(one.specifier).removeprefix("==") for one in kept}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_what_is_locked_lies_in_the_ranges_of_the_wheel(python: str) -> None:
    assert python in SpecifierSet(PROJECT["requires-python"])
    locked = pins(python)
    for wanted in ranges(python, "fast", "cluster", "test", "lint", "lock"):
        assert locked[wanted.name] in wanted.specifier, f"{wanted}: run make lock"
    assert {"pip", "setuptools", "wheel"} <= set(locked)


def test_the_lowest_versions_are_those_of_the_ranges() -> None:
    locked, tools = pins("lowest"), {Requirement(word).name for word in PROJECT["optional-dependencies"]["test"]}
    for wanted in ranges("3.11", "fast", "cluster"):
        bound = next(one.version for one in wanted.specifier if one.operator == ">=")
        assert Version(locked[wanted.name]).release[: len(Version(bound).release)] == Version(bound).release, wanted
    assert tools <= set(locked)


def test_the_oracles_have_a_pytorch_for_the_processor() -> None:
    locked = pins("oracles")
    assert locked["torch"].endswith("+cpu")
    (wanted,) = map(Requirement, PROJECT["optional-dependencies"]["torch"])
    assert locked["torch"] in wanted.specifier
    assert not [name for name in locked if name.startswith(("nvidia", "cuda", "triton"))]
    assert {"torch-fidelity", "pytorch-fid", "lpips", "scikit-image"} <= set(locked)


def test_constraints_name_versions_and_no_places() -> None:
    for path in CONSTRAINTS.iterdir():
        assert not re.search(r"^-|@|^[^#].*/", path.read_text("utf-8"), re.M), path


def test_every_python_that_is_allowed_is_locked() -> None:
    allowed = [f"3.{minor}" for minor in range(8, 30) if f"3.{minor}" in SpecifierSet(PROJECT["requires-python"])]
    assert {path.stem for path in CONSTRAINTS.glob("3.*.txt")} == set(allowed)
