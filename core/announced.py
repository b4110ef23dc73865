"""The plug-ins that installed packages announce, whatever state the metadata of other packages is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

GROUP = "senga"


@dataclass(frozen=True)
class Announced:
    """One plug-in of a package: its entry point, and the package with its version."""

    point: EntryPoint
    origin: str


def announced() -> list[Announced]:
    """Every entry point of the group ``senga``; of a package that is there twice, the one that Python would import."""
    found: dict[str, list[Announced]] = {}
    with suppress(Exception):  # a finder of a stranger
        for package in distributions():
            with suppress(Exception):  # metadata that cannot be read is the misfortune of its package
                points = list(_points(package))
                if points:
                    origin = _origin(package, points[0])
                    found.setdefault(origin.partition(" ")[0], [Announced(point, origin) for point in points])
    return [each for every in found.values() for each in every]


def _points(package: Distribution) -> Iterator[EntryPoint]:
    text = package.read_text("entry_points.txt") or ""
    if f"[{GROUP}]" in text:
        yield from package.entry_points.select(group=GROUP)


def _origin(package: Distribution, point: EntryPoint) -> str:
    with suppress(Exception):
        if package.name:
            return f"{package.name} {package.version}"
    return point.value
