"""Who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIGHT = {"numpy", "pluggy", "pydantic", "pydantic_core", "platformdirs", "tomli_w", "safetensors"}
PICTURES = {"cv2", "PIL", "tifffile", "imagecodecs", "av"}
NETWORKS = {"mindspore", "onnxruntime", "openvino"}
RUNNER = {"click", "rich"}
CLUSTER = {"dask", "distributed"}


def allowed(path: Path) -> set[str]:
    """Top-level packages (and rooms of senga) that a file may import."""
    room, *inside = path.relative_to(ROOT).parts
    if room == "core":
        more = {"neural": NETWORKS, "exemplars": {"numba"}}.get(inside[0], set())
        return LIGHT | PICTURES | {"senga"} | more
    if room == "plugins":
        return LIGHT | {"cv2", "senga"}
    if "senga_gimp" in path.as_posix().replace("-", "_"):  # what runs inside GIMP knows nothing of senga
        return {"gi", "senga_gimp", "senga_gimp2", "senga_client", "gimp", "gimpfu", "gimpenums"}
    return LIGHT | RUNNER | {"senga"} | (CLUSTER if inside[0] == "cluster" else set())


def sources(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module with its level (0 = absolute)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


@pytest.mark.parametrize(
    "path", sources("core", "plugins", "host_adapters"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    may = allowed(path)
    for name, level in imports(path):
        assert level <= 1, f"{name}: no imports from a parent folder"
        top = name.split(".")[0]
        if level or top in sys.stdlib_module_names:
            continue
        assert top in may, f"{name} is not for this room"
        assert not name.startswith("senga.host_adapters") or _own_room(path, name), f"{name}: nobody imports a host"
        assert not name.startswith("senga.plugins"), f"{name}: nobody imports a plug-in, but by the hooks"


def _own_room(path: Path, name: str) -> bool:
    """A host's own modules; the command line also calls the machinery for many inputs, which is no host."""
    host = path.relative_to(ROOT).parts[1]
    return name.split(".")[2] in ({host, "batch"} if host == "standalone" else {host})


def test_pictures_do_not_import_files() -> None:
    for name in ("image.py", "codec.py", "preview.py"):
        assert not [module for module, _ in imports(ROOT / "core" / name) if "files" in module.split(".")]


def test_the_rule_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = tmp_path / "core" / "stray.py"
    stray.parent.mkdir()
    stray.write_text("import mindspore\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    with pytest.raises(AssertionError, match="mindspore is not for this room"):
        test_a_file_imports_only_what_its_room_may(stray)
    host = tmp_path / "host_adapters" / "standalone" / "stray.py"
    host.parent.mkdir(parents=True)
    host.write_text("def late():\n    from senga.plugins.animegan.training import Training\n")
    with pytest.raises(AssertionError, match="nobody imports a plug-in"):
        test_a_file_imports_only_what_its_room_may(host)


def test_every_folder_is_packaged() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    names = {"core": "senga", "plugins": "senga.plugins", "host_adapters": "senga.host_adapters"}
    found = {
        ".".join([names[room], *path.parent.relative_to(ROOT / room).parts])
        for room in names
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert found == listed


def test_no_module_is_hidden_by_a_folder_of_the_same_name() -> None:
    rooms = {"plugins", "host_adapters"}
    assert not rooms & {path.stem for path in (ROOT / "core").iterdir()}
