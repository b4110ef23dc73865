"""The styles that filters are offered: weights by name, and the families whose lists of them can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .families import Family
from .job import Weights
from .strangers import border, reason

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True)
class Styles:
    """Weights by the names of styles: what ``job.weights`` is.

    Attributes:
        store: where they lie.
        families: only styles of these; by default of all.
        asking: the filter that paints with these families.
        drafts: give the draft forms of styles that have one.
    """

    store: Callable[[], Store]
    families: tuple[str, ...] = ()
    asking: str = ""
    drafts: bool = False

    def __call__(self, name: str) -> Weights:
        return self.store().load(name, self.families, self.asking, draft=self.drafts)


def readable(families: Iterable[tuple[Family, str]], blame: Callable[[str, str], None]) -> list[Family]:
    """The families, those whose lists of models cannot be read without them.

    Args:
        families: each with the plug-in that brings it.
        blame: is told which plug-in is wrong, and why.
    """
    from .store.catalog import read_catalog

    good: list[Family] = []
    for family, plugin in families:
        found = replace(family, models=None)
        try:
            with border():
                if family.models is not None:
                    listed = replace(family, models=Path(family.models))
                    read_catalog(Path(family.models), listed)
                    found = listed
        except Exception as error:  # of whatever a stranger's file is made
            blame(plugin, reason(error))
        good.append(found)
    return good
