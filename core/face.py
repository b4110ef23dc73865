"""The Python face: open, apply, save."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from .arrays import mask_samples
from .compose import Blend
from .errors import SettingsError
from .filter import Filter
from .image import Animation, Image, Pixels, to_depth
from .job import Job
from .ops.lightness import grey
from .recipe import Recipe
from .registry import Plugins, plugins
from .work import Work

if TYPE_CHECKING:
    import PIL.Image


def open_picture(file: str | Path | bytes | BinaryIO) -> Image | Animation:
    """Read a picture from a path, bytes or a binary stream.

    Returns:
        An Image, or an Animation when the file holds several frames.

    Raises:
        ReadError: it is no picture, or a damaged one; the message names the file and the mend.
    """
    from .files import read

    return read(file)


def filters() -> Mapping[str, type[Filter]]:
    """The loaded filters by name."""
    return dict(plugins().filters)


def make(name: str, **settings: Any) -> Filter:
    """A filter by name, with settings.

    Raises:
        UnknownFilterError: no such filter.
        SettingsError: a setting is unknown or out of range.
    """
    return plugins().make(name, settings)


def apply(
    filter: str | Filter | Recipe,  # noqa: A002 - the word of the field
    picture: Image | Animation | PIL.Image.Image | ArrayLike | str | os.PathLike[str],
    *,
    selection: Image | PIL.Image.Image | ArrayLike | str | os.PathLike[str] | None = None,
    feather: float = 0.0,
    strength: float = 1.0,
    keep_colors: bool = False,
    steady: bool = False,
    boil: bool = False,
    job: Job | None = None,
    collection: Plugins | None = None,
    **settings: Any,
) -> Any:
    """Apply a filter or a recipe to a picture, or to each frame of an animation.

    Args:
        filter: a name (then ``settings`` are its settings), a filter, or a recipe.
        picture: an Image, an Animation, the path or content of a file, a PIL image, or an array (see ``Image.of``).
        selection: (H, W) mask, or a picture whose lightness is the mask, in the same forms; None selects everything.
        feather: pixels over which the selection's border fades.
        strength: 0 = original, 1 = result.
        keep_colors: take only the lightness from the result.
        steady: frames of an animation flicker less.
        boil: strokes are drawn elsewhere in each frame of an animation.
        job: progress, cancel, memory and device; its model store is added when it has none.
        collection: the plug-ins to use; by default all that are installed.
        **settings: settings of the filter, when it is given by name.

    Returns:
        Image or Animation. The frames of an Animation are made while they are consumed.

    Raises:
        SengaError: with a sentence for the painter.
        Cancelled: the job was cancelled.

    >>> import numpy as np
    >>> apply("sketch", np.full((32, 32), 200, np.uint8)).pixels.shape
    (32, 32, 3)
    """
    chosen = collection or plugins()
    source = _source(picture)
    blend = Blend(None if selection is None else mask_of(selection), feather, strength, keep_colors)
    work = Work.of(chosen, filter, settings, blend=blend, steady=steady, boil=boil)
    work = work.opened(lambda path, info: still(path, info.name))
    return work.run(chosen, source, job)


def still(path: str | Path | bytes, name: str) -> Image:
    """A second picture or a selection from a file or its content; ``name`` says what it is for.

    Raises:
        SengaError: it cannot be read, or moves.
    """
    found = open_picture(path)
    if isinstance(found, Animation):
        given = "bytes" if isinstance(path, bytes) else path
        raise SettingsError(f"The {name} {given} is an animation, but it must be a still picture.")
    return found


def _source(picture: Any) -> Image | Animation:
    if isinstance(picture, (str, os.PathLike)):
        return open_picture(Path(picture))
    if isinstance(picture, bytes) or hasattr(picture, "read"):
        return open_picture(picture)
    return picture if isinstance(picture, Animation) else Image.of(picture)


def mask_of(selection: Image | PIL.Image.Image | ArrayLike | str | os.PathLike[str]) -> Pixels:
    """The (H, W) mask in a selection: an array, or a picture's lightness where it is opaque.

    Raises:
        ValueError, TypeError: the array is no mask.
        SengaError: the path is that of no still picture.
    """
    if not isinstance(selection, Image):
        array = _plain_mask(selection)
        if array is not None:
            return mask_samples(array)
        selection = Image.of(selection)
    mask = grey(selection.float())
    if selection.alpha is not None:
        mask = mask * to_depth(selection.alpha, np.float32)
    return np.asarray(mask, np.float32)


def _plain_mask(selection: Any) -> Pixels | None:
    """The numbers of a selection, or None where it is a picture with colours, or a path."""
    if isinstance(selection, Animation):
        raise SettingsError("The selection is an animation, but it must be a still picture.")
    if isinstance(selection, (str, os.PathLike)):
        return None
    if hasattr(selection, "getbands") and (len(selection.getbands()) > 1 or selection.mode == "P"):
        return None
    array = np.asarray(selection)
    return None if array.ndim == 3 and array.shape[2] in (2, 3, 4) else array
