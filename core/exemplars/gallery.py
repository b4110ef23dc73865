"""The gallery: paintings to paint by, those that come with Senga and those that plug-ins bring."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from senga.errors import SettingsError
from senga.image import Animation, Image
from senga.names import nearest

_FOLDER = Path(__file__).with_name("paintings")


@dataclass(frozen=True)
class Exemplar:
    """A picture to paint by, with its card. A plug-in returns such from ``senga_resources("exemplars")``.

    Attributes:
        name: lower case with dashes, unique: what users type.
        title: what a menu shows.
        file: the picture.
        artist: who made it, and when they lived.
        year: when it was made.
        licence: under which terms it may be used.
        source: where the reproduction comes from.
        landmarks: a file with those of its face (``senga.faces.read_faces``), for what is painted after portraits.
    """

    name: str
    title: str
    file: Path
    artist: str = ""
    year: str = ""
    licence: str = ""
    source: str = ""
    landmarks: Path | None = None

    @property
    def label(self) -> str:
        """The title with the artist's name, for menus."""
        artist = self.artist.partition(" (")[0]
        return f"{self.title} – {artist}" if artist else self.title


@cache
def built_in() -> tuple[Exemplar, ...]:
    """The exemplars that come with Senga."""
    cards = tomllib.loads((_FOLDER / "paintings.toml").read_text("utf-8"))
    return tuple(
        Exemplar(name, file=_FOLDER / f"{name}.jpg", landmarks=_landmarks_of(name), **card)
        for name, card in cards.items()
    )


def _landmarks_of(name: str) -> Path | None:
    path = _FOLDER / f"{name}.points.json"
    return path if path.exists() else None


def portraits(extra: Iterable[Exemplar] = ()) -> tuple[Exemplar, ...]:
    """Those of which the landmarks of a face are known."""
    return tuple(each for each in (*built_in(), *extra) if each.landmarks is not None)


def find(name: str, extra: Iterable[Exemplar] = ()) -> Exemplar:
    """The exemplar of that name among the built-in ones and ``extra``; an extra one wins over a built-in one.

    Raises:
        SettingsError: there is none; the message suggests the nearest.
    """
    known = {exemplar.name: exemplar for exemplar in (*built_in(), *extra)}
    if name in known:
        return known[name]
    hint = nearest(name, known) or f"choose one of: {', '.join(known)}."
    raise SettingsError(f"There is no exemplar “{name}”: {hint}")


def chosen(own: Image | None, name: str, extra: Iterable[Exemplar] = ()) -> Image:
    """A picture of one's own, or else that of the exemplar of a name.

    Raises:
        SettingsError: there is no exemplar of that name.
        SengaError: its picture cannot be read.
    """
    return own or picture_of(find(name, extra))


def picture_of(exemplar: Exemplar) -> Image:
    """The picture of an exemplar.

    Raises:
        SengaError: it cannot be read.
        SettingsError: it moves.
    """
    from senga.files import read

    found = read(exemplar.file)
    if isinstance(found, Animation):
        raise SettingsError(f"The exemplar “{exemplar.name}” is an animation, but it must be a still picture.")
    return found
