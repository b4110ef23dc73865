"""How exactly networks compute, as hosts ask for it: drafts are for previews, and for results only when asked."""

from __future__ import annotations

from typing import Any

import pytest

from senga.errors import SettingsError
from senga.host_adapters.standalone.attempt import job_of
from senga.host_adapters.worker.order import Request
from senga.job import Job
from senga.work import Resources

SHEET = {"path": "/nowhere", "width": 2, "height": 2, "channels": 3, "depth": "u8"}


def request(preview: str = "", **order: Any) -> Request:
    return Request.read({"order": {"filter": "anime", **order}, "canvas": SHEET, "preview": preview})


@pytest.mark.parametrize(
    ("preview", "asked", "expected"),
    [
        ("", {}, "full"),
        ("dialog", {}, "draft"),
        ("", {"precision": "draft"}, "draft"),
        ("dialog", {"precision": "full"}, "full"),
    ],
)
def test_the_worker_makes_drafts_of_previews_only(preview: str, asked: dict[str, str], expected: str) -> None:
    assert request(preview, **asked).precision == expected


def test_the_worker_names_a_precision_that_it_does_not_know() -> None:
    with pytest.raises(SettingsError, match="precision"):
        request(precision="exact")


def test_the_runner_and_python_hand_it_on() -> None:
    options = {"threads": None, "memory": None, "device": "auto", "engine": "auto", "precision": "draft"}
    assert job_of(options, lambda: False, lambda *_: None).precision == "draft"
    assert Job().precision == "full"
    assert Resources(precision="draft").given_to(Job()).precision == "draft"
    assert Resources().given_to(Job(precision="draft")).precision == "draft"
