"""What goes along with the pictures of a film: all its sound, its subtitles, and its cover.

What the container can hold is copied; other sound becomes AAC (Opus in WebM), other subtitles plain text. What cannot
be kept is said in the log ``senga.files``.

References:
    ISO/IEC 14496-3: sampling rates of AAC.
    3GPP TS 26.245: timed text, a number of bytes and the text itself.
"""

from __future__ import annotations

import io
import logging
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from senga.image import Animation, Film

from .budget import name_of
from .video import BROADCAST, JUMP
from .video_file import opened, packets_of, picture_track

log = logging.getLogger("senga.files")

Handler = Callable[[Any], Iterator[Any]]
"""Makes of a packet that was read those that are written; the last packet is empty."""

_HELD = {
    "mp4": "aac mp3 opus ac3 eac3 alac flac",
    "mov": "aac mp3 ac3 eac3 alac pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le "
    "pcm_f64le pcm_alaw pcm_mulaw",
    "webm": "opus vorbis",
}
_RATES = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "libopus": (8000, 12000, 16000, 24000, 48000),
}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_BITS_PER_CHANNEL = 96_000
_LONGEST_SILENCE = 3600.0
_NAMES_OF_NOBODY = ("SoundHandler", "VideoHandler", "SubtitleHandler", "Core Media Audio", "DataHandler")


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
                handler = _handler(track, container, _Clock(film.origin, inside.format.name in BROADCAST))
                if handler is not None:
                    handlers[track.index] = handler
                elif (what := _left_out(track, film)) is not None:
                    log.warning("%s: %s cannot be kept and is left out.", name_of(animation.info), what)
        yield Sound(container, _packets(inside, handlers, film, name_of(animation.info)))


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


def _handler(track: Any, container: Any, clock: _Clock) -> Handler | None:
    """How a track goes along, None if it cannot."""
    if track.codec_context is None:
        return None
    ways: dict[str, tuple[Any, ...]] = {"audio": (_copied, _encoded), "subtitle": (_copied, _text), "video": (_cover,)}
    for way in ways.get(track.type, ()):
        handler = way(track, container, clock)
        if handler is not None:
            return handler  # type: ignore[no-any-return]  # one of the three below
    return None


@dataclass
class _Clock:
    """Times of one track as they are written: from the beginning of the film, and never backwards.

    Attributes:
        origin: second of the film's clock at which it begins.
        is_broadcast: its clock is set anew at times.
    """

    origin: float
    is_broadcast: bool
    _due: float | None = None
    _shift: float = 0.0
    _silence: float = 0.0

    def at(self, time: float, lasts: float) -> float:
        """The second at which something appears that the film puts at ``time``."""
        now = time - self.origin + self._shift
        ahead = now - (self._due or 0.0)
        most = JUMP if self.is_broadcast and self._due is not None else _LONGEST_SILENCE - self._silence
        if ahead < -JUMP or ahead > most:
            self._shift -= ahead
            now -= ahead
        elif ahead > 0:
            self._silence += ahead
        self._due = now + lasts
        return now


# ---- as it is


_SILENT = bytes(2)
"""Timed text between two subtitles; writing makes it anew."""


@dataclass
class _Copied:
    track: Any
    clock: _Clock
    is_text: bool = False
    _last: int | None = None

    def __call__(self, packet: Any) -> Iterator[Any]:
        known = packet.pts if packet.dts is None else packet.dts
        if not packet.size or known is None or (self.is_text and bytes(packet) == _SILENT):
            return
        base = packet.time_base
        lasts = float((packet.duration or 0) * base)
        moved = round(self.clock.at(float(known * base), lasts) / base) - known
        dts = known + moved if self._last is None else max(known + moved, self._last + 1)
        packet.pts = dts if packet.pts is None else max(packet.pts + moved, dts)
        packet.dts = self._last = dts
        packet.stream = self.track
        yield packet


def _copied(heard: Any, container: Any, clock: _Clock) -> Handler | None:
    codec = heard.codec_context.codec.canonical_name
    kind = container.format.name
    held = _HELD.get(kind, codec).split() if heard.type == "audio" else [_SUBTITLES.get(kind, codec)]
    is_bare = codec == "aac" and not heard.codec_context.extradata and kind != "matroska"
    if codec not in held or is_bare or not _is_held(kind, heard):
        return None
    try:
        track = container.add_stream_from_template(heard)
    except ValueError:
        return None
    _name(track, heard)
    return _Copied(track, clock, codec == "mov_text")


def _is_held(kind: str, heard: Any) -> bool:
    """Whether a container takes a track as it is: it is asked, for a damaged one would cost the whole film."""
    import av

    trial = av.open(io.BytesIO(), "w", format=kind)
    try:
        trial.add_stream_from_template(heard)
        trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    finally:
        with suppress(Exception):  # it misses the sound itself
            trial.close()
    return True


def _name(track: Any, heard: Any) -> None:
    """Language, title and which track is played first."""
    said = {key.lower(): text for key, text in heard.metadata.items()}
    kept = {key: said[key] for key in ("language", "title") if said.get(key)}
    if said.get("handler_name", "SoundHandler") not in _NAMES_OF_NOBODY:
        kept["handler_name"] = said["handler_name"]
    track.metadata.update(kept)
    track.disposition = int(heard.disposition)


# ---- sound that has to be encoded anew


@dataclass
class _Encoded:
    """Decodes, fills gaps with silence, and encodes."""

    heard: Any
    track: Any
    layout: str
    clock: _Clock
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


def _encoded(heard: Any, container: Any, clock: _Clock) -> Handler | None:

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
    _name(track, heard)
    return _Encoded(heard, track, layout, clock)


# ---- subtitles and covers

_SUBTITLES = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt"}
_TEXTS = ("subrip", "text", "webvtt", "ass", "ssa")
_MARKUP = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_FIELDS_BEFORE_TEXT = 8
_ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour\n"
    b"Style: Default,Arial,18,&Hffffff\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, "
    b"Effect, Text\n"
)


@dataclass
class _Text:
    """Plain text for MP4, of subtitles in other languages of markup."""

    copied: _Copied
    is_ass: bool

    def __call__(self, packet: Any) -> Iterator[Any]:
        import av

        if not packet.size:
            return
        text = bytes(packet).decode("utf-8", "replace")
        if self.is_ass:
            text = text.split(",", _FIELDS_BEFORE_TEXT)[-1].replace("\\N", "\n").replace("\\n", "\n")
        plain = _MARKUP.sub("", text).strip().encode()[:65535]
        ready = av.Packet(struct.pack(">H", len(plain)) + plain)
        ready.pts, ready.dts, ready.duration = packet.pts, packet.dts, packet.duration
        ready.time_base = packet.time_base
        yield from self.copied(ready)


def _text(read: Any, container: Any, clock: _Clock) -> Handler | None:
    codec = read.codec_context.codec.canonical_name
    if codec not in _TEXTS or container.format.name not in ("mp4", "mov"):
        return None
    track = container.add_stream("mov_text")
    track.codec_context.subtitle_header = _ASS_HEADER
    track.time_base = read.time_base
    track.codec_context.time_base = read.time_base
    _name(track, read)
    return _Text(_Copied(track, clock), codec in ("ass", "ssa"))


def _cover(picture: Any, container: Any, _: _Clock) -> Handler | None:
    from av.stream import Disposition

    is_cover = bool(picture.disposition & Disposition.attached_pic)
    if not is_cover or container.format.name not in ("mp4", "mov"):
        return None
    track = container.add_stream_from_template(picture, opaque=True)
    track.disposition = int(Disposition.attached_pic)

    def copied(packet: Any) -> Iterator[Any]:
        if packet.size:
            packet.pts = packet.dts = 0
            packet.stream = track
            yield packet

    return copied
