"""Films go out in what plays everywhere, or what was asked for, with all that the film said which the frames come from.

References:
    ITU-R BT.709: the colours that films of this size are encoded in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

from senga.errors import Cancelled, SengaError, WriteError
from senga.image import Animation, Film, Frame, Metadata, to_depth

from .budget import name_of
from .container import container
from .overlap import behind
from .still_writers import over_white, stacked
from .video_codecs import Coding, coding, is_rgb, rgb_of
from .video_pieces import LENGTH, Packet, Piece
from .video_sound import Sound, accompaniment

log = logging.getLogger("senga.files")

TICKS = 90_000
"""A second in a film that is written here: no usual frame rate needs rounding."""
_BT709, _VIDEO_RANGE = 1, 1
_RGB, _FULL_RANGE = 0, 2
_THREADS = 1
"""Of the encoder: its bytes depend on their number, and with four of them a busy machine once gave others. Painting the
next frame takes longer than encoding one."""
_CONTAINERS = {"MP4": "mp4", "MOV": "mov", "MKV": "matroska", "WEBM": "webm"}


def write_film(animation: Animation, stream: BinaryIO, quality: int | None, *, kind: str, codec: str) -> None:
    """Write a film with its sound; odd sizes get one more row or column where the coding wants even ones.

    Args:
        animation: its frames are made while they are written.
        stream: the file.
        quality: 1 to 100, None for a very good one.
        kind: the name of the format.
        codec: what it is encoded in, see ``senga.files.video_codecs``; where that has no transparency, it lies over
            white.
    """
    deep = animation.film is not None and animation.film.deep
    _write(animation, stream, quality, _CONTAINERS[kind], coding(codec, f".{kind.lower()}", deep=deep))


@dataclass
class _Made:
    """Frames, and what their making raised, which is no fault of the encoder."""

    animation: Animation
    raised: BaseException | None = None

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self.animation.frames()
        except BaseException as error:
            self.raised = error
            raise


def _write(animation: Animation, stream: BinaryIO, quality: int | None, kind: str, coded: Coding) -> None:
    import av

    made = _Made(animation)
    film = animation.film
    options = {"fflags": "+bitexact"} if kind in ("matroska", "webm") else {}  # else they get numbers by chance
    if film and kind in ("mp4", "mov") and _is_phone(film):
        options = {"movflags": "use_metadata_tags"}
    try:
        with container(stream, kind, options) as opened:
            track = _track(opened, animation, quality, coded)
            if film is not None:
                _tell(film, opened, track)
            with accompaniment(animation, opened) as sound:
                _write_frames(made, opened, track, sound)
    except (SengaError, Cancelled, MemoryError):
        raise
    except Exception as error:  # whatever four libraries raise on pictures and sound beyond their limits
        if error is made.raised or (isinstance(error, OSError) and not isinstance(error, av.FFmpegError)):
            raise  # the fault of a filter, or of the disk
        reason = getattr(error, "strerror", None) or error
        raise WriteError(f"The film cannot be written ({reason}); try MP4, or write numbered pictures.") from error


def _track(container: Any, animation: Animation, quality: int | None, coded: Coding) -> Any:
    """The track of the pictures."""
    film = animation.film
    track = container.add_stream(coded.encoder, rate=30)
    track.pix_fmt = coded.deep if film and film.deep else coded.form
    step = 1 if is_rgb(track.pix_fmt) else 2
    track.width, track.height = (side + -side % step for side in (animation.width, animation.height))
    track.options = coded.options_for(quality)
    context = track.codec_context
    if coded.tag and container.format.name in ("mp4", "mov"):
        context.codec_tag = coded.tag
    context.time_base = Fraction(1, TICKS)
    context.thread_count = _THREADS
    context.colorspace, context.color_range = (_RGB, _FULL_RANGE) if step == 1 else (_BT709, _VIDEO_RANGE)
    context.color_primaries, context.color_trc = film.colour if film else (_BT709, _BT709)
    return track


def _is_phone(film: Film) -> bool:
    """Telephones write names such as com.apple.quicktime.make, for which MP4 has another place."""
    return any(name.startswith("com.") for name in film.tags)


def _tell(film: Film, container: Any, track: Any) -> None:
    """Write down what the film says."""
    container.metadata.update(film.tags)
    track.metadata.update(film.picture_tags)
    if "creation_time" in film.tags:
        track.metadata["creation_time"] = film.tags["creation_time"]
    if film.pixel_shape != 1:
        track.codec_context.sample_aspect_ratio = film.pixel_shape.limit_denominator(1000)
    container.set_chapters(
        [
            {
                "id": number,
                "start": round(start * 1000),
                "end": round(end * 1000),
                "time_base": Fraction(1, 1000),
                "metadata": {"title": title},
            }
            for number, (start, end, title) in enumerate(film.chapters, 1)
        ]
    )


def _write_frames(made: _Made, container: Any, track: Any, sound: Sound) -> None:
    """A frame is encoded while the next one is painted."""
    encoder = _Encoder(made.animation, container, track, sound)
    encoder.go_on()
    with behind(encoder.take) as hand_over:
        for frame in made:
            hand_over(frame)
    encoder.end()


class _Encoder:
    """Frames one after the other, each at its time, piece by piece with the sound up to there."""

    def __init__(self, animation: Animation, container: Any, track: Any, sound: Sound) -> None:
        self._animation, self._container, self._track, self._sound = animation, container, track, sound
        self._pieces = animation.film.pieces if animation.film else None
        self._seconds = animation.film.start if animation.film else 0.0
        self._options = dict(track.codec_context.options)  # it forgets them when it is opened
        self._number = 0
        self._context: Any = None
        self._times: list[int] = []
        self._packets: list[Any] = []
        self._told = False

    def go_on(self) -> None:
        """Write the pieces that are there already."""
        for piece in self._pieces.whole() if self._pieces else ():
            self._write(piece)
            self._seconds = piece.seconds
            self._number += LENGTH

    def take(self, frame: Frame) -> None:
        """Encode one more."""
        if self._context is None:
            self._context = _encoder(self._track, self._options)
            self._times = [round(self._seconds * TICKS)]
        self._told = self._told or _tell_of_transparency(frame, self._animation, self._track.pix_fmt)
        picture = _video_frame(frame, self._animation, self._track)
        picture.pts, picture.time_base = self._times[-1], Fraction(1, TICKS)
        self._seconds += frame.seconds
        self._times.append(max(round(self._seconds * TICKS), self._times[-1] + 1))
        self._packets += self._context.encode(picture)
        self._number += 1
        if self._number % LENGTH == 0:
            piece = self._finished()
            if self._pieces is not None:
                self._pieces.keep(self._number // LENGTH - 1, piece, frame.image)
            self._write(piece)

    def end(self) -> None:
        """Encode what is left.

        Raises:
            WriteError: there was no frame.
        """
        if self._number == 0:
            raise WriteError("The animation has no frames, so there is nothing to write.")
        if self._context is not None:
            self._write(self._finished())
        self._sound.end()

    def _finished(self) -> Piece:
        """The piece that is under way; packets leave the encoder (without B-frames) in the order of the frames."""
        self._packets += self._context.encode(None)
        lasts = [after - at for at, after in pairwise(self._times)]
        packets = [
            Packet(packet.pts, seconds, packet.is_keyframe, bytes(packet))
            for packet, seconds in zip(self._packets, lasts, strict=True)
        ]
        self._context, self._packets = None, []
        return Piece(tuple(packets), self._seconds)

    def _write(self, piece: Piece) -> None:
        import av

        for each in piece.packets:
            packet = av.Packet(each.content)
            packet.pts = packet.dts = each.at
            packet.duration, packet.time_base = each.lasts, Fraction(1, TICKS)
            packet.is_keyframe, packet.stream = each.is_key, self._track
            self._container.mux(packet)
            self._sound.until((each.at + each.lasts) / TICKS)


_ASKED = (
    *("width", "height", "pix_fmt", "framerate", "time_base", "sample_aspect_ratio", "flags"),
    *("thread_count", "colorspace", "color_primaries", "color_trc", "color_range"),
)


def _encoder(track: Any, options: dict[str, str]) -> Any:
    """A fresh encoder like that of the track, whose head stands at the beginning of the film."""
    import av

    model = track.codec_context
    context = av.CodecContext.create(model.codec.name, "w")
    context.bit_rate, context.options = 0, dict(options)
    for name in _ASKED:
        if (value := getattr(model, name)) is not None:
            setattr(context, name, value)
    return context


def _tell_of_transparency(frame: Frame, animation: Animation, form: str) -> bool:
    """Whether something is transparent that the coding cannot keep; it is said once."""
    is_lost = frame.image.alpha is not None and not rgb_of(form)[2]
    if is_lost:
        text = "%s: what is transparent lies over white; prores-4444 (.mov) and ffv1 (.mkv) as --codec keep it."
        log.warning(text, name_of(animation.info))
    return is_lost


def _video_frame(frame: Frame, animation: Animation, track: Any) -> Any:
    """A frame as the encoder of the track wants it."""
    from av import VideoFrame

    name, depth, keeps_alpha = rgb_of(track.pix_fmt)
    image = replace(frame.image, info=Metadata())
    pixels = to_depth((image if keeps_alpha else over_white(image)).pixels, depth)
    if pixels.shape[:2] != (animation.height, animation.width):
        raise WriteError("The frames of an animation must all have the same size.")
    if keeps_alpha:
        pixels = stacked(pixels, image.alpha if image.alpha is not None else np.full(pixels.shape[:2], 255, np.uint8))
    more = (0, track.height - animation.height), (0, track.width - animation.width), (0, 0)
    rgb = VideoFrame.from_ndarray(np.ascontiguousarray(np.pad(pixels, more, mode="edge")), format=name)
    if is_rgb(track.pix_fmt):
        return rgb.reformat(format=track.pix_fmt)
    return rgb.reformat(format=track.pix_fmt, dst_colorspace="ITU709", dst_color_range=_VIDEO_RANGE)
