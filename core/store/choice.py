"""Which model a name means: ``family/name`` always, the short name while it is unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from senga.errors import ModelError
from senga.names import nearest, parted

from .catalog import ModelEntry
from .drafts import without_drafts


def called(name: str, entries: Iterable[ModelEntry]) -> list[ModelEntry]:
    """The models that can be meant by a name."""
    family, short = parted(name) or ("", "")
    return [entry for entry in entries if entry.name == short and family in ("", entry.family)]


def of_families(entries: Iterable[ModelEntry], families: Iterable[str]) -> list[ModelEntry]:
    """The models of some families, and those of which nobody knows the family; all where none is named."""
    wanted = {"", *families}
    return [entry for entry in entries if len(wanted) == 1 or entry.family in wanted]


def short_names(entries: Sequence[ModelEntry]) -> list[str]:
    """What a painter calls each of these models: by its short name where no other of them has it."""
    counts = Counter(entry.name for entry in entries)
    return [entry.name if counts[entry.name] < 2 else entry.full_name for entry in entries]


def choose(name: str, entries: Sequence[ModelEntry], families: Sequence[str] = (), asking: str = "") -> ModelEntry:
    """The model that a name means.

    Args:
        name: of the model.
        entries: all models.
        families: only models of these; by default of all.
        asking: the filter that paints with these families.

    Raises:
        ModelError: there is none, and the message suggests the nearest; or there are several, and it names them.
    """
    offered = of_families(entries, families)
    if len(found := called(name, offered)) == 1:
        return found[0]
    if found:
        names = " and ".join(f"“{entry.full_name}”" for entry in found)
        raise ModelError(f"There are several styles “{name}”: {names}; say which.")
    if called(name, entries):
        own = " and ".join(families)
        if not asking:
            raise ModelError(f"“{name}” is a style of another family of networks than {own}.")
        raise ModelError(f"“{name}” is no style of the filter {asking}, which paints with {own}.")
    if families and not offered:
        raise ModelError(
            f"There is no style of {' or '.join(families)} here yet: import one with senga models import, or train "
            "one; senga train --help lists the families that can be trained."
        )
    known = [entry.name for entry in offered] + [entry.full_name for entry in offered]
    hint = nearest(name.lower(), known) or f"there are {', '.join(short_names(without_drafts(offered)))}."
    raise ModelError(f"There is no style “{name}”: {hint}")
