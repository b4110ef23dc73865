"""Faces in pictures: where they are, their 68 landmarks, found or given by hand, and masks of the parts of a head.

>>> from senga.faces import Face, find_faces, masks_of
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .face import COUNT, Face
    from .finding import find_faces
    from .following import followed
    from .given import faces_of_shares
    from .masks import Masks, masks_of
    from .points_file import faces_text, read_faces

__all__ = [
    "COUNT",
    "Face",
    "Masks",
    "faces_of_shares",
    "faces_text",
    "find_faces",
    "followed",
    "masks_of",
    "read_faces",
]

_HOMES = {
    "face": ("COUNT", "Face"),
    "finding": ("find_faces",),
    "following": ("followed",),
    "given": ("faces_of_shares",),
    "masks": ("Masks", "masks_of"),
    "points_file": ("faces_text", "read_faces"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: landmarks in a file need no network."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'senga.faces' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    return value
