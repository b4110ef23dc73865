"""The model store: weights that were shipped, pulled or imported, each with its card and its licence.

A model in the store is one file, ``NAME.safetensors``: arrays in the names of the network that uses them, the facts of
its card as metadata, and among these a digest of all the rest, so that damage is found out.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import places
from .catalog import ModelEntry, merge, read_entry, safe_name
from .download import NotReachable, Progress, digest_of, download, exclusive
from .errors import ModelError
from .job import Weights

if TYPE_CHECKING:
    from .neural.checkpoints import Checkpoint

Accept = Callable[[ModelEntry], bool]
"""Shows a model's terms and says whether the user accepts them."""

Locate = Callable[[str, str], Path | Weights | None]
"""Asked first where a model is, by name and pinned digest; None means: look in the store."""

_CONTENT = "content_sha256"


@dataclass(frozen=True)
class Verdict:
    """The result of verifying one model; ``problem`` is empty when it is sound."""

    name: str
    problem: str = ""


class Store:
    """The models that a catalogue lists, and those that the user imported.

    Args:
        catalog: the models that can be had, by name.
        root: where pulled and imported models lie; by default a folder of the user.
        offline: never open a connection; by default when ``SENGA_OFFLINE=1``.
        locate: asked first where a model is.
        problems: what was wrong with the lists of models, to be shown.
    """

    def __init__(
        self,
        catalog: Iterable[ModelEntry],
        root: Path | None = None,
        *,
        offline: bool | None = None,
        locate: Locate | None = None,
        problems: Iterable[str] = (),
    ) -> None:
        self._catalog = {entry.name: entry for entry in catalog}
        self.root = root if root is not None else places.data_folder() / "models"
        self.offline = os.environ.get("SENGA_OFFLINE", "0") not in ("", "0") if offline is None else offline
        self._locate = locate
        self.problems = tuple(problems)

    def entries(self) -> list[ModelEntry]:
        """Every model: shipped, in the store, and to be had; those with a ``file`` can be used now."""
        known = {name: self._here(entry) for name, entry in self._catalog.items()}
        for file in sorted(self.root.glob("*.safetensors")):
            if file.stem not in known:
                known[file.stem] = read_entry(file)
        return list(known.values())

    def find(self, name: str) -> ModelEntry:
        """The model of that name.

        Raises:
            ModelError: there is none; the message suggests the nearest.
        """
        if name in self._catalog:
            return self._here(self._catalog[name])
        if self._file(name).exists():
            return read_entry(self._file(name))
        names = [entry.name for entry in self.entries()]
        near = difflib.get_close_matches(name.lower(), names, 1, 0.5)
        hint = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(names) or 'none'}."
        raise ModelError(f"There is no style “{name}”: {hint}")

    def load(self, name: str) -> Weights:
        """The weights of a model, as float arrays in the names of its network, with its card.

        Raises:
            ModelError: it is unknown, not on this machine, or damaged; the message says what to do.
        """
        located = self._locate(name, self._pinned(name)) if self._locate else None
        if isinstance(located, Weights):
            return located
        if located is not None:
            return _usable(self._converted(Path(located), self._catalog.get(name)))
        entry = self.find(name)
        if entry.file is None:
            raise ModelError(
                f"The style “{name}” is not on this machine: `senga models pull {name}` fetches it{_cost(entry)}."
            )
        state = entry.file.stat()
        return _read(entry.file, state.st_mtime_ns, state.st_size)

    def pull(self, name: str, accept: Accept, progress: Progress | None = None) -> ModelEntry:
        """Fetch a public model, verify it, and put it into the store.

        Args:
            name: a model of the catalogue.
            accept: shows the terms; it is not asked again for terms that were accepted before.
            progress: told about every piece that arrives; raising from it stops, and the next pull continues.

        Raises:
            ModelError: the terms were refused, nothing could be fetched, or what came is not what was expected.
        """
        entry = self.find(name)
        if entry.file is not None:
            return entry
        if not entry.urls:
            raise ModelError(f"Nobody publishes the style “{name}”: import a file with `senga models import`.")
        if self.offline:
            raise ModelError(f"Senga is offline (SENGA_OFFLINE). {_by_hand(entry)}")
        self._accepted(entry, accept)
        report = progress or (lambda done, total: None)  # noqa: ARG005 - nobody listens
        self.root.mkdir(parents=True, exist_ok=True)
        with exclusive(self.root / f"{name}.lock", lambda: report(0, entry.size)):
            if not self._file(name).exists():
                self._fetch(entry, report)
        return self.find(name)

    def import_file(self, path: Path, name: str | None = None) -> ModelEntry:
        """Put a weights file of any known format into the store.

        Args:
            path: the file; it is left as it is.
            name: the name of the style; by default that of the file.

        Raises:
            ModelError: the name is taken or none, or the file holds no network that is known.
        """
        name = _name_for(path) if name is None else _checked_name(name)
        entry = self._catalog.get(name)
        if entry is not None and entry.shipped:
            raise ModelError(f"“{name}” is a style that comes with Senga: choose another name with --name.")
        if self._file(name).exists():
            raise ModelError(f"There is a style “{name}” already: remove it, or choose another name with --name.")
        weights = self._converted(path, entry)
        digest = digest_of(path)
        pinned = entry is not None and entry.digest != "" and entry.digest == digest_of(path, _kind(entry.digest))
        self._write(name, weights, {"file_digest": digest, "verified": "yes" if pinned else "no"})
        return self.find(name)

    def verify(self, name: str | None = None) -> list[Verdict]:
        """Read one model, or every model on this machine, and compare it with its digest."""
        entries = [entry for entry in self.entries() if entry.file is not None] if name is None else [self.find(name)]
        return [_verdict(entry) for entry in entries]

    def remove(self, name: str) -> None:
        """Delete a model from the store.

        Raises:
            ModelError: it is not there, or it is shipped.
        """
        entry = self.find(name)
        if entry.shipped:
            raise ModelError(f"“{name}” comes with Senga and cannot be removed.")
        if entry.file is None:
            raise ModelError(f"The style “{name}” is not on this machine, so there is nothing to remove.")
        entry.file.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.root / f"{_checked_name(name)}.safetensors"

    def _here(self, entry: ModelEntry) -> ModelEntry:
        """The entry, with its file where the store has it."""
        file = self._file(entry.name)
        return entry if entry.shipped or not file.exists() else entry.model_copy(update={"file": file})

    def _pinned(self, name: str) -> str:
        return self._catalog[name].digest if name in self._catalog else ""

    def _converted(self, path: Path, entry: ModelEntry | None) -> Weights:
        """A file in the names of its network, with the facts of its entry, else those it states itself."""
        from .neural.checkpoints import read_checkpoint

        checkpoint = read_checkpoint(path)
        converters = [entry.converter] if entry else [other.converter for other in self._catalog.values()]
        weights = _convert(checkpoint, list(dict.fromkeys(filter(None, converters))), path)
        card = {**ModelEntry.of_card("file", checkpoint.metadata).card(), **weights.card}
        if entry is not None:
            _same_network(entry, weights, path)
            card |= entry.card()
        return Weights(weights.arrays, card)

    def _accepted(self, entry: ModelEntry, accept: Accept) -> None:
        """Ask for consent to these terms, once."""
        memory = self.root / "accepted-licences.txt"
        terms = hashlib.sha256(f"{entry.licence}\n{entry.terms}".encode()).hexdigest()[:16]
        line = f"{entry.name} {terms}"
        if memory.exists() and line in memory.read_text("utf-8").splitlines():
            return
        if not accept(entry):
            raise ModelError(
                f"The terms of “{entry.name}” ({entry.licence}) were not accepted, so nothing was fetched."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        with memory.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def _fetch(self, entry: ModelEntry, progress: Progress) -> None:
        """Try one place after the other until one gives the right file."""
        failures: list[str] = []
        for url in entry.urls:
            place = hashlib.sha256(url.encode()).hexdigest()[:8]
            file = self.root / f"{entry.name}-{place}.download"
            try:
                download(url, file, size=entry.size, progress=progress)
                self._admit(entry, file, url)
            except NotReachable as error:
                failures.append(str(error))
            except _WrongFile as error:
                failures.append(str(error))
            else:
                return
            finally:
                file.unlink(missing_ok=True)
        raise ModelError(f"The style “{entry.name}” could not be fetched: {'; '.join(failures)}. {_by_hand(entry)}")

    def _admit(self, entry: ModelEntry, file: Path, url: str) -> None:
        """Verify a downloaded file before anything reads it, then convert it into the store."""
        digest = digest_of(file, _kind(entry.digest))
        expected = entry.digest or self._first_seen(entry.name, digest)
        if digest != expected or (entry.size is not None and file.stat().st_size != entry.size):
            raise _WrongFile(
                f"what {url} gives is not the expected file ({digest} instead of {expected}) and was deleted"
            )
        origin = {"file_digest": digest, "fetched_from": url, "verified": "yes" if entry.digest else "no"}
        self._write(entry.name, self._converted(file, entry), origin)

    def _first_seen(self, name: str, digest: str) -> str:
        """The digest that the first download of an unpinned model had; it is remembered and expected ever after."""
        memory = self.root / "first-seen.txt"
        lines = memory.read_text("utf-8").splitlines() if memory.exists() else []
        seen = dict(line.split(" ", 1) for line in lines)
        if name not in seen:
            with memory.open("a", encoding="utf-8") as file:
                file.write(f"{name} {digest}\n")
        return seen.get(name, digest)

    def _write(self, name: str, weights: Weights, origin: Mapping[str, str]) -> None:
        """Put a model into the store, all or nothing."""
        from safetensors.numpy import save_file

        arrays = {key: np.ascontiguousarray(array) for key, array in sorted(weights.arrays.items())}
        card = {**weights.card, **origin}
        self.root.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(".part", f"{name}-", self.root)
        os.close(handle)
        try:
            save_file(arrays, part, {**card, _CONTENT: _content_digest(arrays, card)})
            Path(part).replace(self._file(name))
        finally:
            Path(part).unlink(missing_ok=True)


def default_store(lists: Iterable[Path], locate: Locate | None = None, root: Path | None = None) -> Store:
    """The store for these lists of models (``weights.toml`` files); a list that is broken is told in ``problems``."""
    entries, problems = merge(lists)
    return Store(entries.values(), root, locate=locate, problems=problems)


class _WrongFile(Exception):  # noqa: N818 - a reason to try the next place, never seen outside
    """A download has another digest than the catalogue states."""


def _convert(checkpoint: Checkpoint, converters: list[str], path: Path) -> Weights:
    """Let each converter try; the first that knows the network wins."""
    reasons: list[str] = []
    for converter in converters:
        module, _, function = converter.partition(":")
        try:
            weights: Weights = getattr(importlib.import_module(module), function)(checkpoint)
        except ModelError as error:
            reasons.append(str(error))
        else:
            return weights
    raise ModelError(
        f"“{path.name}” holds no network that Senga knows: {' '.join(reasons) or 'no filter takes models.'}"
    )


def _same_network(entry: ModelEntry, weights: Weights, path: Path) -> None:
    found, width = weights.card.get("architecture", ""), float(weights.card.get("width", 1))
    if (entry.architecture and found != entry.architecture) or width != float(entry.width):
        wanted = f"{entry.architecture} of width {entry.width}"
        raise ModelError(f"“{path.name}” is {found} of width {width:g}, but the style “{entry.name}” is {wanted}.")


def _content_digest(arrays: Mapping[str, NDArray[Any]], card: Mapping[str, str]) -> str:
    """A digest of arrays and card, in an order of its own."""
    summer = hashlib.sha256(json.dumps({**card, _CONTENT: ""}, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        summer.update(f"{name} {array.dtype.str} {array.shape}".encode())
        summer.update(np.ascontiguousarray(array).data)
    return summer.hexdigest()


@lru_cache(maxsize=4)
def _read(file: Path, changed: int, size: int) -> Weights:  # noqa: ARG001 - they tell one state of the file from another
    """A model of the store; one that carries a digest must agree with it."""
    from .neural.checkpoints import read_checkpoint

    checkpoint = read_checkpoint(file)
    stated = checkpoint.metadata.get(_CONTENT)
    if stated is not None and stated != _content_digest(checkpoint.arrays, checkpoint.metadata):
        raise ModelError(f"The model file “{file}” is damaged; remove it and pull or import it again.")
    return _usable(Weights(checkpoint.arrays, checkpoint.metadata))


def _usable(weights: Weights) -> Weights:
    """Floats of 32 bits that nobody can write into."""
    arrays = {name: np.array(array, np.float32) for name, array in weights.arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    return Weights(arrays, dict(weights.card))


def _verdict(entry: ModelEntry) -> Verdict:
    if entry.file is None:
        return Verdict(entry.name, "It is not on this machine.")
    try:
        _read.__wrapped__(entry.file, 0, 0)
    except ModelError as error:
        return Verdict(entry.name, str(error))
    return Verdict(entry.name)


def _kind(digest: str) -> str:
    return "git" if digest.startswith("git:") else "sha256"


def _checked_name(name: str) -> str:
    try:
        return safe_name(name)
    except ValueError as error:
        raise ModelError(f"{error}.") from error


def _name_for(path: Path) -> str:
    """A name made from that of a file."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in path.stem.lower())
    return _checked_name("-".join(filter(None, plain.split("-"))))


def _cost(entry: ModelEntry) -> str:
    size = f"{entry.size / 1e6:.1f} MB, " if entry.size else ""
    return f" ({size}{entry.licence})"


def _by_hand(entry: ModelEntry) -> str:
    return (
        f"Fetch {entry.urls[0]} on another machine, and import it here with "
        f"`senga models import FILE --name {entry.name}`."
    )
