"""Small pictures beside choices: of paintings, as they are, and of styles, as their plug-in painted an example."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from senga.errors import SengaError
from senga.exemplars.gallery import built_in, portraits
from senga.filter import Filter
from senga.image import Image
from senga.registry import Plugins
from senga.settings import SettingInfo

SIDE = 96
"""Pixels; screens with small ones show all of them."""
_FOLDER = "thumbnails"
"""Beside a family's list of models, with NAME.jpg for a style; and in the plug-in."""
_LOOKED_AT = 0.5, 0.3
"""The part that stays of what is no square: faces are above the middle."""


def pictures_of_choices(kind: type[Filter], info: SettingInfo, known: Plugins) -> dict[str, str]:
    """The values of a setting that have a picture, each with the path of that."""
    if info.kind == "model":
        return _of_styles(kind, known)
    if info.resources not in ("exemplars", "portraits"):
        return {}
    extra = known.resources("exemplars")
    offered = (*built_in(), *extra) if info.resources == "exemplars" else portraits(extra)
    return {each.name: str(each.file) for each in offered}


def _of_styles(kind: type[Filter], known: Plugins) -> dict[str, str]:
    families = known.families_of(kind)
    listed = {name: known.families[name].models for name in families if name in known.families}
    shelves = {name: Path(path).parent / _FOLDER for name, path in listed.items() if path}
    styles = known.styles_of(families).items() if families else ()
    paths = {called: shelves[entry.family] / f"{entry.name}.jpg" for called, entry in styles if entry.family in shelves}
    return {called: str(path) for called, path in paths.items() if path.is_file()}


def named(filters: list[dict[str, Any]]) -> dict[str, str]:
    """Put names in the plug-in's folder in the place of paths; what each name stands for."""
    paths: dict[str, str] = {}
    for setting in (setting for one in filters for setting in one["settings"]):
        names = {value: _name_of(path) for value, path in setting["pictures"].items()}
        paths |= zip(names.values(), setting["pictures"].values(), strict=True)
        setting["pictures"] = names
    return paths


def _name_of(path: str) -> str:
    return f"{_FOLDER}/{hashlib.sha256(path.encode()).hexdigest()[:16]}.jpg"


def thumbnails(manifest: dict[str, Any]) -> dict[str, bytes]:
    """The small pictures of all choices, by their names; what cannot be read has none."""
    made = {name: _reduced(Path(path)) for name, path in manifest.get("pictures", {}).items()}
    return {name: data for name, data in made.items() if data is not None}


def _reduced(path: Path) -> bytes | None:
    """A picture as a small square JPEG, or None where it cannot be read or moves."""
    import senga

    try:
        picture = senga.open(path)
    except SengaError:
        return None
    if not isinstance(picture, Image):
        return None
    content = io.BytesIO()
    picture.pil().convert("RGB").resize((SIDE, SIDE), box=_square(picture)).save(content, "JPEG", quality=85)
    return content.getvalue()


def _square(picture: Image) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the part that is shown."""
    side = min(picture.width, picture.height)
    left, top = (
        share * (whole - side) for share, whole in zip(_LOOKED_AT, (picture.width, picture.height), strict=True)
    )
    return left, top, left + side, top + side
