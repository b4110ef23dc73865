"""Writing GIF by FFmpeg: one palette for all frames and a dither that stays where it is, so nothing flickers.

References:
    FFmpeg, https://ffmpeg.org/ffmpeg-filters.html: palettegen, paletteuse.
"""

from __future__ import annotations

import math
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import WriteError
from senga.image import Animation, Frame

from .animation_writers import rgba
from .container import container

_FRAMES = 24
_PIXELS = 400_000
_COLOURS, _NEARLY_ALL = 255, 512
_BAYER = "bayer:bayer_scale=4"
"""A dither that stays where it is."""
_HUNDREDTH = Fraction(1, 100)


def write_gif(animation: Animation, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """255 colours and one for transparency.

    The palette needs all frames and making them may take minutes, so they wait in a temporary file.
    """
    with tempfile.TemporaryFile() as spool:
        facts = [_spool(frame, spool) for frame in animation.frames()]
        if not facts:
            raise WriteError("The animation has no frames, so there is nothing to write.")
        _write(spool, facts, animation, stream)


@dataclass(frozen=True)
class _Spooled:
    """Where a frame waits, and how long it is shown."""

    start: int
    size: int
    seconds: float


def _spool(frame: Frame, spool: Any) -> _Spooled:
    pixels = rgba(frame, None)
    start = spool.seek(0, 2)
    size = spool.write(zlib.compress(pixels.tobytes(), 1))
    return _Spooled(start, size, frame.seconds)


def _unspool(spool: Any, fact: _Spooled, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    spool.seek(fact.start)
    pixels = np.frombuffer(zlib.decompress(spool.read(fact.size)), np.uint8)
    if pixels.size != np.prod(shape):
        raise WriteError("The frames of an animation must all have the same size.")
    return pixels.reshape(shape)  # (H, W, 4)


def _sampled(spool: Any, facts: list[_Spooled], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(N, 3) opaque pixels taken evenly from some frames, the first and the last among them."""
    chosen = sorted({round(at) for at in np.linspace(0, len(facts) - 1, min(len(facts), _FRAMES))})
    step = math.ceil((len(chosen) * shape[0] * shape[1] / _PIXELS) ** 0.5)
    parts = [_unspool(spool, facts[at], shape)[::step, ::step].reshape(-1, 4) for at in chosen]  # (N, 4)
    return np.concatenate([part[part[:, 3] >= 128, :3] for part in parts])


class _Graph:
    """Frames go in, frames come out: one of FFmpeg's filters."""

    def __init__(self, name: str, options: str, *sizes: tuple[int, int, str]) -> None:
        from av import VideoFormat
        from av.filter import Graph

        graph: Any = Graph()
        made = graph.add(name, options)
        self.sources = []
        for number, (height, width, kind) in enumerate(sizes):
            source = graph.add_buffer(width=width, height=height, format=VideoFormat(kind), time_base=_HUNDREDTH)
            source.link_to(made, 0, number)
            self.sources.append(source)
        self.sink = graph.add("buffersink")
        made.link_to(self.sink)
        graph.configure()
        self.graph = graph

    def ready(self) -> Iterator[Any]:
        """What has come out so far."""
        import av

        while True:
            try:
                yield self.sink.pull()
            except (BlockingIOError, EOFError, av.BlockingIOError, av.EOFError):
                return


def _frame(pixels: NDArray[np.uint8], at: int) -> Any:
    """(H, W, 4) as FFmpeg's frame, to be shown from a hundredth of a second on."""
    from av import VideoFrame

    frame: Any = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba")
    frame.pts, frame.time_base = at, _HUNDREDTH
    return frame


def _palette(seen: NDArray[np.uint8], colours: NDArray[np.int32]) -> Any:
    """255 colours for (N, 3) opaque pixels, and one for transparency; those of the pixels if there are no more."""
    if len(colours) <= _COLOURS:
        table = np.zeros((_COLOURS + 1, 4), np.uint8)
        table[:_COLOURS, 3] = 255
        table[: len(colours), :3] = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
        return _frame(table.reshape(16, 16, 4), 0).reformat(format="bgra")  # (16, 16, 4)
    side = math.ceil(len(seen) ** 0.5)
    mosaic = np.full((side * side, 4), 255, np.uint8)
    mosaic[:, :3] = np.resize(seen, (side * side, 3))
    graph = _Graph("palettegen", "reserve_transparent=1", (side, side, "rgba"))
    graph.sources[0].push(_frame(mosaic.reshape(side, side, 4), 0))  # (side, side, 4)
    graph.sources[0].push(None)
    return next(graph.ready())


def _colours(seen: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The different ones among (N, 3) pixels, as one number each."""
    wide = seen.astype(np.int32)
    different: NDArray[np.int32] = np.unique((wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2])
    return different


def _write(spool: Any, facts: list[_Spooled], animation: Animation, stream: BinaryIO) -> None:
    """Put the frames into the file, each from its time on."""
    height, width = animation.height, animation.width
    seen = _sampled(spool, facts, (height, width, 4))
    colours = _colours(seen)
    palette = _palette(seen, colours)
    palette.pts, palette.time_base = 0, _HUNDREDTH
    options = f"dither={_BAYER if len(colours) > _NEARLY_ALL else 'none'}:alpha_threshold=128"
    graph = _Graph("paletteuse", options, (height, width, "rgba"), (palette.height, palette.width, palette.format.name))
    graph.sources[1].push(palette)
    graph.sources[1].push(None)
    *_, last = times = _times(facts)
    loop = {0: 0, 1: -1}.get(animation.loop, animation.loop - 1)
    choices = {"loop": str(loop), "final_delay": str(last - times[-2])}
    with container(stream, "gif", choices) as made:
        track: Any = made.add_stream("gif", rate=100)
        track.width, track.height, track.pix_fmt = width, height, "pal8"
        track.codec_context.time_base = _HUNDREDTH
        for fact, at in zip(facts, times, strict=False):
            graph.sources[0].push(_frame(_unspool(spool, fact, (height, width, 4)), at))
            made.mux([packet for frame in graph.ready() for packet in track.encode(frame)])
        graph.sources[0].push(None)
        made.mux([packet for frame in [*graph.ready(), None] for packet in track.encode(frame)])


def _times(facts: list[_Spooled]) -> list[int]:
    """Hundredths of a second at which the frames begin, and the last one ends; browsers need two at least."""
    times, seconds = [0], 0.0
    for fact in facts:
        seconds += fact.seconds
        times.append(min(max(times[-1] + 2, round(seconds * 100)), times[-1] + 65535))
    return times
