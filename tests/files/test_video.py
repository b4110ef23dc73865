"""Films: read frame by frame, upright and in their colours, and written with the sound they had."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from senga import files
from senga.errors import ReadError
from senga.image import Animation, Frame, Image

RATE = Fraction(24000, 1001)
CODECS = {".webm": "libvpx", ".avi": "mpeg4"}


def colours(count: int) -> list[tuple[int, int, int]]:
    return [(30 * number, 90, 220 - 30 * number) for number in range(count)]


def write_film(path: Path, count: int = 6, *, sound: str | None = None, seconds: float = 0.25) -> None:
    """A film of plain colours, by FFmpeg alone; with sound a tone of 440 Hz goes along."""
    with av.open(str(path), "w") as container:
        track: Any = container.add_stream(CODECS.get(path.suffix, "libx264"), rate=RATE)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        track.options = {"crf": "10"}
        track.bit_rate = 2_000_000
        tone = container.add_stream(sound, rate=48000) if sound else None
        for colour in colours(count):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), colour, np.uint8), format="rgb24")
            container.mux(track.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU601")))
        container.mux(track.encode(None))
        if tone is not None:
            wave = np.sin(2 * np.pi * 440 * np.arange(int(48000 * seconds)) / 48000).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            heard.sample_rate = 48000
            container.mux(tone.encode(heard))
            container.mux(tone.encode(None))


def film_of(path: Path) -> Animation:
    film = files.read(path)
    assert isinstance(film, Animation)
    return film


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
def test_films_are_read_in_their_colours_and_times(ending: str, tmp_path: Path) -> None:
    write_film(tmp_path / f"film{ending}")
    film = film_of(tmp_path / f"film{ending}")
    frames = list(film.frames())
    assert (film.height, film.width, len(frames)) == (48, 64, 6)
    assert abs(film.count - 6) <= 1
    for frame, colour in zip(frames, colours(6), strict=True):
        assert np.abs(frame.image.pixels.astype(int) - colour).mean() < 8
        assert frame.seconds == pytest.approx(float(1 / RATE), abs=0.002)


def test_colours_survive_a_second_film(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4")
    first = film_of(tmp_path / "film.mp4")
    second = film_of(first.save(tmp_path / "again.mp4"))
    for before, after in zip(first.frames(), second.frames(), strict=True):
        assert np.abs(before.image.pixels.astype(int) - after.image.pixels).mean() < 4


def test_many_frames_do_not_drift(tmp_path: Path) -> None:
    still = Image.of(np.zeros((16, 16, 3), np.uint8))
    frames = [Frame(still, float(1 / RATE))] * 240
    film = Animation(lambda: iter(frames), 16, 16, len(frames))
    with av.open(str(film.save(tmp_path / "film.mp4"))) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(240 / float(RATE), abs=0.002)


def _loudness(path: Path) -> tuple[float, float]:
    """Seconds of sound, and its strongest frequency."""
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        parts = [frame.to_ndarray()[0].astype(np.float64) for frame in container.decode(track)]
        samples, rate = np.concatenate(parts), track.rate
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return len(samples) / rate, float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "aac"), (".mkv", "pcm_s16le"), (".webm", "libopus")])
def test_the_sound_goes_along(ending: str, codec: str, tmp_path: Path) -> None:
    write_film(tmp_path / f"film{ending}", sound=codec)
    film = film_of(tmp_path / f"film{ending}")
    seconds, pitch = _loudness(film.save(tmp_path / "result.mp4"))
    assert seconds == pytest.approx(0.25, abs=0.06)
    assert pitch == pytest.approx(440, abs=12)


def test_a_film_held_upright_stays_upright(tmp_path: Path) -> None:
    path = tmp_path / "phone.mp4"
    write_film(path)
    path.write_bytes(_turned(path.read_bytes()))
    film = film_of(path)
    assert (film.height, film.width) == (64, 48)
    assert next(film.frames()).image.pixels.shape == (64, 48, 3)


def _turned(content: bytes) -> bytes:
    """The track's matrix says: turn by a quarter (ISO/IEC 14496-12, track header)."""
    one = (1 << 16).to_bytes(4, "big")
    zero, corner = bytes(4), (1 << 30).to_bytes(4, "big")
    header = content.index(b"tkhd")
    plain = b"".join((one, zero, zero, zero, one, zero, zero, zero, corner))
    at = content.index(plain, header)
    turned = b"".join((zero, one, zero, (-(1 << 16)).to_bytes(4, "big", signed=True), zero, zero, zero, zero, corner))
    return content[:at] + turned + content[at + len(plain) :]


def test_sound_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as container:
        tone = container.add_stream("pcm_s16le", rate=48000)
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        heard.sample_rate = 48000
        container.mux(tone.encode(heard))
        container.mux(tone.encode(None))
    with pytest.raises(ReadError, match="holds no moving picture"):
        files.read(path)


def test_a_cut_film_is_refused_or_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    write_film(path)
    content = path.read_bytes()
    with pytest.raises(ReadError):
        files.read(io.BytesIO(content[:80]))
