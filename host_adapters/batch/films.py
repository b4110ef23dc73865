"""What options and ledgers ask of films, beside what they ask of every picture."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from senga.devices import is_special
from senga.errors import PartError, SengaError, WriteError
from senga.image import Animation, Image
from senga.language import tr
from senga.plain import tell

if TYPE_CHECKING:
    from .outputs import Target

_HELD = (".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm")
"""Endings of films that are written in pieces."""
_BESIDE = ".senga-pieces"
"""Folder beside the results of ``senga run``, which has no ledger."""
_LONG = 14 * 24 * 3600.0


def begun(source: Image | Animation, options: Mapping[str, Any]) -> Image | Animation:
    """The beginning of a film, if no more is asked for."""
    from senga.files.beginning import beginning

    seconds = options.get("preview")
    return beginning(source, seconds) if seconds and isinstance(source, Animation) else source


def codec_for(format: str, options: Mapping[str, Any]) -> str:  # noqa: A002 - as the attribute of a target is called
    """The coding that was asked for, of what is a film."""
    from senga.files.formats import is_film

    return codec_of(options) if is_film(format) else "auto"


def codec_of(options: Mapping[str, Any]) -> str:
    """The coding of films; batches that were begun earlier say nothing of it."""
    return str(options.get("codec", "auto"))


def wrong_codec(codec: str, format: str, path: Path | None) -> str:  # noqa: A002 - as above
    """Why a film of that ending is not written so; an empty text if it can be, or is no film."""
    from senga.files.formats import is_film
    from senga.files.video_codecs import check_codec

    try:
        if is_film(format):
            check_codec(codec, format, tr("The film") if path is None else f"“{path.name}”")
    except WriteError as error:
        return str(error)
    return ""


def pieces_at(home: Path, key: Path) -> Path:
    """The folder for pieces of one film, in that of the ledger."""
    return home / "pieces" / hashlib.sha256(os.fsencode(key)).hexdigest()[:32]


def in_pieces(target: Target, made_by: Callable[[], str]) -> Target:
    """The target of ``senga run`` with a place for finished pieces beside its result, if it is a film."""
    output = target.output
    if output is None or target.numbered or not target.kind.film or not is_held(target.format) or is_special(output):
        return target
    folder = output.parent / _BESIDE / hashlib.sha256(os.fsencode(output.name)).hexdigest()[:32]
    try:
        return replace(target, pieces=folder, made_by=f"{made_by()} {target.format}")
    except SengaError:  # of what comes through a pipe, say; whoever paints will tell
        return target


def tell_kept(targets: Iterable[Target]) -> None:
    """Say that films were left in their middle."""
    text = tr("What is finished of {name} is kept for two weeks; the same command goes on with it.")
    for target in targets:
        if target.pieces is not None and target.pieces.is_dir():
            tell(f"senga: {text.format(name=target.output)}", err=True)


def sweep_pieces(folder: Path) -> None:
    """Remove pieces beside results with which nobody went on for long."""
    with suppress(OSError):
        for each in (folder / _BESIDE).iterdir():
            if time.time() - max(path.stat().st_mtime for path in (each, *each.rglob("*"))) > _LONG:
                shutil.rmtree(each, ignore_errors=True)
        (folder / _BESIDE).rmdir()


@contextmanager
def kept_until_done(target: Target) -> Iterator[None]:
    """Without a ledger, pieces go when the film is done, or as good as it gets."""
    try:
        yield
    except PartError:
        _let_go(target)
        raise
    _let_go(target)


def _let_go(target: Target) -> None:
    if target.key is None and target.pieces is not None:
        discard(target.pieces)
        with suppress(OSError):  # others are there
            target.pieces.parent.rmdir()


def kept_in(folder: Path | None, source: Image | Animation, *made_of: str) -> Image | Animation:
    """The film with the place where finished pieces of its result are kept; those of anything else are removed."""
    from senga.files.video_pieces import Pieces

    if folder is None or not isinstance(source, Animation) or source.film is None or not all(made_of):
        return source
    if (
        folder.parent.name != _BESIDE and not folder.parent.parent.is_dir()
    ):  # of the ledger; whoever paints elsewhere keeps nothing
        return source
    own = folder / hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:32]
    for other in folder.iterdir() if folder.is_dir() else ():
        if other != own:
            shutil.rmtree(other, ignore_errors=True)
    return replace(source, film=replace(source.film, pieces=Pieces(own)))


def is_held(format: str) -> bool:  # noqa: A002 - as the attribute of a target is called
    """Whether films of this ending are written in pieces."""
    return format.lower() in _HELD


def discard(folder: Path | None) -> None:
    """Remove the pieces of a film that is done."""
    if folder is not None and folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
