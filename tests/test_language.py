"""The languages: complete, sound, of a length that fits, and open to strangers."""

from __future__ import annotations

import doctest
import gettext
import importlib.util
import io
import json
import os
import re
import string
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import babel.messages.pofile
import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from senga import language
from senga.errors import SengaError
from senga.filter import about, describe
from senga.host_adapters.standalone.help_pages import Formatter, narrowed, padded, widened
from senga.language import sentence, speaking, tr, wanted
from senga.plugins.sketch import Sketch
from senga.registry import Plugins
from senga.translatable import template, texts_of

ROOT = Path(__file__).resolve().parent.parent
SENGA = str(Path(sys.executable).with_name("senga"))
SPOKEN = ("ja", "zh_CN")
WIDEST = {
    "title": 24, "group": 24, "keyword": 36, "setting": 28, "choice": 28, "unit": 6, "note": 36, "brush": 24,
    "layer": 24, "command": 66, "summary": 90, "description": 100, "style": 104,
}  # fmt: skip
"""Cells on the screen: what fits a menu, a row of a dialog beside its slider, a progress bar, a line of a list."""


AT_ONCE = ("host_adapters/gimp", "host_adapters/worker", "host_adapters/standalone/train.py")
"""Where every sentence is translated in the same commit."""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in language.VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    """The tool that keeps the catalogues."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    return tool


@pytest.fixture(scope="module")
def texts(messages: ModuleType) -> list[Any]:
    """All texts that the sources hold."""
    found = messages.collect()
    assert len(found) > 300
    return list(found)


def catalogue(messages: ModuleType, name: str) -> Catalog:
    found = messages.read(messages.LOCALE / name / "LC_MESSAGES" / "senga.po")
    assert isinstance(found, Catalog)
    return found


# --- What is wrong with a catalogue: each check is a function, so that it can be shown to fail. ---


def untranslated(texts: Iterable[Any], found: Catalog) -> list[str]:
    """Texts without a translation; sentences of errors may come later, but for those of what painters use most."""
    return [
        text.text
        for text in texts
        if (text.category != "sentence" or text.place.startswith(AT_ONCE))
        and not ((entry := found.get(text.text, text.context or None)) and entry.string and not entry.fuzzy)
    ]


def obsolete(texts: Iterable[Any], found: Catalog) -> list[str]:
    """Translations of what nobody says any more."""
    known = {text.key for text in texts}
    gone = [entry.id for entry in found if entry.id and (entry.context or "", entry.id) not in known]
    return [text for text in gone if "sentence" not in found.get(text).auto_comments] + list(found.obsolete)


def places(text: str) -> list[str]:
    """What is filled in."""
    return sorted(f"{name}!{how}:{spec}" for _, name, spec, how in string.Formatter().parse(text) if name is not None)


def misplaced(found: Catalog) -> list[str]:
    return [str(entry.id) for entry in found if entry.id and entry.string and places(entry.id) != places(entry.string)]


def overlong(texts: Iterable[Any], found: Catalog) -> list[str]:
    """Texts, in English or translated, that do not fit where they are shown."""
    return [
        shown
        for text in texts
        for shown in (text.text, str(getattr(found.get(text.text, text.context or None), "string", "")))
        if max(map(cell_len, shown.splitlines()), default=0) > WIDEST.get(text.category, 300)
    ]


@pytest.mark.parametrize("name", SPOKEN)
def test_every_text_of_filters_and_commands_is_translated(messages: ModuleType, texts: list[Any], name: str) -> None:
    assert untranslated(texts, catalogue(messages, name)) == [], "translate them and run: python tools/messages.py"


@pytest.mark.parametrize("name", SPOKEN)
def test_nothing_obsolete_is_kept(messages: ModuleType, texts: list[Any], name: str) -> None:
    assert obsolete(texts, catalogue(messages, name)) == [], "run: python tools/messages.py"


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_filled_in_is_the_same(messages: ModuleType, name: str) -> None:
    assert misplaced(catalogue(messages, name)) == []


@pytest.mark.parametrize("name", SPOKEN)
def test_texts_fit_where_they_are_shown(messages: ModuleType, texts: list[Any], name: str) -> None:
    assert overlong(texts, catalogue(messages, name)) == []


@pytest.mark.parametrize("name", SPOKEN)
def test_compiled_catalogues_are_those_of_the_sources(messages: ModuleType, name: str) -> None:
    source = messages.LOCALE / name / "LC_MESSAGES" / "senga.po"
    compiled = meaning(source.with_suffix(".mo").read_bytes())
    assert compiled == meaning(messages.mo(catalogue(messages, name))), "run: python tools/messages.py"


def meaning(compiled: bytes) -> dict[str, str]:
    """What a catalogue says, whatever program compiled it: its header, which names that program, is left out."""
    return {text: translation for text, translation in language.read_catalogue(compiled).items() if text}


def test_a_catalogue_means_the_same_whatever_compiled_it() -> None:
    old, new, other = (
        compiled({b"": header, b"frame": word.encode()}, order)
        for header, word, order in ((b"by 1", "コマ", "<"), (b"by 2", "コマ", ">"), (b"by 1", "枠", "<"))
    )
    assert meaning(old) == meaning(new) != meaning(other)


def test_the_template_lists_the_texts(messages: ModuleType, texts: list[Any]) -> None:
    with (messages.LOCALE / "senga.pot").open("rb") as file:
        listed = {(entry.context or "", entry.id) for entry in babel.messages.pofile.read_po(file) if entry.id}
    assert {text.key for text in texts if text.category != "sentence"} <= listed, "run: python tools/messages.py"


def test_the_checks_can_fail(messages: ModuleType, texts: list[Any]) -> None:
    found = catalogue(messages, "ja")
    assert isinstance(texts[0], messages.Message)
    found.get("Pencil sketch").string = ""
    found.add("Nobody says this", "誰も言わない", auto_comments=["help"])
    found.get("{output} exists and is kept").string = "{path} は既にあるため残しました"
    found.get("Brush", "setting").string = "とても長い" * 6
    fuzzy = found.get("Anime")
    fuzzy.flags.add("fuzzy")
    assert untranslated(texts, found) == ["Anime", "Pencil sketch"]
    assert obsolete(texts, found) == ["Nobody says this"]
    assert misplaced(found) == ["{output} exists and is kept"]
    assert overlong(texts, found) == ["とても長い" * 6]


def test_the_manifest_has_all_that_the_plug_ins_and_their_client_say(messages: ModuleType) -> None:
    """GIMP's Pythons cannot read the catalogues, so ``senga gimp install`` writes these translations down."""
    import ast

    from senga.host_adapters.gimp.words import SENTENCES, WORDS

    inside = ("gimp3/senga_gimp/*.py", "gimp2/senga_gimp2/*.py", "worker/client.py")
    paths = [path for pattern in inside for path in (ROOT / "host_adapters").glob(pattern)]
    assert len(paths) > 15
    sources = [messages.Source(ast.parse(path.read_text("utf-8"))) for path in paths]
    assert {text for source in sources for text in source.sentences()} == set(SENTENCES)
    marked = {text for source in sources for category, _, text in source.marked() if category == "text"}
    assert marked - set(WORDS) == set()


@pytest.mark.parametrize("version", ["gimp3/senga_gimp", "gimp2/senga_gimp2"])
def test_a_plug_in_says_sentences_in_the_painters_language(version: str) -> None:
    path = ROOT / "host_adapters" / version / "words.py"
    spec = importlib.util.spec_from_file_location("plug_in_words", path)
    assert spec
    assert spec.loader
    words = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(words)
    known = {
        "{0} in {1}: {2}": "{1}にある{0}、{2}",
        "{0}: {1}": "wrong",
        "it is no text": "文字なし",
        "Preview": "プレビュー",
    }
    words.learn(known, ["ja_JP", "ja"])
    assert words.sentence("a.toml in /home (x|y): it is no text") == "/home (x|y)にあるa.toml、文字なし"
    assert words.sentence("{1} in {0}: \\1") == "{0}にある{1}、\\1"
    assert words.sentence("Preview") == words.say("Preview") == "プレビュー"
    assert words.sentence("something else") == "something else"
    assert words.languages() == "ja_JP:ja"


def test_a_catalogue_that_does_not_parse_is_refused(messages: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "ja" / "LC_MESSAGES" / "senga.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid "Anime"\nmsgsrt "アニメ"\n', "utf-8")
    with pytest.raises(babel.messages.pofile.PoFileError):
        messages.read(path)


def test_the_tool_finds_texts_in_sources(messages: ModuleType) -> None:
    import ast

    code = """
def paint(job, name, count, note="mixing"):
    hint = f"take {count} of them" if count else "take one"
    job.progress(0.5, "Grinding pigment")
    if count > 3:
        raise SettingsError(f"There is no “{name}”: {hint}")
    text = "The canvas is too small."
    raise ReadError(text, None)
    raise ValueError("the programmer was wrong here")
    echo(tr("Hold still"), tr("Frame", context="picture"))
    tell({"note": f"Waiting for {count} others", "share": "no sentence here"})
    raise WorkerError("The folder {} is full of {}.".format(name, count))
    return Layer("Wet paint", image)
"""
    source = messages.Source(ast.parse(code))
    assert set(source.sentences()) == {
        "There is no “{0}”: {1}", "take {0} of them", "take one", "The canvas is too small.",
        "Waiting for {0} others", "The folder {0} is full of {1}.",
    }  # fmt: skip
    assert set(source.marked()) == {
        ("note", "", "Grinding pigment"), ("note", "", "mixing"), ("text", "", "Hold still"),
        ("text", "picture", "Frame"), ("layer", "", "Wet paint"),
    }  # fmt: skip


def test_half_sentences_are_found_in_the_functions_of_other_files(messages: ModuleType) -> None:
    import ast

    helping = """
def trouble(name):
    hint = f"; take {name} away" if name else "."
    return f"the easel is broken{hint}"
"""
    painting = """
from .easels import trouble as wrong
from senga.host_adapters.frames import said
TAKEN = "The canvas {name} is taken by {owner}."
def paint(name):
    raise PluginError(f"{name}: {wrong(name)}")
    raise PluginError(f"The frame fell: {said(name)}")
    raise PluginError(TAKEN.format(name=name, owner=""))
"""
    files = {
        "core/studio/painting.py": painting,
        "core/studio/easels.py": helping,
        "host_adapters/frames.py": "def said(name):\n    return 'nails are missing'\n",
    }
    sources: dict[str, Any] = {}
    for place, code in files.items():
        sources[place] = messages.Source(ast.parse(code), place, sources)
    assert set(sources["core/studio/painting.py"].sentences()) == {
        "the easel is broken{0}", "; take {0} away", "The frame fell: {0}", "nails are missing",
        "The canvas {0} is taken by {1}.",
    }  # fmt: skip


# --- Which language ---


@pytest.mark.parametrize(("wish", "names"), [
    ("ja_JP.UTF-8", ("ja_JP", "ja")),
    ("zh_CN.UTF-8", ("zh_CN", "zh")),
    ("zh-Hans", ("zh_Hans", "zh_CN", "zh")),
    ("zh", ("zh", "zh_CN")),
    ("zh-hant-tw", ("zh_Hant_TW", "zh_TW")),
    ("de_AT@euro:ja", ("de_AT", "de", "ja")),
    ("de:en:ja", ("de",)),
    ("C", ()), ("POSIX", ()), ("en_GB.UTF-8", ()), ("C.UTF-8", ()), ("", ()), (":", ()),
])  # fmt: skip
def test_names_of_languages_are_understood(wish: str, names: tuple[str, ...]) -> None:
    assert wanted(wish) == names


def test_the_first_variable_that_is_set_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in reversed(language.VARIABLES):
        monkeypatch.setenv(name, "ja" if wanted() != ("ja",) else "de")
        assert wanted() == (os.environ[name],)
    monkeypatch.setenv(language.VARIABLES[0], "")
    assert wanted() == (os.environ[language.VARIABLES[1]],)
    assert wanted("zh_CN") == ("zh_CN", "zh")


def test_a_language_holds_for_a_thread_and_ends() -> None:
    heard: list[str] = []
    with speaking("ja"):
        thread = threading.Thread(target=lambda: heard.append(tr("Pencil sketch")))
        thread.start()
        thread.join()
        with speaking("zh_CN"):
            heard.append(tr("Pencil sketch"))
        heard.append(tr("Pencil sketch"))
    heard.append(tr("Pencil sketch"))
    assert heard == ["Pencil sketch", "铅笔素描", "鉛筆スケッチ", "Pencil sketch"]


@pytest.mark.parametrize("wish", ["tlh", "zh_TW", "xx_YY.UTF-8", "../..", "en"])
def test_a_language_that_nobody_wrote_leaves_english(wish: str) -> None:
    assert tr("Pencil sketch", language=wish) == "Pencil sketch"
    assert sentence("Drawing strokes", language=wish) == "Drawing strokes"


def test_what_has_no_translation_stays() -> None:
    assert tr("", language="ja") == ""
    assert tr("Something new", language="ja") == "Something new"
    assert tr("Brush", language="ja") == "Brush", "its context is missing"
    assert tr("Brush", context="setting", language="ja") == "ブラシ"


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(language).failed == 0


def test_the_languages_are_listed() -> None:
    assert language.available() == ("en", *SPOKEN)


# --- Sentences ---


@pytest.mark.parametrize("name", SPOKEN)
def test_every_sentence_is_recognised_by_its_own_pattern(messages: ModuleType, name: str) -> None:
    """With something in its places, none is taken for another; a few say the same in other words of the code."""
    for entry in catalogue(messages, name):
        if entry.id and entry.string and re.search(r"\{0\}", str(entry.id)):
            said, told = (re.sub(r"\{(\d)\}", r"q\1z", str(text)) for text in (entry.id, entry.string))
            assert sentence(said, language=name) == told


def test_sentences_inside_sentences_are_translated_too() -> None:
    with pytest.raises(SengaError) as caught:
        Plugins(third_party=False).make("sketch", {"levls": 3})
    assert sentence(str(caught.value), language="zh_CN") == "sketch: 没有名为“levls”的设置，您是不是要找“levels”？"
    with pytest.raises(SengaError) as caught:
        Plugins(third_party=False).make("sketch", {"levels": 99})
    assert (
        sentence(str(caught.value), language="ja")
        == "sketch: 設定「levels」は 99 ですが、24 以下でなければなりません。"
    )


def test_braces_in_a_name_do_no_harm() -> None:
    said = sentence("There is no filter “{x}{0}”: did you mean “{}”?", language="ja")
    assert said == "フィルター「{x}{0}」はありません。「{}」のことですか？"


@pytest.mark.parametrize("mark", [": ", "“", "” (", " is ", "; ", ", ", "{0}", "\n"])
def test_sentences_that_repeat_themselves_take_no_time(mark: str) -> None:
    said = f"There is no filter “{mark * 300}"
    began = time.process_time()
    assert isinstance(sentence(said, language="ja"), str)
    assert time.process_time() - began < 2


def test_what_a_stranger_says_is_found_behind_what_senga_says(messages: ModuleType, stranger: ModuleType) -> None:
    write_stranger_catalogue(messages, stranger, "ja", {"The plate {0} broke.": "版 {0} が割れました。"})
    Plugins(third_party=False).register(stranger, "wax-etching")
    assert sentence("step 2: The plate 7 broke.", language="ja") == "段階 2: 版 7 が割れました。"


@given(st.text(max_size=300))
def test_any_text_can_be_said(text: str) -> None:
    assert isinstance(sentence(text, language="ja"), str)
    assert sentence(text, language="en") == text


# --- Compiled catalogues ---


@pytest.mark.parametrize("name", SPOKEN)
def test_gettext_reads_the_same(name: str) -> None:
    path = language.FOLDER / name / "LC_MESSAGES" / "senga.mo"
    with path.open("rb") as file:
        oracle = gettext.GNUTranslations(file)
    entries = language.read_catalogue(path.read_bytes())
    assert len(entries) > 300
    for key, translation in entries.items():
        context, _, text = key.rpartition(language.CONTEXT)
        if text:
            assert (oracle.pgettext(context, text) if context else oracle.gettext(text)) == translation


def test_both_byte_orders_and_plurals_are_read() -> None:
    pairs = {b"": b"head", b"frame\0frames": "コマ\0コマ".encode()}
    for order in "<>":
        assert language.read_catalogue(compiled(pairs, order)) == {"": "head", "frame": "コマ"}


def compiled(pairs: dict[bytes, bytes], order: str) -> bytes:
    count, at = len(pairs), 28 + 16 * len(pairs)
    tables, body = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs.items():
            tables[side] += struct.pack(f"{order}2I", len(pair[side]), at + len(body))
            body += pair[side] + b"\0"
    return struct.pack(f"{order}7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0) + tables[0] + tables[1] + body


def test_a_damaged_catalogue_is_no_catalogue() -> None:
    data = (language.FOLDER / "ja" / "LC_MESSAGES" / "senga.mo").read_bytes()
    for broken in (b"", b"msgid", data[:10], data[:2000], data[: len(data) // 2]):
        with pytest.raises((ValueError, struct.error)):
            language.read_catalogue(broken)


# --- Filters, ours and strangers' ---


def test_settings_are_described_in_a_language() -> None:
    english = {info.name: info for info in describe(Sketch)}
    for name in SPOKEN:
        for info in describe(Sketch, name):
            plain = english[info.name]
            assert (info.choices, info.default, info.minimum, info.maximum) == (
                plain.choices, plain.default, plain.minimum, plain.maximum
            )  # fmt: skip
            assert info.text != plain.text
            assert info.label != plain.label
            assert len(info.labels) == len(info.choices)
            assert not set(info.labels) & set(plain.labels)
    assert english["stroke_width"].label == "Stroke width"
    assert english["hatching"].labels == ("Along the forms", "Across the forms", "All at the angle")
    assert about(Sketch, "ja").title == "鉛筆スケッチ"


def test_labels_and_values_stay_together() -> None:
    hatching = next(info for info in describe(Sketch, "zh_CN") if info.name == "hatching")
    assert dict(zip(hatching.choices, hatching.labels, strict=True))["across"] == "横穿形体"


STRANGER = '''
from __future__ import annotations
from pathlib import Path
from typing import ClassVar, Literal
from senga import Filter, Image, Job, hookimpl, setting
from senga.strokes.settings import PencilSettings

class Etch(PencilSettings, Filter):
    """Scratch into wax."""
    name: ClassVar[str] = "etch"
    title: ClassVar[str] = "Etching"
    summary: ClassVar[str] = "Fine lines."
    locale: ClassVar[Path | None] = Path(__file__).parent / "locale"
    plate: Literal["copper", "zinc"] = setting("copper", "What the plate is made of.")
    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5, "Biting with acid")
        return image

@hookimpl
def senga_filters():
    return (Etch,)
'''


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package of somebody else, without a catalogue yet."""
    package = tmp_path / "wax_etching"
    package.mkdir()
    (package / "__init__.py").write_text(STRANGER, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("wax_etching")
    del sys.modules["wax_etching"]


def write_stranger_catalogue(messages: ModuleType, stranger: ModuleType, name: str, words: dict[str, str]) -> Path:
    """Fill the printed template in, as a translator does, and compile it."""
    found = babel.messages.pofile.read_po(io.StringIO(template([stranger.Etch])), locale=name)
    found.add("Biting with acid")
    found.add("The plate {0} broke.")
    for entry in found:
        if entry.id in words:
            entry.string = words[str(entry.id)]
    path = Path(stranger.__file__ or "").parent / "locale" / name / "LC_MESSAGES" / "wax_etching.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(messages.mo(found))
    return path


def test_a_strangers_filter_brings_its_own_catalogue(messages: ModuleType, stranger: ModuleType) -> None:
    words = {
        "Etching": "エッチング", "Scratch into wax.": "蝋を引っかきます。", "Plate": "版", "Copper": "銅",
        "Biting with acid": "腐食中", "The plate {0} broke.": "版 {0} が割れました。", "Brush": "針",
    }  # fmt: skip
    write_stranger_catalogue(messages, stranger, "ja", words)
    known = Plugins(third_party=False)
    known.register(stranger, "wax-etching")
    told = about(stranger.Etch, "ja")
    assert (told.title, told.summary, told.text) == ("エッチング", "Fine lines.", "蝋を引っかきます。")
    infos = {info.name: info for info in describe(stranger.Etch, "ja")}
    assert (infos["plate"].label, infos["plate"].labels) == ("版", ("銅", "Zinc"))
    assert infos["brush"].label == "針", "its own catalogue comes first"
    assert infos["stroke_width"].label == "線の太さ", "what it inherits is in Senga's"
    assert sentence("Biting with acid", language="ja") == "腐食中"
    assert sentence("The plate 7 broke.", language="ja") == "版 7 が割れました。"
    assert about(stranger.Etch, "zh_CN").title == "Etching"
    assert about(Sketch, "ja").title == "鉛筆スケッチ"
    assert next(info for info in describe(Sketch, "ja") if info.name == "brush").label == "ブラシ"


def test_a_stranger_may_speak_a_language_that_senga_does_not(messages: ModuleType, stranger: ModuleType) -> None:
    write_stranger_catalogue(messages, stranger, "de", {"Etching": "Radierung"})
    assert about(stranger.Etch, "de_AT.UTF-8").title == "Radierung"


def test_a_strangers_damaged_catalogue_leaves_english(messages: ModuleType, stranger: ModuleType) -> None:
    path = write_stranger_catalogue(messages, stranger, "ja", {"Etching": "エッチング"})
    path.write_bytes(path.read_bytes()[:100])
    assert about(stranger.Etch, "ja").title == "Etching"


def test_a_strangers_wrong_places_leave_english(messages: ModuleType, stranger: ModuleType) -> None:
    write_stranger_catalogue(messages, stranger, "ja", {"The plate {0} broke.": "版 {1} が割れました。"})
    Plugins(third_party=False).register(stranger, "wax-etching")
    assert sentence("The plate 7 broke.", language="ja") == "The plate 7 broke."


def test_the_texts_of_a_filter_are_all_that_hosts_show(stranger: ModuleType) -> None:
    listed = {text.text for text in texts_of(stranger.Etch)}
    assert {
        "Etching",
        "Fine lines.",
        "Scratch into wax.",
        "Plate",
        "What the plate is made of.",
        "Copper",
        "Zinc",
    } <= listed
    assert {info.label for info in describe(stranger.Etch)} <= listed


# --- The runner ---


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in language.VARIABLES}
    return subprocess.run(
        [SENGA, *words], capture_output=True, text=True, encoding="utf-8", check=False, env=clean | env, timeout=120
    )


@pytest.mark.parametrize(
    ("name", "says"), [("ja", ("使い方:", "設定:", "線の太さ")), ("zh_CN", ("用法：", "设置:", "笔触的宽度"))]
)
def test_help_follows_the_shell_and_fits_the_screen(name: str, says: tuple[str, ...]) -> None:
    done = run("run", "sketch", "--help", LANG=f"{name}.UTF-8", PYTHONUTF8="1", COLUMNS="80")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(word in done.stdout for word in says)
    assert "--stroke-width" in done.stdout
    assert max(map(cell_len, done.stdout.splitlines())) <= 80
    english = run("run", "sketch", "--help", LANG="C.UTF-8").stdout
    assert re.findall(r"^  (--\S+)", english, re.M) == re.findall(r"^  (--\S+)", done.stdout, re.M)


def test_errors_follow_the_shell_and_keep_their_exit_codes(tmp_path: Path) -> None:
    wrong = run("run", "sketsh", "a.png", SENGA_LANGUAGE="ja")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "senga: フィルター「sketsh」はありません。「sketch」のことですか？\n",
    )
    usage = run("run", "sketch", "--levels", "99", "a.png", SENGA_LANGUAGE="zh_CN")
    assert usage.returncode == 2
    assert "'--levels' 的值无效：99 不在范围" in usage.stderr
    gone = run("run", "sketch", str(tmp_path / "gone.png"), SENGA_LANGUAGE="zh_CN")
    assert gone.returncode == 1
    assert "没有文件" in gone.stderr


def test_lists_and_notes_follow_the_shell(tmp_path: Path) -> None:
    assert "鉛筆の線" in run("list", SENGA_LANGUAGE="ja").stdout
    assert "鉛筆スケッチ（sketch）" in run("info", "sketch", SENGA_LANGUAGE="ja").stdout
    photo = tmp_path / "photo.png"
    import PIL.Image

    PIL.Image.new("RGB", (60, 50), (90, 140, 200)).save(photo)
    done = run("run", "sketch", str(photo), "--json", SENGA_LANGUAGE="ja")
    assert done.returncode == 0
    notes = {event["note"] for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "progress"}
    assert notes - {""}
    assert all(not note.isascii() for note in notes - {""})


def test_english_opens_no_catalogue() -> None:
    code = (
        "import sys\nseen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == 'open' else None)\n"
        "sys.argv = ['senga', 'list']\n"
        "from senga.host_adapters.standalone import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('opened', sum(name.endswith('.mo') for name in seen), file=sys.stderr)"
    )
    for name, opens in (("en", False), ("ja", True)):
        env = {key: value for key, value in os.environ.items() if key not in language.VARIABLES}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env | {"SENGA_LANGUAGE": name}
        )
        assert done.stdout, "the list of the filters"
        assert (int(done.stderr.rpartition("opened ")[2]) > 0) is opens


CJK = st.text(alphabet=st.sampled_from("線の太さ。（笔触）、ab c-ー「」x…"), max_size=120)


@given(CJK)
def test_lines_broken_between_characters_lose_none(text: str) -> None:
    assert narrowed(widened(text)) == text
    page = Formatter(width=50)
    page.write_text(text)
    lines = page.getvalue().splitlines()
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= 51 for line in lines)
    closers, words = "。）、ー」", text.split()
    if not any(word[0] in closers or len(word) > 20 for word in words):  # such a word may have to begin a line with one
        assert not any(line[:1] in closers for line in lines[1:] if line)


def test_english_help_is_laid_out_as_ever() -> None:
    import click

    text = "Width of a stroke, as on a picture of one megapixel, and a good deal more to say about it than fits."
    ours, plain = Formatter(width=60), click.HelpFormatter(width=60)
    for page in (ours, plain):
        page.write_text(text)
        page.write_dl([("--stroke-width", text), ("--seed", "Another number.")])
    assert ours.getvalue() == plain.getvalue()


def test_columns_are_filled_by_what_is_seen() -> None:
    assert {cell_len(padded(word, 12)) for word in ("loaded", "有効", "已加载", "")} == {12}
