"""Where results go: every name is settled, and then all are checked, before any work starts."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from senga.errors import SettingsError
from senga.filter import Makes
from senga.language import tr

from .endings import PIPE, fitting_ending, moves_of, places_of
from .films import wrong_codec
from .obstacles import is_too_long, refuse_collisions, wrong_format, wrong_place

if TYPE_CHECKING:
    from senga.files.kinds import Kind
    from senga.files.numbered import Numbered

_PLACES = ("stem", "ext", "filter")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Target:
    """One input and where its result goes.

    Attributes:
        source: the input; None stands for standard input.
        output: the result; None stands for standard output.
        kind: what the input seems to hold.
        moves: whether the result is an animation; None if that is not known before.
        free: the ending was our choice, so it may give way.
        folder: the folder of the output was asked for as such, so it may be made.
        numbered: the names of the frames, where the user wrote a pattern and the result is an animation.
        format: its format or ending.
        content: what came through standard input.
        trouble: why nothing can come of this one; the others may go on.
        inside: the folder of the input, from the one that was named.
        key: the planned name from the folder of all results, by which the ledger knows it; None without a ledger.
        made: what an earlier run made, and nobody changed; it may be replaced.
        unsure: an ended run may have made the output that is there.
        pictured: the report wants small pictures.
        pieces: folder of finished pieces of this film; None where none are kept.
        made_by: tells apart what makes such pieces, beside the input.
    """

    source: Path | None
    output: Path | None
    kind: Kind
    moves: bool | None = False
    free: bool = False
    folder: bool = False
    numbered: Numbered | None = None
    format: str = ""
    content: bytes | None = None
    trouble: str = ""
    inside: Path = Path()
    key: Path | None = None
    made: Path | None = None
    unsure: bool = False
    pictured: bool = False
    pieces: Path | None = None
    made_by: str = ""

    def may(self, overwrite: str, first: Path, *, checked: bool) -> str:
        """What may become of a file that is there, where ``overwrite`` was asked for.

        Args:
            overwrite: as the option.
            first: the result, or its first file.
            checked: its name was checked with those of the others; one that was not replaces nothing.
        """
        if self.made == first:
            return "replace"
        return "error" if overwrite == "replace" and not checked else overwrite

    @property
    def label(self) -> str:
        """The input, as messages name it."""
        return tr("standard input") if self.source is None else str(self.source)

    @property
    def place(self) -> Path | Numbered | None:
        """The name of the output, or the names of its frames."""
        return self.numbered or self.output

    @property
    def first(self) -> Path | None:
        """The output, or its first frame."""
        return self.numbered.frame(1) if self.numbered else self.output


@dataclass(frozen=True)
class Wish:
    """How the user wants outputs to be called.

    Attributes:
        output: what ``-o`` says.
        name: of the filter or recipe.
        format: what ``--format`` says.
        makes: what the filter or recipe makes of a still picture.
        overwrite: what ``--overwrite`` says.
        several: there is more than one input.
        read: further files that are read, and so never written.
        written: further files that are written, with what they are.
        root: the folder of all results; ``output`` is then a template of names in it.
        preview: seconds of films that are painted; names that we choose say so.
        codec: what films are encoded in.
        by_ending: names that we choose hold the ending of the input, too.
    """

    output: str | None
    name: str
    format: str | None = None
    makes: Makes = ""
    overwrite: str = "error"
    several: bool = False
    read: tuple[Path, ...] = ()
    written: tuple[tuple[str, Path], ...] = ()
    root: Path | None = None
    preview: float | None = None
    codec: str = "auto"
    by_ending: bool = False


def plan(inputs: Sequence[str], wish: Wish, folders: Sequence[Path] = ()) -> list[Target]:
    """Pair every input with its output, and check all of them.

    Args:
        inputs: paths, or ``-``.
        wish: how outputs are to be called.
        folders: the folder of each input, from the one that was named, where structure is to be kept.

    Raises:
        SettingsError: two results would meet in one file, an output is an input, cannot be written, or is ambiguous.
    """
    if wish.root is None and inputs.count(PIPE) > 1:
        raise SettingsError("Standard input can be read only once.")
    _check_wish(wish)
    wish = replace(wish, several=len(inputs) > 1)
    pairs = zip(inputs, folders or [Path()] * len(inputs), strict=True)
    targets = [_with_trouble(each, wish) for each in _told_apart([_target(*pair, wish) for pair in pairs], wish)]
    refuse_collisions(targets, wish)
    return [_placeable(target, wish) for target in targets]


def _placeable(target: Target, wish: Wish) -> Target:
    wrong = "" if target.trouble else wrong_place(target, wish)
    if wrong and wish.root is None:
        raise SettingsError(wrong)
    return replace(target, trouble=wrong) if wrong else target


def _check_wish(wish: Wish) -> None:
    if wish.format and (wrong := wrong_format(wish.format, None, None)):
        raise SettingsError(wrong)
    places = _PLACES if wish.root is None else (*_PLACES, "folder")
    unknown = [name for name in _PLACE.findall(wish.output or "") if name not in places]
    if unknown and not os.path.isdir(wish.output or ""):  # noqa: PTH112 - Path raises where names are too long
        known = ", ".join(f"{{{name}}}" for name in places)
        raise SettingsError(f"There is no {{{unknown[0]}}} in names of outputs: there are {known}.")


def _told_apart(targets: list[Target], wish: Wish) -> list[Target]:
    """Inputs that differ in their endings only, such as clip.mov beside clip.mp4, get results of other names."""
    count = Counter(target.output for target in targets)
    return [target if count[target.output] < 2 else _by_ending(target, wish) for target in targets]


def _by_ending(target: Target, wish: Wish) -> Target:
    """The target with the ending of its input in its name, unless that is the ending of the result, too."""
    if target.source is None or target.output is None:
        return target
    known = places_of(target.source.name)[1]
    is_own = not known or known.lower() == target.output.suffix.lower()
    return target if is_own else _target(str(target.source), target.inside, replace(wish, by_ending=True))


def _target(name: str, inside: Path, wish: Wish) -> Target:
    from senga.files.kinds import kind_of

    source = None if name == PIPE and wish.root is None else Path(name)
    if wish.output == PIPE and wish.several:
        raise SettingsError("Only one result fits into a pipe: give a folder with -o, or a single input.")
    content = piped() if source is None else None
    kind = kind_of(source or content or b"")
    moves = moves_of(kind, wish.makes)
    target = Target(source, None, kind, moves, content=content, format=wish.format or "", inside=inside)
    if wish.output == PIPE or (wish.output is None and source is None):
        return target
    stem, known = places_of(name)
    ending = f".{wish.format.lstrip('.')}" if wish.format else _fitting(known or ".png", kind, wish)
    stem += f"-{known.lstrip('.')}" if wish.by_ending else ""
    stem += f"-first{wish.preview:g}s" if wish.preview and kind.moves else ""
    places = {"stem": stem, "ext": ending, "filter": wish.name, "folder": str(inside)}
    named = _named(target, places, wish)
    return _numbered(named, places, wish.output, apart=_comes_apart(named, wish.makes))


def piped() -> bytes:
    """What comes through standard input.

    Raises:
        SettingsError: nothing can be read there.
    """
    from senga.files.reading import drained

    try:
        return drained(sys.stdin.buffer)
    except (OSError, AttributeError) as error:  # there may be no standard input at all
        raise SettingsError("Standard input cannot be read: pipe a picture into it, or name a file.") from error


def _named(target: Target, places: dict[str, str], wish: Wish) -> Target:
    """The target with its output and what follows from how that was asked for."""
    own = f"{places['stem']}{places['ext']}"
    free, is_folder = not wish.format, False
    if wish.root is not None:
        named = wish.output or "{folder}/{stem}{ext}"
        output, is_folder = wish.root / _filled(named, places).lstrip("/"), True
        free = free and named.endswith("{ext}")
    elif wish.output is None:
        assert target.source is not None  # noqa: S101 - standard input goes to standard output
        output = target.source.parent / f"{places['stem']}-{wish.name}{places['ext']}"
    elif os.path.isdir(wish.output):  # noqa: PTH112 - Path raises where names are too long
        output, is_folder = Path(wish.output) / own, True
    else:
        filled, is_template = _filled(wish.output, places), bool(_PLACE.search(wish.output))
        is_folder = filled.endswith(("/", os.sep)) or (not is_template and _is_folder(filled, wish.several))
        output = Path(filled) / own if is_folder else Path(filled)
        free = free and (is_folder or wish.output.endswith("{ext}"))
        is_folder = is_folder or is_template
    format = places["ext"] if free else _format(output, wish.format)  # noqa: A001 - as the attribute is called
    return replace(target, output=output, free=free, folder=is_folder, format=format)


def _format(output: Path, wished: str | None) -> str:
    """The ending decides, where it is one."""
    from senga.files.kinds import ending_of

    return ending_of(output.name) or wished or output.suffix


def _numbered(target: Target, places: Mapping[str, str], output: str | None, *, apart: bool) -> Target:
    """The target with the names of its frames, if the user wrote a pattern; one in an input's name is none."""
    from senga.files.numbered import Numbered

    found = Numbered.of(Path(output)) if output and (target.moves is not False or apart) else None
    if target.output is None or (found is None and not apart):
        return target
    if found is None:
        return replace(target, numbered=counted(target.output))
    head, tail = _filled(found.head, places), _filled(found.tail, places)
    numbered = Numbered(target.output.parent, head, found.number, tail)
    return replace(target, numbered=numbered) if numbered.path == target.output else target  # else it names a folder


def _comes_apart(target: Target, makes: Makes) -> bool:
    """Whether alternatives go to numbered files: a format with layers holds all of them."""
    from senga.files.formats import format_of

    found = format_of(target.format)
    return makes == "alternatives" and not target.kind.moves and not (found and found.layers)


def counted(output: Path) -> Numbered:
    """The names of alternatives, such as ``out-1.png`` and ``out-2.png``."""
    from senga.files.numbered import Numbered

    return Numbered(output.parent, f"{output.stem}-", "%d", output.suffix)


def _filled(text: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: places[found[1]], text)


def _is_folder(output: str, several: bool) -> bool:
    if several and Path(output).suffix:
        raise SettingsError(
            f"Several pictures do not fit into the file {output}: give a folder, or a template like out/{{stem}}.png."
        )
    return several


def _fitting(known: str, kind: Kind, wish: Wish) -> str:
    return fitting_ending(known, kind, wish.makes, wish.codec)


def _with_trouble(target: Target, wish: Wish) -> Target:
    """The target, with what stops this input alone: no fault of what the user asked for all of them.

    Raises:
        SettingsError: nothing at all can be written in its format.
    """
    place, trouble = target.first, ""
    if target.format or target.output is not None:
        moves = False if target.numbered else target.moves
        trouble = wrong_format(target.format, moves, place)
        if trouble and (wrong := wrong_format(target.format, None, place)):
            raise SettingsError(wrong)
    if target.moves and not target.numbered and (wrong := wrong_codec(wish.codec, target.format, target.output)):
        raise SettingsError(wrong)
    if place is not None and is_too_long(place):
        trouble = tr("The name “{name}” is too long; choose a shorter one.").format(name=place.name)
    if wish.output is None and not trouble and target.source and os.path.lexists(target.source):
        trouble = wrong_place(target, wish)
    return replace(target, trouble=trouble)
