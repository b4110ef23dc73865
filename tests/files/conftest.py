"""Colour profiles and pictures that the tests of files need."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

# Primaries as XYZ relative to D50 (ICC profile connection space).
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_D50 = (0.9642, 1.0, 0.8249)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(each * 65536) for each in numbers))


def _assembled(space: bytes, kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">I4s4s4s4s4s", 0, b"none", b"\x02\x10\0\0", kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_D50)
    head = head.ljust(128, b"\0")
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    whole = head + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def _text(words: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(78)


def _common(words: bytes) -> dict[bytes, bytes]:
    return {b"desc": _text(words), b"cprt": b"text\0\0\0\0none\0", b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50)}


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def matrix_profile(primaries: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """An ICC 2 display profile of three primaries and one tone curve."""
    tags = _common(b"test")
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = _gamma(gamma)
    return _assembled(b"RGB ", b"mntr", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """An ICC 2 display profile for grey."""
    return _assembled(b"GRAY", b"mntr", b"XYZ ", {**_common(b"grey"), b"kTRC": _gamma(gamma)})


def cmyk_profile() -> bytes:
    """An ICC 2 printer profile, from ink to Lab only: paper white, cyan alone (L 50, a -50, b 0), the rest black."""
    grid = np.zeros((2, 2, 2, 2, 3))
    grid[..., 1:] = 128
    grid[0, 0, 0, 0] = (255, 128, 128)
    grid[1, 0, 0, 0] = (127.5, 78, 128)
    ramp = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = head + ramp * 4 + np.rint(grid).astype(np.uint8).tobytes() + ramp * 3
    return _assembled(b"CMYK", b"prtr", b"Lab ", {**_common(b"ink"), b"A2B0": table, b"A2B1": table})


@pytest.fixture(scope="session")
def profiles() -> dict[str, bytes]:
    return {
        "p3": matrix_profile(P3, 2.2),
        "adobe": matrix_profile(ADOBE, 563 / 256),
        "grey": grey_profile(1.8),
        "cmyk": cmyk_profile(),
    }


@pytest.fixture(scope="session")
def grain() -> Callable[..., NDArray[Any]]:
    """(H, W, C) random samples of any type."""

    def make(height: int, width: int, channels: int, depth: Any = np.uint8, seed: int = 5) -> NDArray[Any]:
        share = np.random.default_rng(seed).random((height, width, channels))
        kind = np.dtype(depth)
        return (share * (np.iinfo(kind).max if kind.kind == "u" else 1)).astype(kind)

    return make


@pytest.fixture(scope="session")
def saved() -> Callable[..., bytes]:
    """What Pillow writes."""

    def save(pil: PIL.Image.Image, kind: str, **options: Any) -> bytes:
        stream = io.BytesIO()
        pil.save(stream, kind, **options)
        return stream.getvalue()

    return save


@dataclass(frozen=True)
class FilmMaker:
    """Makes films by FFmpeg alone: plain colours, each with a white corner at the top left, and a tone of 440 Hz."""

    folder: Path

    def __call__(
        self,
        name: str,
        *,
        pictures: str = "libx264",
        sound: str | None = None,
        kind: str | None = None,
        times: Sequence[float] = tuple(number / 10 for number in range(20)),
        size: tuple[int, int] = (48, 64),
        form: str = "yuv420p",
        sound_from: float = 0.0,
        rate: int = 48000,
        layout: str = "mono",
        languages: Sequence[str] = ("eng",),
        tags: Mapping[str, str] | None = None,
        chapters: Sequence[dict[str, Any]] = (),
        colour: tuple[int, int, int, int] | None = None,
        pixel_shape: Fraction | None = None,
        options: Mapping[str, str] | None = None,
        container_options: Mapping[str, str] | None = None,
        words: str = "",
    ) -> Path:
        path = self.folder / name
        with av.open(str(path), "w", format=kind, container_options=dict(container_options or {})) as film:
            film.metadata.update(tags or {})
            film.set_chapters(list(chapters))
            pace = 25 if pictures.startswith("mpeg") and pictures != "mpeg4" else 10
            track = film.add_stream(pictures, rate=pace, options=dict(options or {}))
            track.height, track.width = size
            track.pix_fmt = form
            track.bit_rate = 1_000_000
            context = track.codec_context
            context.time_base = Fraction(1, pace if pictures[:3] in ("mpe", "wmv", "flv") else 1000)
            if colour is not None:
                context.colorspace, context.color_primaries, context.color_trc, context.color_range = colour
            if pixel_shape is not None:
                context.sample_aspect_ratio = pixel_shape
            voices = [film.add_stream(sound, rate=rate, layout=layout) for _ in languages] if sound else []
            for voice, language in zip(voices, languages, strict=False):
                voice.metadata["language"] = language
            said: Any = film.add_stream("subrip") if words else None
            if said is not None:
                said.codec_context.subtitle_header = b"[Script Info]"
                said.codec_context.time_base = Fraction(1, 1000)
            for number, time in enumerate(times):
                frame = self.frame(number, size, form, colour)
                frame.pts, frame.time_base = round(time / context.time_base), context.time_base
                film.mux(track.encode(frame))
            film.mux(track.encode(None))
            if said is not None:
                packet: Any = av.Packet(words.encode())
                packet.stream, packet.time_base, packet.pts, packet.dts = said, Fraction(1, 1000), 400, 400
                packet.duration = 300
                film.mux(packet)
            for voice in voices:
                self._say(film, voice, sound_from, rate, layout)
        return path

    def frame(self, number: int, size: tuple[int, int], form: str, colour: tuple[int, int, int, int] | None) -> Any:
        pixels = np.full((*size, 3), (10 * number, 90, 220 - 10 * number), np.uint8)
        pixels[: size[0] // 3, : size[1] // 3] = 255
        rgb = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        if form in ("rgba", "argb"):
            return rgb.reformat(format=form)
        matrix = {1: "ITU709", 9: 9}.get(colour[0] if colour else 5, "ITU601")
        return rgb.reformat(format=form, dst_colorspace=matrix, dst_color_range=colour[3] if colour else 1)

    def _say(self, film: Any, voice: Any, start: float, rate: int, layout: str, seconds: float = 2.0) -> None:
        wave = (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)).astype(np.float32)
        for at in range(0, len(wave), 1024):
            block = np.repeat(wave[None, at : at + 1024], voice.layout.nb_channels, 0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = round(start * rate) + at
            film.mux(voice.encode(frame))
        film.mux(voice.encode(None))


@pytest.fixture
def make_film(tmp_path: Path) -> FilmMaker:
    """Makes films of 2 seconds, 10 pictures a second, 64 x 48 unless asked otherwise."""
    return FilmMaker(tmp_path)
