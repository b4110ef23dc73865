"""How public models come here: the terms that are accepted first, and the places that are tried until a file is right.

The folder of the store keeps a list of the terms that were accepted, and one of the digests of downloads that nobody
pins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from senga.errors import ModelError

from .catalog import ModelEntry
from .download import Progress, digest_of, download
from .folder import FolderError, remember, remembered, told
from .words import by_hand

Accept = Callable[[ModelEntry], bool]
"""Shows a model's terms and says whether the user accepts them."""

Admit = Callable[[Path, Mapping[str, str]], None]
"""Takes a verified file, and what its card is to say about where it came from."""

_FIRST_SEEN = "first-seen.txt"
_ACCEPTED = "accepted-licences.txt"


class _WrongFile(Exception):  # noqa: N818 - a reason to try the next place, never seen outside
    """A download has another digest than expected."""


def consent(root: Path, entry: ModelEntry, accept: Accept) -> None:
    """Ask for consent to the terms of a model, once.

    Raises:
        ModelError: they were refused.
    """
    unverified = "" if entry.digest else "\nunverified"
    terms = hashlib.sha256(f"{entry.licence}\n{entry.terms}{unverified}".encode()).hexdigest()[:16]
    accepted = remembered(root / _ACCEPTED)
    if terms in (accepted.get(entry.full_name), accepted.get(entry.name)):  # the second is from before families
        return
    if not accept(entry):
        raise ModelError(f"The terms of “{entry.name}” were not accepted, so nothing was fetched.")
    remember(root / _ACCEPTED, entry.full_name, terms)


def fetch(root: Path, entry: ModelEntry, progress: Progress, admit: Admit) -> None:
    """Try one place after the other until one gives the right file.

    Args:
        root: the folder of the store.
        entry: what is wanted.
        progress: told about every piece that arrives.
        admit: takes the file into the store.

    Raises:
        ModelError: no place gave the right file, or one that ``admit`` can use.
    """
    failures: list[str] = []
    for url in entry.urls:
        file = root / f"{entry.name}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.download"
        try:
            download(url, file, size=entry.size, progress=progress)
            _verify(root, entry, file, url, admit)
        except FolderError:
            raise
        except (ModelError, _WrongFile) as error:
            failures.append(str(error).rstrip("."))
        else:
            return
        finally:
            with told(file):
                file.unlink(missing_ok=True)
    raise ModelError(
        f"The style “{entry.name}” could not be fetched: {'; '.join(failures)}. {by_hand(entry, entry.full_name)}"
    )


def _verify(root: Path, entry: ModelEntry, file: Path, url: str, admit: Admit) -> None:
    """Verify a downloaded file before anything reads it, then hand it over."""
    digest = digest_of(file, kind_of(entry.digest))
    expected = entry.digest or remembered(root / _FIRST_SEEN).get(url, digest)
    if digest != expected:
        raise _WrongFile(f"what {url} gives has the digest {digest} instead of {expected}, and was deleted")
    admit(file, {"file_digest": digest, "fetched_from": url, "verified": "yes" if entry.digest else "no"})
    if not entry.digest:
        remember(root / _FIRST_SEEN, url, digest)


def kind_of(digest: str) -> str:
    """How a digest is taken: ``git``, or ``sha256``."""
    return "git" if digest.startswith("git:") else "sha256"


def unheard(done: int, total: int | None) -> None:
    """Nobody listens to the progress."""
