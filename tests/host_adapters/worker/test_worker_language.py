"""The worker speaks the language of each client, and hears of new catalogues."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.host_adapters.worker import client
from senga.host_adapters.worker.client import Canvas, WorkerError

from .conftest import Site

LANGUAGES = ("ja_JP.UTF-8:ja_JP:ja:C", "zh_CN.UTF-8")
SOURCE = "import sys; from senga.host_adapters.worker.fingerprint import fingerprint; print(fingerprint())"


def filled(channels: int = 3) -> Canvas:
    canvas = Canvas(60, 40, channels, "u8")
    canvas.write_band(0, np.random.default_rng(3).integers(0, 256, 60 * 40 * channels, np.uint8).tobytes())
    return canvas


def told(house: dict[str, Any], order: dict[str, Any], language: str, channels: int = 3) -> list[str]:
    """Everything that a client hears of a job."""
    notes: list[str] = []
    with client.connect(house, language=language) as worker, filled(channels) as canvas:
        try:
            result = worker.run(order, canvas, lambda _share, note: notes.append(note))
        except WorkerError as error:
            return [*notes, error.message]
        result.close()
        return [*notes, *result.notes, *(layer.title for layer in result.layers)]


ORDERS = [
    {"filter": "sketch"},
    {"filter": "sketch", "settings": {"separate_layers": True}},
    {"filter": "frames"},
    {"filter": "sketsh"},
    {"filter": "sketch", "settings": {"levels": 99}},
    {"filter": "broken", "settings": {"way": "memory"}},
    {"filter": "redden"},
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_everything_is_in_the_language_of_the_client(
    house: dict[str, Any], den: Path, order: dict[str, Any], language: str
) -> None:
    heard = [text for text in told(house, order, language, channels=1) if text]
    assert heard
    assert [text for text in heard if text.isascii()] == []
    assert all(text.isascii() or "“" in text for text in told(house, order, "", channels=1) if text), "English"


def test_two_clients_of_one_worker_hear_two_languages(house: dict[str, Any], den: Path) -> None:
    heard = [told(house, {"filter": "sketsh"}, language)[-1] for language in (*LANGUAGES, "en", "")]
    assert heard[0].startswith("フィルター「sketsh」はありません")
    assert heard[1].startswith("没有名为“sketsh”的滤镜")
    assert heard[2] == heard[3]
    assert heard[2].startswith("There is no filter")


def test_a_failure_of_a_plug_in_is_framed_in_the_language(house: dict[str, Any], den: Path) -> None:
    text = told(house, {"filter": "broken", "settings": {"way": "exit"}}, "ja")[-1]
    assert "フィルター「broken」が失敗しました" in text
    assert "goodbye" in text


@pytest.mark.parametrize("wish", ["", "x" * 5000, "../../etc", "ja\x00", "%s{0}"])
def test_a_strange_wish_is_english(house: dict[str, Any], den: Path, wish: str) -> None:
    assert told(house, {"filter": "sketsh"}, wish)[-1].startswith("There is no filter")


def test_filters_are_described_in_a_language(house: dict[str, Any], den: Path) -> None:
    with client.connect(house, language="ja") as worker:
        for language, title in ((None, "鉛筆スケッチ"), ("en", "Pencil sketch")):
            sketch = next(one for one in worker.describe(language)["filters"] if one["name"] == "sketch")
            assert sketch["title"] == title
            assert (sketch["settings"][0]["label"] == "Brush") is (language == "en")


def test_the_language_of_whoever_started_the_worker_does_not_matter(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "ja")
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    manifest = site.manifest()
    assert told(manifest, {"filter": "sketsh"}, "")[-1].startswith("There is no filter")
    assert told(manifest, {"filter": "sketsh"}, "zh_CN")[-1].startswith("没有")


def test_a_new_catalogue_gets_a_new_worker(site: Site) -> None:
    """Of a stranger's package here; Senga's own are watched by the same function."""
    package = site.folder / "wax"
    (package / "locale" / "ja" / "LC_MESSAGES").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    site.install("wax", "1", "[senga]\nwax = wax\n")
    catalogue = package / "locale" / "ja" / "LC_MESSAGES" / "wax.mo"

    def printed() -> str:
        done = subprocess.run([site.python, "-c", SOURCE], capture_output=True, text=True, check=True)
        return done.stdout

    prints = [printed(), printed()]
    catalogue.write_bytes(b"one")
    prints.append(printed())
    os.utime(catalogue, ns=(1, 1))
    prints.append(printed())
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_senga_watches_its_own_catalogues() -> None:
    from senga.host_adapters.worker.fingerprint import _sources

    seen = [Path(line.rsplit(" ", 1)[0]).name for line in _sources()]
    assert seen.count("senga.mo") >= 2
    assert "filter.py" in seen
