"""Fetch a file over HTTP(S): resuming, patient, bounded, and with its digest verified."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from senga.errors import ModelError
from senga.regular import open_regular

from .folder import open_own, told

Progress = Callable[[int, int | None], None]
"""Told the bytes done and the bytes in all (None when unknown); it may raise to stop."""

_CHUNK = 1 << 16
_PATIENCE, _SLOWEST = 60.0, 1000
"""Seconds of grace, and bytes each second that a server must send after them."""

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
            with told(part):
                part.replace(target)
                _tag(part).unlink(missing_ok=True)
            return
        except (_Interrupted, OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, _Stale):
                part.unlink(missing_ok=True)
            if attempt + 1 == tries:
                raise NotReachable(f"{_host(url)} cannot be reached ({_reason(error)})") from error
            time.sleep(pause * 2**attempt)


def _continue(url: str, part: Path, size: int | None, progress: Progress) -> None:
    """One connection, from where the last one broke off."""
    with told(part):
        begun = part.lstat().st_size if os.path.lexists(part) else 0
        if size is not None and begun > size:
            part.unlink()
            begun = 0
    if begun == size:
        return
    with _opened(_request(url, part, begun)) as answer:
        if answer.status == 206 and _range_start(answer) != begun:
            raise _Stale("another part than the one asked for arrived")
        begun = begun if answer.status == 206 else 0
        length = _decimal(answer.headers.get("Content-Length", ""))
        total = size if length is None else begun + length
        limit = size if size is not None else _MAX_UNKNOWN
        if total is not None and total > limit:
            raise ModelError(f"The file at {url} has {total} bytes, more than the {limit} expected, and was refused.")
        with told(part), open_own(_tag(part), "wb") as tag:
            tag.write(answer.headers.get("ETag", "").encode("utf-8", "replace"))
        _receive(answer, part, begun, limit, total, progress)


def _receive(answer: Any, part: Path, begun: int, limit: int, total: int | None, progress: Progress) -> None:
    done, started = begun, time.monotonic()
    with told(part):
        file = open_own(part, "ab" if begun else "wb")
    with file:
        progress(done, total)
        while piece := answer.read1(_CHUNK):
            done += len(piece)
            if done > limit:
                raise ModelError(f"The file is larger than the {limit} bytes expected, and was refused.")
            with told(part):
                file.write(piece)
            progress(done, total)
            if (done - begun) / _SLOWEST < time.monotonic() - started - _PATIENCE:
                raise _Interrupted("it sends too slowly")
        with told(part):
            file.flush()
    if total is not None and done < total:
        raise _Interrupted(f"{done} of {total} bytes arrived")


def _request(url: str, part: Path, begun: int) -> urllib.request.Request:
    headers = {"User-Agent": "senga", "Accept-Encoding": "identity"}
    if begun:
        headers["Range"] = f"bytes={begun}-"
        if tag := _known_tag(part):
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
        raise NotReachable(f"{_host(request.full_url)} answers {error.code} {str(error.reason)[:100]}") from error


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
    try:
        scheme = urllib.parse.urlsplit(url).scheme
    except ValueError as error:
        raise ModelError(f"The address {url[:200]} is none, so nothing was fetched from it.") from error
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
    with open_regular(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        summer = hashlib.sha1(b"blob %d\0" % size) if kind == "git" else hashlib.sha256()  # noqa: S324
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
    with told(path):
        file = open_own(path, "ab")
    with file:
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
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # else this file system has no locks
    return True


def _range_start(answer: Any) -> int:
    start = _decimal(answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0])
    return -1 if start is None else start


def _decimal(text: str) -> int | None:
    """What a header says in digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _known_tag(part: Path) -> str:
    """What the server called the version whose beginning is here, if that can be said to it again."""
    try:
        with open_regular(_tag(part), follow=False) as stream:
            tag = stream.read(1000).decode("latin-1")
    except OSError:
        return ""
    return tag if re.fullmatch(r'"[!#-~]*"', tag) else ""


def _tag(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _host(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).hostname or url[:200]
    except ValueError:
        return url[:200]


def _reason(error: BaseException) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(inner) or type(inner).__name__


def _ignore(done: int, total: int | None) -> None:
    """Nobody listens."""
