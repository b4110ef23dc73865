"""Which pictures are judged: folders, lists of files, single files; and which drawing belongs to which photo."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError, SettingsError
from senga.image import Image
from senga.regular import read_regular

Picture = NDArray[np.uint8]
"""(H, W, 3) sRGB."""

ENDINGS = frozenset([".bmp", ".jpg", ".jpeg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp", ".avif"])
LIST_ENDING = ".txt"
_LONGEST_LIST = 64 << 20


def pictures_of(source: Path) -> list[Path]:
    """The pictures of a folder (not of its sub-folders), those named line by line in a ``.txt`` file, or one picture.

    Raises:
        ReadError: it does not exist, cannot be read, or holds no picture.
    """
    try:
        found = _in_folder(source) if source.is_dir() else _in_list(source) if _is_list(source) else [source]
        missing = next((path for path in found if not path.is_file()), None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ReadError(f"{source} cannot be read: {reason}.", source) from error
    if not found:
        raise ReadError(f"{source} holds no picture ({', '.join(sorted(ENDINGS))}); give another folder.", source)
    if missing is not None:
        named = "" if missing == source else f", which {source} names,"
        raise ReadError(f"The picture {missing}{named} does not exist.", missing)
    return found


def read_picture(path: Path) -> Picture:
    """The pixels of a still picture, as 8-bit sRGB without transparency.

    Raises:
        ReadError: it cannot be read, or is an animation.
    """
    from senga import files

    picture = files.read(path)
    if not isinstance(picture, Image):
        raise ReadError(f"{path} is an animation; only still pictures can be judged.", path)
    return picture.u8()


def pairs_of(photos: Path, drawings: Path) -> list[tuple[Path, Path]]:
    """Every photo with its drawing: the file of its name (``lake``), or one that goes on from it (``lake-anime``).

    Two single pictures belong together, and so do the lines of two lists of equal length.

    Raises:
        ReadError: a source holds no picture.
        SettingsError: no drawing, or more than one, belongs to a photo.
    """
    seen, drawn = pictures_of(photos), pictures_of(drawings)
    in_order = _is_list(photos) and _is_list(drawings)
    if len(seen) == len(drawn) and (in_order or len(seen) == 1):
        return list(zip(seen, drawn, strict=True))
    _refuse_twins(seen)
    stems = {photo.stem for photo in seen}
    pairs = [(photo, drawing) for photo in seen if (drawing := _partner(photo, drawn, stems)) is not None]
    if not pairs:
        raise SettingsError(f"No picture of {drawings} is named after one of {photos}, as lake.png or lake-anime.png.")
    return pairs


def _is_list(source: Path) -> bool:
    return source.suffix.lower() == LIST_ENDING


def _in_folder(folder: Path) -> list[Path]:
    inside = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in inside if path.suffix.lower() in ENDINGS and path.is_file())


def _in_list(source: Path) -> list[Path]:
    content = read_regular(source, _LONGEST_LIST)
    if content is None:
        raise OSError(errno.EFBIG, "it is larger than a list of pictures is")
    lines = (line.strip() for line in content.decode("utf-8").splitlines())
    return [source.parent / line for line in lines if line]


def _refuse_twins(photos: Sequence[Path]) -> None:
    name, count = Counter(photo.stem for photo in photos).most_common(1)[0]
    if count > 1:
        raise SettingsError(f"{count} photos are called “{name}”, so no drawing can be matched; rename them.")


def _partner(photo: Path, drawings: Sequence[Path], stems: set[str]) -> Path | None:
    """The drawing of a photo; one whose name is exactly that of another photo is not meant."""
    exact = [path for path in drawings if path.stem == photo.stem]
    longer = [path for path in drawings if path.stem.startswith(f"{photo.stem}-") and path.stem not in stems]
    found = exact or longer
    if len(found) > 1:
        raise SettingsError(f"Both {found[0].name} and {found[1].name} are named after {photo.name}; keep one of them.")
    return found[0] if found else None
