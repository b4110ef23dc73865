"""What options and ledgers ask of films, beside what they ask of every picture."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from senga.errors import WriteError
from senga.image import Animation, Image
from senga.language import tr

_HELD = (".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm")
"""Endings of films that are written in pieces."""


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


def kept_in(folder: Path | None, source: Image | Animation, *made_of: str) -> Image | Animation:
    """The film with the place where finished pieces of its result are kept; those of anything else are removed."""
    from senga.files.video_pieces import Pieces

    if folder is None or not isinstance(source, Animation) or source.film is None or not all(made_of):
        return source
    if not folder.parent.parent.is_dir():  # of the ledger; whoever paints elsewhere keeps nothing
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
