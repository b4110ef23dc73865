"""The report of a batch: its structure as a parser sees it, and as a browser where one is installed."""

from __future__ import annotations

import base64
import io
import itertools
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import PIL.Image
import pytest
from browser import PROGRAM, Browser, browser

from senga.host_adapters.batch import page as pages
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]
EMPTY = {"meta", "img", "input", "link", "br"}
EVIL = "<img src=x onerror=alert(1)>&\"'.png"


class Reader(HTMLParser):
    """Elements with their attributes and texts; complains of what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def senga(*args: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    alone = ("--jobs", "1") if "--filter" in args and "--jobs" not in args else ()
    words = [SENGA, "batch", *map(str, args), *alone]
    env = {**os.environ, **env}
    return subprocess.run(words, capture_output=True, check=False, text=True, cwd=cwd, env=env, timeout=120)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text("utf-8"))
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a batch made of pictures with rude names, and its report."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "in").mkdir()
    for name in ("a.png", EVIL, "javascript:alert(1).png", os.fsdecode(b"byte\xff \n.png")):
        PIL.Image.fromarray(sample(300, 400).pixels).save(folder / "in" / name)
    (folder / "in" / "<b>bad.png").write_text("Dear diary")
    words = ["in", "--filter", "posterize", "--levels", 2, "-o", "out", "--report", "report.html"]
    assert senga(*words, cwd=folder, SENGA_HOME=str(folder / "home"), SENGA_LANGUAGE="en").returncode == 1
    return folder


@pytest.fixture
def page(night: Path) -> Path:
    return night / "report.html"


def test_the_page_is_whole_and_needs_nothing_else(page: Path) -> None:
    text, found = page.read_text("utf-8"), read(page)
    assert text.startswith("<!doctype html>")
    assert found.all("html") == [{"lang": "en"}]
    assert not re.search(r"https?:|//[a-z]", text)
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in found.all("img"))
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in found.all("meta"))
    assert len(text) < 500_000


def test_names_do_no_harm(page: Path) -> None:
    found = read(page)
    assert not any(attribute.startswith("on") for _, attributes in found.found for attribute in attributes)
    assert found.all("b") == []
    assert EVIL in "".join(found.text)
    assert len(found.all("script")) == 1
    for link in found.all("a"):
        href = link["href"] or ""
        assert not href.startswith("javascript:")
        assert (page.parent / os.fsdecode(unquote_bytes(href))).is_file()


def unquote_bytes(href: str) -> bytes:
    return os.fsencode(unquote(href, errors="surrogateescape"))


def test_everything_has_a_name_for_who_cannot_see_it(page: Path) -> None:
    found = read(page)
    assert all(image["alt"] for image in found.all("img"))
    names = [slider["aria-label"] for slider in found.all("input") if slider["type"] == "range"]
    assert len(set(names)) == len(names) == 4
    ids = [attributes["id"] for _, attributes in found.found if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {slider["aria-controls"] for slider in found.all("input") if slider["type"] == "range"} <= set(ids)
    headings = [tag for tag, _ in found.found if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert all(int(after[1]) - int(before[1]) <= 1 for before, after in itertools.pairwise(headings))
    assert [attributes["role"] for _, attributes in found.found if "role" in attributes] == ["status", "list"]


def test_states_reasons_and_settings_are_there(page: Path) -> None:
    found = read(page)
    assert Counter(item["data-state"] for item in found.all("li")) == {"done": 4, "failed": 1}
    radios = [each["value"] for each in found.all("input") if each["type"] == "radio"]
    assert radios == ["all", "done", "failed"]
    text = "".join(found.text)
    assert "is no picture that Senga knows" in text
    assert 'filter = "posterize"' in text
    assert "all (5)" in text


def test_pictures_are_small_and_bounded(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for image in read(page).all("img"):
        content = base64.b64decode((image["src"] or "").partition(",")[2])
        with PIL.Image.open(io.BytesIO(content)) as picture:
            assert max(picture.size) == 240
        assert len(content) < 40_000


def test_beyond_the_bound_pages_have_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import senga as face
    from senga.host_adapters.batch.ledger import Ledger

    for number in range(4):
        (tmp_path / "in").mkdir(exist_ok=True)
        PIL.Image.fromarray(sample(60 + number, 80).pixels).save(tmp_path / "in" / f"{number}.png")
    assert len(list(face.batch(tmp_path / "in", "posterize", tmp_path / "out"))) == 4
    ledger = Ledger(tmp_path / "out", make=False)
    heading = pages.Heading("posterize", "", 1.0)
    pages.write_page(tmp_path / "all.html", ledger, ledger.task()[0], heading)
    assert len(read(tmp_path / "all.html").all("img")) == 8
    size = len((tmp_path / "all.html").read_text())
    monkeypatch.setattr(pages, "MOST_BYTES", size // 3)
    pages.write_page(tmp_path / "some.html", ledger, ledger.task()[0], heading)
    ledger.close()
    assert 0 < len(read(tmp_path / "some.html").all("img")) < 8


def test_only_pages_of_ours_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    PIL.Image.fromarray(sample(30, 40).pixels).save(tmp_path / "in" / "a.png")
    words = ["in", "--filter", "posterize", "-o", "out", "--report"]
    for _ in range(2):
        assert senga(*words, "report.html", cwd=tmp_path).returncode == 0
        assert len(read(tmp_path / "report.html").all("img")) == 2
    (tmp_path / "own.html").write_text("<p>my diary")
    for name in ("own.html", "in/a.png"):
        before = (tmp_path / name).read_bytes()
        done = senga(*words, name, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert (tmp_path / name).read_bytes() == before
    assert senga(*words, "nowhere/r.html", cwd=tmp_path).returncode == 2


# --- as a browser shows it ---


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed here")
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def focus(window: Browser, role: str) -> str:
    """Go on with the tab key to the next thing of this role, as somebody without a mouse does."""
    for _ in range(60):
        window.press("Tab")
        focused = [each for each in window.told() if each.get("focused") and each["role"] != "RootWebArea"]
        if [each["role"] for each in focused] == [role]:
            return str(focused[0]["name"])
    raise AssertionError(f"no {role} can be reached by keyboard")


def shown(window: Browser) -> list[str]:
    return [each["name"] for each in window.told() if each["role"] == "heading" and each["level"] == 3]


def chosen(window: Browser) -> list[str]:
    return [each["name"] for each in window.told() if each["role"] == "radio" and each["checked"] == "true"]


def seen(window: Browser, x: float, y: float) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(window.picture())).convert("RGB"))[int(y), int(x)].astype(int)


def test_the_border_moves_by_keyboard_and_by_mouse(window: Browser, page: Path) -> None:
    window.show(page.as_uri())
    name = focus(window, "slider")
    assert name.startswith("Border between before and after: ")
    place = "document.activeElement.parentElement.getBoundingClientRect()"
    left, top, wide, high = (window.run(f"{place}.{side}") for side in ("left", "top", "width", "height"))
    before, after = (seen(window, left + wide * share, top + 20) for share in (0.2, 0.8))
    window.press("End")
    assert np.abs(seen(window, left + wide * 0.8, top + 20) - after).max() > 20, "the picture from before is there"
    window.press("Home")
    assert np.abs(seen(window, left + wide * 0.2, top + 20) - before).max() > 20, "the result is there"
    window.press("ArrowRight", 30)
    window.until(lambda: 30 in [each["value"] for each in window.told() if each["role"] == "slider"])
    assert window.run("getComputedStyle(document.activeElement.previousElementSibling).clipPath").endswith("30%)")
    window.click(left + wide * 0.7, top + high / 2)
    assert abs(int(window.run("document.activeElement.value")) - 70) <= 3, "where it is pointed at"


def test_states_are_chosen_by_keyboard_and_told(window: Browser, page: Path) -> None:
    window.show(page.as_uri())
    assert shown(window)[0] == "<b>bad.png", "what somebody has to look after comes first"
    assert len(shown(window)) == 5
    assert focus(window, "radio") == "all (5)"
    for name, count in (("done (4)", 4), ("failed (1)", 1), ("all (5)", 5)):
        window.press("ArrowRight")
        window.until(lambda: chosen(window) == [name] and len(shown(window)) == count)  # noqa: B023 - asked at once
        live = [each for each in window.told() if each["role"] == "status"]
        assert [each["live"] for each in live] == ["polite"]
        assert window.run("document.querySelector('[role=status]').textContent") == f"{count} shown"


def test_a_screen_reader_gets_names_for_everything(window: Browser, page: Path) -> None:
    window.show(page.as_uri())
    told = window.told()
    names: dict[str, list[str]] = {}
    for each in told:
        names.setdefault(each["role"], []).append(each["name"])
    for role, count in (("slider", 4), ("image", 8), ("radio", 3), ("link", 9), ("heading", 8)):
        assert len(names[role]) == count, role
        assert all(names[role]), role
        assert role == "heading" or len(set(names[role])) == count, f"each {role} is told from the others"
    assert names["list"] == ["Results"]
    assert "Show" in names["group"]
    assert len(names["listitem"]) == 5
    assert {each["value"] for each in told if each["role"] == "slider"} == {50}
    assert any("is no picture that Senga knows" in name for name in names["StaticText"])


def test_nothing_leaves_the_page_and_nothing_is_complained_of(window: Browser, page: Path) -> None:
    del window.heard[:]
    window.show(page.as_uri())
    window.press("Tab", 20)
    asked = window.requests()
    assert asked[0] == page.as_uri()
    assert {address.partition(":")[0] for address in asked[1:]} == {"data"}
    assert window.complaints() == []
    window.run("fetch('https://127.0.0.1:9/')")
    window.until(window.complaints)
    assert "Content Security Policy" in window.complaints()[0], "the check can fail, and the policy holds"


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (320, False)])
def test_it_fits_the_window_and_the_night(window: Browser, page: Path, width: int, dark: bool) -> None:
    window.show(page.as_uri(), width, dark=dark)
    assert window.run("document.documentElement.scrollWidth") <= width
    assert (seen(window, 3, 3).max() < 60) == dark
    text, ground = (channels(window, name) for name in ("color", "background-color"))
    assert abs(sum(text) - sum(ground)) > 400, "what is failed can be read"


def channels(window: Browser, name: str) -> list[float]:
    """The colour of a failure's text, or of what is behind it."""
    element = "document.querySelector('#results strong')" if name == "color" else "document.getElementById('states')"
    return [float(each) for each in re.findall(r"[\d.]+", window.run(f"getComputedStyle({element})['{name}']"))][:3]
