"""Fetch a file over HTTP(S): resuming, patient, bounded, and with its digest verified."""

from __future__ import annotations

import hashlib
import http.client
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import ModelError

Progress = Callable[[int, int | None], None]
"""Told the bytes done and the bytes in all (None when unknown); it may raise to stop."""

_CHUNK = 1 << 16
_MAX_UNKNOWN = 256 << 20
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_FLEETING = {408, 425, 429, 500, 502, 503, 504}


class NotReachable(ModelError):  # noqa: N818 - reads as a sentence where it is caught
    """A place could not be reached, or has no such file."""


class _Interrupted(Exception):  # noqa: N818 - a reason to try again, never seen outside
    """The connection broke off."""


class _Stale(_Interrupted):
    """What has arrived before is no beginning of the file that is there now."""


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    progress: Progress | None = None,
    tries: int = 3,
    pause: float = 1.0,
) -> None:
    """Fetch ``url`` to ``target``. What has arrived stays in ``target.part`` and is continued by the next call.

    Args:
        url: ``https``, or ``http`` on this machine.
        target: written only when complete.
        size: the exact size in bytes, if known; a file that is larger is refused.
        progress: told about every piece.
        tries: how often a connection is opened before giving up.
        pause: seconds before the second try; doubled for each further one.

    Raises:
        NotReachable: there is no connection, or no such file.
        ModelError: the file is larger than declared, or the address is not safe.
    """
    part = target.with_name(target.name + ".part")
    for attempt in range(tries):
        try:
            _continue(url, part, size, progress or _ignore)
            part.replace(target)
            _tag(part).unlink(missing_ok=True)
            return
        except (_Interrupted, OSError, http.client.HTTPException) as error:
            if isinstance(error, _Stale):
                part.unlink(missing_ok=True)
            if attempt + 1 == tries:
                raise NotReachable(f"{_host(url)} cannot be reached ({_reason(error)})") from error
            time.sleep(pause * 2**attempt)


def _continue(url: str, part: Path, size: int | None, progress: Progress) -> None:
    """One connection, from where the last one broke off."""
    begun = part.stat().st_size if part.exists() else 0
    if size is not None and begun > size:
        part.unlink()
        begun = 0
    if begun == size:
        return
    with _opened(_request(url, part, begun)) as answer:
        if not (answer.status == 206 and _range_start(answer) == begun):
            begun = 0
        length = answer.headers.get("Content-Length")
        total = begun + int(length) if length and length.isdigit() else size
        limit = size if size is not None else _MAX_UNKNOWN
        if total is not None and total > limit:
            raise ModelError(f"The file at {url} has {total} bytes, more than the {limit} expected, and was refused.")
        _tag(part).write_text(answer.headers.get("ETag", ""), "utf-8")
        _receive(answer, part, begun, limit, total, progress)


def _receive(answer: IO[bytes], part: Path, begun: int, limit: int, total: int | None, progress: Progress) -> None:
    done = begun
    with part.open("ab" if begun else "wb") as file:
        progress(done, total)
        while piece := answer.read(_CHUNK):
            done += len(piece)
            if done > limit:
                raise ModelError(f"The file is larger than the {limit} bytes expected, and was refused.")
            file.write(piece)
            progress(done, total)
    if total is not None and done < total:
        raise _Interrupted(f"{done} of {total} bytes arrived")


def _request(url: str, part: Path, begun: int) -> urllib.request.Request:
    headers = {"User-Agent": "senga", "Accept-Encoding": "identity"}
    if begun:
        headers["Range"] = f"bytes={begun}-"
        if _tag(part).exists() and (tag := _tag(part).read_text("utf-8")) and not tag.startswith("W/"):
            headers["If-Range"] = tag
    return urllib.request.Request(safe_url(url), headers=headers)  # noqa: S310 - safe_url has checked the scheme


@contextmanager
def _opened(request: urllib.request.Request) -> Iterator[Any]:
    try:
        with urllib.request.build_opener(_SafeRedirects).open(request, timeout=20) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            raise _Stale("the file there has changed") from error
        if error.code in _FLEETING:
            raise _Interrupted(f"HTTP {error.code}") from error
        raise NotReachable(f"{_host(request.full_url)} answers {error.code} {error.reason}") from error


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections only to places that are as safe as the first."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        safe = safe_url(newurl, local=_host(req.full_url) in _LOCAL)
        return super().redirect_request(req, fp, code, msg, headers, safe)


def safe_url(url: str, *, local: bool = True) -> str:
    """The address, if it is ``https``, or ``http`` on this machine where ``local`` allows it.

    Raises:
        ModelError: it is not.
    """
    scheme = urllib.parse.urlsplit(url).scheme
    if _host(url) in _LOCAL:
        if local and scheme in ("http", "https"):
            return url
        raise ModelError(f"A download was redirected to this machine ({url}), so nothing was fetched from there.")
    if scheme == "https":
        return url
    raise ModelError(f"The address {url} is not encrypted (https), so nothing was fetched from it.")


def digest_of(file: Path, kind: str = "sha256") -> str:
    """The digest of a file as ``sha256:…``, or as ``git:…``: the id that Git gives a file of this content."""
    # Git names files by SHA-1; it is the only digest that many public places publish.
    summer = hashlib.sha1(b"blob %d\0" % file.stat().st_size) if kind == "git" else hashlib.sha256()  # noqa: S324
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            summer.update(piece)
    return f"{kind}:{summer.hexdigest()}"


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file ``path``: one process at a time. It is let go even if the process dies.

    Args:
        path: the lock file; it stays behind, empty.
        waiting: called ten times a second while another process holds it; it may raise to stop waiting.
    """
    with path.open("ab") as file:
        while not _lock(file):
            waiting()
            time.sleep(0.1)
        yield


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _range_start(answer: Any) -> int:
    span = answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    return int(span) if span.isdigit() else -1


def _tag(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url


def _reason(error: BaseException) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(inner) or type(inner).__name__


def _ignore(done: int, total: int | None) -> None:
    """Nobody listens."""
