"""What every filter gets for free: selection with feather, strength, original colours, alpha, grey and depth.

A filter sees opaque sRGB pixels, cropped to the surroundings of the selection. Its result is blended back here, in
bands of rows, so that a large picture costs no more memory than its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import visible
from .cutouts import cut_out
from .errors import SettingsError
from .filter import REACH, Filter, at_size, reach_of
from .frames import Course, each_frame
from .image import Animation, Frame, Image, Layer, Pixels, as_rgb, to_depth
from .job import Job, unseen
from .layers import converted, disowned, in_depth
from .moved import moved
from .ops.lightness import luma
from .ops.rows import bands
from .registry import Plugins
from .strangers import at_work


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


Act = Callable[[Image, Job], Image | Animation]
Reach = Callable[[int, int], int | None]
"""(height, width) -> how far a pixel of the result can see; None for the whole picture."""


def compose(
    filter: Filter,  # noqa: A002 - the word of the field
    plugins: Plugins,
    picture: Image | Animation,
    job: Job,
    blend: Blend | None = None,
) -> Image | Animation:
    """Run one filter on a picture or on every frame of an animation, and blend its result with the original.

    Raises:
        SettingsError: the selection does not fit the picture, or the filter changes the size and cannot be blended.
        SengaError, Cancelled: what the filter raises.
    """
    return compose_act(lambda image, part: plugins.run(filter, image, part), picture, job, blend or Blend(), filter)


def compose_act(
    act: Act,
    picture: Image | Animation,
    job: Job,
    blend: Blend,
    filter: Filter | None = None,  # noqa: A002
    *,
    reach: Reach | None = None,
    course: Course | None = None,
    fills: bool | None = None,
) -> Image | Animation:
    """The same for any act: a filter, or a chain (then ``filter`` is None and its result says whether it is grey).

    ``reach`` says how far the act sees, by default what the filter says; ``course`` how frames follow; ``fills``
    whether the result is opaque where the picture is not, by default what the filter says.
    """
    if fills is None:
        fills = filter is not None and filter.fills_gaps
    if reach is None:
        reach = partial(reach_of, filter) if filter else partial(at_size, REACH)
    if isinstance(picture, Animation):
        within = partial(compose_act, act, blend=blend, filter=filter, reach=reach, fills=fills)
        return each_frame(within, picture, job, course or Course(), blend.selected())
    mask = blend.selected()
    if mask is not None and mask.shape != picture.pixels.shape[:2]:
        sizes = f"{mask.shape[1]} x {mask.shape[0]}", f"{picture.width} x {picture.height}"
        raise SettingsError(f"The selection is {sizes[0]} pixels, but the picture is {sizes[1]}: they must be equal.")
    if blend.strength == 0 or (mask is not None and not mask.any()):
        job.progress(1.0, "Nothing is selected")
        return picture
    box = _surroundings(mask, picture, reach)
    part = picture.crop(*box)
    seen = Image(visible.opaque(part), None, picture.grey, picture.info)
    name = filter.title if filter else "Result"

    def greyed(image: Image) -> bool:
        return picture.grey and (image.grey if filter is None else _keeps_grey(filter))

    def blended(image: Image, grey: bool) -> Image:
        made = visible.with_wide_colours(image, part, seen.pixels)
        layers = _layers(made, picture, box, mask, blend, grey, name, fills) if made.layers else ()
        return replace(_blend_image(made, picture, box, mask, blend, grey, fills), layers=layers)

    watched = (
        replace(job, on_picture=unseen) if job.moment else job.shown_as(lambda image: blended(image, greyed(image)))
    )
    result = act(seen, _placed(watched, box, picture))
    if isinstance(result, Animation):
        return _blend_animation(result, picture, box, mask, blend)
    grey = greyed(result)
    others = tuple(replace(each, picture=blended(each.picture, grey)) for each in result.alternatives[1:])
    first = blended(result, grey)
    chosen = tuple(replace(each, picture=first) for each in result.alternatives[:1])
    return replace(first, alternatives=chosen + others)


def _keeps_grey(filter: Filter) -> bool:  # noqa: A002 - the word of the field
    with at_work(filter.name):
        return not filter.paints_color()


def _placed(job: Job, box: tuple[int, int, int, int], picture: Image) -> Job:
    """The job of a crop: where it lies in the whole picture, and the last frame cropped likewise."""
    moment = job.moment
    if moment and moment.before and moment.before_source:
        before, source = moment.before.crop(*box), moment.before_source.crop(*box)
        moment = replace(moment, before=visible.expected(before), before_source=visible.expected(source))
    offset = job.offset[0] + box[0], job.offset[1] + box[1]
    whole = job.full_size or (picture.height, picture.width)
    return replace(job, full_size=whole, offset=offset, alpha=_alpha(job, box, picture), moment=moment)


def _alpha(job: Job, box: tuple[int, int, int, int], picture: Image) -> Pixels | None:
    """The alpha of a crop; in a chain a picture has none any more, and the job still knows that of the first."""
    alpha = picture.alpha if picture.alpha is not None else job.alpha
    if alpha is None or alpha.shape != picture.pixels.shape[:2]:
        return None
    top, left, bottom, right = box
    return alpha[top:bottom, left:right]


def _layers(
    result: Image,
    source: Image,
    box: tuple[int, int, int, int],
    mask: NDArray[np.float32] | None,
    blend: Blend,
    grey: bool,
    name: str,
    fills: bool,
) -> tuple[Layer, ...]:
    """The layers of a result; where the original shows through, as a group above it, with the selection as its mask.

    Raises:
        SettingsError: the colours of the original cannot be kept, because no layer could hold them.
    """
    if blend.keep_colors:
        raise SettingsError("Layers cannot keep the original colours: choose one or the other.")
    layers = converted(result.layers, source.depth, grey)
    if blend.plain:
        return layers
    top, left, bottom, right = box
    cover = None if mask is None else to_depth(mask[top:bottom, left:right], source.depth)
    group = disowned(Image(in_depth(result.pixels, source.depth, grey), cover, grey, source.info, layers))
    original = Layer("Original", replace(source, alpha=source.alpha if fills else None, layers=()), is_source=True)
    return original, Layer(name, group, opacity=blend.strength, left=left, top=top)


def feathered(selection: Pixels, feather: float) -> NDArray[np.float32]:
    """The selection as (H, W) float32 in [0, 1], its border faded over ``feather`` pixels as GIMP does."""
    mask: Any = np.nan_to_num(to_depth(np.ascontiguousarray(selection), np.float32))
    if feather > 0:
        from .ops.smoothing import blurred

        mask = blurred(mask, min(feather / 3.5, 2.0 * max(mask.shape)))  # GIMP: a standard deviation of radius / 3.5
    return np.asarray(np.clip(mask, 0, 1), np.float32)


def _surroundings(mask: NDArray[np.float32] | None, image: Image, reach: Reach) -> tuple[int, int, int, int]:
    """The box around the selected pixels, grown by what the filter needs to see: top, left, bottom, right."""
    grow = None if mask is None else reach(image.height, image.width)
    if mask is None or grow is None:
        return 0, 0, image.height, image.width
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(int(rows[0]) - grow, 0), max(int(columns[0]) - grow, 0)
    return top, left, min(int(rows[-1]) + 1 + grow, image.height), min(int(columns[-1]) + 1 + grow, image.width)


def _blend_image(
    result: Image,
    source: Image,
    box: tuple[int, int, int, int],
    mask: NDArray[np.float32] | None,
    blend: Blend,
    grey: bool,
    fills: bool = False,
) -> Image:
    top, left, bottom, right = box
    if result.pixels.shape[:2] != (bottom - top, right - left):
        return _resized(result, source, blend, grey)
    if result.alpha is not None:
        return _cut(result, source, box, mask, blend, grey)
    if blend.plain:
        alpha = None if fills else source.alpha
        return Image(in_depth(result.pixels, source.depth, grey), alpha, grey, replace(source.info))
    pixels, alpha = np.array(source.pixels), source.alpha
    if fills and alpha is not None:
        alpha = np.array(alpha)
    for rows in bands(bottom, start=top):
        old, new = source.pixels[rows, left:right], result.pixels[rows.start - top : rows.stop - top]
        share: Any = blend.strength if mask is None else blend.strength * mask[rows, left:right, None]
        if fills and alpha is not None:
            cover, share = _covering(alpha[rows, left:right], share)
            alpha[rows, left:right] = to_depth(cover, alpha.dtype)
        pixels[rows, left:right] = _mixed(old, new, share, blend.keep_colors, grey)
    return Image(pixels, alpha, grey, replace(source.info))


def _covering(alpha: Pixels, share: Any) -> tuple[Any, Any]:
    """The alpha after an opaque result was laid on with a share, and which share of the colour is the result's."""
    before = to_depth(alpha, np.float32)
    laid = np.broadcast_to(np.asarray(share, np.float32), (*before.shape, 1))[..., 0]
    after = before + (1 - before) * laid
    return after, np.divide(laid, after, out=np.zeros_like(after), where=after > 0)[..., None]


def _cut(
    result: Image,
    source: Image,
    box: tuple[int, int, int, int],
    mask: NDArray[np.float32] | None,
    blend: Blend,
    grey: bool,
) -> Image:
    if blend.keep_colors:
        raise SettingsError("What is transparent cannot keep the original colours: choose one or the other.")
    top, left, bottom, right = box
    share = float(blend.strength) if mask is None else blend.strength * mask[top:bottom, left:right]
    return cut_out(result, source, (top, left), share, grey)


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


def _blend_animation(
    result: Animation, source: Image, box: tuple[int, int, int, int], mask: NDArray[np.float32] | None, blend: Blend
) -> Animation:
    """Blend every frame with the still original; frames of a reduced size meet a reduced original."""
    top, left, bottom, right = box
    small = scaled(source.crop(*box), result.height, result.width)
    small_mask = None if mask is None else _resize(mask[top:bottom, left:right], result.height, result.width)
    whole = (0, 0, result.height, result.width)

    def frames() -> Iterator[Frame]:
        for frame in result.frames():
            yield Frame(_blend_image(frame.image, small, whole, small_mask, blend, grey=False), frame.seconds)

    return replace(result, frames=frames, info=replace(source.info))


def scaled(image: Image, height: int, width: int) -> Image:
    """The picture in another size, as the mean of what falls together, where colours count as far as they are seen."""
    if (image.height, image.width) == (height, width):
        return replace(image, grey=False)
    small = _resize(image.float(), height, width)
    if image.alpha is None:
        return Image(to_depth(small, image.depth), None, False, image.info)
    cover = to_depth(image.alpha, np.float32)
    share = _resize(cover, height, width)
    seen = _resize(image.float() * cover[:, :, None], height, width)
    small = np.divide(seen, share[:, :, None], out=small, where=share[:, :, None] > 0)
    return Image(to_depth(small, image.depth), to_depth(share, image.alpha.dtype), False, image.info)


def _resize(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA), np.float32)


__getattr__ = moved(__name__, {name: f"senga.visible.{name}" for name in ("expected", "is_expected", "opaque")})
