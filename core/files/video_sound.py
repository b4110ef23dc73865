"""What goes along with the pictures of a film: all its sound, its subtitles, and its cover.

What the container can hold is copied; other sound becomes AAC (Opus in WebM), other subtitles plain text. What cannot
be kept is said in the log ``senga.files``.

References:
    ISO/IEC 14496-3: sampling rates of AAC.
    3GPP TS 26.245: timed text, a number of bytes and the text itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from senga.image import Animation, Film

from .budget import name_of
from .video_copying import Clock, Handler, copied, name_track
from .video_decoding import BROADCAST
from .video_file import opened, packets_of, picture_track
from .video_subtitles import cover_of, text_of

log = logging.getLogger("senga.files")


_RATES = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "libopus": (8000, 12000, 16000, 24000, 48000),
}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_BITS_PER_CHANNEL = 96_000


@dataclass
class Sound:
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
        import av

        while (packet := self._next or next(self.packets, None)) is not None:
            self._next = packet
            if packet[0] > seconds:
                return
            self._next = None
            try:
                self.container.mux(packet[1])
            except (av.InvalidDataError, av.ArgumentError):
                log.warning("A damaged piece of sound at %.1f seconds is left out.", packet[0])

    def end(self) -> None:
        """Write the rest."""
        self.until(float("inf"))


@contextmanager
def accompaniment(animation: Animation, container: Any) -> Iterator[Sound]:
    """The sound of the film that the animation was made of, and what else goes along."""
    film = animation.film
    if film is None:
        yield Sound(container, iter(()))
        return
    with opened(film.source, animation.info) as inside:
        painted = picture_track(inside, animation.info).index
        handlers: dict[int, Handler] = {}
        for track in inside.streams:
            if track.index != painted:
                handler = _handler(track, container, Clock(film.origin, inside.format.name in BROADCAST))
                if handler is not None:
                    handlers[track.index] = handler
                elif (what := _left_out(track, film)) is not None:
                    log.warning("%s: %s cannot be kept and is left out.", name_of(animation.info), what)
        packets = _packets(inside, handlers, film, name_of(animation.info))
        yield Sound(container, packets if film.ends is None else _up_to(film.ends, packets))


_APART = 10.0
"""Seconds by which what belongs together may lie apart in a film."""


def _up_to(ends: float, packets: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
    for at, packet in packets:
        if at > ends + _APART:
            return
        if at < ends:
            yield at, packet


def _packets(inside: Any, handlers: dict[int, Handler], film: Film, name: str) -> Iterator[tuple[float, Any]]:
    import av

    if not handlers:
        return
    damaged = None
    try:
        for packet in packets_of(inside, *(each for each in inside.streams if each.index in handlers)):
            try:
                for ready in handlers[packet.stream.index](packet):
                    at = ready.pts if ready.dts is None else ready.dts
                    yield float(at * ready.time_base), ready
            except (av.FFmpegError, ValueError):
                at = packet.pts
                damaged = damaged or max(0.0 if at is None else float(at * packet.time_base) - film.origin, 0.0)
    except av.FFmpegError:
        log.debug("%s: its end is damaged", name)  # said by whoever reads the pictures
    if damaged is not None and not film.faults:
        film.faults.append(f"{name} is damaged: its sound is silent at {damaged:.1f} seconds.")


def _left_out(track: Any, film: Film) -> str | None:
    """What a track is called of which the user should know that it is missing."""
    if track.type == "data" and (film.chapters or "timecode" in track.metadata):
        return None  # these are kept otherwise
    kinds = {"video": "another track of pictures", "audio": "a track of sound", "subtitle": "a track of subtitles"}
    return kinds.get(track.type, "a track of other data")


def _handler(track: Any, container: Any, clock: Clock) -> Handler | None:
    """How a track goes along, None if it cannot."""
    if track.codec_context is None:
        return None
    ways: dict[str, tuple[Any, ...]] = {
        "audio": (copied, _encoded),
        "subtitle": (copied, text_of),
        "video": (cover_of,),
    }
    for way in ways.get(track.type, ()):
        handler = way(track, container, clock)
        if handler is not None:
            return handler  # type: ignore[no-any-return]  # one of the three below
    return None


# ---- as it is


# ---- sound that has to be encoded anew


@dataclass
class _Encoded:
    """Decodes, fills gaps with silence, and encodes."""

    heard: Any
    track: Any
    layout: str
    clock: Clock
    _graph: Any = None
    _kind: tuple[Any, ...] = ()
    _samples: int = 0

    def __call__(self, packet: Any) -> Iterator[Any]:
        if not packet.size:
            for frame in packet.decode():
                yield from self._heard(frame)
            yield from self._pulled(None)
            yield from self.track.encode(None)
            return
        for frame in packet.decode():
            yield from self._heard(frame)

    def _heard(self, frame: Any) -> Iterator[Any]:
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if kind != self._kind:
            yield from self._pulled(None)
            self._graph, self._kind = self._resampler(*kind), kind
        lasts = frame.samples / frame.sample_rate
        if frame.pts is not None:
            frame.pts = round(self.clock.at(float(frame.pts * frame.time_base), lasts) * frame.sample_rate)
        frame.time_base = Fraction(1, frame.sample_rate)
        yield from self._pulled(frame)

    def _resampler(self, kind: str, layout: str, rate: int) -> Any:
        from av.filter import Graph

        graph, aim, form = Graph(), self.track.rate, self.track.format.name
        graph.link_nodes(
            graph.add_abuffer(sample_rate=rate, format=kind, layout=layout, time_base=Fraction(1, rate)),
            graph.add("aresample", f"{aim}:async=1:first_pts={self._samples}"),
            graph.add("aformat", f"sample_fmts={form}:sample_rates={aim}:channel_layouts={self.layout}"),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _pulled(self, frame: Any) -> Iterator[Any]:
        import av

        if self._graph is None:
            return
        self._graph.push(frame)
        while True:
            try:
                ready = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            ready.pts, ready.time_base = self._samples, Fraction(1, self.track.rate)
            self._samples += ready.samples
            yield from self.track.encode(ready)


def _encoded(heard: Any, container: Any, clock: Clock) -> Handler | None:

    encoder = "libopus" if container.format.name == "webm" else "aac"
    rate = heard.codec_context.sample_rate
    if not rate:
        return None
    aim = next((each for each in _RATES[encoder] if each >= rate), 48000)
    count = heard.codec_context.layout.nb_channels
    track = container.add_stream(encoder, rate=aim)
    track.layout = layout = _LAYOUTS.get(count, "stereo")
    track.format = "flt" if encoder == "libopus" else "fltp"
    track.bit_rate = min(_BITS_PER_CHANNEL * max(count, 1), 512_000)
    name_track(track, heard)
    return _Encoded(heard, track, layout, clock)


# ---- subtitles and covers
