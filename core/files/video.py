"""Video through FFmpeg's libraries: films come in frame by frame, and go out as MP4 with the sound they had.

References:
    PyAV, https://pyav.basswood-io.com
    ITU-T H.264; ITU-R BT.709: the matrix that films of this size are encoded with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from senga.errors import ReadError, WriteError
from senga.image import Animation, Frame, Image, Metadata, to_depth

from .still_writers import over_white
from .stills import check_size, name_of

if TYPE_CHECKING:
    from .animations import Source

TICKS = 90_000
"""A second in an MP4 that is written here: no usual frame rate needs rounding."""
_BT709, _UNSPECIFIED, _BT601 = 1, 2, (5, 6)
"""Numbers of colour matrices in ITU-T H.273."""
_HIGH_DEFINITION = 720
_USUAL_RATE = 25


# ---- reading


def read_video(source: Source, info: Metadata) -> Animation:
    """A film whose frames are decoded while they are consumed; ``count`` is an estimate where the file does not tell.

    Raises:
        ReadError: it holds no moving picture, or the first one cannot be decoded.
    """
    with _track(source, info) as (container, track):
        first = next(_pictures(container, track, info), None)
        if first is None:
            raise ReadError(f"{name_of(info)} holds no moving picture; choose another file.", info.source)
        count = track.frames or _estimate(container, track)
        sound = bool(container.streams.audio)
    image = first[0]
    return Animation(
        lambda: _frames(source, info),
        image.height,
        image.width,
        max(int(count), 1),
        info=replace(info, format="MP4"),
        sound=source if sound else None,
    )


@contextmanager
def _track(source: Source, info: Metadata) -> Iterator[tuple[Any, Any]]:
    """The opened file and its moving picture; what FFmpeg has against it becomes a sentence."""
    import av

    try:
        with source() as stream, av.open(stream) as container:
            if not container.streams.video:
                raise ReadError(f"{name_of(info)} holds no moving picture; choose another file.", info.source)
            track = container.streams.video[0]
            track.thread_type = "AUTO"
            yield container, track
    except (av.FFmpegError, ValueError) as error:
        text = f"{name_of(info)} is a damaged video, or one that FFmpeg does not know; convert it to MP4 first."
        raise ReadError(text, info.source) from error


def _estimate(container: Any, track: Any) -> float:
    """Frames by duration and rate."""
    if track.duration is not None:
        seconds = float(track.duration * track.time_base)
    else:
        seconds = (container.duration or 0) / 1_000_000
    return round(seconds * float(track.average_rate or _USUAL_RATE))


def _pictures(container: Any, track: Any, info: Metadata) -> Iterator[tuple[Image, float | None]]:
    """Every picture and the second at which it appears, if the file says so."""
    for frame in container.decode(track):
        check_size(frame.width, frame.height, 4, info)
        pixels = frame.reformat(format="rgb24", src_colorspace=_matrix(frame)).to_ndarray()
        yield Image(np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))), frame.time


def _matrix(frame: Any) -> str:
    """The matrix that the film says, else the one that is usual at its size."""
    said = int(frame.colorspace)
    return "ITU601" if said in _BT601 or (said == _UNSPECIFIED and frame.height < _HIGH_DEFINITION) else "ITU709"


def _frames(source: Source, info: Metadata) -> Iterator[Frame]:
    """A picture is shown until the next one appears, the last one as long as a usual one."""
    with _track(source, info) as (container, track):
        usual = float(1 / (track.average_rate or _USUAL_RATE))
        before: tuple[Image, float | None] | None = None
        for now in _pictures(container, track, info):
            if before is not None:
                yield Frame(before[0], _between(before[1], now[1], usual))
            before = now
        if before is not None:
            yield Frame(before[0], usual)


def _between(before: float | None, now: float | None, usual: float) -> float:
    return usual if before is None or now is None or now <= before else now - before


# ---- writing


def write_mp4(animation: Animation, stream: BinaryIO, quality: int | None) -> None:
    """H.264 that plays everywhere; transparency over white, odd sizes get one more row or column, the sound is kept."""
    import av

    width, height = (side + side % 2 for side in (animation.width, animation.height))
    with av.open(stream, "w", format="mp4") as container:
        track: Any = container.add_stream("libx264", rate=30)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.codec_context.time_base = Fraction(1, TICKS)
        crf = 18 if quality is None else round(51 - 0.41 * quality)
        track.options = {"crf": str(crf), "preset": "medium", "bf": "0"}
        context = track.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        with _sound(animation, container) as sound:
            _write_frames(animation, container, track, sound)


def _write_frames(animation: Animation, container: Any, track: Any, sound: _Sound) -> None:
    waiting: deque[int] = deque()
    seconds, time = 0.0, 0
    for frame in animation.frames():
        picture = _video_frame(frame, animation, track.height, track.width)
        picture.pts, picture.time_base = time, Fraction(1, TICKS)
        seconds += frame.seconds
        waiting.append(max(round(seconds * TICKS) - time, 1))
        time += waiting[-1]
        _mux(container, track, picture, waiting)
        sound.until(time / TICKS)
    if not time:
        raise WriteError("The animation has no frames, so there is nothing to write.")
    _mux(container, track, None, waiting)
    sound.end()


def _mux(container: Any, track: Any, picture: Any, waiting: deque[int]) -> None:
    """Packets leave the encoder later than frames enter it, but (without B-frames) in the same order."""
    for packet in track.encode(picture):
        packet.duration = waiting.popleft()
        container.mux(packet)


def _video_frame(frame: Frame, animation: Animation, height: int, width: int) -> Any:
    """A frame in YCbCr."""
    from av import VideoFrame

    image = over_white(replace(frame.image, info=Metadata()))
    pixels = to_depth(image.pixels, np.uint8)
    if pixels.shape[:2] != (animation.height, animation.width):
        raise WriteError("The frames of an animation must all have the same size.")
    padded = np.pad(pixels, ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0)), mode="edge")
    rgb = VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
    return rgb.reformat(format="yuv420p", dst_colorspace="ITU709")


@dataclass
class _Sound:
    """Sound that is written in step with the pictures.

    Attributes:
        container: the file that is written.
        packets: what is to be written, with the second at which it is heard.
    """

    container: Any
    packets: Iterator[tuple[float, Any]]
    _next: tuple[float, Any] | None = None

    def until(self, seconds: float) -> None:
        """Write what is heard up to here."""
        while (packet := self._next or next(self.packets, None)) is not None:
            self._next = packet
            if packet[0] > seconds:
                return
            self.container.mux(packet[1])
            self._next = None

    def end(self) -> None:
        """Write the rest."""
        self.until(float("inf"))


@contextmanager
def _sound(animation: Animation, container: Any) -> Iterator[_Sound]:
    """The sound of the film that the animation was made of: as it is where MP4 can hold it, else as AAC."""
    import av

    if animation.sound is None:
        yield _Sound(container, iter(()))
        return
    with animation.sound() as stream, av.open(stream) as film:
        heard = film.streams.audio[0]
        as_it_is = heard.codec_context.name in _HELD
        track = container.add_stream_from_template(heard) if as_it_is else container.add_stream("aac", heard.rate)
        yield _Sound(container, _copied(film, heard, track) if as_it_is else _encoded(film, heard, track))


_HELD = ("aac", "mp3", "mp3float", "opus", "libopus", "ac3", "eac3", "alac")


def _copied(film: Any, heard: Any, track: Any) -> Iterator[tuple[float, Any]]:
    for packet in film.demux(heard):
        if packet.dts is not None:
            at = float(packet.dts * packet.time_base)
            packet.stream = track
            yield at, packet


def _encoded(film: Any, heard: Any, track: Any) -> Iterator[tuple[float, Any]]:
    for frame in film.decode(heard):
        yield from _timed(track.encode(frame))
    yield from _timed(track.encode(None))


def _timed(packets: list[Any]) -> Iterator[tuple[float, Any]]:
    return ((float(packet.pts * packet.time_base), packet) for packet in packets)
