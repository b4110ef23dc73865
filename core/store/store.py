"""The model store: weights that were shipped, pulled or imported, each with its card and its licence.

It is a folder with one ``NAME.safetensors`` for each model, in the names of the network that uses it (`model_file`),
a list of the terms that were accepted, and one of the digests of downloads that nobody pins.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path

from senga import places
from senga.errors import ModelError
from senga.job import Weights

from .catalog import ModelEntry, is_safe_name, merge, read_entry
from .conversion import check_network, converted, own_card
from .download import Progress, digest_of, download, exclusive
from .folder import SUFFIX, FolderError, make_private, place, remember, remembered, told
from .folder import stored as stored_models
from .model_file import encoded, read_model, usable
from .verdict import Verdict, verdict_on
from .words import by_hand, cost_of, name_for

Accept = Callable[[ModelEntry], bool]
"""Shows a model's terms and says whether the user accepts them."""

Locate = Callable[[str, str], Path | Weights | None]
"""Asked first where a model is, by name and pinned digest; None means: look in the store."""

_FIRST_SEEN = "first-seen.txt"
_ACCEPTED = "accepted-licences.txt"
_TAKEN = "There is a style “{name}” already: remove it, or choose another name with --name."


class Store:
    """The models that a catalogue lists, and those that the user imported.

    Args:
        catalog: the models that can be had.
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
        self._given, self._problems, self._told = catalog, problems, ""
        self.root = root if root is not None else places.data_folder() / "models"
        self.offline = os.environ.get("SENGA_OFFLINE", "0") not in ("", "0") if offline is None else offline
        self._locate = locate

    @cached_property
    def _catalog(self) -> dict[str, ModelEntry]:
        """The models that can be had, read when somebody asks: who uses no model meets no broken list."""
        return {entry.name: entry for entry in self._given}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the lists of models and with the folder."""
        self._problems = tuple(self._problems)
        return (*self._problems, self._told) if self._told else self._problems

    def entries(self) -> list[ModelEntry]:
        """Every model: shipped, in the store, and to be had; those with a ``file`` can be used now."""
        stored = self._stored()
        known = [_with_file(entry, stored.pop(entry.name, None)) for entry in self._catalog.values()]
        return known + [_stored_entry(file) for file in stored.values()]

    def _stored(self) -> dict[str, Path]:
        """The models in the folder; a folder that cannot be used holds none."""
        try:
            return stored_models(self.root)
        except FolderError as error:
            self._told = str(error)
            return {}

    def find(self, name: str) -> ModelEntry:
        """The model of that name.

        Raises:
            ModelError: there is none; the message suggests the nearest.
        """
        known = {entry.name: entry for entry in self.entries()}
        if name in known:
            return known[name]
        near = difflib.get_close_matches(name.lower(), known, 1, 0.5)
        hint = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(known) or 'none'}."
        raise ModelError(f"There is no style “{name}”: {hint}")

    def load(self, name: str) -> Weights:
        """The weights of a model, as 32-bit floats in the names of its network, with its card.

        Raises:
            ModelError: it is unknown, not on this machine, or damaged; the message says what to do.
        """
        entry = self._catalog.get(name)
        located = self._locate(name, entry.digest if entry else "") if self._locate else None
        if located is not None:
            return located if isinstance(located, Weights) else usable(self._converted(Path(located), entry))
        entry = self.find(name)
        if entry.file is None:
            way = f"`senga models pull {name}` fetches it{cost_of(entry)}"
            raise ModelError(f"The style “{name}” is not on this machine: {way}.")
        return read_model(entry.file)

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
        if self.offline:
            raise ModelError(f"Senga is offline (SENGA_OFFLINE). {by_hand(entry)}")
        self._ask(entry, accept)
        make_private(self.root)
        report = progress or _unheard
        with exclusive(self.root / f"{name}.lock", lambda: report(0, entry.size)):
            if not os.path.lexists(self._file(name)):
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
        name = name_for(path) if name is None else name
        entry = self._catalog.get(name)
        if not is_safe_name(name):
            raise ModelError(f"“{name}” is no name for a style: use lower-case letters, digits and dashes.")
        if entry is not None and entry.shipped:
            raise ModelError(f"“{name}” is a style that comes with Senga: choose another name with --name.")
        if os.path.lexists(self._file(name)):
            raise ModelError(_TAKEN.format(name=name))
        weights = self._converted(path, entry)
        pinned = entry is not None and entry.digest == digest_of(path, _kind(entry.digest))
        self._place(name, weights, {"file_digest": digest_of(path), "verified": "yes" if pinned else "no"})
        return self.find(name)

    def verify(self, name: str | None = None) -> list[Verdict]:
        """Read one model, or every model on this machine, and compare it with its digest."""
        entries = [self.find(name)] if name else [entry for entry in self.entries() if entry.file is not None]
        return [verdict_on(entry) for entry in entries]

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
        with told(self.root):
            self._file(name).unlink(missing_ok=True)  # in the folder, whatever the entry says

    def _file(self, name: str) -> Path:
        return self.root / f"{name}{SUFFIX}"

    def _place(self, name: str, weights: Weights, origin: Mapping[str, str]) -> None:
        """Write a model into the folder; ``origin`` tells where the weights came from."""
        make_private(self.root)
        content = encoded(Weights(weights.arrays, {**weights.card, **origin}))
        with told(self._file(name)):
            try:
                place(self._file(name), content)
            except FileExistsError as error:
                raise ModelError(_TAKEN.format(name=name)) from error

    def _converted(self, path: Path, entry: ModelEntry | None) -> Weights:
        """A file in the names of its network, with the facts of its entry, else those it states itself."""
        from senga.neural.checkpoints import read_checkpoint

        checkpoint = read_checkpoint(path)
        offered = [entry] if entry else self._catalog.values()
        weights = converted(checkpoint, list(dict.fromkeys(one.converter for one in offered)), path)
        if entry is None:
            return Weights(weights.arrays, {**own_card(checkpoint), **weights.card})
        check_network(entry, weights, path)
        return Weights(weights.arrays, {**weights.card, **entry.card()})

    def _ask(self, entry: ModelEntry, accept: Accept) -> None:
        """Ask for consent to these terms, once."""
        unverified = "" if entry.digest else "\nunverified"
        terms = hashlib.sha256(f"{entry.licence}\n{entry.terms}{unverified}".encode()).hexdigest()[:16]
        if remembered(self.root / _ACCEPTED).get(entry.name) == terms:
            return
        if not accept(entry):
            raise ModelError(f"The terms of “{entry.name}” were not accepted, so nothing was fetched.")
        remember(self.root / _ACCEPTED, entry.name, terms)

    def _fetch(self, entry: ModelEntry, progress: Progress) -> None:
        """Try one place after the other until one gives the right file."""
        failures: list[str] = []
        for url in entry.urls:
            file = self.root / f"{entry.name}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.download"
            try:
                download(url, file, size=entry.size, progress=progress)
                self._admit(entry, file, url)
            except FolderError:
                raise
            except (ModelError, _WrongFile) as error:
                failures.append(str(error).rstrip("."))
            else:
                return
            finally:
                with told(file):
                    file.unlink(missing_ok=True)
        raise ModelError(f"The style “{entry.name}” could not be fetched: {'; '.join(failures)}. {by_hand(entry)}")

    def _admit(self, entry: ModelEntry, file: Path, url: str) -> None:
        """Verify a downloaded file before anything reads it, then convert it into the store."""
        digest = digest_of(file, _kind(entry.digest))
        expected = entry.digest or remembered(self.root / _FIRST_SEEN).get(url, digest)
        if digest != expected:
            raise _WrongFile(f"what {url} gives has the digest {digest} instead of {expected}, and was deleted")
        origin = {"file_digest": digest, "fetched_from": url, "verified": "yes" if entry.digest else "no"}
        self._place(entry.name, self._converted(file, entry), origin)
        if not entry.digest:
            remember(self.root / _FIRST_SEEN, url, digest)


def default_store(lists: Iterable[Path], locate: Locate | None = None, root: Path | None = None) -> Store:
    """The store for these lists of models (``weights.toml`` files); a list that is broken is told in ``problems``."""
    read = cache(lambda: merge(lists))

    def entries() -> Iterator[ModelEntry]:
        yield from read()[0].values()

    def problems() -> Iterator[str]:
        yield from read()[1]

    return Store(entries(), root, locate=locate, problems=problems())


class _WrongFile(Exception):  # noqa: N818 - a reason to try the next place, never seen outside
    """A download has another digest than expected."""


def _with_file(entry: ModelEntry, file: Path | None) -> ModelEntry:
    return entry if entry.shipped or file is None else entry.model_copy(update={"file": file})


def _stored_entry(file: Path) -> ModelEntry:
    """An imported model; one that is damaged is listed as such."""
    try:
        return read_entry(file)
    except ModelError as error:
        return ModelEntry(name=file.stem, file=file, note=str(error))


def _kind(digest: str) -> str:
    return "git" if digest.startswith("git:") else "sha256"


def _unheard(done: int, total: int | None) -> None:
    """Nobody listens to the progress."""
