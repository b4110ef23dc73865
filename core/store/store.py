"""The model store: weights that were shipped, pulled or imported, each with its card and its licence.

It is a folder with one ``FAMILY/NAME.safetensors`` for each model, in the names of the network that uses it
(`model_file`), a list of the terms that were accepted, and one of the digests of downloads that nobody pins. What lies
there as ``NAME.safetensors`` is from before models had families, or of none that is known.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

from senga import places
from senga.errors import ModelError
from senga.families import Family, family_of
from senga.job import Weights
from senga.names import SLASH, joined, parted

from . import fetching
from .catalog import ModelEntry, merge, read_card, read_entry
from .choice import called, choose, of_families, short_names
from .conversion import from_file
from .download import Progress, digest_of, exclusive
from .drafts import draft_form
from .fetching import Accept
from .folder import SUFFIX, FolderError, make_private, make_shelf, place, told
from .folder import stored as stored_models
from .model_file import encoded, read_model, usable
from .several import STYLE, apart, picked, styles_in
from .verdict import Verdict, verdict_on
from .words import by_hand, cost_of, name_for

Locate = Callable[[str, str], Path | Weights | None]
"""Asked first where a model is, by name and pinned digest; None means: look in the store."""

_TAKEN = "There is a style “{name}” already: remove it, or choose another name with --name."


class Store:
    """The models that a catalogue lists, and those that the user imported.

    Args:
        catalog: the models that can be had.
        root: where pulled and imported models lie; by default a folder of the user.
        offline: never open a connection; by default when ``SENGA_OFFLINE=1``.
        locate: asked first where a model is.
        problems: what was wrong with the lists of models, to be shown.
        families: whose models these are.
    """

    def __init__(
        self,
        catalog: Iterable[ModelEntry],
        root: Path | None = None,
        *,
        offline: bool | None = None,
        locate: Locate | None = None,
        problems: Iterable[str] = (),
        families: Iterable[Family] = (),
    ) -> None:
        self._given, self._problems, self._told = catalog, problems, ""
        self.root = root if root is not None else places.data_folder() / "models"
        self.offline = os.environ.get("SENGA_OFFLINE", "0") not in ("", "0") if offline is None else offline
        self._locate = locate
        self._families = {family.name: family for family in reversed([*families])}

    @cached_property
    def _catalog(self) -> dict[str, ModelEntry]:
        """The models that can be had, read when somebody asks: who uses no model meets no broken list."""
        given = (each for entry in self._given for each in (apart(entry, own_names=True) if entry.shipped else [entry]))
        return {entry.full_name: entry for entry in given}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the lists of models and with the folder."""
        self._problems = tuple(self._problems)
        return (*self._problems, self._told) if self._told else self._problems

    def entries(self, families: Iterable[str] = ()) -> list[ModelEntry]:
        """Every model: shipped, in the store, and to be had; those with a ``file`` can be used now.

        Args:
            families: only models of these, and those of which nobody knows the family; by default all.
        """
        stored = self._stored()
        known = [_with_file(entry, stored.pop(entry.full_name, None)) for entry in self._catalog.values()]
        known += [self._stored_entry(name, file) for name, file in stored.items()]
        return of_families((each for entry in known for each in _with_styles(entry)), families)

    def shown(self, entries: Iterable[ModelEntry]) -> list[str]:
        """What these models are called: the short name where no other model of the store has it."""
        every = self.entries()
        names = dict(zip((entry.full_name for entry in every), short_names(every), strict=True))
        return [names.get(entry.full_name, entry.full_name) for entry in entries]

    def _stored(self) -> dict[str, Path]:
        """The models in the folder, by full name; a folder that cannot be used holds none."""
        try:
            found = stored_models(self.root)
        except FolderError as error:
            self._told = str(error)
            return {}
        return {self._home(name, file): file for name, file in reversed(found.items())}

    def _home(self, name: str, file: Path) -> str:
        """The full name of a model in the folder; one from before there were families tells its own."""
        if SLASH in name:
            return name
        listed = [entry for entry in self._catalog.values() if entry.name == name]
        if all(not entry.family for entry in self._catalog.values()) and not self._families:
            return name
        try:
            family = family_of(read_card(file), self._families)
        except ModelError:
            family = None
        if family is not None:
            return joined(family.name, name)
        return listed[0].full_name if len(listed) == 1 else name

    def _stored_entry(self, name: str, file: Path) -> ModelEntry:
        """An imported model; one that is damaged is listed as such."""
        family, short = parted(name) or ("", file.stem)
        known = self._families.get(family)
        try:
            return read_entry(file, known).model_copy(update={"name": short, "family": family})
        except ModelError as error:
            return ModelEntry(name=short, family=family, file=file, note=str(error))

    def find(self, name: str, families: Sequence[str] = (), asking: str = "") -> ModelEntry:
        """The model of that name, ``family/name`` or the short one while it is unique; see ``choose``.

        Raises:
            ModelError: there is none, or there are several.
        """
        return choose(name, self.entries(), families, asking)

    def load(self, name: str, families: Sequence[str] = (), asking: str = "", *, draft: bool = False) -> Weights:
        """The weights of a model, as 32-bit floats in the names of its network, with its card.

        Args:
            name: of the model.
            families: only models of these; by default of all.
            asking: the filter that paints with these families.
            draft: give the draft form in its place where it has one; what a plug-in says the place of has none.

        Raises:
            ModelError: it is unknown, not on this machine, or damaged; the message says what to do.
        """
        listed = called(name, of_families(self._catalog.values(), families))
        located = self._located(name, listed[0] if len(listed) == 1 else None)
        if located is not None:
            return picked(located)
        entries = self.entries()
        entry = choose(name, entries, families, asking)
        if entry.file is None:
            way = f"`senga models pull {self.shown([entry])[0]}` fetches it{cost_of(entry)}"
            raise ModelError(f"The style “{name}” is not on this machine: {way}.")
        form = (draft_form(entry, entries) if draft else None) or entry
        assert form.file is not None  # noqa: S101 - both have one
        return picked(read_model(form.file, form.network), form.facts.get(STYLE, ""))

    def _located(self, name: str, entry: ModelEntry | None) -> Weights | None:
        """What plug-ins say of a model, by the name that was asked for, then by its other name."""
        names = dict.fromkeys((name, *((entry.full_name, entry.name) if entry else ())))
        for each in names if self._locate else ():
            located = self._locate(each, entry.digest if entry else "") if self._locate else None
            if located is not None:
                weights = located if isinstance(located, Weights) else usable(self._converted(Path(located), entry)[0])
                return weights if weights.network or not entry else replace(weights, network=entry.network)
        return None

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
            raise ModelError(f"Senga is offline (SENGA_OFFLINE). {by_hand(entry, self.shown([entry])[0])}")
        fetching.consent(self.root, entry, accept)
        make_private(self.root)
        report = progress or fetching.unheard
        with exclusive(self.root / f"{entry.full_name.replace(SLASH, '.')}.lock", lambda: report(0, entry.size)):
            if not os.path.lexists(self._file(entry.family, entry.name)):
                fetching.fetch(self.root, entry, report, lambda file, origin: self._admit(entry, file, origin))
        return self.find(entry.full_name)

    def _admit(self, entry: ModelEntry, file: Path, origin: Mapping[str, str]) -> None:
        self._place(entry.family, entry.name, self._converted(file, entry)[0], origin)

    def import_file(self, path: Path, name: str | None = None) -> ModelEntry:
        """Put a weights file of any known format into the store.

        Args:
            path: the file; it is left as it is.
            name: the name of the style, ``family/name`` or the short one; by default that of the file.

        Raises:
            ModelError: the name is taken or none, or the file holds no network that is known.
        """
        name = name_for(path) if name is None else name
        family, short = self._free(name)
        listed = called(name, self._catalog.values())
        if len(listed) > 1:
            self.find(name)  # which says that there are several
        entry = listed[0] if listed else None
        weights, home = self._converted(path, entry, family)
        pinned = entry is not None and entry.digest == digest_of(path, fetching.kind_of(entry.digest))
        origin = {"file_digest": digest_of(path), "verified": "yes" if pinned else "no"}
        self._place(home, short, weights, origin)
        return self.find(joined(home, short))

    def _free(self, name: str) -> tuple[str, str]:
        """Family, as far as it is said, and short name of a model that can be put into the store.

        Raises:
            ModelError: it is no name, or it is taken.
        """
        parts = parted(name)
        if parts is None:
            raise ModelError(f"“{name}” is no name for a style: use lower-case letters, digits and dashes.")
        family, short = parts
        if family and family not in {*self._families, *(entry.family for entry in self._catalog.values())}:
            raise ModelError(f"“{name}” is no name for a style: there is no family of networks “{family}”.")
        here = [entry for entry in called(name, self.entries()) if entry.file is not None]
        if any(entry.shipped for entry in here):
            raise ModelError(f"“{name}” is a style that comes with Senga: choose another name with --name.")
        if here or os.path.lexists(self._file(family, short)):
            raise ModelError(_TAKEN.format(name=name))
        return family, short

    def verify(self, name: str | None = None) -> list[Verdict]:
        """Read one model, or every model on this machine, and compare it with its digest."""
        entries = [self.find(name)] if name else [entry for entry in self.entries() if entry.file is not None]
        return [verdict_on(*each) for each in zip(entries, self.shown(entries), strict=True)]

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
        file = self._stored().get(entry.full_name)  # in the folder, whatever the entry says
        if file is None and STYLE in entry.facts:
            raise ModelError(f"A style among others cannot be removed by itself: remove “{entry.file.stem}”.")
        with told(self.root):
            if file is not None:
                file.unlink(missing_ok=True)

    def _file(self, family: str, name: str) -> Path:
        return self.root / family / f"{name}{SUFFIX}"

    def _place(self, family: str, name: str, weights: Weights, origin: Mapping[str, str]) -> None:
        """Write a model into the folder; ``origin`` tells where the weights came from."""
        file = make_shelf(self.root, family) / f"{name}{SUFFIX}"
        stated = {"family": family} if family else {}
        content = encoded(Weights(weights.arrays, {**weights.card, **stated, **origin}))
        with told(file):
            try:
                place(file, content)
            except FileExistsError as error:
                raise ModelError(_TAKEN.format(name=name)) from error

    def _converted(self, path: Path, entry: ModelEntry | None, wanted: str = "") -> tuple[Weights, str]:
        return from_file(path, entry, self._families, self._catalog.values(), wanted)


def default_store(lists: Iterable[Path | Family], locate: Locate | None = None, root: Path | None = None) -> Store:
    """The store for these families, or lists of models (``weights.toml`` files); ``problems`` tells of broken lists."""
    given = [*lists]
    read = cache(lambda: merge(given))

    def entries() -> Iterator[ModelEntry]:
        yield from read()[0].values()

    def problems() -> Iterator[str]:
        yield from read()[1]

    families = [each for each in given if isinstance(each, Family)]
    return Store(entries(), root, locate=locate, problems=problems(), families=families)


def _with_styles(entry: ModelEntry) -> list[ModelEntry]:
    """A model on this machine, and behind it the styles that it holds, if they are several."""
    several = entry.file is not None and not entry.shipped and styles_in(entry.facts)
    return [entry, *apart(entry)] if several else [entry]


def _with_file(entry: ModelEntry, file: Path | None) -> ModelEntry:
    return entry if entry.shipped or file is None else entry.model_copy(update={"file": file})
