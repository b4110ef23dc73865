"""What every filter gets for free: selection with feather, strength, original colours, alpha, grey and depth.

A filter sees opaque sRGB pixels, cropped to the surroundings of the selection. Its result is laid back (``blending``)
in bands of rows, so that a large picture costs no more memory than its pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from . import visible
from .blending import Blend, Box, Meeting, feathered
from .errors import SettingsError
from .filter import REACH, Filter, at_size, reach_of
from .frames import Course, each_frame
from .image import Animation, Image, Pixels
from .job import Job, unseen
from .moved import moved
from .registry import Plugins
from .strangers import at_work

__all__ = ["Act", "Blend", "Reach", "compose", "compose_act", "feathered"]

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
    mask = _mask_of(blend, picture)
    if blend.strength == 0 or (mask is not None and not mask.any()):
        job.progress(1.0, "Nothing is selected")
        return picture
    return _met(act, Meeting(picture, _surroundings(mask, picture, reach), mask, blend, fills), job, filter)


def _mask_of(blend: Blend, picture: Image) -> NDArray[np.float32] | None:
    """Where a picture is changed.

    Raises:
        SettingsError: the selection has another size.
    """
    mask = blend.selected()
    if mask is not None and mask.shape != picture.pixels.shape[:2]:
        sizes = f"{mask.shape[1]} x {mask.shape[0]}", f"{picture.width} x {picture.height}"
        raise SettingsError(f"The selection is {sizes[0]} pixels, but the picture is {sizes[1]}: they must be equal.")
    return mask


def _met(act: Act, meeting: Meeting, job: Job, filter: Filter | None) -> Image | Animation:  # noqa: A002
    """Run an act on what it may see of a picture, and lay its result on that; growing pictures likewise."""
    picture, name = meeting.source, filter.title if filter else "Result"
    part = picture.crop(*meeting.box)
    seen = Image(visible.opaque(part), None, picture.grey, picture.info)

    def greyed(image: Image) -> bool:
        return picture.grey and (image.grey if filter is None else _keeps_grey(filter))

    def blended(image: Image, grey: bool) -> Image:
        made = visible.with_wide_colours(image, part, seen.pixels)
        layers = meeting.layers(made, grey, name) if made.layers else ()
        return replace(meeting.blended(made, grey), layers=layers)

    watched = job.shown_as(lambda image: blended(image, greyed(image)))
    result = act(seen, _placed(replace(job, on_picture=unseen) if job.moment else watched, meeting.box, picture))
    if isinstance(result, Animation):
        return meeting.animated(result)
    grey = greyed(result)
    others = tuple(replace(each, picture=blended(each.picture, grey)) for each in result.alternatives[1:])
    first = blended(result, grey)
    chosen = tuple(replace(each, picture=first) for each in result.alternatives[:1])
    return replace(first, alternatives=chosen + others)


def _keeps_grey(filter: Filter) -> bool:  # noqa: A002 - the word of the field
    with at_work(filter.name):
        return not filter.paints_color()


def _placed(job: Job, box: Box, picture: Image) -> Job:
    """The job of a crop: where it lies in the whole picture, and the last frame cropped likewise."""
    moment = job.moment
    if moment and moment.before and moment.before_source:
        before, source = moment.before.crop(*box), moment.before_source.crop(*box)
        moment = replace(moment, before=visible.expected(before), before_source=visible.expected(source))
    offset = job.offset[0] + box[0], job.offset[1] + box[1]
    whole = job.full_size or (picture.height, picture.width)
    return replace(job, full_size=whole, offset=offset, alpha=_alpha(job, box, picture), moment=moment)


def _alpha(job: Job, box: Box, picture: Image) -> Pixels | None:
    """The alpha of a crop; in a chain a picture has none any more, and the job still knows that of the first."""
    alpha = picture.alpha if picture.alpha is not None else job.alpha
    if alpha is None or alpha.shape != picture.pixels.shape[:2]:
        return None
    top, left, bottom, right = box
    return alpha[top:bottom, left:right]


def _surroundings(mask: NDArray[np.float32] | None, image: Image, reach: Reach) -> Box:
    """The box around the selected pixels, grown by what the filter needs to see: top, left, bottom, right."""
    grow = None if mask is None else reach(image.height, image.width)
    if mask is None or grow is None:
        return 0, 0, image.height, image.width
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(int(rows[0]) - grow, 0), max(int(columns[0]) - grow, 0)
    return top, left, min(int(rows[-1]) + 1 + grow, image.height), min(int(columns[-1]) + 1 + grow, image.width)


__getattr__ = moved(
    __name__, {name: f"senga.visible.{name}" for name in ("expected", "is_expected", "opaque", "scaled")}
)
