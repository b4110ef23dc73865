"""How results meet the pictures that they were made of: selection, strength, colours, alpha, layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cutouts import cut_out
from .errors import SettingsError
from .image import Animation, Frame, Image, Layer, Pixels, as_rgb, to_depth
from .layers import converted, disowned, in_depth
from .ops.lightness import luma
from .ops.rows import bands
from .visible import resized, scaled


@dataclass(frozen=True, eq=False)
class Blend:
    """How a result meets the original.

    Attributes:
        selection: (H, W) mask in any of the three depths, full scale = selected; None selects everything.
        feather: pixels over which the border of the selection fades (the radius of GIMP's feather).
        strength: 0 = original, 1 = result.
        keep_colors: the lightness of the result with the chroma of the original.
    """

    selection: Pixels | None = field(default=None, repr=False)
    feather: float = 0.0
    strength: float = 1.0
    keep_colors: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise SettingsError(f"The strength is {self.strength:g}, but it goes from 0 to 1.")
        if self.feather < 0:
            raise SettingsError(f"The feather is {self.feather:g}, but it cannot be negative.")
        if not math.isfinite(self.feather):
            raise SettingsError(f"The feather is {self.feather:g}, but it must be a number of pixels.")

    @property
    def plain(self) -> bool:
        """The result simply replaces the original."""
        return self.selection is None and self.strength == 1 and not self.keep_colors

    def selected(self) -> NDArray[np.float32] | None:
        """Where a picture is changed, (H, W) in 0..1; None for everywhere."""
        return None if self.selection is None else feathered(self.selection, self.feather)


def feathered(selection: Pixels, feather: float) -> NDArray[np.float32]:
    """The selection as (H, W) float32 in [0, 1], its border faded over ``feather`` pixels as GIMP does."""
    mask: Any = np.nan_to_num(to_depth(np.ascontiguousarray(selection), np.float32))
    if feather > 0:
        from .ops.smoothing import blurred

        mask = blurred(mask, min(feather / 3.5, 2.0 * max(mask.shape)))  # GIMP: a standard deviation of radius / 3.5
    return np.asarray(np.clip(mask, 0, 1), np.float32)


Box = tuple[int, int, int, int]
"""Top, left, bottom, right, in pixels."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """A picture, and how results are laid on it.

    Attributes:
        source: the picture.
        box: the part of it that results are of.
        mask: (H, W) in 0..1, where the picture is changed; None for everywhere.
        blend: as it was asked for.
        fills: whether results are opaque where the picture is not.
    """

    source: Image
    box: Box
    mask: NDArray[np.float32] | None
    blend: Blend
    fills: bool = False

    def layers(self, result: Image, grey: bool, name: str) -> tuple[Layer, ...]:
        """The layers of a result; where the original shows through, as a group above it, masked by the selection.

        Raises:
            SettingsError: the colours of the original cannot be kept, because no layer could hold them.
        """
        if self.blend.keep_colors:
            raise SettingsError("Layers cannot keep the original colours: choose one or the other.")
        source, mask = self.source, self.mask
        layers = converted(result.layers, source.depth, grey)
        if self.blend.plain:
            return layers
        top, left, bottom, right = self.box
        cover = None if mask is None else to_depth(mask[top:bottom, left:right], source.depth)
        group = disowned(Image(in_depth(result.pixels, source.depth, grey), cover, grey, source.info, layers))
        alpha = source.alpha if self.fills else None
        original = Layer("Original", replace(source, alpha=alpha, layers=()), is_source=True)
        return original, Layer(name, group, opacity=self.blend.strength, left=left, top=top)

    def blended(self, result: Image, grey: bool) -> Image:
        """The picture with a result in it, without layers.

        Raises:
            SettingsError: the result has another size, or is transparent, and what was asked for needs the opposite.
        """
        top, left, bottom, right = self.box
        if result.pixels.shape[:2] != (bottom - top, right - left):
            return _resized(result, self.source, self.blend, grey)
        if result.alpha is not None:
            return self._cut(result, grey)
        if self.blend.plain:
            alpha = None if self.fills else self.source.alpha
            return Image(in_depth(result.pixels, self.source.depth, grey), alpha, grey, replace(self.source.info))
        return self._mixed(result, grey)

    def _mixed(self, result: Image, grey: bool) -> Image:
        source, (top, left, bottom, right) = self.source, self.box
        pixels, alpha, columns = np.array(source.pixels), source.alpha, slice(left, right)
        if self.fills and alpha is not None:
            alpha = np.array(alpha)
        for rows in bands(bottom, start=top):
            old, new = source.pixels[rows, columns], result.pixels[rows.start - top : rows.stop - top]
            strength, mask = self.blend.strength, self.mask
            share: Any = strength if mask is None else strength * mask[rows, columns, None]
            if self.fills and alpha is not None:
                cover, share = _covering(alpha[rows, columns], share)
                alpha[rows, columns] = to_depth(cover, alpha.dtype)
            pixels[rows, columns] = _mixed(old, new, share, self.blend.keep_colors, grey)
        return Image(pixels, alpha, grey, replace(source.info))

    def _cut(self, result: Image, grey: bool) -> Image:
        if self.blend.keep_colors:
            raise SettingsError("What is transparent cannot keep the original colours: choose one or the other.")
        (top, left, bottom, right), mask, strength = self.box, self.mask, self.blend.strength
        share = float(strength) if mask is None else strength * mask[top:bottom, left:right]
        return cut_out(result, self.source, (top, left), share, grey)

    def animated(self, result: Animation) -> Animation:
        """Every frame with the still original; frames of a reduced size meet a reduced original."""
        (top, left, bottom, right), size = self.box, (result.height, result.width)
        small = scaled(self.source.crop(*self.box), *size)
        mask = None if self.mask is None else resized(self.mask[top:bottom, left:right], *size)
        meeting = Meeting(small, (0, 0, *size), mask, self.blend)

        def frames() -> Iterator[Frame]:
            for frame in result.frames():
                yield Frame(meeting.blended(frame.image, grey=False), frame.seconds)

        return replace(result, frames=frames, info=replace(self.source.info))


def _covering(alpha: Pixels, share: Any) -> tuple[Any, Any]:
    """The alpha after an opaque result was laid on with a share, and which share of the colour is the result's."""
    before = to_depth(alpha, np.float32)
    laid = np.broadcast_to(np.asarray(share, np.float32), (*before.shape, 1))[..., 0]
    after = before + (1 - before) * laid
    return after, np.divide(laid, after, out=np.zeros_like(after), where=after > 0)[..., None]


def _mixed(old: Pixels, new: Pixels, share: Any, keep_colors: bool, grey: bool) -> Pixels:
    before, after = to_depth(old, np.float32), to_depth(new, np.float32)
    if grey:
        after = as_rgb(luma(after))
    if old.dtype == np.float32:
        before = np.where(np.isfinite(before), before, after)  # nothing can be mixed with what is no number
    if keep_colors:
        after = before + luma(after - before)[:, :, None]
    mixed = to_depth((before + (after - before) * share).astype(np.float32, copy=False), old.dtype)
    return np.where(np.broadcast_to(np.asarray(share) == 0, mixed.shape), old, mixed)


def _resized(result: Image, source: Image, blend: Blend, grey: bool) -> Image:
    if not blend.plain:
        raise SettingsError(
            "This filter changes the size of the picture, so selection, strength and original colours do not apply."
        )
    return Image(in_depth(result.pixels, source.depth, grey), result.alpha, grey, replace(source.info))
