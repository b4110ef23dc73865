"""Every command of README and docs: it runs as it stands, or a table says why not and its options are there."""

from __future__ import annotations

import ast
import configparser
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import av
import click
import numpy as np
import PIL.Image
import pytest

from senga.host_adapters.standalone import app
from senga.host_adapters.standalone import run as run_module
from senga.host_adapters.standalone.batch import batch_command
from senga.host_adapters.standalone.watch import watch_command

ROOT = Path(__file__).resolve().parent.parent
SENGA = os.environ["SENGA_WARM"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "training" / "README.md", *sorted(ROOT.glob("docs/*.md"))]
PROGRAM = re.compile(r"(\w+=\S+ +)*(& +)?(~/senga/bin/|\$HOME\\senga\\Scripts\\)?([a-z][\w.+-]*)( |$)")
PROGRAMS = {
    "senga", "find", "make", "pip", "python", "python3", "python3.12", "py", "uv", "pytest", "cat", "git", "msginit",
    "msgfmt",
}  # fmt: skip

NOT_RUN = {
    r"make ": "environments, whole suites: CI runs them; here the target must be there",
    r".*\bpip install\b": "the tests run in an installation",
    r"pip install|pip .*-r|pytest ": "the tests run in an installation, and are these",
    r"python3?(\.\d+)? -m venv|py -3|(\w+=\S+ )?uv ": "another Python, downloads",
    r".*bin/senga gimp|.*Scripts\\senga gimp|senga gimp": "needs a GIMP: make test-gimp and test-gimp2",
    r"python tools/messages\.py": "rewrites the catalogues",
    r"msginit|msgfmt": "needs GNU gettext",
    r"senga models pull": "needs the network",
    r"senga models import \S+\.(pth?|h5)|senga run (any-style .*--network|face-drawing)": "weights kept elsewhere",
    r"senga run (line-art|colorize) .*--style|senga models import unet_": "the same",
    r"senga run optimise-style|senga run photo-style .*--method network": "minutes; its tests take few steps",
    r"senga evaluate .*--weights": "needs weights that do not come with Senga",
    r"senga train|senga models (import|export) mine": "hours; the trainer has tests",
    r"senga run (anime|portrait-patches) .*--style mine": "paints with what such hours made",
    r"python -m training": "needs PyTorch: make test-oracles",
    r"senga batch .*--backend dask": "needs a cluster: tests/host_adapters/test_cluster.py starts one",
    r"senga worker": "would end the worker of whoever runs the tests",
}
"""Beginnings of commands that are not run here, and why."""

PRELUDE = "import numpy as np\nnumpy_array_or_pil_image = np.zeros((40, 50, 3), np.uint8)\n"
"""What a reader of README's Python brings along."""


def fences(page: Path) -> Iterator[tuple[str, str]]:
    """The language and the text of every block between fences."""
    for indent, language, text in re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", page.read_text("utf-8"), re.M | re.S):
        yield language, re.sub(f"^{indent}", "", text, flags=re.M)


def indented(page: Path) -> Iterator[str]:
    """Commands in blocks without fences."""
    bare = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    for line in re.findall(r"^ {4}(\S.*)$", bare, re.M):
        found = PROGRAM.match(line)
        if found and found[4] in PROGRAMS:
            yield line


def commands(text: str) -> Iterator[str]:
    """The commands of a block: a quoted text or a backslash goes on in the next line."""
    pending = ""
    for line in text.splitlines():
        pending += line + "\n"
        try:
            words = shlex.split(pending.replace("\\\n", " "), comments=True)
        except ValueError:
            continue
        if words and not line.endswith("\\"):
            yield pending.strip()
        pending = pending if line.endswith("\\") else ""
    assert not pending.strip() or pending.startswith("#"), pending


def commands_of(page: Path) -> list[str]:
    blocks = [text for language, text in fences(page) if language in ("", "sh")]
    return [command for text in blocks for command in commands(text)] + [*indented(page)]


def why_not(command: str) -> str:
    return next((reason for start, reason in NOT_RUN.items() if re.match(start, command)), "")


def unknown(words: list[str]) -> list[str]:
    """What a ``senga`` command line has that Senga has not."""
    command: click.Command | None = app.cli
    context, at = click.Context(app.cli), 1
    if words[1:2] in (["batch"], ["watch"]) and words[2:3] not in (["status"], ["retry"]):
        named = [word for before, word in itertools.pairwise(words) if before == "--filter" and word[0] != "-"]
        group = batch_command if words[1] == "batch" else watch_command
        command, at = group.command_of(named[0] if named else ""), 2
    while isinstance(command, click.Group) and at < len(words) and re.fullmatch(r"[a-z][a-z0-9-]*", words[at]):
        command, at = command.get_command(context, words[at]), at + 1
    if command is None:
        return words[:at]
    if command.name == "run" and "--help" not in words:
        command = run_module._recipe_command()
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    return [word for word in words[at:] if re.fullmatch(r"--[a-z-]+", word) and word not in known]


def spoken(text: str) -> Iterator[list[str]]:
    """The ``senga`` command lines in a text or command."""
    for part in re.split(r"\s\|\s|;|&&", text):
        words = shlex.split(part, comments=True) if part.count('"') % 2 == 0 and "'" not in part else part.split()
        if words and words[0] == "senga":
            yield words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the examples speak of."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    photo = PIL.Image.open(ROOT / "examples" / "summer-palace.jpg").convert("RGB").resize((96, 64))
    pictures = "photo.jpg", "photo.png", "photo.tif", "sunset.jpg", "photos/lake.jpg", "photos/hill.jpg", "panels/1.png"
    for name in (
        *pictures,
        "painting.jpg",
        "references/1.jpg",
        "parts.png",
        "sunset-parts.png",
        "painted-sphere.png",
        "normals.png",
        "render.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        photo.save(tmp_path / name)
    PIL.Image.new("L", photo.size, 200).save(tmp_path / "mask.png")
    for source, name in (
        ("lines", "lines.png"),
        ("hints", "hints.png"),
        ("lines", "pages/1.png"),
        ("hints", "hints/1.png"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "docs/images/colorize" / f"{source}.png", tmp_path / name)
    people = PIL.Image.open(ROOT / "examples" / "astronaut.png").convert("RGB")
    people.save(tmp_path / "grandfather.jpg")
    people.resize((192, 192)).save(tmp_path / "people.jpg")
    shutil.copy(ROOT / "examples" / "astronaut.points.json", tmp_path / "grandfather.json")
    shutil.copy(ROOT / "plugins/animegan/weights/hokusai.safetensors", tmp_path / "weights.safetensors")
    write_styles(tmp_path / "multistyle26.npz")
    (tmp_path / "inbox").mkdir()
    photo.save(tmp_path / "inbox" / "new.jpg")
    write_film(tmp_path / "clip.mov", np.asarray(photo))
    (tmp_path / "clips").mkdir()
    shutil.copy(tmp_path / "clip.mov", tmp_path / "clips" / "holiday.mov")
    return tmp_path


def write_styles(path: Path) -> None:
    """A small network of 26 styles, under the names of the public one."""
    rng = np.random.default_rng(0)
    layers = [("contract.0", 4, 3), ("contract.1", 4, 4), ("contract.2", 4, 4), ("res.0.0", 4, 4), ("res.0.1", 4, 4)]
    layers += [("expand.0", 4, 4), ("expand.1", 4, 4), ("expand.2", 3, 4)]
    arrays = {f"{name}.w": rng.normal(0, 0.2, (outputs, inputs, 3, 3)) for name, outputs, inputs in layers}
    for name, outputs, _ in layers:
        arrays |= {f"{name}.norm.{part}": rng.normal(0, 1, (26, outputs)) for part in ("gamma", "beta")}
    np.savez(path, **{name: array.astype(np.float32) for name, array in arrays.items()})


def write_film(path: Path, picture: np.ndarray) -> None:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=5)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        film.mux(stream.encode())


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(SENGA).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HOME": str(folder), "SENGA_OFFLINE": "1"}
    words = ["bash", "-e", "-o", "pipefail", "-c", command]
    return subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def watched(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command that never ends by itself: until it has made a result, when it is asked to end."""
    words = shlex.split(command, comments=True)
    out = folder / words[words.index("-o") + 1]
    with subprocess.Popen([SENGA, *words[1:]], cwd=folder) as running:
        deadline = time.monotonic() + 120
        while not list(out.glob("[!.]*")) and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        running.terminate()
        return subprocess.CompletedProcess(words, running.wait(60) or not list(out.glob("[!.]*")), "", "no result")


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_commands_of_a_page_run_one_after_another(page: Path, folder: Path) -> None:
    for command in commands_of(page):
        if not why_not(command):
            done = (watched if command.startswith("senga watch ") else run)(folder, command)
            assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_what_a_page_names_is_there(page: Path) -> None:
    inline = [part.replace("\n", " ") for part in re.findall(r"`(senga [^`]+)`", page.read_text("utf-8"))]
    lines = [words for text in [*commands_of(page), *inline] for words in spoken(text)]
    assert [(words, wrong) for words in lines if (wrong := unknown(words))] == []
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"\bmake ([a-z][\w-]+)", "\n".join(commands_of(page)))) <= targets
    trainings = [words for words in lines if words[1:3] == ["train", "animegan"] and "--photos" in words]
    assert all({"--style", "--out"} <= set(words) for words in trainings), "a new training needs them"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_blocks_are_what_they_say(page: Path) -> None:
    for language, text in fences(page):
        match language:
            case "python":
                ast.parse(text)
            case "toml":
                tomllib.loads(text)
            case "" | "sh":
                strangers = [line for line in commands(text) if not ((m := PROGRAM.match(line)) and m[4] in PROGRAMS)]
                assert strangers == [], "name a language after the fence if these are no commands"
            case "ini":
                unit = configparser.ConfigParser(delimiters="=", strict=True)
                unit.optionxform = str  # type: ignore[assignment, method-assign]
                unit.read_string(text)
                program, *words = shlex.split(unit["Service"]["ExecStart"])
                assert (Path(program).name, unknown(["senga", *words])) == ("senga", [])
            case "scheme":  # GIMP's console runs these: tests/gimp and its double know the procedures
                assert text.count("(") == text.count(")")
            case _:
                assert language in ("text", "po")


def test_pythons_first_example_runs(folder: Path) -> None:
    code = next(text for language, text in fences(ROOT / "README.md") if language == "python")
    (folder / "example.py").write_text(PRELUDE + code, "utf-8")
    done = run(folder, f"{shlex.quote(sys.executable)} example.py")
    assert done.returncode == 0, done.stderr
    assert (folder / "drawing.png").exists()


def test_no_reason_is_left_over() -> None:
    everything = [command for page in PAGES for command in commands_of(page)]
    assert [start for start in NOT_RUN if not any(re.match(start, command) for command in everything)] == []


def test_the_checks_can_fail(folder: Path) -> None:
    (folder / "page.md").write_text(
        "```\nsenga run sketch photo.jpg -o out.png   # once\nsenga run sketch \\\n  photo.png -o out.png\n"
        "```\n\n    senga worker status\n"
    )
    once, twice, worker = commands_of(folder / "page.md")
    assert (why_not(once), bool(why_not(worker))) == ("", True)
    assert run(folder, once).returncode == 0
    assert "exists" in run(folder, twice).stderr
    assert unknown(["senga", "run", "sketch", "--strok-width", "7", "a.png"]) == ["--strok-width"]
    assert unknown(["senga", "modles", "list"]) == ["senga", "modles"]
