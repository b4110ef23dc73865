"""The pictures of a training, read once and kept in one file, so that no step waits for a decoder.

What cannot be read is counted and left out; what is too small is enlarged and counted. A continued training reads the
same file, so it sees the same pixels whatever became of the folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.atomic import replacing
from senga.errors import ReadError, SengaError
from senga.image import Animation, Image, to_depth

from .disk import unwritable

Bytes = NDArray[np.uint8]
Draw = Callable[[Bytes], Bytes]

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2", ".heic"}
_LONGEST = 3
"""A panorama is cut to this many times its short side."""


@dataclass(frozen=True)
class Album:
    """Pictures of one folder, as bytes in a file.

    Attributes:
        names: file names, in order.
        shapes: (height, width) of each.
        offsets: where each begins.
        unreadable: names of files that were left out.
        enlarged: names of pictures that were smaller than a crop.
    """

    file: Path
    names: tuple[str, ...]
    shapes: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    unreadable: tuple[str, ...] = ()
    enlarged: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: int) -> Bytes:
        height, width = self.shapes[i]
        return np.memmap(self.file, np.uint8, "r", self.offsets[i], (height, width, 3))


def find_pictures(folder: Path) -> list[Path]:
    """The picture files of a folder and the folders in it, in the order of their names.

    Raises:
        ReadError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise ReadError(f"There is no folder “{folder}”; give one with pictures.", folder)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not found:
        raise ReadError(
            f"The folder “{folder}” holds no pictures; Senga looks for {', '.join(sorted(ENDINGS))}.", folder
        )
    return found


def make_album(
    folder: Path,
    file: Path,
    short_side: int,
    crop: int,
    draw: Draw | None = None,
    report: Callable[[float], None] | None = None,
) -> Album:
    """Read the pictures of a folder, sized to a short side, into ``file``; ``draw`` is applied to each.

    Raises:
        ReadError: none of them can be read.
        WriteError: the disk is full.
    """
    paths = find_pictures(folder)
    shapes, offsets, names, bad, small = [], [], [], [], []
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            for done, (path, taken) in enumerate(_prepared(paths, short_side, crop, draw), 1):
                if report:
                    report(done / len(paths))
                name = path.relative_to(folder).as_posix()
                if taken is None:
                    bad.append(name)
                    continue
                picture, was_small = taken
                names.append(name)
                shapes.append((picture.shape[0], picture.shape[1]))
                offsets.append(stream.tell())
                small += [name] if was_small else []
                stream.write(picture.tobytes())
            if not names:
                raise ReadError(f"None of the {len(paths)} pictures in “{folder}” can be read.", folder)
        album = Album(file, tuple(names), tuple(shapes), tuple(offsets), tuple(bad), tuple(small))
        _write_index(album)
    except OSError as error:
        raise unwritable(file, error) from error
    return album


def open_album(file: Path) -> Album:
    """An album that was made before.

    Raises:
        ReadError: it is missing or incomplete.
    """
    try:
        facts = json.loads(_index(file).read_text("utf-8"))
        album = Album(
            file,
            tuple(facts["names"]),
            tuple((int(h), int(w)) for h, w in facts["shapes"]),
            tuple(int(offset) for offset in facts["offsets"]),
            tuple(facts["unreadable"]),
            tuple(facts["enlarged"]),
        )
        size = album.offsets[-1] + 3 * album.shapes[-1][0] * album.shapes[-1][1]
        if file.stat().st_size != size:
            raise ValueError("its size is wrong")
        if sorted({0, *album.offsets}) != list(album.offsets) or len(album.shapes) != len(album.offsets):
            raise ValueError("its pictures lie over one another")
    except (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError) as error:
        raise ReadError(
            f"The prepared pictures “{file}” are missing or damaged; start the training anew.", file
        ) from error
    return album


def _index(file: Path) -> Path:
    return file.with_suffix(".json")


def _write_index(album: Album) -> None:
    facts = {key: getattr(album, key) for key in ("names", "shapes", "offsets", "unreadable", "enlarged")}
    with replacing(_index(album.file)) as stream:
        stream.write(json.dumps(facts).encode())


def _prepared(
    paths: list[Path], short_side: int, crop: int, draw: Draw | None
) -> Iterator[tuple[Path, tuple[Bytes, bool] | None]]:
    """Every path with its prepared picture, or None where it cannot be read."""

    def prepare(path: Path) -> tuple[Bytes, bool] | None:
        try:
            picture = read_rgb(path)
        except (SengaError, MemoryError):
            return None
        sized = resize_short(picture, short_side)
        return (draw(sized) if draw else sized), min(picture.shape[:2]) < crop

    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(paths), 16):
            some = paths[start : start + 16]
            yield from zip(some, pool.map(prepare, some), strict=True)


def read_rgb(path: Path) -> Bytes:
    """A picture as (H, W, 3) bytes: upright, grey as three channels, what is transparent on white.

    Raises:
        SengaError: it cannot be read.
    """
    from senga.files import read

    picture = read(path)
    if isinstance(picture, Animation):
        picture = next(iter(picture.frames())).image
    return on_white(picture)


def each_made(
    photos: Path,
    paths: Iterable[Path],
    folders: Sequence[Path],
    make: Callable[[Path], Sequence[Bytes] | None],
    report: Callable[[float], None] | None = None,
) -> list[str]:
    """Makes pictures of pictures, as files of the same names; those that are there are kept.

    Args:
        photos: a folder.
        paths: pictures in it, or in folders in it.
        folders: where what is made goes, a folder for each.
        make: gives a picture for each folder, as ``write_png`` takes them; None or a ``SengaError`` where it cannot.
        report: told the share that is done.

    Returns:
        The names of the pictures of which nothing could be made.

    Raises:
        SengaError: the disk is full or closed.
    """
    bad, known = [], list(paths)
    for done, path in enumerate(known, 1):
        name = f"{path.relative_to(photos).as_posix().replace('/', '-')}.png"
        files = [folder / name for folder in folders]
        if not all(file.exists() for file in files) and not _made(make, path, files):
            bad.append(path.name)
        if report:
            report(done / len(known))
    return bad


def _made(make: Callable[[Path], Sequence[Bytes] | None], path: Path, files: list[Path]) -> bool:
    """Whether something could be made of a picture and was written."""
    try:
        pictures = make(path)
    except (SengaError, MemoryError):
        return False
    for file, picture in zip(files, pictures or (), strict=bool(pictures)):
        write_png(file, picture)
    return bool(pictures)


def write_png(file: Path, picture: Bytes) -> None:
    """Writes (H, W, 3) or grey (H, W) bytes as PNG; a folder that is missing is made.

    Raises:
        SengaError: the disk is full or closed.
    """
    samples = picture[:, :, ::-1] if picture.ndim == 3 else picture
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(cv2.imencode(".png", np.ascontiguousarray(samples))[1].tobytes())
    except OSError as error:
        raise unwritable(file, error) from error


def on_white(picture: Image) -> Bytes:
    """The bytes of a picture without its transparency."""
    if picture.alpha is None:
        return np.ascontiguousarray(picture.u8())
    alpha = to_depth(picture.alpha, np.float32)[:, :, None]
    mixed = picture.float() * alpha + (1 - alpha)
    return np.asarray(np.rint(mixed * 255), np.uint8)


def resize_short(picture: Bytes, short_side: int) -> Bytes:
    """The picture at a short side, longer ones cut in the middle to ``_LONGEST`` times that."""
    height, width = picture.shape[:2]
    factor = short_side / min(height, width)
    size = max(short_side, round(width * factor)), max(short_side, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    sized = picture if factor == 1 else cv2.resize(picture, size, interpolation=how)
    top, left = (max(0, n - _LONGEST * short_side) // 2 for n in sized.shape[:2])
    return np.ascontiguousarray(sized[top : top + _LONGEST * short_side, left : left + _LONGEST * short_side])
