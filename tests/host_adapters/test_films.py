"""``senga run`` with films: what they say survives workers, recipes and pipes, and what is cut off is said."""

from __future__ import annotations

import io
import os
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from senga.image import Animation, Frame, Image

SENGA = os.environ["SENGA_WARM"]
RECIPE = 'senga = 1\n\n[[steps]]\nfilter = "sketch"\n\n[[steps]]\nfilter = "color-pencil"\n'


def senga(*words: object, **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([SENGA, *map(str, words)], capture_output=True, check=False, timeout=300, **more)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Half a second with wide pixels that begins a second after its sound in two languages; title and place."""
    path = tmp_path / "in" / "film.mov"
    path.parent.mkdir()
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": "The lake", "location": "+48.2000+016.3000/"})
        track: Any = container.add_stream("libx264", rate=10, width=96, height=64, pix_fmt="yuv420p")
        track.codec_context.sample_aspect_ratio = Fraction(4, 3)
        track.codec_context.time_base = Fraction(1, 1000)
        voices = [container.add_stream("pcm_s16le", rate=48000, layout="stereo") for _ in range(2)]
        for voice, language in zip(voices, ("eng", "ger"), strict=True):
            voice.metadata["language"] = language
        for number in range(5):
            pixels = np.random.default_rng(number).integers(0, 255, (8, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = 1000 + 100 * number, Fraction(1, 1000)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
        for voice in voices:
            tone = av.AudioFrame.from_ndarray(np.full((1, 2 * 72000), 1000, np.int16), format="s16", layout="stereo")
            tone.sample_rate, tone.pts, tone.time_base = 48000, 0, Fraction(1, 48000)
            container.mux(voice.encode(tone))
            container.mux(voice.encode(None))
    return path


def facts(content: bytes) -> tuple[Any, ...]:
    with av.open(io.BytesIO(content)) as container:
        picture, sounds = container.streams.video[0], container.streams.audio
        first = {
            packet.stream.type: round(float(packet.pts * packet.time_base), 1)
            for packet in reversed(list(container.demux()))
            if packet.pts is not None
        }
        return (
            (picture.height, picture.width, picture.sample_aspect_ratio),
            [sound.language for sound in sounds],
            first["video"] - first["audio"],
            container.metadata.get("title"),
            container.metadata.get("location"),
        )


WHOLE = ((64, 96, Fraction(4, 3)), ["eng", "ger"], 1.0, "The lake", "+48.2000+016.3000/")


def test_facts_survive_workers_and_recipes_to_the_same_bytes(film: Path, tmp_path: Path) -> None:
    (tmp_path / "chain.toml").write_text(RECIPE)
    for size in (1, 2):
        done = senga(
            "run", "--recipe", tmp_path / "chain.toml", film, "-o", tmp_path / f"{size}.mp4", "--workers", size
        )
        assert done.returncode == 0, done.stderr
    first, second = ((tmp_path / f"{size}.mp4").read_bytes() for size in (1, 2))
    assert first == second
    assert facts(first) == WHOLE


def test_a_batch_of_films_is_the_same_with_two_workers(film: Path, tmp_path: Path) -> None:
    other = film.with_name("other.mov")
    other.write_bytes(film.read_bytes())
    for size in (1, 2):
        done = senga("run", "sketch", film, other, "-o", tmp_path / str(size), "--workers", size)
        assert done.returncode == 0, done.stderr
    for name in ("film.mp4", "other.mp4"):  # films become MP4 where nobody says otherwise
        content = (tmp_path / "1" / name).read_bytes()
        assert content == (tmp_path / "2" / name).read_bytes()
        assert facts(content) == WHOLE


@pytest.mark.parametrize("ending", [".mov", ".mkv"])
def test_other_kinds_of_films_are_written_where_they_are_named(ending: str, film: Path, tmp_path: Path) -> None:
    done = senga("run", "sketch", film, "-o", tmp_path / f"result{ending}")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / f"result{ending}")) as container:
        assert [track.codec_context.name for track in container.streams.audio] == ["pcm_s16le"] * 2


def test_a_cut_film_in_a_batch(film: Path, tmp_path: Path) -> None:
    """It is painted as far as it goes and said to be cut; the others are not concerned."""
    with av.open(str(film)) as source, av.open(str(film.with_name("cut.mkv")), "w") as container:
        track: Any = container.add_stream("mpeg4", rate=10, width=96, height=64, pix_fmt="yuv420p")
        for number, frame in enumerate(source.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    cut = film.with_name("cut.mkv")
    cut.write_bytes(cut.read_bytes()[:-900])
    for size in (1, 2):
        out = tmp_path / str(size)
        done = senga("run", "sketch", cut, film, "-o", out, "--workers", size)
        assert done.returncode == 1
        assert "“cut.mkv” is cut off after 0." in done.stderr.decode()
        assert sorted(path.name for path in out.iterdir()) == ["cut.mp4", "film.mp4"]
        with av.open(str(out / "cut.mp4")) as container:
            assert 1 <= len(list(container.decode(video=0))) < 5
    piped = senga("run", "sketch", cut, "-o", "-", cwd=tmp_path)
    assert piped.returncode == 1
    assert b"cut off" in piped.stderr
    with av.open(io.BytesIO(piped.stdout)) as container:
        assert list(container.decode(video=0))


def test_what_libraries_raise_is_a_sentence_for_that_input(film: Path, tmp_path: Path) -> None:
    """A film whose sound cannot be, and a drawing process of films: the next input is painted."""
    odd = film.with_name("odd.mov")
    odd.write_bytes(film.read_bytes().replace(b"stsd", b"xxsd"))
    done = senga("run", "sketch", odd, film, "-o", tmp_path / "out")
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "odd.mov" in said
    assert "Traceback" not in said
    assert (tmp_path / "out" / "film.mp4").exists()
    done = senga("run", "drawing-process", film, "-o", tmp_path / "process.mp4")
    assert done.returncode == 1
    assert "needs a single picture" in done.stderr.decode()


def test_a_preview_paints_the_beginning_under_its_own_name(film: Path, tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    Image(np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)).save(still)
    done = senga("run", "posterize", film, still, "-o", tmp_path / "out", "--preview", "0.2")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["film-first0.2s.mp4", "still.png"]
    with av.open(str(tmp_path / "out" / "film-first0.2s.mp4")) as container:
        assert len(list(container.decode(video=0))) == 2
    done = senga("batch", film.parent, "--filter", "posterize", "-o", tmp_path / "night", "--preview", "0.2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "night" / "film-first0.2s.mp4").is_file()
    done = senga("batch", film.parent, "--filter", "posterize", "-o", tmp_path / "night")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "night" / "film.mp4")) as container:
        assert len(list(container.decode(video=0))) == 5
    for wrong in ("0", "-1", "nan", "inf"):
        assert senga("run", "posterize", film, "-o", tmp_path / "x.mp4", "--preview", wrong).returncode == 2


def moving(path: Path) -> Path:
    """Half a second in which a camera moves over something with edges and grain."""
    wide = np.random.default_rng(5).integers(0, 255, (8, 24, 3), np.uint8).repeat(12, 0).repeat(12, 1)
    grain = [np.random.default_rng(number).integers(-9, 9, (96, 144, 3)) for number in range(5)]
    frames = [Image((wide[:, 2 * i : 2 * i + 144] + grain[i]).clip(0, 255).astype(np.uint8)) for i in range(5)]
    return Animation(lambda: (Frame(each, 0.1) for each in frames), 96, 144, 5).save(path)


def test_a_steadied_film_is_the_same_with_two_workers(tmp_path: Path) -> None:
    film = moving(tmp_path / "moving.mp4")
    for name, words in (("plain", ()), ("one", ("--steady",)), ("two", ("--steady", "--workers", "2"))):
        done = senga("run", "posterize", film, "-o", tmp_path / f"{name}.mp4", *words)
        assert done.returncode == 0, done.stderr
    plain, one, two = ((tmp_path / f"{name}.mp4").read_bytes() for name in ("plain", "one", "two"))
    assert one == two
    assert one != plain


def test_folders_in_which_films_lie_beside_pictures(film: Path, tmp_path: Path) -> None:
    """What is no film, has no pictures or is cut short costs itself, in a sentence; the others are painted."""
    folder = tmp_path / "mixed"
    (folder / "deep").mkdir(parents=True)
    (folder / "film.mov").write_bytes(film.read_bytes())
    moving(folder / "deep" / "other.mp4")
    moving(folder / "deep" / "third.webm")
    Image(np.zeros((20, 30, 3), np.uint8)).save(folder / "still.png")
    Animation(lambda: (Frame(Image(np.full((9, 9, 3), i, np.uint8))) for i in (1, 2)), 9, 9, 2).save(folder / "two.gif")
    (folder / "cut.mp4").write_bytes((folder / "deep" / "other.mp4").read_bytes()[:700])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_bytes(b"no film at all, but a text about one" * 40)
    with av.open(str(folder / "sound.mp4"), "w") as container:
        voice: Any = container.add_stream("aac", rate=48000, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        tone.sample_rate, tone.pts, tone.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(voice.encode(tone))
        container.mux(voice.encode(None))
    done = senga("batch", folder, "--filter", "posterize", "-o", tmp_path / "out", "--jobs", "2")
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "Traceback" not in said
    bad = {"cut.mp4", "empty.mp4", "text.mp4", "sound.mp4"}
    for name in bad:
        assert len([line for line in said.splitlines() if name in line]) == 1, said
    made = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*") if path.is_file()}
    made = {name for name in made if not name.startswith(".senga")}
    assert made == {"film.mp4", "still.png", "two.gif", "deep/other.mp4", "deep/third.mp4"}
    again = senga("batch", folder, "--filter", "posterize", "-o", tmp_path / "out")
    assert again.returncode == 1
    assert b"5" in again.stderr


def coding_of(path: Path) -> str:
    with av.open(str(path)) as container:
        return f"{container.streams.video[0].codec_context.name} {container.streams.video[0].codec_context.pix_fmt}"


def test_a_coding_that_was_asked_for_names_the_film(film: Path, tmp_path: Path) -> None:
    Image(np.zeros((20, 30, 3), np.uint8)).save(film.with_name("still.png"))
    other = moving(film.with_name("other.mkv"))
    words = ("run", "posterize", film, other, film.with_name("still.png"), "-o", tmp_path / "out")
    done = senga(*words, "--codec", "prores-4444", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["film.mov", "other.mov", "still.png"]
    assert coding_of(tmp_path / "out" / "film.mov").startswith("prores yuva444p")
    piped = senga("run", "posterize", other, "-o", "-", "--format", "mkv", "--codec", "ffv1")
    (tmp_path / "piped.mkv").write_bytes(piped.stdout)
    assert coding_of(tmp_path / "piped.mkv") == "ffv1 bgra"


def test_a_coding_that_no_such_file_holds_is_refused_before_any_work(film: Path, tmp_path: Path) -> None:
    for wrong in (("-o", tmp_path / "out.mp4"), ("-o", f"{tmp_path}/", "--format", "mp4")):
        done = senga("run", "posterize", film, *wrong, "--codec", "prores")
        assert done.returncode == 2
        assert "films in prores end with .mov" in done.stderr.decode()
        assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_another_coding_is_done_again_in_a_batch(film: Path, tmp_path: Path) -> None:
    words = ("batch", film.parent, "--filter", "posterize", "-o", tmp_path / "out", "--format", "mkv")
    times = []
    for more in ((), ("--codec", "hevc"), ("--codec", "hevc")):
        done = senga(*words, *more)
        assert done.returncode == 0, done.stderr
        assert coding_of(tmp_path / "out" / "film.mkv") == ("hevc yuv420p10le" if more else "h264 yuv420p")
        times.append((tmp_path / "out" / "film.mkv").stat().st_mtime_ns)
    assert times[0] != times[1] == times[2]


def test_films_that_differ_in_their_endings_only_are_both_done(film: Path, tmp_path: Path) -> None:
    moving(film.with_name("film.mp4"))
    words = ("batch", film.parent, "--filter", "posterize", "-o", tmp_path / "out")
    for said in (b"2 done", b"2 skipped"):
        done = senga(*words)
        assert (done.returncode, said in done.stderr) == (0, True), done.stderr
    sizes = {}
    for name in ("film-mov.mp4", "film.mp4"):
        with av.open(str(tmp_path / "out" / name)) as container:
            sizes[name] = container.streams.video[0].width
    assert sizes == {"film-mov.mp4": 96, "film.mp4": 144}
