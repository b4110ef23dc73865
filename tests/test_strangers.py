"""Plug-ins that misbehave: each is named, and everybody else works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import senga
from senga import Animation, Filter, Frame, Image, Job, hookimpl, places, turns
from senga.announced import announced
from senga.compose import compose
from senga.errors import Cancelled, ModelError, PluginError, UnknownFilterError
from senga.registry import Plugins, installed
from senga.strangers import border, reason
from senga.strokes.brush import Brush
from senga.switches import enable

SENGA = str(Path(sys.executable).with_name("senga"))

GOOD = """
from senga import Filter, hookimpl

class Twin(Filter):
    name, title, summary = "twin", "Twin", "The same again."
    def __call__(self, image, job):
        job.progress(1.0)
        return image

@hookimpl
def senga_filters():
    return [Twin]
"""

Install = Callable[[str, str], Path]


class Mirror(Filter):
    name, title, summary = "mirror", "Mirror", "Left is right."

    def __call__(self, image: Image, job: Job) -> Image:
        return image.with_pixels(image.pixels[:, ::-1])


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one plug-in on the path, as pip would; gives the folder it lies in."""
    site, before = tmp_path / "site", set(sys.modules)
    site.mkdir()

    def put(name: str, code: str, points: str | bytes | None = None) -> Path:
        module = f"rude_{name}"
        (site / f"{module}.py").write_text(code)
        folder = site / f"{module}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
        text = points if points is not None else f"[senga]\n{name} = {module}\n"
        (folder / "entry_points.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        return site

    monkeypatch.syspath_prepend(site)
    yield put
    for name in {name for name in set(sys.modules) - before if name.startswith("rude_")}:
        del sys.modules[name]


@pytest.fixture
def bare() -> Plugins:
    return Plugins(builtin=False, third_party=False)


def run(*words: object, site: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([SENGA, *map(str, words)], capture_output=True, text=True, env=env, timeout=timeout)


# ---- at import


class Unspeakable(Exception):  # noqa: N818 - it has no name either
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "class End(BaseException): pass\nraise End('x')",
        "class Mute(Exception):\n    def __str__(self): raise SystemExit\nraise Mute",
        "raise MemoryError",
        "from senga import Cancelled\nraise Cancelled",
        "raise RecursionError",
        "import sys; sys.exit('bye')",
        "from senga import hookimpl\n@hookimpl\ndef senga_filters(): raise SystemExit",
        "from senga import hookimpl\n@hookimpl\ndef senga_filters(): yield 1; raise KeyboardInterrupt",
        "from senga import hookimpl\n@hookimpl\ndef senga_filters(): return 7",
        "from senga import hookimpl\n@hookimpl\ndef senga_apply(filter, image, nonsense): return image",
        "from senga import hookimpl\n@hookimpl(wrapper=True)\ndef senga_apply(filter, image): return image",
        "from senga import hookimpl\n@hookimpl\ndef senga_nonsense(): return 1",
        GOOD.replace('"Twin"', "None"),
        GOOD.replace('"The same again."', "3"),
        GOOD.replace("[Twin]", "Twin"),
        GOOD.replace("[Twin]", "[Twin()]"),
        GOOD.replace("    def __call__", "    locale = 3\n    def __call__"),
        GOOD.replace("    def __call__", "    odd: type(lambda: 0) = len\n    def __call__"),
        GOOD.replace(
            "    def __call__",
            "    model_config = {'arbitrary_types_allowed': True}\n    odd: type(max) = len\n    def __call__",
        ),
        GOOD.replace(
            "    def __call__",
            "    @classmethod\n    def model_json_schema(cls, *a, **k): 1 / 0\n    def __call__",
        ),
    ],
)
def test_what_misbehaves_while_it_is_loaded_is_named_and_the_others_work(install: Install, code: str) -> None:
    install("bad", code)
    install("good", GOOD.replace("Twin", "Other").replace("twin", "other"))
    known = Plugins(builtin=False)
    assert known.known["bad"].state == "broken"
    assert known.known["bad"].problem
    assert {"other", "posterize"} <= set(known.filters)
    assert "twin" not in known.filters
    assert not known._hooks.has("bad")
    assert not list(places.config_folder().glob("loading-*"))


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.chdir('/')",
        "import sys; sys.stdout = sys.stderr = None",
        "import sys; sys.setrecursionlimit(200)",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import warnings; warnings.simplefilter('error')",
        "import builtins\ndef mine(*_, **__): raise PermissionError\nbuiltins.open = builtins.print = mine",
    ],
)
def test_what_it_changes_for_everybody_when_it_is_loaded_is_put_back(install: Install, code: str) -> None:
    install("bad", f"{code}\n{GOOD}")
    install("good", GOOD.replace("Twin", "Other").replace("twin", "other"))

    def state() -> tuple[Any, ...]:
        signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        return Path.cwd(), sys.stdout, sys.stderr, sys.getrecursionlimit(), signals, warnings.filters[:], open, print

    before = state()
    assert {"twin", "other"} <= set(Plugins(builtin=False).filters)
    assert state() == before


def test_a_process_that_a_plug_in_forks_paints_nothing(install: Install, tmp_path: Path) -> None:
    site = install("bad", "import os; os.fork()")
    fork = GOOD.replace("        job.progress", "        import os; os.fork()\n        job.progress")
    install("good", fork)
    Image.of(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.png")
    done = run("run", "twin", "--json", tmp_path / "a.png", "-o", tmp_path / "b.png", site=site)
    assert [json.loads(line)["event"] for line in done.stdout.splitlines() if "progress" not in line] == [
        "start",
        "done",
        "end",
    ]


def test_nobody_waits_for_a_thread_that_never_ends(install: Install) -> None:
    forever = "import threading, time\nthreading.Thread(target=time.sleep, args=(100,)).start()\n"
    site = install("bad", forever + GOOD)
    for words in (["list"], ["plugins", "list"]):
        done = run(*words, site=site, timeout=50)
        assert done.returncode == 0
        assert "twin" in done.stdout


def test_filters_without_end_are_named(install: Install) -> None:
    install("bad", GOOD.replace("    return [Twin]", "    while True: yield Twin"))
    assert Plugins(builtin=False).known["bad"].state == "broken"


def test_who_asks_for_a_filter_of_a_broken_plug_in_is_told_so(install: Install) -> None:
    install("bad", "raise ValueError('no ink')")
    with pytest.raises(UnknownFilterError, match=r"is broken \(ValueError: no ink\)"):
        Plugins(builtin=False).find("bad")
    with pytest.raises(UnknownFilterError, match="senga plugins enable bad"):
        Plugins(builtin=False, disabled=["bad"]).find("bad")


def test_a_full_disk_breaks_no_plug_in_and_is_not_filled_further(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good", GOOD)
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        known = Plugins(builtin=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert known.known["good"].state == "loaded"
    assert not list(places.config_folder().glob("loading-*"))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches Python, also where the tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_of_the_user_ends_the_loading(install: Install) -> None:
    install("slow", "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)")
    with pytest.raises(KeyboardInterrupt):
        Plugins(builtin=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not turns.fallen()


def test_a_plug_in_that_ends_the_process_is_left_out_the_next_time(install: Install) -> None:
    site = install("bad", "import os; os._exit(0)")
    install("good", GOOD)
    assert run("list", site=site).stdout == ""
    done = run("list", site=site)
    assert "twin" in done.stdout
    assert done.returncode == 0
    assert "“bad” (rude_bad 1.2) is broken: Senga ended" in done.stderr
    assert "senga plugins enable bad" in done.stderr
    (site / "rude_bad.py").write_text(GOOD.replace("Twin", "Other").replace("twin", "other"))
    assert enable("bad")
    assert not enable("bad")
    assert "other" in run("list", site=site).stdout


def test_a_new_version_of_what_was_left_out_is_tried_again(install: Install) -> None:
    install("bad", GOOD)
    turns._write(places.config_folder(), {"bad\trude_bad 1.1"})
    assert Plugins(builtin=False).known["bad"].state == "loaded"
    turns._write(places.config_folder(), {"bad\trude_bad 1.2"})
    assert Plugins(builtin=False).known["bad"].state == "broken"


@pytest.mark.parametrize("code", ["import os; os._exit(3)", "while True: pass", "import ctypes; ctypes.string_at(0)"])
def test_plugins_can_always_be_listed_and_disabled(
    install: Install, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = install("bad", code)
    install("good", GOOD)
    short = tmp_path / "short.py"
    short.write_text(
        "from senga.host_adapters.standalone import trial, main\ntrial.PATIENCE = 5\nimport sys\n"
        "sys.argv = ['senga', 'plugins', 'list', '--json']\nmain()"
    )
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, short], capture_output=True, text=True, env=env, timeout=60)
    found = {facts["name"]: facts for facts in map(json.loads, done.stdout.splitlines())}
    assert found["bad"]["state"] == "broken"
    assert found["good"]["filters"] == ["twin"]
    assert run("plugins", "disable", "bad", site=site).returncode == 0
    assert run("list", site=site).returncode == 0
    assert Plugins(builtin=False).known["bad"].state == "disabled"


def test_plugins_are_listed_where_no_note_can_be_written(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    site = install("bad", "import os; os._exit(3)")
    monkeypatch.setenv("SENGA_HOME", os.devnull)
    done = run("plugins", "list", site=site)
    assert "sketch" in done.stdout
    assert "could not be noted" in done.stdout


def test_a_plug_in_that_hangs_is_named_meanwhile(
    install: Install, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    install("slow", "import time; time.sleep(0.5)")
    Plugins(builtin=False)
    assert "“slow” (rude_slow 1.2) is still being loaded" in caplog.text


def test_a_living_process_is_not_held_against_its_plug_in() -> None:
    with turns.turn("busy", "busy 1.0"):
        assert len(list(places.config_folder().glob("loading-*"))) == 1
        assert not turns.fallen()
    assert not list(places.config_folder().glob("loading-*"))


def test_a_process_that_ends_on_purpose_blames_nobody_unless_it_waited_long(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = places.config_folder()
    with turns.turn("new", "new 1.0"):
        turns.withdraw()
        assert not list(folder.glob("loading-*"))
        monkeypatch.setattr(turns, "PATIENCE", 0.0)
        with turns.turn("old", "old 1.0"):
            turns.withdraw()
            assert list(folder.glob("loading-*"))


# ---- metadata


@pytest.mark.parametrize(
    "points", [b"\xff\xfe\x00garbage", b"[senga]\nno equals sign\n", b"[senga\x00]\n[[[", b"\x80[senga]"]
)
def test_metadata_of_others_that_cannot_be_read_ends_nothing(install: Install, points: bytes) -> None:
    site = install("odd", "", points)
    install("good", GOOD)
    assert "twin" in Plugins(builtin=False).filters
    assert "good" in installed()
    assert run("plugins", "list", site=site).returncode == 0


def test_metadata_that_is_a_folder_or_lacks_its_name_ends_nothing(install: Install) -> None:
    site = install("good", GOOD)
    (site / "rude_good-1.2.dist-info" / "METADATA").write_bytes(b"\xff\xfe")
    (site / "other-1.dist-info" / "entry_points.txt").mkdir(parents=True)
    (site / "third-1.dist-info").write_text("a file")
    assert [each.origin for each in announced() if each.point.name == "good"] == ["rude_good"]
    assert "twin" in Plugins(builtin=False).filters


# ---- in hooks


def test_a_bad_list_of_models_is_named_and_the_other_styles_stay(install: Install) -> None:
    site = install(
        "bad", GOOD.replace("    def __call__", "    models = __file__.replace('.py', '.toml')\n    def __call__")
    )
    (site / "rude_bad.toml").write_bytes(b"model = 3\n\xff")
    known = Plugins()
    assert "painted-comic" in {entry.name for entry in known.store().entries()}
    assert known.known["bad"].state == "broken"
    assert known.known["bad"].problem


def plugin(**hooks: Any) -> object:
    return type("Rude", (), {name: staticmethod(hook) for name, hook in hooks.items()})()


@pytest.mark.parametrize("wrong", [3, b"path", ["a"], {}, object()])
def test_who_gives_something_else_than_weights_is_named_and_the_next_is_asked(bare: Plugins, wrong: object) -> None:
    @hookimpl(tryfirst=True)
    def senga_weights(model: str) -> object:
        return wrong

    @hookimpl(specname="senga_weights", trylast=True)
    def good_weights(model: str) -> senga.Weights:
        return senga.Weights({})

    bare.register(plugin(senga_weights=senga_weights), "bad")
    bare.register(plugin(senga_weights=good_weights), "good")
    assert bare.equip(Job()).weights("x") == senga.Weights({})
    assert bare.known["bad"].state == "broken"
    assert bare.known["good"].state == "loaded"


def test_who_makes_something_else_of_a_picture_is_named_alone(bare: Plugins) -> None:
    @hookimpl
    def senga_apply(filter: Filter) -> Any:  # noqa: A002 - named by the hook
        return "a picture"

    @hookimpl(wrapper=True, specname="senga_apply")
    def watch() -> Iterator[None]:
        return (yield)

    bare.register(plugin(senga_apply=senga_apply), "bad")
    bare.register(plugin(watch=watch), "good")
    picture = Image.of(np.zeros((2, 2, 3), np.uint8))
    assert isinstance(bare.run(Mirror(), picture, Job()), Image)
    assert bare.known["bad"].state == "broken"
    assert bare.known["good"].state == "loaded"


def test_failing_hooks_for_weights_and_brushes_are_left_out(bare: Plugins) -> None:
    quill = Brush("quill", "Quill")

    @hookimpl(tryfirst=True)
    def senga_weights(model: str) -> None:
        raise SystemExit(1)

    @hookimpl(specname="senga_weights", trylast=True)
    def good_weights(model: str) -> senga.Weights:
        return senga.Weights({})

    @hookimpl
    def senga_brushes() -> Any:
        yield quill
        raise ValueError("no ink")

    @hookimpl(specname="senga_brushes")
    def good_brushes() -> list[Brush]:
        return [quill]

    @hookimpl(specname="senga_brushes")
    def odd_brushes() -> list[int]:
        return [3]

    bare.register(plugin(senga_weights=senga_weights, senga_brushes=senga_brushes), "bad")
    bare.register(plugin(senga_brushes=odd_brushes), "odd")
    bare.register(plugin(senga_weights=good_weights, senga_brushes=good_brushes), "good")
    job = bare.equip(Job())
    assert job.weights("x") == senga.Weights({})
    assert list(job.brushes()) == list(job.brushes()) == [quill]
    assert bare.known["bad"].state == bare.known["odd"].state == "broken"
    assert bare.known["good"].state == "loaded"
    assert "no ink" in bare.known["bad"].problem


def test_what_a_weights_hook_says_to_the_painter_is_heard(bare: Plugins) -> None:
    @hookimpl
    def senga_weights(model: str) -> None:
        raise ModelError("The company's store is closed.")

    bare.register(plugin(senga_weights=senga_weights), "company")
    with pytest.raises(ModelError, match="closed"):
        bare.equip(Job()).weights("x")


@hookimpl(wrapper=True, specname="senga_apply")
def raises_before(filter: Filter) -> Iterator[None]:  # noqa: A002
    raise ZeroDivisionError
    yield


@hookimpl(wrapper=True, specname="senga_apply")
def raises_after(filter: Filter) -> Iterator[None]:  # noqa: A002
    yield
    raise SystemExit


@hookimpl(wrapper=True, specname="senga_apply")
def loses_it(filter: Filter) -> Iterator[None]:  # noqa: A002
    yield


@hookimpl(wrapper=True, specname="senga_apply")
def yields_twice(filter: Filter) -> Iterator[None]:  # noqa: A002
    yield
    yield


@hookimpl(wrapper=True, specname="senga_apply")
def never_yields(filter: Filter) -> Iterator[None]:  # noqa: A002
    if filter is None:
        yield


@hookimpl(specname="senga_apply")
def gives_a_word(filter: Filter) -> str:  # noqa: A002
    return "picture"


@pytest.mark.parametrize("hook", [raises_before, raises_after, loses_it, yields_twice, never_yields, gives_a_word])
def test_a_wrapper_that_misbehaves_is_named_and_left_out(bare: Plugins, picture: Any, hook: Any) -> None:
    @hookimpl(wrapper=True)
    def senga_apply(filter: Filter) -> Any:  # noqa: A002
        return (yield)

    bare.register(plugin(senga_filters=hookimpl(lambda: [Mirror])), "mirrors")
    bare.register(plugin(senga_apply=senga_apply), "innocent")
    bare.register(plugin(senga_apply=hook), "rude")
    image = picture(4, 6)
    result = compose(Mirror(), bare, image, Job())
    assert np.array_equal(result.pixels, image.pixels[:, ::-1])  # type: ignore[union-attr]  # a still
    assert bare.known["rude"].state == "broken"
    if hook not in (loses_it, gives_a_word):
        assert bare.known["innocent"].state == "loaded"


def test_in_strict_mode_a_hook_that_fails_is_an_error(picture: Any) -> None:
    strict = Plugins(builtin=False, third_party=False, strict=True)
    strict.register(plugin(senga_apply=raises_before), "rude")
    with pytest.raises(PluginError, match="“rude” is broken: it failed in senga_apply: ZeroDivisionError"):
        strict.run(Mirror(), picture(4, 6), Job())


# ---- while painting


@pytest.mark.parametrize(
    "error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), ValueError("x"), Unspeakable(), AssertionError()]
)
def test_whatever_a_filter_raises_is_one_error_that_names_it(bare: Plugins, picture: Any, error: BaseException) -> None:
    class Rude(Mirror):
        name = "rude"

        def __call__(self, image: Image, job: Job) -> Image:
            raise error

    bare.register(plugin(senga_filters=hookimpl(lambda: [Rude])), "rudeness")
    with pytest.raises(PluginError, match="The filter “rude” failed") as raised:
        compose(Rude(), bare, picture(4, 6), Job())
    assert raised.value.plugin == "rudeness"


@pytest.mark.parametrize("error", [SystemExit(0), ValueError("x"), KeyboardInterrupt()])
def test_what_is_raised_between_two_frames_names_the_filter_too(
    bare: Plugins, picture: Any, error: BaseException
) -> None:
    class Rude(Mirror):
        name = "rude"

        def __call__(self, image: Image, job: Job) -> Animation:  # type: ignore[override]  # a film
            def frames() -> Iterator[Frame]:
                yield Frame(image, 0.1)
                raise error

            return Animation(frames, 4, 6, 2)

    film = bare.run(Rude(), picture(4, 6), Job())
    assert isinstance(film, Animation)
    with pytest.raises(PluginError, match="The filter “rude” failed"):
        list(film.frames())


@pytest.mark.usefixtures("interruptible")
def test_the_user_can_stop_a_filter_with_ctrl_c(bare: Plugins, picture: Any) -> None:
    class Slow(Mirror):
        def __call__(self, image: Image, job: Job) -> Image:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
            return image

    with pytest.raises(KeyboardInterrupt):
        bare.run(Slow(), picture(4, 6), Job())
    with pytest.raises(Cancelled):
        bare.run(Mirror(), picture(4, 6), Job(cancelled=lambda: True)) and Job(cancelled=lambda: True).check()


def test_the_border_holds_in_a_thread() -> None:
    found: list[str] = []

    def act() -> None:
        try:
            with border():
                raise SystemExit(4)
        except Exception as error:
            found.append(reason(error))

    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    assert found == ["it tried to end the program (SystemExit: 4)"]


def test_a_reason_is_one_short_line() -> None:
    assert reason(ValueError("a\nb" * 1000)).startswith("ValueError: a ba b")
    assert len(reason(ValueError("a\nb" * 1000))) < 600
    assert reason(Unspeakable()) == "Unspeakable"


def fails(*_: object, **__: object) -> Any:
    raise SystemExit("bye")


@pytest.mark.parametrize("method", ["reach", "paints_color", "prepare", "model_post_init"])
def test_every_method_of_a_filter_that_fails_names_it(bare: Plugins, picture: Any, method: str) -> None:
    rude = type("Rude", (Mirror,), {"name": "rude", method: fails, "__module__": __name__})
    bare.register(plugin(senga_filters=hookimpl(lambda: [rude])), "rudeness")
    grey = Image(np.repeat(picture(4, 6).pixels[:, :, :1], 3, axis=2), grey=True)
    with pytest.raises(PluginError, match="The filter “rude” failed: it tried to end the program"):
        senga.apply("rude", grey, selection=np.eye(4, 6, dtype=np.uint8) * 255, collection=bare)


def test_a_name_with_a_space_can_be_disabled(install: Install) -> None:
    site = install("odd", "import nowhere_at_all", "[senga]\nmy own = rude_odd\n")
    assert run("plugins", "disable", "my own", site=site).returncode == 0
    assert Plugins(builtin=False).known["my own"].state == "disabled"
