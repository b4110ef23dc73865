"""Films come in frame by frame: upright, in sRGB, whole pictures, each for its time.

References:
    ITU-T H.273: numbers of colour primaries, transfer functions and matrices.
    ISO/IEC 14496-12, 6.2.2: the matrix that says how a track is shown.
    FFmpeg, https://ffmpeg.org/ffmpeg-filters.html: bwdif.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from senga.image import Animation, Film, Frame, Image, Metadata

from .budget import check_size, name_of
from .stills import turned
from .video_file import opened, packets_of, picture_track, trouble
from .video_structure import missing_bytes

if TYPE_CHECKING:
    from .animations import Source

log = logging.getLogger("senga.files")

JUMP = 10.0
"""Seconds by which a clock is off that was set anew, as those of broadcasts are."""
BROADCAST = ("mpegts", "mpeg")
_HONEST, _TOLERANCE = ("matroska,webm", "flv", "asf"), 0.5
"""Kinds of films that say how long they are, and seconds by which they may err."""
_USUAL_RATE, _ODDEST_RATE = 25, 500
_LONGEST, _LEAST = 6 * 3600.0, 1e-4
"""Seconds that a single picture is shown at most and at least."""
_ODDEST_PIXEL = 8
_MOST_CHAPTERS = 1000
_LONGEST_FILM = 1e7

_HIGH_DEFINITION = 720
_UNSPECIFIED, _BT709, _SRGB = 2, 1, 13
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: 9, 10: 9}
_LIKE_SRGB = (_BT709, 4, 5, 6, 7, 22)
"""Primaries of television before BT.2020: so near that pictures stay as they are, and so does what films say."""
_HIGH_RANGE = (8, 16, 17, 18)
"""Transfer functions unlike that of sRGB: linear, and those of films with more than standard range, PQ and HLG."""
_FULL_RANGE, _VIDEO_RANGE = 2, 1

_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id", "software")
_OF_THE_PICTURES = ("timecode", "language", "title", "reel_name")


@dataclass(frozen=True)
class _Picture:
    """A decoded picture, the second at which it appears, how long it lasts, and how it was turned (as in EXIF)."""

    image: Image
    time: float | None
    lasts: float | None
    turn: int


@dataclass
class _Watch:
    """What went wrong while a film was decoded.

    Attributes:
        second: up to where there are pictures.
        end: up to where there is anything, on the clock of the film.
        damaged: the first second with damage.
        broken: it ended in the middle of something.
    """

    origin: float = 0.0
    second: float = 0.0
    end: float = 0.0
    damaged: float | None = None
    broken: bool = False

    def see(self, packet: Any, *, is_picture: bool, is_lenient: bool) -> None:
        """A piece of the film was read."""
        if packet.pts is not None:
            ends = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self.end = max(self.end, ends)
            self.second = max(self.second, ends - self.origin) if is_picture else self.second
        self.broken = packet.is_corrupt and not is_lenient

    def damage(self) -> None:
        """Something here cannot be decoded."""
        self.damaged = self.second if self.damaged is None else self.damaged


def read_video(source: Source, info: Metadata) -> Animation:
    """A film whose frames are decoded while they are consumed; ``count`` is an estimate where the file does not tell.

    Raises:
        ReadError: it holds no moving picture, or none can be decoded.
    """
    with opened(source, info) as container:
        track = picture_track(container, info)
        count = min(track.frames, container.size) or _estimate(container, track)
        first = next(_pictures(container, track, info, None, _Watch()), None)
        film = None if first is None else _film(source, container, track, first)
    if first is None or film is None:
        with source() as stream:
            raise trouble(stream, info)
    size = first.image.height, first.image.width
    return Animation(
        lambda: _frames(source, info, size, film.faults),
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
        _colour(track.codec_context),
        {name: text for name, text in tags.items() if name not in _OF_THE_FILE},
        {name: text for name, text in pictures.items() if name in _OF_THE_PICTURES and text != "und"},
        tuple(_chapters(container, origin)),
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


def _frames(source: Source, info: Metadata, size: tuple[int, int], faults: list[str]) -> Iterator[Frame]:
    """Every picture is shown until the next one appears; at the end it is known what is wrong with the film."""
    faults.clear()
    watch = _Watch()
    with opened(source, info) as container:
        track = picture_track(container, info)
        usual = float(1 / (track.average_rate or _USUAL_RATE))
        pictures = _pictures(container, track, info, size, watch)
        yield from _timed(pictures, usual, container.format.name in BROADCAST)
        is_short = _is_short(container, track, watch)
    with source() as stream:
        is_cut = watch.broken or missing_bytes(stream) > 0
    if is_short and watch.damaged is None and not is_cut:
        watch.damage()
    if is_cut:
        faults.append(f"{name_of(info)} is cut off after {watch.second:.1f} seconds; it was painted as far as it goes.")
    elif watch.damaged is not None:
        text = f"{name_of(info)} is damaged at {watch.damaged:.1f} seconds; what can be read of it was painted."
        faults.append(text)


def _is_short(container: Any, track: Any, watch: _Watch) -> bool:
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
    container: Any, track: Any, info: Metadata, size: tuple[int, int] | None, watch: _Watch
) -> Iterator[_Picture]:
    """Every picture, fitted to the (height, width) of the first: a phone that is turned changes it in mid-film."""
    import av

    most = container.size
    for number, frame in enumerate(_progressive(_decoded(container, track, watch))):
        if number > most:  # more pictures than bytes
            watch.damage()
            return
        turn = _turn(frame)
        check_size(frame.width, frame.height, 4, info)
        try:
            image = _image(frame, size, turn)
        except (av.FFmpegError, ValueError):
            watch.damage()
            continue
        size = size or (image.height, image.width)
        lasts = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else None
        yield _Picture(image, None if frame.pts is None or not frame.time_base else frame.time, lasts, turn)


def _decoded(container: Any, track: Any, watch: _Watch) -> Iterator[Any]:
    """FFmpeg's frames; what cannot be decoded is left out and remembered."""
    import av

    decoder = _decoder(track)
    is_lenient = container.format.name in BROADCAST  # they begin and end anywhere
    begun = False
    watch.origin = (container.start_time or 0) / 1_000_000
    try:
        for packet in packets_of(container):
            is_picture = packet.stream.index == track.index
            is_last = packet.pts is None and packet.dts is None and not packet.size
            if not is_last:
                watch.see(packet, is_picture=is_picture, is_lenient=is_lenient)
            if not is_picture or not (is_last or packet.size):
                continue
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError:
                frames = []
                if begun or not is_lenient:
                    watch.damage()
            for frame in frames:
                begun = True
                if frame.is_corrupt and not is_lenient:
                    watch.damage()
                yield frame
    except av.FFmpegError:
        watch.broken = True
        end_of_all = av.Packet()
        end_of_all.time_base = track.time_base
        yield from decoder.decode(end_of_all)


def _decoder(track: Any) -> Any:
    """Of pictures with transparency in WebM the usual decoder sees the colours only."""
    import av

    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(track.codec_context.name)
    if name is None or "1" not in (track.metadata.get("alpha_mode"), track.metadata.get("ALPHA_MODE")):
        return track.codec_context
    return av.CodecContext.create(name, "r")


def _progressive(frames: Iterator[Any]) -> Iterator[Any]:
    """Whole pictures: from the first that is made of two halves on, those of different times are told apart."""
    graph, shape = None, None
    for frame in frames:
        now = frame.width, frame.height, frame.format.name
        if min(now[:2]) < 4 or (graph is None and not frame.interlaced_frame):
            yield frame
            continue
        if now != shape:
            yield from _pulled(graph, None)
            graph, shape = _deinterlacer(frame), now
        yield from _pulled(graph, frame)
    yield from _pulled(graph, None)


def _deinterlacer(frame: Any) -> Any:
    from av.filter import Graph

    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
        graph.add("bwdif", "mode=send_frame:deint=interlaced"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _pulled(graph: Any, frame: Any) -> Iterator[Any]:
    """What comes out when one more frame, or the end, goes in."""
    import av

    if graph is None:
        return
    graph.vpush(frame)
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


# ---- pixels


def _turn(frame: Any) -> int:
    """How the picture is to be turned or mirrored, as in EXIF (1 to 8): what comes nearest to the film's matrix."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]


def _image(frame: Any, size: tuple[int, int] | None, turn: int) -> Image:
    """Pixels in sRGB, upright, of the (height, width) that is asked for."""
    height, width = (frame.height, frame.width) if size is None else size if turn <= 4 else size[::-1]
    has_alpha = any(part.is_alpha for part in frame.format.components) or frame.format.name == "pal8"
    pixels = turned(_rgb(frame, height, width, "rgba" if has_alpha else "rgb24"), turn)
    if not has_alpha:
        return Image(np.ascontiguousarray(pixels))
    alpha = np.ascontiguousarray(pixels[:, :, 3])
    return Image(np.ascontiguousarray(pixels[:, :, :3]), None if bool((alpha == 255).all()) else alpha)


def _rgb(frame: Any, height: int, width: int, kind: str) -> Any:
    import av

    said = int(frame.colorspace)
    usual = "ITU601" if frame.height < _HIGH_DEFINITION else "ITU709"
    is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    how = {
        "width": width,
        "height": height,
        "format": kind,
        "src_colorspace": usual if said == _UNSPECIFIED else _MATRICES.get(said),
        "src_color_range": _FULL_RANGE if is_full or frame.format.is_rgb else _VIDEO_RANGE,
    }
    try:
        return frame.reformat(**how, **_converted(frame)).to_ndarray()
    except av.FFmpegError:  # a transfer function that nobody can convert
        return frame.reformat(**how).to_ndarray()


def _converted(frame: Any) -> dict[str, int]:
    """What makes colours of wide primaries, and of more than standard range, those of sRGB."""
    if frame.color_trc in _HIGH_RANGE:
        return {"dst_color_trc": _SRGB, "dst_color_primaries": _BT709}
    if frame.color_primaries not in (0, _UNSPECIFIED, *_LIKE_SRGB) and frame.color_trc not in (0, _UNSPECIFIED):
        return {"dst_color_trc": int(frame.color_trc), "dst_color_primaries": _BT709}
    return {}


def _colour(context: Any) -> tuple[int, int]:
    """Primaries and transfer function as they are written again."""
    primaries, transfer = int(context.color_primaries), int(context.color_trc)
    if primaries not in _LIKE_SRGB or transfer in (0, _UNSPECIFIED, *_HIGH_RANGE):
        return _BT709, _BT709
    return primaries, transfer
