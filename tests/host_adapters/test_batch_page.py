"""The report of a batch: its structure as a parser sees it, and as a browser where one is installed."""

from __future__ import annotations

import base64
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import PIL.Image
import pytest

from senga.host_adapters.batch import page as pages
from senga.testing import sample

SENGA = str(Path(sys.executable).with_name("senga"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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


def senga(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [SENGA, "batch", *map(str, args)]
    return subprocess.run(words, capture_output=True, check=False, text=True, cwd=cwd, timeout=120)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text("utf-8"))
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", EVIL, "javascript:alert(1).png", os.fsdecode(b"byte\xff \n.png")):
        PIL.Image.fromarray(sample(300, 400).pixels).save(folder / name)
    (folder / "<b>bad.png").write_text("Dear diary")
    return folder


@pytest.fixture
def page(album: Path, tmp_path: Path) -> Path:
    done = senga(album, "--filter", "posterize", "-o", "out", "--report", "report.html", cwd=tmp_path)
    assert done.returncode == 1
    return tmp_path / "report.html"


def test_the_page_is_whole_and_needs_nothing_else(page: Path) -> None:
    text, found = page.read_text("utf-8"), read(page)
    assert text.startswith("<!doctype html>")
    assert found.all("html") == [{"lang": "en"}]
    assert not re.search(r"https?:|//[a-z]", text)
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in found.all("img"))
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in found.all("meta"))
    assert len(text) < 500_000


def test_names_do_no_harm(page: Path, tmp_path: Path) -> None:
    found = read(page)
    assert not any(attribute.startswith("on") for _, attributes in found.found for attribute in attributes)
    assert found.all("b") == []
    assert EVIL in "".join(found.text)
    assert len(found.all("script")) == 1
    for link in found.all("a"):
        href = link["href"] or ""
        assert not href.startswith("javascript:")
        assert (tmp_path / os.fsdecode(unquote_bytes(href))).is_file()


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
    assert [attributes["role"] for _, attributes in found.found if "role" in attributes] == ["status"]


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


def test_only_pages_of_ours_are_replaced(album: Path, page: Path, tmp_path: Path) -> None:
    words = [album, "--filter", "posterize", "-o", "out", "--report"]
    assert senga(*words, "report.html", cwd=tmp_path).returncode == 1
    assert len(read(page).all("img")) == 8
    for name in ("own.html", "in/a.png"):
        if name == "own.html":
            (tmp_path / name).write_text("<p>my diary")
        before = (tmp_path / name).read_bytes()
        done = senga(*words, name, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert (tmp_path / name).read_bytes() == before
    assert senga(*words, "nowhere/r.html", cwd=tmp_path).returncode == 2


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    words = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert "5 shown" in done.stdout
