"""Find plug-ins, register them one by one with isolation, make filters, and run them through the hooks."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from . import switches
from .announced import announced
from .asking import Hooks
from .errors import PluginError, SettingsError, UnknownFilterError
from .families import Family
from .filter import Filter, domain_of
from .image import Animation, Image
from .job import Job, Weights
from .moved import moved
from .names import nearest
from .plugin_checks import check_class, check_texts, wrong_settings
from .strangers import at_work, border, reason, undisturbed
from .styles import Styles, readable
from .turns import fallen, turn

if TYPE_CHECKING:
    from .backends import Backend
    from .store import Store
    from .store.catalog import ModelEntry
    from .strokes.brush import Brush

BUILTIN_PACKAGE = "senga.plugins"
"""Named by a string once: core finds the built-in plug-ins like everybody else's, by name."""

_BUILT_IN = "built in"
log = logging.getLogger("senga.plugins")


@dataclass(frozen=True)
class Plugin:
    """What is known of one plug-in.

    Attributes:
        name: what ``senga plugins disable`` takes.
        origin: the distribution it comes from, with its version.
        state: ``loaded``, ``disabled``, ``broken`` or ``not chosen``.
        problem: why it is broken.
        filters: the names of its filters.
    """

    name: str
    origin: str
    state: str
    problem: str = ""
    filters: tuple[str, ...] = ()


class Plugins:
    """The one typed door to the hooks.

    Args:
        builtin: load the filters that come with Senga.
        third_party: load the entry points of the group ``senga`` (less the disabled ones).
        disabled: names not to load; by default those that the user disabled.
        only: load just these; by default what ``SENGA_PLUGINS`` lists, when it is set.
        strict: raise at the first broken plug-in; by default when ``SENGA_STRICT=1``.

    Raises:
        PluginError: a plug-in is broken and ``strict`` holds.
    """

    def __init__(
        self,
        *,
        builtin: bool = True,
        third_party: bool = True,
        disabled: Iterable[str] | None = None,
        only: Iterable[str] | None = None,
        strict: bool | None = None,
    ) -> None:
        self._hooks = Hooks(self.owner, self._blame)
        self._fallen = fallen() if third_party else set()
        self._disabled = set(switches.read_disabled() if disabled is None else disabled)
        self._only = _chosen() if only is None else set(only)
        self._strict = os.environ.get("SENGA_STRICT") == "1" if strict is None else strict
        self.known: dict[str, Plugin] = {}
        self.filters: dict[str, type[Filter]] = {}
        self._families: dict[str, tuple[Family, str]] | None = None
        self._store: Store | None = None
        if builtin:
            self._load_builtin()
        if third_party:
            self._load_entry_points()

    def _load_builtin(self) -> None:
        for name in importlib.import_module(BUILTIN_PACKAGE).BUILTIN:
            self._admit(_short(name), _BUILT_IN, partial(importlib.import_module, name))

    def _load_entry_points(self) -> None:
        for each in announced():
            self._admit(each.point.name, each.origin, each.point.load)

    def _admit(self, name: str, origin: str, load: Callable[[], Any]) -> None:
        """Load one plug-in unless it is switched off; a broken one is noted and leaves no trace."""
        if name in self.known:
            self._broken(name, origin, f"the name “{name}” is already taken by {self.known[name].origin}")
        elif name in self._disabled:
            self.known[name] = Plugin(name, origin, "disabled")
        elif self._only is not None and origin != _BUILT_IN and name not in self._only:
            self.known[name] = Plugin(name, origin, "not chosen")
        elif f"{name}\t{origin}" in self._fallen:
            again = f"“senga plugins enable {name}” tries it again"
            self._broken(name, origin, f"Senga ended, or was ended, while it was being loaded; {again}")
        else:
            try:
                self._load(name, origin, load)
            except Exception as error:  # a stranger's module may raise anything; the host must live on
                self._broken(name, origin, reason(error), error)

    def _load(self, name: str, origin: str, load: Callable[[], Any]) -> None:
        if origin == _BUILT_IN:
            self.register(load(), name, origin)
            return
        with turn(name, origin), undisturbed():
            with border():
                plugin = load()
            self.register(plugin, name, origin)

    def _broken(self, name: str, origin: str, why: str, cause: BaseException | None = None) -> None:
        if self._strict:
            raise PluginError(f"The plug-in “{name}” ({origin}) is broken: {why}.", name) from cause
        key = name if name not in self.known else f"{name} of {origin}"
        self.known[key] = Plugin(name, origin, "broken", why)

    def register(self, plugin: ModuleType | object, name: str, origin: str = "this program") -> None:
        """Register a plug-in object; on any error nothing of it stays.

        Raises:
            PluginError: a misspelt hook, a filter that is none or cannot be described, or a filter name that is taken.
            ValueError: the name or the object is registered already.
        """
        if self._hooks.has(name):
            raise ValueError(f"The plug-in “{name}” is registered already.")
        try:
            with border():
                self._hooks.add(plugin, name)
                found = self._filters_of(plugin, name)
                for kind in found.values():
                    if origin != _BUILT_IN:
                        check_texts(kind, name)
                    domain_of(kind)
        except BaseException:
            self._hooks.drop(plugin, name)
            raise
        self.filters |= found
        self._families = None
        self.known[name] = Plugin(name, origin, "loaded", filters=tuple(found))

    def _filters_of(self, plugin: object, name: str) -> dict[str, type[Filter]]:
        found: dict[str, type[Filter]] = {}
        for kind in chain.from_iterable(self._hooks.alone(plugin, "senga_filters")):  # there may be no end of them
            check_class(kind, name)
            taken = kind.name in found or kind.name in self.filters
            if taken:
                raise PluginError(
                    f"its filter “{kind.name}” is also a filter of “{self.owner(kind.name) or name}”", name
                )
            found[kind.name] = kind
        return found

    def owner(self, filter_name: str) -> str:
        """The name of the plug-in that brings a filter, or an empty string."""
        return next((plugin.name for plugin in self.known.values() if filter_name in plugin.filters), "")

    def find(self, name: str) -> type[Filter]:
        """The filter class of that name.

        Raises:
            UnknownFilterError: there is none; the message suggests the nearest, or tells which plug-in is off.
        """
        if name in self.filters:
            return self.filters[name]
        raise UnknownFilterError(f"There is no filter “{name}”: {self._hint(name)}")

    def _hint(self, name: str) -> str:
        off = self.known.get(name)
        if off is not None and off.state == "broken":
            return f"the plug-in of that name is broken ({off.problem})."
        if off is not None and off.state == "disabled":
            return f"the plug-in of that name is disabled; “senga plugins enable {name}” loads it again."
        return nearest(name, self.filters) or f"there are {', '.join(self.filters) or 'none'}."

    def make(self, name: str, settings: Mapping[str, Any] | None = None) -> Filter:
        """A filter with these settings, and defaults for the others.

        Raises:
            UnknownFilterError: no such filter.
            SettingsError: a setting is unknown or out of range.
        """
        kind = self.find(name)
        with at_work(name, self.owner(name)):
            try:
                return kind(**(settings or {}))
            except ValidationError as error:
                raise SettingsError(f"{name}: {wrong_settings(error, kind)}") from error

    def run(self, filter: Filter, image: Image, job: Job) -> Image | Animation:  # noqa: A002 - named by the hook
        """Run one filter through the hook ``senga_apply``.

        Raises:
            SengaError: what the filter says, or PluginError when it failed in another way.
            Cancelled: the user asked to stop.
        """
        return self._hooks.run(filter, image, self.offered(type(filter), job))

    @property
    def families(self) -> dict[str, Family]:
        """The families of networks that plug-ins bring, by name."""
        return {name: family for name, (family, _) in self._brought().items()}

    def _brought(self) -> dict[str, tuple[Family, str]]:
        """The same, each with the plug-in that brings it."""
        if self._families is None:
            self._families = self._hooks.families()
        return self._families

    def family(self, name: str) -> Family:
        """The family of that name.

        Raises:
            SettingsError: there is none.
        """
        if name in self.families:
            return self.families[name]
        hint = nearest(name, self.families) or f"there are {', '.join(self.families) or 'none'}."
        raise SettingsError(f"There is no family of networks “{name}”: {hint}")

    @property
    def backends(self) -> dict[str, Backend]:
        """Where batches can run, by name."""
        return self._hooks.backends()

    def backend(self, name: str) -> Backend:
        """The back end of that name.

        Raises:
            SettingsError: there is none.
        """
        found = self.backends
        if name in found:
            return found[name]
        hint = nearest(name, found) or f"there are {', '.join(found) or 'none'}."
        raise SettingsError(f"There is no back end “{name}”: {hint}")

    def families_of(self, kind: type[Filter]) -> tuple[str, ...]:
        """The families that a filter paints with; one that only lists models has a family of its own name."""
        if kind.families or kind.models is None:
            return kind.families
        alike = (other for other in self.filters.values() if not other.families and other.models == kind.models)
        return (next(alike, kind).name,)

    def styles_of(self, families: tuple[str, ...]) -> dict[str, ModelEntry]:
        """The styles of some families, by what a painter calls them: the short name while it is unique among them."""
        from .store.choice import short_names
        from .store.drafts import without_drafts

        entries = without_drafts(self.store().entries(families))
        return dict(zip(short_names(entries), entries, strict=True))

    def store(self) -> Store:
        """The model store, with the models that the families list."""
        if self._store is None:
            from .store import default_store

            self._store = default_store(readable(self._all_families(), self._blame), locate=self._locate)
        return self._store

    def _all_families(self) -> list[tuple[Family, str]]:
        """Also those of filters that only list models, each with the plug-in that brings it."""
        kinds = [kind for kind in self.filters.values() if kind.models is not None]
        own = [kind for kind in kinds if self.families_of(kind) == (kind.name,) and kind.name not in self.families]
        return [*self._brought().values()] + [
            (Family(kind.name, kind.title, kind.models), self.owner(kind.name)) for kind in own
        ]

    def _locate(self, name: str, digest: str) -> Path | Weights | None:
        found = self._hooks.answer("senga_weights", Path | Weights | str | None, model=name, digest=digest)
        assert isinstance(found, Path | Weights | str | None)  # noqa: S101 - narrows the type
        return Path(found) if isinstance(found, str) else found

    def brushes(self) -> tuple[Brush, ...]:
        """The brushes that plug-ins bring, beside the built-in ones."""
        return self._hooks.brushes()

    def resources(self, kind: str) -> tuple[Any, ...]:
        """What plug-ins bring of a kind, beside what is built in; see ``asking.RESOURCES``."""
        return self._hooks.resources(kind)

    def _blame(self, name: str, why: str, cause: Exception | None = None) -> None:
        """Note what is wrong with a plug-in that is loaded."""
        known = self.known.get(name)
        if self._strict:
            raise PluginError(f"The plug-in “{name}” is broken: {why}.", name) from cause
        if known is not None:
            self.known[name] = replace(known, state="broken", problem=why)

    def equip(self, job: Job) -> Job:
        """The job with this collection's model store, brushes and other resources."""
        return replace(job, weights=Styles(self.store), brushes=self.brushes, resources=self.resources)

    def offered(self, kind: type[Filter], job: Job) -> Job:
        """The job with the styles of the filter's own families alone, in their draft forms if it is for a draft."""
        if not isinstance(job.weights, Styles):
            return job
        styles = replace(
            job.weights, families=self.families_of(kind), asking=kind.name, drafts=job.precision == "draft"
        )
        return replace(job, weights=styles)


@cache
def plugins() -> Plugins:
    """The plug-ins of this process, loaded at the first call."""
    return Plugins()


def installed() -> list[str]:
    """The names of all plug-ins that could be loaded, without loading any."""
    builtin = [_short(name) for name in importlib.import_module(BUILTIN_PACKAGE).BUILTIN]
    return builtin + [each.point.name for each in announced()]


def _short(module: str) -> str:
    return module.removeprefix(f"{BUILTIN_PACKAGE}.").replace("_", "-")


def _chosen() -> set[str] | None:
    names = os.environ.get("SENGA_PLUGINS")
    return None if names is None else {name.strip() for name in names.split(",") if name.strip()}


__getattr__ = moved(
    __name__, {name: f"senga.switches.{name}" for name in ("enable", "read_disabled", "write_disabled")}
)
