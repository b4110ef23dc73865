"""Frames as FFmpeg decodes them: whole pictures, and a watch that remembers what was damaged.

References:
    FFmpeg, https://ffmpeg.org/ffmpeg-filters.html: bwdif.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .video_file import packets_of

JUMP = 10.0
"""Seconds by which a clock is off that was set anew, as those of broadcasts are."""
BROADCAST = ("mpegts", "mpeg")
_SETTLING = 1.0
"""Seconds after the beginning of a broadcast, and after each clock that was set anew, in which pictures may lack others
that came before."""


@dataclass
class Watch:
    """What went wrong while a film was decoded.

    Attributes:
        second: up to where there are pictures.
        end: up to where there is anything, on the clock of the film.
        damaged: the first second with damage.
        broken: it ended in the middle of something.
        is_lenient: it is a broadcast, which may begin and end anywhere.
    """

    origin: float = 0.0
    second: float = 0.0
    end: float = 0.0
    damaged: float | None = None
    broken: bool = False
    is_lenient: bool = False
    _clock: float = -math.inf
    _settled: float = math.inf
    _doubt: float | None = None

    def see(self, packet: Any, *, is_picture: bool) -> None:
        """A piece of the film was read."""
        if is_picture and packet.dts is not None:
            now = float(packet.dts * packet.time_base)
            if not self._clock - _SETTLING <= now <= self._clock + JUMP:
                self._settled, self._doubt = now + _SETTLING, None
            self._clock = now
        if packet.pts is not None:
            ends = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self.end = max(self.end, ends)
            self.second = max(self.second, ends - self.origin) if is_picture else self.second
        self.broken = packet.is_corrupt and not self.is_lenient

    def damage(self) -> None:
        """Something here cannot be decoded; where a broadcast begins or ends that is no damage."""
        if self.damaged is None and not self.is_lenient:
            self.damaged = self.second
        elif self._doubt is None and self._clock > self._settled:
            self._doubt = self.second

    def resume(self) -> None:
        """This picture is whole, so the film goes on behind whatever was damaged."""
        if self.damaged is None:
            self.damaged = self._doubt


def decoded(container: Any, track: Any, watch: Watch) -> Iterator[Any]:
    """FFmpeg's frames; what cannot be decoded is left out and remembered."""
    import av

    decoder, judge = _decoder(track), _judge(track)
    watch.is_lenient = container.format.name in BROADCAST
    watch.origin = (container.start_time or 0) / 1_000_000
    try:
        for packet in packets_of(container):
            is_picture = packet.stream.index == track.index
            is_last = packet.pts is None and packet.dts is None and not packet.size
            if not is_last:
                watch.see(packet, is_picture=is_picture)
            if not is_picture or not (is_last or packet.size):
                continue
            if judge is not None and not is_last and not _is_sound(packet, judge):
                watch.damage()
                judge = None
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError:
                frames = []
                watch.damage()
            for frame in frames:
                if frame.is_corrupt:
                    watch.damage()
                else:
                    watch.resume()
                yield frame
    except av.FFmpegError:
        watch.broken = True
        end_of_all = av.Packet()
        end_of_all.time_base = track.time_base
        yield from decoder.decode(end_of_all)


_EIGHT_BITS = ("yuv420p", "yuv422p", "yuv440p", "yuv444p", "gbrp")


def _judge(track: Any) -> Any:
    """A second decoder of VP9: FFmpeg's own makes something of whatever it reads, and never says that it is damaged."""
    import av

    context = track.codec_context
    is_judged = context.name == "vp9" and context.pix_fmt in _EIGHT_BITS
    return av.CodecContext.create("libvpx-vp9", "r") if is_judged else None


def _is_sound(packet: Any, judge: Any) -> bool:
    import av

    try:
        judge.decode(packet)
    except av.FFmpegError:
        return False
    return True


def _decoder(track: Any) -> Any:
    """Of pictures with transparency in WebM the usual decoder sees the colours only."""
    import av

    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(track.codec_context.name)
    if name is None or "1" not in (track.metadata.get("alpha_mode"), track.metadata.get("ALPHA_MODE")):
        return track.codec_context
    return av.CodecContext.create(name, "r")


def progressive(frames: Iterator[Any]) -> Iterator[Any]:
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
