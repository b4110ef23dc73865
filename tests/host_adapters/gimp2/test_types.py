"""The types of gimpfu: they check the plug-in, they can find a mistake, and they install as a distribution."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GIMP2 = ROOT / "host_adapters/gimp2"
STUBS = GIMP2 / "gimpfu-stubs"

pytest.importorskip("mypy", reason="mypy checks the types (pip install senga[lint])")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the types, unpacked as pip does it."""
    folder = tmp_path_factory.mktemp("stubs")
    shutil.copytree(STUBS, folder / "source")
    words = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source"]
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
    site = folder / "site"
    zipfile.ZipFile(next(folder.glob("gimpfu_stubs-*.whl"))).extractall(site)
    return site


@pytest.fixture(scope="module")
def check(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Type-checks the plug-in, with one more file in it."""
    folder = tmp_path_factory.mktemp("typed")
    shutil.copytree(GIMP2 / "senga_gimp2", folder / "senga_gimp2")
    shutil.copy(ROOT / "host_adapters/worker/client.py", folder / "senga_client.py")
    for package in installed.glob("*-stubs"):  # mypy looks for such names in site-packages only
        shutil.copytree(package, folder / package.name.removesuffix("-stubs"))

    def run(code: str) -> str:
        (folder / "senga_gimp2/further.py").write_text(code)
        words = ["mypy", "--strict", "--config-file=", "--cache-dir", folder / "cache", "-p", "senga_gimp2"]
        done = subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(folder)},
        )
        return done.stdout + done.stderr

    return run


def test_the_plug_in_is_well_typed(check: Callable[[str], str]) -> None:
    assert check("").startswith("Success")


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import gimp\n\ngimp.progress_update('half')\n", "incompatible type"),
        ("import gimp\n\n\ndef f(layer):\n    # type: (gimp.Layer) -> int\n    return layer.name\n", "return value"),
        (
            "import gimp\n\n\ndef f(layer):\n    # type: (gimp.Layer) -> None\n    layer.merge_shadows()\n",
            "no attribute",
        ),
        (
            "import gimp\n\n\ndef f(region):\n    # type: (gimp.PixelRgn) -> None\n    region[0, 0] = 'x'\n",
            "Incompatible",
        ),
        ("from gimpfu import PF_SLIDDER\n", "has no attribute"),
        ("from gimpfu import *\n\nPF_SLIDER = 3\n", "final"),
        ("import gimpfu\n\ngimpfu.register('a', 'b')\n", "Missing positional arguments"),
    ],
)
def test_a_mistake_is_found(check: Callable[[str], str], code: str, complaint: str) -> None:
    found = check(code)
    assert "further.py" in found
    assert complaint in found


def test_the_distribution_holds_every_module(installed: Path) -> None:
    names = {"gimp", "gimpcolor", "gimpenums", "gimpfu", "gimpshelf", "gimpui"}
    assert {path.parent.name for path in installed.rglob("*.pyi")} == {f"{name}-stubs" for name in names}
