"""Fetching over HTTP: resuming, retrying, bounds, redirections."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest

from senga.errors import ModelError
from senga.store.download import NotReachable, digest_of, download, exclusive, safe_url


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "model"


def test_a_broken_connection_is_continued(site: Any, target: Path) -> None:
    site.breaks = 2
    download(site.url(), target)
    assert target.read_bytes() == site.files["/model"]
    starts = [int(span.removeprefix("bytes=").rstrip("-") or 0) for _, span in site.asked]
    assert starts == sorted(starts)
    assert len(set(starts)) == 3
    assert [path.name for path in target.parent.iterdir()] == ["model"]


def test_after_three_tries_it_gives_up_and_the_next_call_continues(site: Any, target: Path) -> None:
    site.breaks = 3
    with pytest.raises(NotReachable, match=r"127\.0\.0\.1 cannot be reached \(\d+ of \d+ bytes arrived\)"):
        download(site.url(), target)
    assert not target.exists()
    download(site.url(), target)
    assert target.read_bytes() == site.files["/model"]
    assert site.asked[-1][1].startswith("bytes=")


def test_a_busy_server_is_asked_again(site: Any, target: Path) -> None:
    site.busy = 2
    download(site.url(), target)
    assert len(site.asked) == 3


def test_what_does_not_exist_is_asked_once(site: Any, target: Path) -> None:
    with pytest.raises(NotReachable, match="answers 404"):
        download(site.url("/gone"), target)
    assert len(site.asked) == 1


def test_a_server_that_cannot_resume_starts_afresh(site: Any, target: Path) -> None:
    site.breaks, site.ranges = 1, False
    download(site.url(), target)
    assert target.read_bytes() == site.files["/model"]


def test_two_versions_are_never_mixed(site: Any, target: Path) -> None:
    site.breaks = 3
    with pytest.raises(NotReachable):
        download(site.url(), target)
    site.files["/model"], site.tag = bytes(reversed(site.files["/model"])), '"two"'
    download(site.url(), target)
    assert target.read_bytes() == site.files["/model"]


def test_a_part_that_is_longer_than_the_file_starts_afresh(site: Any, target: Path) -> None:
    target.with_name("model.part").write_bytes(site.files["/model"] + b"more")
    download(site.url(), target)
    assert target.read_bytes() == site.files["/model"]


def test_a_complete_part_needs_no_connection(site: Any, target: Path) -> None:
    target.with_name("model.part").write_bytes(site.files["/model"])
    download(site.url(), target, size=len(site.files["/model"]))
    assert site.asked == []


def test_larger_than_declared_is_refused_before_it_arrives(site: Any, target: Path) -> None:
    with pytest.raises(ModelError, match="more than the 1000 expected, and was refused"):
        download(site.url(), target, size=1000)
    assert not target.exists()


def test_progress_tells_every_piece(site: Any, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(site.url(), target, progress=lambda done, total: seen.append((done, total)))
    size = len(site.files["/model"])
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert len(seen) > 5


def test_redirections_are_followed(site: Any, target: Path) -> None:
    site.redirects["/moved"] = site.url()
    download(site.url("/moved"), target)
    assert target.read_bytes() == site.files["/model"]


@pytest.mark.parametrize("place", ["http://example.com/model", "ftp://127.0.0.1/model", "file:///etc/passwd"])
def test_redirections_to_unsafe_places_are_refused(site: Any, target: Path, place: str) -> None:
    site.redirects["/moved"] = place
    with pytest.raises((ModelError, NotReachable)):
        download(site.url("/moved"), target)
    assert not target.exists()


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://example.com/x", "file:///etc/passwd", "x", ""])
def test_unsafe_addresses(url: str) -> None:
    with pytest.raises(ModelError, match="not encrypted"):
        safe_url(url)


def test_a_distant_place_cannot_redirect_to_this_machine() -> None:
    assert safe_url("http://localhost:8000/x") == "http://localhost:8000/x"
    with pytest.raises(ModelError, match="redirected to this machine"):
        safe_url("http://localhost:8000/x", local=False)


def test_digests(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"hello\n")
    assert digest_of(file) == "sha256:" + hashlib.sha256(b"hello\n").hexdigest()
    assert digest_of(file, "git") == "git:ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object


@pytest.mark.parametrize("header", ["²", "9" * 5000, "-1", "1, 1", ""])
def test_odd_lengths_are_no_lengths(site: Any, target: Path, header: str) -> None:
    site.length = header
    try:
        download(site.url(), target, pause=0)
    except ModelError:
        assert not target.exists()
    else:
        assert target.read_bytes() == site.files["/model"]


def test_odd_tags_are_not_sent_back(site: Any, target: Path) -> None:
    for tag in (b"\xff\xfe", b'"a\r\nHost: evil"', b"", b"\0" * 5000):
        target.with_name("model.part").write_bytes(site.files["/model"][:100])
        target.with_name("model.part.etag").write_bytes(tag)
        download(site.url(), target)
        assert target.read_bytes() == site.files["/model"]


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://exa mple.com:x/", "https://" + "a" * 300 + ".com/", "ftp://x/"]
)
def test_addresses_that_are_none(target: Path, url: str) -> None:
    with pytest.raises(ModelError):
        download(url, target, tries=1)


def test_a_redirection_to_nowhere(site: Any, target: Path) -> None:
    site.redirects["/gone"] = "https://[::1"
    with pytest.raises(ModelError):
        download(site.url("/gone"), target)


def test_a_server_that_sends_a_byte_now_and_then_is_left(
    site: Any, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has arrived stays, so the next call goes on from there."""
    monkeypatch.setattr("senga.store.download._PATIENCE", -1.0)
    monkeypatch.setattr("senga.store.download._SLOWEST", 1e15)
    with pytest.raises(NotReachable, match="it sends too slowly"):
        download(site.url(), target)
    assert target.with_name("model.part").stat().st_size > 0


def test_a_full_disk_is_not_the_servers_fault(site: Any, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target.with_name("model.part").mkdir()
    with pytest.raises(ModelError, match="model folder cannot be used") as caught:
        download(site.url(), target)
    assert not isinstance(caught.value, NotReachable)
    assert len(site.asked) <= 1


def test_a_file_system_without_locks_is_used_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with exclusive(tmp_path / "lock", lambda: pytest.fail("waits for ever")):
        pass
