"""A small web server that can resume, break off, redirect and change its mind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from senga.store.catalog import ModelEntry
from senga.store.download import digest_of

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "plugins" / "animegan" / "weights.toml"
PAYLOAD = ROOT / "plugins" / "animegan" / "weights" / "hokusai.safetensors"
CONVERTER = "senga.plugins.animegan.convert:to_senga"


@dataclass
class Site:
    """What the server serves, and what it was asked.

    Attributes:
        address: ``http://127.0.0.1:port``.
        files: path -> content.
        redirects: path -> address.
        breaks: how many answers break off in the middle.
        busy: how many answers are 503.
        ranges: whether ``Range`` is honoured.
        tag: the ETag.
        length: the Content-Length, if not the true one.
        asked: path and ``Range`` of every request.
        on_half: called when half of a file is sent.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    breaks: int = 0
    busy: int = 0
    ranges: bool = True
    tag: str = '"one"'
    length: str | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    on_half: Callable[[], None] = lambda: None

    def url(self, path: str = "/model") -> str:
        return self.address + path


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Say nothing."""

    def do_GET(self) -> None:
        site = self.site
        site.asked.append((self.path, self.headers.get("Range", "")))
        if self.path in site.redirects:
            self.send_response(302)
            self.send_header("Location", site.redirects[self.path])
            self.end_headers()
        elif self.path not in site.files:
            self.send_error(404)
        elif site.busy:
            site.busy -= 1
            self.send_error(503)
        else:
            self._send(site.files[self.path])

    def _send(self, content: bytes) -> None:
        site, begin = self.site, 0
        wanted = self.headers.get("Range", "")
        if wanted and site.ranges and self.headers.get("If-Range", site.tag) == site.tag:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        length = str(len(content) - begin) if site.length is None else site.length
        self.send_header("Content-Length", length.encode("latin-1", "replace").decode("latin-1"))
        self.send_header("ETag", site.tag)
        self.end_headers()
        middle = begin + (len(content) - begin) // 2
        self.wfile.write(content[begin:middle])
        site.on_half()
        if site.breaks:
            site.breaks -= 1
            self.close_connection = True
            return
        self.wfile.write(content[middle:])


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A running server that serves a model at ``/model``."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("time.sleep", lambda _: None)
    served = Site(files={"/model": PAYLOAD.read_bytes()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OurHandler", (Handler,), {"site": served}))
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def entry(site: Site) -> ModelEntry:
    """A public model on that server."""
    return ModelEntry(
        name="wave",
        title="Wave",
        urls=(site.url(),),
        size=PAYLOAD.stat().st_size,
        digest=digest_of(PAYLOAD),
        architecture="animeganv2",
        width="0.5",
        licence="NC",
        terms="Not for sale.",
        commercial="no",
        author="Nobody",
        converter=CONVERTER,
    )


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """Runs a program in a fresh interpreter and returns what it prints."""

    def run(program: str) -> str:
        return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    return run
