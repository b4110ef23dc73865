"""The picture that travels between hosts and filters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import picture_samples
from .codec import codec, image_of_pil, still_at

if TYPE_CHECKING:
    import PIL.Image

Pixels = NDArray[Any]
"""``uint8`` in 0..255, ``uint16`` in 0..65535 or ``float32`` in 0..1."""

_FULL = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


@dataclass(frozen=True)
class Metadata:
    """What a file says beside its pixels; kept from reading to writing.

    ``icc`` is the profile of the file: pixels in memory are always sRGB, reading and writing convert.
    ``exif`` has its orientation already applied to the pixels and reset to 1.
    """

    icc: bytes | None = field(default=None, repr=False)
    exif: bytes | None = field(default=None, repr=False)
    xmp: bytes | None = field(default=None, repr=False)
    dpi: tuple[float, float] | None = None
    format: str | None = None
    source: Path | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Image:
    """A picture: sRGB-encoded pixels with an optional alpha channel.

    Attributes:
        pixels: (H, W, 3) ``uint8``, ``uint16`` or ``float32`` (0..1, or beyond in a float file; filters see the
            nearest inside). The depth of the source is kept, so that an 8-bit picture costs 3 bytes a pixel.
        alpha: (H, W) of the same three types, 0 = transparent, or None. Not premultiplied.
        grey: the source had a single colour channel, and so will the result unless a filter paints colour.
        info: metadata to keep.
        layers: what the picture is made of, if that is known, from the bottom up: composed, and then seen through
            ``alpha``, they give ``pixels``. Whoever changes the pixels leaves them out.
        alternatives: named results of the same size to choose from, of which this is the first; whoever changes the
            pixels leaves them out, too.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    grey: bool = False
    info: Metadata = field(default_factory=Metadata)
    layers: tuple[Layer, ...] = ()
    alternatives: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"pixels must be (H, W, 3) and not empty, not {self.pixels.shape}")
        _full_scale(self.pixels)
        if self.alpha is not None:
            _full_scale(self.alpha)
            if self.alpha.shape != self.pixels.shape[:2]:
                raise ValueError(f"alpha {self.alpha.shape} does not fit pixels {self.pixels.shape}")

    @classmethod
    def of(cls, picture: Image | PIL.Image.Image | ArrayLike | str | os.PathLike[str]) -> Image:
        """Accept an Image, a PIL image, a path, or an array: (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4).

        Arrays are sRGB; ``senga.arrays`` tells of which types, and what their numbers mean.

        Raises:
            ValueError: the array is not shaped like a picture, or its numbers are not those of one.
            TypeError: it holds no numbers.
            SengaError: the path is that of no still picture.
        """
        if isinstance(picture, Image):
            return picture
        if isinstance(picture, (str, os.PathLike)):
            return still_at(picture)
        if hasattr(picture, "getbands"):
            return image_of_pil(picture)
        array = np.asarray(picture)
        if not array.ndim:
            raise TypeError(
                f"a picture is an Image, an array, a Pillow picture or a path, not {type(picture).__name__}"
            )
        return cls.of_samples(picture_samples(array))

    @classmethod
    def of_samples(cls, samples: Pixels) -> Image:
        """A picture of (H, W) or (H, W, 1 to 4) samples in one of the three depths: as they are."""
        samples = samples[:, :, None] if samples.ndim == 2 else samples
        channels = samples.shape[2]
        colour, alpha = (samples[:, :, :-1], samples[:, :, -1]) if channels in (2, 4) else (samples, None)
        return cls(as_rgb(colour), alpha, grey=channels < 3)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def depth(self) -> np.dtype[Any]:
        """``uint8``, ``uint16`` or ``float32``."""
        return self.pixels.dtype

    def float(self) -> NDArray[np.float32]:
        """Pixels as (H, W, 3) float32 in [0, 1], NaN as 0; do not write into the result."""
        values: NDArray[np.float32] = np.clip(to_depth(self.pixels, np.float32), 0, 1)
        return np.nan_to_num(values, copy=False) if self.depth == np.float32 else values

    def u8(self) -> NDArray[np.uint8]:
        """Pixels as (H, W, 3) uint8; do not write into the result."""
        return to_depth(self.pixels, np.uint8)

    def with_pixels(self, pixels: Pixels) -> Image:
        """The same picture with other (H, W, 3) or (H, W) pixels; a (H, W) array becomes three equal channels."""
        return replace(self, pixels=as_rgb(pixels), layers=(), alternatives=())

    def crop(self, top: int, left: int, bottom: int, right: int) -> Image:
        """The rows ``top:bottom`` and columns ``left:right``, without copying."""
        alpha = None if self.alpha is None else self.alpha[top:bottom, left:right]
        return replace(self, pixels=self.pixels[top:bottom, left:right], alpha=alpha, layers=(), alternatives=())

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the picture to ``path``, atomically; see ``senga.files.write``."""
        return codec().write(self, path, **options)

    def pil(self) -> PIL.Image.Image:
        """The picture as an 8-bit PIL image: L, LA, RGB or RGBA."""
        return codec().to_pil(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.pixels if self.alpha is None else np.dstack([self.pixels, to_depth(self.alpha, self.depth)])
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def __repr__(self) -> str:
        colours = ("grey" if self.grey else "RGB") + (" with alpha" if self.alpha is not None else "")
        return f"<Image {self.width} x {self.height}, {colours}, {self.depth}{_named(self.info)}>"

    def _repr_png_(self) -> bytes:
        return codec().preview_png(self)


Mode = Literal["normal", "multiply"]
"""How the colours of a layer meet those below: they cover them, or darken them as ink does."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A part of a picture, which painting programs keep apart.

    Attributes:
        name: for the painter, in English; catalogues translate it like other sentences of a filter.
        picture: colours, and in ``alpha`` how much of what is below they cover. If it has layers itself this is a
            group, and its alpha is the mask of the group.
        mode: how the colours meet those below.
        opacity: 0..1, beside the alpha.
        left: column of the whole picture at which the layer begins.
        top: row at which it begins.
        is_source: this is the picture as it was, which a host that has it already leaves out.
    """

    name: str
    picture: Image
    mode: Mode = "normal"
    opacity: float = 1.0
    left: int = 0
    top: int = 0
    is_source: bool = False


@dataclass(frozen=True)
class Frame:
    """One picture of an animation, shown for ``seconds``."""

    image: Image
    seconds: float = 0.1


class KeptPieces(Protocol):
    """Finished pieces of a film that is being made, see ``senga.files.video_pieces``."""

    @property
    def frames(self) -> int:
        """Pictures that need not be painted any more."""

    def last(self) -> Image | None:
        """The last of them, as it was painted."""

    def whole(self) -> Iterator[Any]:
        """The pieces."""

    def keep(self, number: int, piece: Any, last: Image) -> None:
        """Add one, and the picture it ends with."""


@dataclass(frozen=True, eq=False)
class Film:
    """What a film says beside its pictures; kept from reading, through filters and other processes, to writing.

    Attributes:
        source: opens the file anew, for its sound and subtitles.
        origin: second at which the film begins, on the clock of the file; sound and chapters are counted from there.
        start: seconds from there to the first picture.
        pixel_shape: how many times wider than high a pixel is; films of television say such a thing.
        colour: numbers of primaries and transfer function in ITU-T H.273, where these are nearly those of sRGB.
        tags: title, date, place … of the whole film.
        picture_tags: those of the pictures alone: timecode, language …
        chapters: beginning and end in seconds from the origin, and title.
        faults: sentences about what could not be read, known when the frames have been consumed.
        ends: seconds from the origin after which nothing is kept of it; None keeps all.
        rate: pictures a second, as the film says; 0 if it does not.
        pieces: where finished pieces of the result are kept, whose pictures are not painted again.
        deep: its pictures have more than 8 bits a channel, and so should those of the result.
    """

    source: Callable[[], BinaryIO]
    origin: float = 0.0
    start: float = 0.0
    pixel_shape: Fraction = Fraction(1)
    colour: tuple[int, int] = (1, 1)
    tags: Mapping[str, str] = field(default_factory=dict)
    picture_tags: Mapping[str, str] = field(default_factory=dict)
    chapters: tuple[tuple[float, float, str], ...] = ()
    faults: list[str] = field(default_factory=list)
    ends: float | None = None
    rate: float = 0.0
    pieces: KeptPieces | None = None
    deep: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Animation:
    """Frames in time order, made one by one while they are consumed.

    Attributes:
        frames: call it for a fresh iterator.
        height: rows of every frame.
        width: columns of every frame.
        count: number of frames.
        loop: how often it plays; 0 = for ever.
        info: metadata to keep.
        film: what the film says that the frames come from, if they come from one; its sound goes along.
    """

    frames: Callable[[], Iterator[Frame]]
    height: int
    width: int
    count: int
    loop: int = 0
    info: Metadata = field(default_factory=Metadata)
    film: Film | None = None

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write GIF, APNG, WebP or a film by the ending of ``path``, atomically; see ``senga.files.write``."""
        return codec().write(self, path, **options)

    def __repr__(self) -> str:
        return f"<Animation of {self.count} frames, {self.width} x {self.height}{_named(self.info)}>"

    def _repr_html_(self) -> str:
        from .preview import animation_html

        return animation_html(self)


def _named(info: Metadata) -> str:
    """The file of a picture, for one line about it."""
    return f", {info.source.name!r}" if info.source else ""


def as_rgb(pixels: Pixels) -> Pixels:
    """(H, W) or (H, W, 1) becomes a (H, W, 3) view with three equal channels; (H, W, 3) stays as it is."""
    grey = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return np.broadcast_to(grey, (*grey.shape[:2], 3)) if grey.shape[2] == 1 else grey


def to_depth(values: Pixels, depth: Any) -> NDArray[Any]:
    """Rescale between ``uint8``, ``uint16`` and ``float32``, rounding to nearest; the same type is not copied."""
    target = np.dtype(depth)
    full, aim = _full_scale(values), _FULL[target]
    if values.dtype == target:
        return values
    if target == np.float32:
        return np.multiply(values, np.float32(1 / full), dtype=np.float32)
    if full == 255.0:
        return values.astype(np.uint16) * np.uint16(257)
    scaled = values * np.float32(aim / full)
    np.clip(np.rint(scaled, out=scaled), 0, aim, out=scaled)
    return (np.nan_to_num(scaled, copy=False) if values.dtype == np.float32 else scaled).astype(target)


def _full_scale(values: Pixels) -> float:
    if values.dtype not in _FULL:
        raise TypeError(f"pixels are uint8, uint16 or float32, not {values.dtype}")
    return _FULL[values.dtype]
