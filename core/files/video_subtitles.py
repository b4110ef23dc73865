"""Subtitles and covers of films, as the container of the result holds them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .video_copying import Clock, Copied, Handler, name_track

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

    copied: Copied
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


def text_of(read: Any, container: Any, clock: Clock) -> Handler | None:
    """How subtitles become plain text, None if they cannot."""
    codec = read.codec_context.codec.canonical_name
    if codec not in _TEXTS or container.format.name not in ("mp4", "mov"):
        return None
    track = container.add_stream("mov_text")
    track.codec_context.subtitle_header = _ASS_HEADER
    track.time_base = read.time_base
    track.codec_context.time_base = read.time_base
    name_track(track, read)
    return _Text(Copied(track, clock), codec in ("ass", "ssa"))


def cover_of(picture: Any, container: Any, _: Clock) -> Handler | None:
    """How a cover goes along, None if the track is none."""
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
