"""The runner as a user meets it: real processes, real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from plug_ins import plug_in

from senga.host_adapters.batch.signals import ending_signals
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]
REAL = str(Path(sys.executable).with_name("senga"))
"""For processes that are killed, or looked up."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    PIL.Image.fromarray(sample(60, 80).pixels).save(path)
    return path


def senga(
    *args: object, data: bytes | None = None, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    words = [SENGA, *map(str, args)]
    return subprocess.run(
        words, input=data, capture_output=True, check=False, cwd=cwd, env={**os.environ, **env}, timeout=120
    )


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_picture_becomes_a_drawing(photo: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    done = senga("run", "sketch", photo, "-o", tmp_path / "drawing.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    drawing = pixels(tmp_path / "drawing.png")
    assert drawing.shape == (60, 80, 3)
    assert drawing.std() > 10
    assert photo.read_bytes() == before


def test_settings_reach_the_filter(photo: Path, tmp_path: Path) -> None:
    assert senga("run", "posterize", "--levels", 2, photo, "-o", tmp_path / "two.png").returncode == 0
    assert set(np.unique(pixels(tmp_path / "two.png"))) == {0, 255}


def test_strength_selection_and_feather_reach_the_blend(photo: Path, tmp_path: Path) -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[:, 40:] = 255
    PIL.Image.fromarray(mask).save(tmp_path / "mask.png")
    common = ["--selection", tmp_path / "mask.png", "--overwrite", "replace", photo, "-o", tmp_path / "out.png"]
    assert senga("run", "posterize", "--levels", 2, *common).returncode == 0
    out = pixels(tmp_path / "out.png")
    assert np.array_equal(out[:, :40], pixels(photo)[:, :40])
    assert set(np.unique(out[:, 40:])) == {0, 255}
    assert senga("run", "posterize", "--strength", 0, *common).returncode == 0
    assert np.array_equal(pixels(tmp_path / "out.png"), pixels(photo))


def test_pipes_carry_pictures_both_ways(photo: Path) -> None:
    done = senga("run", "posterize", "-", "-o", "-", "--format", "png", data=photo.read_bytes())
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.startswith(b"\x89PNG")


def test_one_bad_input_does_not_stop_the_others_and_the_exit_code_tells(photo: Path, tmp_path: Path) -> None:
    bad = tmp_path / "in" / "notes.jpg"
    bad.write_text("dear diary")
    done = senga("run", "posterize", bad, tmp_path / "gone.png", photo, "-o", tmp_path / "out/")
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 3
    assert "notes.jpg" in lines[0]
    assert "gone.png" in lines[1]
    assert lines[2] == "senga: 1 of 3 done, 2 failed"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.png"]


def test_json_tells_every_event(photo: Path, tmp_path: Path) -> None:
    done = senga("run", "posterize", photo, tmp_path / "gone.png", "-o", tmp_path / "out/", "--json")
    events = [json.loads(line) for line in done.stdout.decode().splitlines()]
    kinds = [event["event"] for event in events if event["event"] != "progress"]
    assert kinds == ["start", "done", "start", "failed", "end"]
    assert events[-1] == {"event": "end", "done": 1, "failed": 1, "skipped": 0, "interrupted": False}
    assert done.stderr == b""


@pytest.mark.parametrize(("choice", "code", "names"), [
    ("error", 1, ["photo.png"]),
    ("skip", 0, ["photo.png"]),
    ("replace", 0, ["photo.png"]),
    ("rename", 0, ["photo-1.png", "photo.png"]),
])  # fmt: skip
def test_what_happens_when_the_output_exists(
    photo: Path, tmp_path: Path, choice: str, code: int, names: list[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "photo.png").write_bytes(b"precious")
    done = senga("run", "posterize", photo, "-o", out, "--overwrite", choice)
    assert done.returncode == code
    assert sorted(path.name for path in out.iterdir()) == names
    assert ((out / "photo.png").read_bytes() == b"precious") is (choice != "replace")


def test_an_output_that_is_an_input_is_refused_before_any_work(photo: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    for output in (photo, photo.parent / "." / "photo.png", f"{photo.parent}/"):
        done = senga("run", "posterize", photo, "-o", output, "--overwrite", "replace")
        assert done.returncode == 2
        assert b"also an input" in done.stderr
    link = tmp_path / "link.png"
    link.symlink_to(photo)
    assert senga("run", "posterize", photo, "-o", link, "--overwrite", "replace").returncode == 2
    assert photo.read_bytes() == before


def test_two_results_in_one_file_are_refused(photo: Path, tmp_path: Path) -> None:
    twin = tmp_path / "photo.png"
    twin.write_bytes(photo.read_bytes())
    done = senga("run", "posterize", photo, twin, "-o", tmp_path / "out/")
    assert done.returncode == 2
    assert b"would both be written" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_template_names_the_outputs(photo: Path, tmp_path: Path) -> None:
    assert senga("run", "posterize", photo, "-o", f"{tmp_path}/new/{{stem}}.{{filter}}{{ext}}").returncode == 0
    assert (tmp_path / "new" / "photo.posterize.png").exists()


def test_without_an_output_the_result_lies_beside_the_input(photo: Path) -> None:
    assert senga("run", "posterize", photo).returncode == 0
    assert (photo.parent / "photo-posterize.png").exists()


def test_a_recipe_runs_and_is_saved_and_gives_the_same_pixels(photo: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "two.toml"
    made = senga("run", "posterize", "--levels", 3, photo, "-o", tmp_path / "a.png", "--save-recipe", recipe)
    again = senga("run", "--recipe", recipe, photo, "-o", tmp_path / "b.png")
    assert (made.returncode, again.returncode) == (0, 0)
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


@pytest.mark.parametrize(("words", "says"), [
    (["run", "posterise", "IN"], "did you mean “posterize”"),
    (["run", "posterize", "--levels", "99", "IN"], "99"),
    (["run", "posterize", "--levels", "many", "IN"], "many"),
    (["run", "posterize", "--strength", "2", "IN"], "strength"),
    (["run", "posterize", "--memory", "lots", "IN"], "no memory size"),
    (["run", "posterize", "--memory", "9" * 400, "IN"], "no memory size"),
    (["run", "posterize"], "INPUT"),
    (["run", "--recipe", "nowhere.toml", "IN"], "nowhere.toml"),
    (["run", "posterize", "--recipe", "nowhere.toml", "IN"], "not both"),
    (["run", "posterize", "-", "-"], "only once"),
    (["paint"], "No such command"),
])  # fmt: skip
def test_usage_errors_are_one_sentence_and_exit_with_2(photo: Path, words: list[str], says: str) -> None:
    done = senga(*[photo if word == "IN" else word for word in words], cwd=photo.parent)
    assert done.returncode == 2
    assert says in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert list(photo.parent.iterdir()) == [photo]


def test_a_missing_or_wrong_sized_selection_fails_clearly(photo: Path, tmp_path: Path) -> None:
    PIL.Image.new("L", (3, 3), 255).save(tmp_path / "small.png")
    done = senga("run", "posterize", photo, "--selection", tmp_path / "small.png", "-o", tmp_path / "out.png")
    assert done.returncode == 1
    assert "3 x 3" in done.stderr.decode()
    assert (
        senga("run", "posterize", photo, "--selection", tmp_path / "no.png", "-o", tmp_path / "out.png").returncode == 1
    )
    assert not (tmp_path / "out.png").exists()


SLOW = """
import time
from senga import Filter, hookimpl

class Slow(Filter):
    name, title, summary = "slow", "Slow", "Takes its time."
    def __call__(self, image, job):
        for step in range(600):
            POLITE and job.progress(step / 600, "Waiting")
            time.sleep(0.1)
        return image

@hookimpl
def senga_filters():
    return [Slow]
"""


@pytest.mark.parametrize(("polite", "sign"), [
    (True, signal.SIGINT), (False, signal.SIGINT), (False, signal.SIGTERM), (True, signal.SIGHUP),
    (False, signal.SIGHUP),
])  # fmt: skip
def test_ctrl_c_ends_within_a_second_and_leaves_nothing(
    photo: Path, tmp_path: Path, polite: bool, sign: signal.Signals
) -> None:
    site = plug_in(tmp_path / "site", SLOW.replace("POLITE", str(polite)), "slow")
    out = tmp_path / "out"
    out.mkdir()
    words = [REAL, "run", "slow", str(photo), "-o", str(out / "a.png"), "--json"]
    running = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(site)},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the tests themselves may run under nohup
    )
    assert running.stdout is not None
    assert b"start" in running.stdout.readline()
    time.sleep(0.5)
    asked = time.monotonic()
    running.send_signal(sign)
    _, errors = running.communicate(timeout=30)
    assert time.monotonic() - asked < 10  # a second, and what a busy machine needs to notice
    assert running.returncode == 130
    assert errors == b""
    assert list(out.iterdir()) == []


def test_who_runs_under_nohup_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    assert signal.SIGHUP not in ending_signals()
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    assert signal.SIGHUP in ending_signals()


def test_what_was_skipped_and_how_many_is_said_in_a_pipe_and_on_a_terminal(photo: Path, tmp_path: Path) -> None:
    import pty

    (tmp_path / "photo.png").touch()
    words = ["run", "posterize", photo, photo.with_name("gone.jpg"), "-o", tmp_path, "--overwrite", "skip"]
    said = senga(*words).stderr.decode()
    host, terminal = pty.openpty()
    subprocess.run([SENGA, *map(str, words)], stderr=terminal, check=False, env={**os.environ, "COLUMNS": "300"})
    os.close(terminal)
    for text in (said, os.read(host, 65536).decode()):
        assert f"{tmp_path / 'photo.png'} exists and is kept" in text
        assert "0 of 2 done, 1 skipped, 1 failed" in text
    os.close(host)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_full_disk_behind_a_pipe_is_a_failure(photo: Path, buffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        for words in (["-o", "-"], ["--json", "--overwrite", "replace"]):
            done = subprocess.run(
                [SENGA, "run", "posterize", str(photo), *words],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
                env={**os.environ, "PYTHONUNBUFFERED": buffered},
            )
            assert done.returncode == 1
            assert b"No space left" in done.stderr
            assert b"Traceback" not in done.stderr


def test_runs_at_the_same_time_never_share_a_name(photo: Path, tmp_path: Path) -> None:
    words = [SENGA, "run", "posterize", str(photo), "-o", str(tmp_path / "a.png"), "--overwrite", "rename"]
    running = [subprocess.Popen(words) for _ in range(6)]
    assert [each.wait(timeout=120) for each in running] == [0] * 6
    assert len(list(tmp_path.glob("a*.png"))) == 6


def test_a_recipe_that_cannot_be_saved_is_known_before_painting(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text("precious")
    for name in ("gone/r.toml", "old.toml"):
        done = senga("run", "posterize", photo, "-o", tmp_path / "a.png", "--save-recipe", tmp_path / name)
        assert done.returncode in (1, 2)
        assert name in done.stderr.decode()
    assert not (tmp_path / "a.png").exists()
    assert (tmp_path / "old.toml").read_text() == "precious"


def test_bars_are_drawn_on_a_terminal_only(photo: Path, tmp_path: Path) -> None:
    import pty

    host, terminal = pty.openpty()
    words = [SENGA, "run", "posterize", os.path.relpath(photo, tmp_path), "-o", "out.png"]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=terminal, check=False, cwd=tmp_path, env={**os.environ, "TERM": "xterm"}
    )
    os.close(terminal)
    screen = os.read(host, 65536).decode()
    os.close(host)
    assert done.returncode == 0
    assert done.stdout == b""
    assert "out.png" in screen


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["run", "--help"], ["run", "sketch", "--help"], ["models", "--help"]]
)
def test_help_is_light_and_quick(words: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['senga', *{words!r}]\nfrom senga.host_adapters.standalone import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert not loaded & {"mindspore", "cv2", "PIL", "onnxruntime", "tifffile", "imagecodecs", "av", "rich"}


def test_help_lists_ranges_units_and_defaults() -> None:
    text = senga("run", "sketch", "--help").stdout.decode()
    assert "--stroke-width" in text
    assert "default:" in text
    assert " to " in text


def test_list_knows_every_filter_and_info_tells_of_one() -> None:
    names = [json.loads(line)["name"] for line in senga("list", "--json").stdout.splitlines()]
    assert {"anime", "sketch", "color-pencil", "drawing-process", "posterize"} <= set(names)
    for name in ("anime", "drawing-process", names[-1]):
        assert name in senga("info", name).stdout.decode()
        assert json.loads(senga("info", name, "--json").stdout)["type"] == "object"


def test_a_disabled_plugin_is_gone_until_it_is_enabled() -> None:
    assert senga("plugins", "disable", "posterize").returncode == 0
    assert b"posterize" not in senga("list").stdout
    assert b"disabled" in senga("plugins", "list").stdout
    assert senga("plugins", "enable", "posterize").returncode == 0
    assert b"posterize" in senga("list").stdout
    assert senga("plugins", "disable", "nonsense").returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed_and_complete(shell: str) -> None:
    assert b"_SENGA_COMPLETE" in senga("completion", shell).stdout
    word = "post" if shell == "fish" else "2"  # fish hands over the word, the others its number
    words = {"COMP_WORDS": "senga run post", "COMP_CWORD": word, "_SENGA_COMPLETE": f"{shell}_complete"}
    assert b"posterize" in senga(**words).stdout


def test_completion_keeps_names_of_files(photo: Path) -> None:
    assert b"complete -o default" in senga("completion", "bash").stdout
    for line in (
        "senga run sketch ",
        "senga run sketch a\\ b.png c",
        "senga run sketch --selection ",
        "senga run --recipe ",
    ):
        place = str(len(line.replace("\\ ", "").split(" ")) - 1)
        asked = {"COMP_WORDS": line, "COMP_CWORD": place}
        assert senga(**asked, _SENGA_COMPLETE="bash_complete").stdout.startswith(b"file,"), line


def test_doctor_reports_and_suggests(tmp_path: Path) -> None:
    done = senga("doctor", "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, findings
    assert {"Python", "Filters", "Memory", "Models"} <= {finding["about"] for finding in findings}


def test_a_picture_is_seen_in_a_file_while_it_grows(photo: Path, tmp_path: Path) -> None:
    shown, words = tmp_path / "growing.png", ("run", "optimise-style", "--steps", 5, "--size", 64, "--levels", 1)
    assert senga(*words, photo, "-o", tmp_path / "a.png", "--growth", shown).returncode == 0
    assert pixels(shown).shape == (60, 80, 3)
    assert np.abs(pixels(shown).astype(int) - pixels(tmp_path / "a.png")).mean() < 20
    for inputs, says in (((photo,), "is there already"), ((photo, photo), "give one input")):
        done = senga(*words, *inputs, "-o", tmp_path / "out/", "--growth", shown)
        assert (done.returncode, says in done.stderr.decode()) == (2, True), done.stderr
        assert not (tmp_path / "out").exists()
    done = senga("run", "ripple", photo, "-o", tmp_path / "r.png", "--growth", tmp_path / "unseen.png")
    assert (done.returncode, "was not made" in done.stderr.decode()) == (0, True), done.stderr
    both = tmp_path / "both.png"
    done = senga(*words, photo, "-o", both, "--growth", both)
    assert (done.returncode, both.exists()) == (2, False), done.stderr
