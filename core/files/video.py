"""Films come in frame by frame: upright, in sRGB, whole pictures, each for its time.

References:
    ITU-T H.273: numbers of colour primaries, transfer functions and matrices.
    ISO/IEC 14496-12, 6.2.2: the matrix that says how a track is shown.
    FFmpeg, https://ffmpeg.org/ffmpeg-filters.html: bwdif.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from senga.image import Animation, Film, Frame, Image, Metadata

from .budget import check_size, name_of
from .overlap import ahead
from .video_decoding import BROADCAST, JUMP, Watch, decoded, progressive
from .video_file import opened, packets_of, picture_track, trouble
from .video_pixels import colour_of, has_high_range, image_of, is_deep, turn_of
from .video_structure import missing_bytes

if TYPE_CHECKING:
    from .animations import Source

log = logging.getLogger("senga.files")

_HONEST, _TOLERANCE = ("matroska,webm", "flv", "asf"), 0.5
"""Kinds of films that say how long they are, and seconds by which they may err."""
_USUAL_RATE, _ODDEST_RATE = 25, 500
_LONGEST, _LEAST = 6 * 3600.0, 1e-4
"""Seconds that a single picture is shown at most and at least."""
_ODDEST_PIXEL = 8
_MOST_CHAPTERS = 1000
_LONGEST_FILM = 1e7


_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "software")
_OF_THE_PICTURES = ("timecode", "language", "title", "reel_name")


@dataclass(frozen=True)
class _Picture:
    """A decoded picture, the second at which it appears, how long it lasts, and how it was turned (as in EXIF)."""

    image: Image
    time: float | None
    lasts: float | None
    turn: int


def read_video(source: Source, info: Metadata) -> Animation:
    """A film whose frames are decoded while they are consumed; ``count`` is an estimate where the file does not tell.

    Raises:
        ReadError: it holds no moving picture, or none can be decoded.
    """
    with opened(source, info) as container:
        track = picture_track(container, info)
        count = min(track.frames, container.size) or _estimate(container, track)
        first = next(_pictures(container, track, info, None, Watch()), None)
        film = None if first is None else _film(source, container, track, first)
        is_high = has_high_range(track.codec_context)
    if first is None or film is None:
        with source() as stream:
            raise trouble(stream, info)
    if is_high:
        log.warning(
            "%s has a high dynamic range, which becomes the standard one: what is brighter than paper becomes white.",
            name_of(info),
        )
    size = first.image.height, first.image.width
    return Animation(
        lambda: ahead(_frames(source, info, size, film.faults)),
        *size,
        max(count or _counted(source, info), 1),
        info=replace(info, format="MP4"),
        film=film,
    )


# ---- what the film says


def _film(source: Source, container: Any, track: Any, first: _Picture) -> Film:
    origin = (container.start_time or 0) / 1_000_000
    shape = track.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, _ODDEST_PIXEL) <= shape <= _ODDEST_PIXEL:
        shape = Fraction(1)
    tags = _lower(container.metadata)
    pictures = _lower(track.metadata)
    return Film(
        source,
        origin,
        0.0 if first.time is None else min(max(first.time - origin, 0.0), _LONGEST),
        1 / shape if first.turn > 4 else shape,
        colour_of(track.codec_context),
        {name: text for name, text in tags.items() if name not in _OF_THE_FILE},
        {name: text for name, text in pictures.items() if name in _OF_THE_PICTURES and text != "und"},
        tuple(_chapters(container, origin)),
        rate=float(track.average_rate or 0),
        deep=is_deep(track.codec_context.format) and not has_high_range(track.codec_context),
    )


def _lower(tags: dict[str, str]) -> dict[str, str]:
    """Names as MP4 spells them; Matroska shouts."""
    cleaned = ((name, text.replace("\0", "")) for name, text in tags.items())
    return {name.lower() if name.isupper() else name: text for name, text in cleaned if text}


def _chapters(container: Any, origin: float) -> Iterator[tuple[float, float, str]]:
    for chapter in container.chapters()[:_MOST_CHAPTERS]:
        base = chapter["time_base"] or 0
        start, end = (max(float(chapter[name] * base) - origin, 0.0) for name in ("start", "end"))
        if start <= end < _LONGEST_FILM:
            yield start, end, chapter["metadata"].get("title", "")


def _estimate(container: Any, track: Any) -> int:
    """Frames by duration and rate, 0 if the film does not tell how long it is."""
    if track.duration is not None:
        seconds = float(track.duration * track.time_base)
    else:
        seconds = (container.duration or 0) / 1_000_000
    rate = float(track.average_rate or _USUAL_RATE)
    return round(seconds * rate) if rate < _ODDEST_RATE and 0 < seconds * rate < container.size else 0


def _counted(source: Source, info: Metadata) -> int:
    """Frames as they are stored, without decoding them."""
    import av

    count = 0
    with opened(source, info) as container:
        track = picture_track(container, info)
        try:
            for packet in packets_of(container, track):
                count += bool(packet.size)
        except av.FFmpegError:
            log.debug("%s: damaged after %d pictures", name_of(info), count)
    return count


_PLACES = ("location", "gps", "xyz", "geo", "latitude", "longitude")


def without_tags(film: Film, *, place_only: bool) -> Film:
    """The film without what it says of people, times and places, or of places only."""
    if not place_only:
        return replace(film, tags={}, picture_tags={}, chapters=())
    kept = {name: text for name, text in film.tags.items() if not any(part in name.lower() for part in _PLACES)}
    return replace(film, tags=kept)


def squared(animation: Animation) -> Animation:
    """The same with square pixels, for whatever cannot say that they are not: the longer side of a pixel stays."""
    shape = animation.film.pixel_shape if animation.film else Fraction(1)
    if shape == 1:
        return animation
    height, width = animation.height, animation.width
    height, width = (height, round(width * shape)) if shape > 1 else (round(height / shape), width)

    def frames() -> Iterator[Frame]:
        for frame in animation.frames():
            yield replace(frame, image=_stretched(frame.image, height, width))

    return replace(animation, frames=frames, height=height, width=width)


def _stretched(image: Image, height: int, width: int) -> Image:
    import cv2

    def stretched(values: Any) -> Any:
        return cv2.resize(np.ascontiguousarray(values), (width, height), interpolation=cv2.INTER_LINEAR)

    alpha = None if image.alpha is None else stretched(image.alpha)
    return replace(image, pixels=stretched(image.pixels), alpha=alpha, layers=(), alternatives=())


# ---- frames


def _frames(source: Source, info: Metadata, size: tuple[int, int], faults: list[str]) -> Generator[Frame, None, None]:
    """Every picture is shown until the next one appears; at the end it is known what is wrong with the film."""
    faults.clear()
    watch = Watch()
    with opened(source, info) as container:
        track = picture_track(container, info)
        usual = float(1 / (track.average_rate or _USUAL_RATE))
        pictures = _pictures(container, track, info, size, watch)
        yield from _timed(pictures, usual, container.format.name in BROADCAST)
        is_short = _is_short(container, track, watch)
    with source() as stream:
        is_cut = watch.broken or is_short or missing_bytes(stream) > 0
    if is_cut:
        faults.insert(
            0, f"{name_of(info)} is cut off after {watch.second:.1f} seconds; it was painted as far as it goes."
        )
    elif watch.damaged is not None:
        text = f"{name_of(info)} is damaged at {watch.damaged:.1f} seconds; what can be read of it was painted."
        faults.append(text)


def _is_short(container: Any, track: Any, watch: Watch) -> bool:
    """Whether there was less than the header promises, in those kinds whose headers can be believed."""
    kind, declared = container.format.name, 0.0
    if kind in _HONEST:
        declared = (container.duration or 0) / 1_000_000
    elif kind == "avi":
        declared = float((track.duration or 0) * track.time_base)
    return declared > watch.end + _TOLERANCE


def _timed(pictures: Iterator[_Picture], usual: float, is_broadcast: bool) -> Iterator[Frame]:
    """Durations that add up to the times of the film, across clocks that were set anew."""
    before = next(pictures, None)
    if before is None:
        return
    clock, shift = before.time or 0.0, 0.0
    for now in pictures:
        due = clock + (before.lasts or usual)
        at = due if now.time is None else now.time + shift
        if at < clock - JUMP or (is_broadcast and at > due + JUMP):
            shift, at = shift + due - at, due
        seconds = min(max(at - clock, _LEAST), _LONGEST)
        yield Frame(before.image, seconds)
        clock += seconds
        before = now
    yield Frame(before.image, min(before.lasts or usual, _LONGEST))


def _pictures(
    container: Any, track: Any, info: Metadata, size: tuple[int, int] | None, watch: Watch
) -> Iterator[_Picture]:
    """Every picture, fitted to the (height, width) of the first: a phone that is turned changes it in mid-film."""
    import av

    most = container.size
    for number, frame in enumerate(progressive(decoded(container, track, watch))):
        if number > most:  # more pictures than bytes
            watch.damage()
            return
        turn = turn_of(frame)
        check_size(frame.width, frame.height, 4, info)
        try:
            image = image_of(frame, size, turn)
        except (av.FFmpegError, ValueError):
            watch.damage()
            continue
        size = size or (image.height, image.width)
        lasts = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else None
        yield _Picture(image, None if frame.pts is None or not frame.time_base else frame.time, lasts, turn)


# ---- pixels
