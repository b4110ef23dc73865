"""What several rooms' tests need."""

from __future__ import annotations

import compileall
import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from senga.image import Image
from senga.neural import speed
from senga.testing import sample

# onnx, imported first, would choose a form of Protocol Buffers that MindSpore's older message files cannot use.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

# How fast examples are made is the machine's matter, not the code's.
hypothesis.settings.register_profile(
    "senga", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("senga")

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_mindspore: skipped where MindSpore is not installed")
    if not hasattr(config, "workerinput"):  # hundreds of processes start: as in an installation, they find it compiled
        for room in ("core", "plugins", "host_adapters"):
            compileall.compile_dir(ROOT / room, quiet=2)
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        warm = _warm()
        os.environ["SENGA_WARM"] = warm.program
        config.add_cleanup(warm.end)


def _warm() -> Any:
    """See ``warm/__init__.py``."""
    spec = importlib.util.spec_from_file_location("warm", Path(__file__).parent / "warm" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Warm()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("mindspore") is None:
        absent = pytest.mark.skip(reason="no MindSpore here")
        for item in items:
            if item.get_closest_marker("needs_mindspore"):
                item.add_marker(absent)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with photographs and public weights, where the machine has it."""
    folder = Path(os.environ.get("SENGA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no test data at {folder} (SENGA_SHARED names another folder)")
    return folder / "data"


@pytest.fixture
def picture() -> Callable[..., Image]:
    """Makes small pictures with shades, edges and grain."""
    return sample


@pytest.fixture(autouse=True)
def process_stays_as_it_was() -> Iterator[None]:
    """A command that runs in this process changes what its children inherit: the next test must not."""
    environment, places = dict(os.environ), sys.path[:]
    yield
    sys.path[:] = places
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of folders; pytest would look through all that are there before it makes the next."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(scope="session")
def machine_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What numba compiled, for all processes of all tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "machine-code"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def private_home(homes: Iterator[Path], machine_code: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own models and choices."""
    home = next(homes)
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "compiled").symlink_to(machine_code)
    monkeypatch.setenv("SENGA_HOME", str(home))
    if importlib.util.find_spec("openvino") is not None:  # or every process would measure first
        speed.note().write_text('{"openvino": 1.0, "onnx": 2.0}')
    monkeypatch.setenv("SENGA_LANGUAGE", "en")
    for name in ("SENGA_PLUGINS", "SENGA_STRICT", "SENGA_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that starts the same in every test."""
    return np.random.default_rng(20260101)
