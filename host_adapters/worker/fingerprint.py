"""What is installed, in a few letters: another worker is needed when they change."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

from senga.announced import announced
from senga.registry import installed
from senga.switches import read_disabled


def fingerprint() -> str:
    """Changes with the version and files of Senga, and with the plug-ins that are installed or disabled."""
    facts = [_version(), *installed(), *sorted(read_disabled()), *_packages(), *_sources()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _version() -> str:
    try:
        return importlib.metadata.version("senga")
    except importlib.metadata.PackageNotFoundError:
        return ""  # deleted under the running worker, which must make room for one that says so


def _packages() -> Iterator[str]:
    """Third-party plug-ins with their versions, and when their module was changed."""
    for each in announced():
        yield f"{each.point.name} {each.point.value} {each.origin} {_changed(each.point.module.partition('.')[0])}"


def _changed(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
        changed = Path(spec.origin).stat().st_mtime_ns if spec and spec.origin else 0
        return " ".join([str(changed), *_times(spec, "*.mo")])
    except (ImportError, ValueError, OSError):
        return ""  # a broken plug-in, which the registry reports


def _sources() -> Iterator[str]:
    """Senga's own modules that are loaded or will be, and its catalogues."""
    for name in ("senga", "senga.plugins", "senga.host_adapters"):
        spec = importlib.util.find_spec(name)
        yield from _times(spec, "*.py")
        yield from _times(spec, "*.mo")


def _times(spec: ModuleSpec | None, pattern: str) -> Iterator[str]:
    """When the files of a package were changed."""
    for folder in (spec and spec.submodule_search_locations) or ():
        yield from sorted(f"{path} {path.stat().st_mtime_ns}" for path in Path(folder).rglob(pattern))
