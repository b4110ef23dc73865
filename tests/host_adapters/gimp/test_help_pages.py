"""The pages behind GIMP's Help buttons."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from senga.host_adapters.gimp.help_pages import help_files
from senga.host_adapters.gimp.manifest import make_manifest


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return make_manifest()


@pytest.mark.parametrize("prefix", ["senga-", "python-fu-senga-"])
def test_every_procedure_leads_to_its_part_of_a_page(manifest: dict[str, Any], prefix: str) -> None:
    files = help_files(manifest, prefix)
    languages = {name.split("/")[0] for name in files}
    assert languages == {"en", *manifest["words"]}
    for language in languages:
        page = files[f"{language}/index.html"].decode()
        places = set(re.findall(r'id="([^"]+)"', page))
        tree = ElementTree.fromstring(files[f"{language}/gimp-help.xml"])  # noqa: S314 - our own
        found = {item.get("id"): str(item.get("ref")) for item in tree.iter("help-item")}
        for one in manifest["filters"]:
            assert found[prefix + one["name"]] == f"index.html#{one['name']}"
            assert one["name"] in places
        assert f"{prefix}run-recipe" in found


def test_pages_list_the_settings_in_the_painter_s_language(manifest: dict[str, Any]) -> None:
    files = help_files(manifest, "senga-")
    assert "Stroke width" in files["en/index.html"].decode()
    assert "鉛筆スケッチ" in files["ja/index.html"].decode()


def test_names_of_strangers_are_no_markup(manifest: dict[str, Any]) -> None:
    stranger = manifest["filters"][0] | {"title": "<script>&\"'", "summary": "</p><b>", "translated": {}}
    files = help_files({"words": {}, "filters": [stranger]}, "senga-")
    page = files["en/index.html"].decode()
    assert "<script>" not in page
    assert "</p><b>" not in page
    ElementTree.fromstring(files["en/gimp-help.xml"])  # noqa: S314 - our own
