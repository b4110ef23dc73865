"""Tracks of films that are copied as they are, on the clock of the result."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .video_decoding import JUMP

Handler = Callable[[Any], Iterator[Any]]
"""Makes of a packet that was read those that are written; the last packet is empty."""
_HELD = {
    "mp4": "aac mp3 opus ac3 eac3 alac flac",
    "mov": "aac mp3 ac3 eac3 alac pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le "
    "pcm_f64le pcm_alaw pcm_mulaw",
    "webm": "opus vorbis",
}
_LONGEST_SILENCE = 3600.0
_NAMES_OF_NOBODY = ("SoundHandler", "VideoHandler", "SubtitleHandler", "Core Media Audio", "DataHandler")


@dataclass
class Clock:
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


_SILENT = bytes(2)
"""Timed text between two subtitles; writing makes it anew."""


@dataclass
class Copied:
    """Packets of a track with the times of the result."""

    track: Any
    clock: Clock
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


def copied(heard: Any, container: Any, clock: Clock) -> Handler | None:
    """How a track is copied, None if the container does not hold it."""
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
    name_track(track, heard)
    return Copied(track, clock, codec == "mov_text")


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


def name_track(track: Any, heard: Any) -> None:
    """Language, title and which track is played first."""
    said = {key.lower(): text for key, text in heard.metadata.items()}
    kept = {key: said[key] for key in ("language", "title") if said.get(key)}
    if said.get("handler_name", "SoundHandler") not in _NAMES_OF_NOBODY:
        kept["handler_name"] = said["handler_name"]
    track.metadata.update(kept)
    track.disposition = int(heard.disposition)


_SUBTITLES = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt"}
