"""Landmarks in files: JSON or lines of numbers, written by hand or by another program.

JSON is a list of faces, each a list of 68 pairs ``[x, y]``, or one face without the outer list, or an object::

    {"size": [1200, 1600], "faces": [{"points": [[412.5, 300], …]}, …]}

In a file of lines each has one point, ``x, y`` with a comma, a semicolon, a tab or blanks between; 68 lines are a face.
Empty lines count for nothing, nor what stands behind a ``#``, but for ``# size 1200 1600``.

Numbers are pixels of the picture whose width and height ``size`` tells, else of the one that is worked on; if none is
larger than 1 they are shares of its width and height.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError, SettingsError

from .face import COUNT, Face

MOST_BYTES = 4 << 20
MOST_FACES = 200
FURTHEST = 1e6
"""Pixels from the corner; what is further is no landmark of a picture."""

Size = tuple[int, int]
"""Height and width."""
_SIZE = re.compile(r"#\s*size\s+([\d.]+)[\s,x]+([\d.]+)", re.IGNORECASE)


def read_faces(path: str | os.PathLike[str], size: Size) -> list[Face]:
    """The faces of a file of landmarks, in its order.

    Args:
        path: the file; its content tells which of both kinds it is.
        size: (height, width) of the picture that the landmarks are wanted for, in its pixels.

    Raises:
        ReadError: there is no such file, or it cannot be read.
        SettingsError: it does not hold 68 points for each face.
    """
    name = Path(path)
    return faces_in(_content(name), name.name, size)


def faces_in(content: str, name: str, size: Size) -> list[Face]:
    """The faces of a text, which errors call ``name``; see ``read_faces``."""
    is_json = content.lstrip().startswith(("[", "{"))
    groups, whole = _json(content, name) if is_json else _lines(content, name)
    if len(groups) > MOST_FACES:
        raise SettingsError(f"{name} has {len(groups)} faces, but {MOST_FACES} are the most that are read.")
    several = [_face(points, number, name) for number, points in enumerate(groups, 1)]
    return [Face.of_points(_in_pixels(points, several, whole, size)) for points in several]


def faces_text(faces: Iterable[Face], size: Size) -> str:
    """The JSON of faces in a picture of (height, width), to be corrected by hand and read again."""
    each = [json.dumps([[round(float(part), 2) for part in pair] for pair in face.points]) for face in faces]
    lines = ",\n".join(f'  {{"points": {points}}}' for points in each)
    return f'{{"size": [{size[1]}, {size[0]}], "faces": [\n{lines}\n]}}\n'


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ReadError(f"The landmarks in {path} cannot be read: {error.strerror}.", path) from error
    if len(content) > MOST_BYTES:
        raise ReadError(f"{path.name} is larger than {MOST_BYTES >> 20} MB, so it holds no landmarks of faces.", path)
    return content.decode("utf-8-sig", "replace")


def _json(content: str, name: str) -> tuple[list[Any], Any]:
    """Lists of points, and the size that is told."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{name} is no valid JSON: give a list of faces, each of {COUNT} pairs [x, y].") from error
    whole = told.get("size") if isinstance(told, dict) else None
    faces = told.get("faces", told.get("points")) if isinstance(told, dict) else told
    if not isinstance(faces, list) or not faces:
        raise SettingsError(f"{name} has no faces: give a list of them, each of {COUNT} pairs [x, y].")
    if _is_pair(faces[0]):
        faces = [faces]
    return [face.get("points") if isinstance(face, dict) else face for face in faces], whole


def _lines(content: str, name: str) -> tuple[list[Any], Any]:
    """The same of lines of two numbers."""
    size = _SIZE.search(content)
    pairs = []
    for number, line in enumerate(content.splitlines(), 1):
        parts = [part for part in re.split(r"[,;\s]+", line.partition("#")[0].strip()) if part]
        if parts:
            pair = _pair(parts)
            if pair is None:
                raise SettingsError(f"Line {number} of {name} is no point: give two numbers, x and y.")
            pairs.append(pair)
    if not pairs or len(pairs) % COUNT:
        raise SettingsError(f"{name} has {len(pairs)} points, but a face has {COUNT}: one in each line, x and y.")
    groups = [pairs[start : start + COUNT] for start in range(0, len(pairs), COUNT)]
    return groups, [size[1], size[2]] if size else None


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and not any(isinstance(part, (list, dict)) for part in value)


def _face(points: Any, number: int, name: str) -> NDArray[np.float64]:
    """(68, 2) of one face."""
    given = len(points) if isinstance(points, list) else 0
    if given != COUNT:
        raise SettingsError(f"Face {number} in {name} has {given} points, but a face has {COUNT}: give each as [x, y].")
    pairs = [_pair(pair) for pair in points]
    if None in pairs:
        at = pairs.index(None)
        raise SettingsError(f"Point {at} of face {number} in {name} is none: give two numbers, x and y.")
    return np.array(pairs, np.float64)


def _pair(parts: Any) -> tuple[float, float] | None:
    try:
        x, y = (float(part) for part in parts)
        if math.isfinite(x) and math.isfinite(y) and abs(x) <= FURTHEST and abs(y) <= FURTHEST:
            return x, y
    except (TypeError, ValueError, OverflowError):
        return None
    return None


def _in_pixels(
    points: NDArray[np.float64], several: list[NDArray[np.float64]], whole: Any, size: Size
) -> NDArray[np.float64]:
    """Of a picture of (height, width)."""
    wanted = np.array([size[1], size[0]], np.float64)
    if whole is not None:
        told = _pair(whole)
        if told is None or min(told) < 1:
            raise SettingsError("The size told with the landmarks is none: give width and height, each at least 1.")
        return np.asarray(points * (wanted / np.array(told)))
    are_shares = all((each >= 0).all() and (each <= 1).all() for each in several)
    return np.asarray(points * wanted if are_shares else points)
