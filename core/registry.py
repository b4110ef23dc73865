"""Find plug-ins, register them one by one with isolation, make filters, and run them through the hooks."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import inspect
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
from pydantic import ValidationError

from . import hookspecs, places
from .errors import Cancelled, PluginError, SengaError, SettingsError, UnknownFilterError
from .filter import Filter, domain_of
from .image import Animation, Image
from .job import Job
from .plain import plain

if TYPE_CHECKING:
    from .store import Store
    from .strokes.brush import Brush

BUILTIN_PACKAGE = "senga.plugins"
"""Named by a string once: core finds the built-in plug-ins like everybody else's, by name."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


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


class _Core:
    """Core's own hook implementations."""

    @hookspecs.hookimpl(trylast=True)
    def senga_apply(self, filter: Filter, image: Image, job: Job) -> Image | Animation:  # noqa: A002 - named by the hook
        return filter(image, job)


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
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(_Core(), "senga core")
        self._disabled = set(read_disabled() if disabled is None else disabled)
        self._only = _chosen() if only is None else set(only)
        self._strict = os.environ.get("SENGA_STRICT") == "1" if strict is None else strict
        self.known: dict[str, Plugin] = {}
        self.filters: dict[str, type[Filter]] = {}
        self._store: Store | None = None
        if builtin:
            self._load_builtin()
        if third_party:
            self._load_entry_points()

    def _load_builtin(self) -> None:
        for name in importlib.import_module(BUILTIN_PACKAGE).BUILTIN:
            short = name.removeprefix(f"{BUILTIN_PACKAGE}.").replace("_", "-")
            self._admit(short, "built in", lambda name=name: importlib.import_module(name))

    def _load_entry_points(self) -> None:
        for point in importlib.metadata.entry_points(group=hookspecs.PROJECT):
            origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
            self._admit(point.name, origin, point.load)

    def _admit(self, name: str, origin: str, load: Any) -> None:
        """Load one plug-in unless it is switched off; a broken one is noted and leaves no trace."""
        if name in self.known:
            self._broken(name, origin, f"the name “{name}” is already taken by {self.known[name].origin}")
        elif name in self._disabled:
            self.known[name] = Plugin(name, origin, "disabled")
        elif self._only is not None and origin != "built in" and name not in self._only:
            self.known[name] = Plugin(name, origin, "not chosen")
        else:
            try:
                self.register(load(), name, origin)
            except (Exception, SystemExit) as error:  # a stranger's module may raise anything; the host must live on
                self._broken(name, origin, _reason(error), error)

    def _broken(self, name: str, origin: str, reason: str, cause: BaseException | None = None) -> None:
        if self._strict:
            raise PluginError(f"The plug-in “{name}” ({origin}) is broken: {reason}.", name) from cause
        key = name if name not in self.known else f"{name} of {origin}"
        self.known[key] = Plugin(name, origin, "broken", reason)

    def register(self, plugin: ModuleType | object, name: str, origin: str = "this program") -> None:
        """Register a plug-in object; on any error nothing of it stays.

        Raises:
            PluginError: a misspelt hook, a filter that is none, or a filter name that is taken.
            ValueError: the name or the object is registered already.
        """
        self._manager.register(plugin, name)
        try:
            self._manager.check_pending()
            found = self._filters_of(plugin, name)
        except BaseException:
            self._manager.unregister(plugin)
            raise
        for kind in found.values():
            domain_of(kind)
        self.filters |= found
        self.known[name] = Plugin(name, origin, "loaded", filters=tuple(found))

    def _filters_of(self, plugin: object, name: str) -> dict[str, type[Filter]]:
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        results = self._manager.subset_hook_caller("senga_filters", others)()
        found: dict[str, type[Filter]] = {}
        for kind in [kind for result in results for kind in result]:
            _check_class(kind, name)
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
        near = difflib.get_close_matches(name, self.filters, 1, 0.5)
        hint = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(self.filters) or 'none'}."
        raise UnknownFilterError(f"There is no filter “{name}”: {hint}")

    def make(self, name: str, settings: Mapping[str, Any] | None = None) -> Filter:
        """A filter with these settings, and defaults for the others.

        Raises:
            UnknownFilterError: no such filter.
            SettingsError: a setting is unknown or out of range.
        """
        kind = self.find(name)
        try:
            return kind(**(settings or {}))
        except ValidationError as error:
            raise SettingsError(f"{name}: {_wrong_settings(error, kind)}") from error

    def run(self, filter: Filter, image: Image, job: Job) -> Image | Animation:  # noqa: A002 - named by the hook
        """Run one filter through the hook ``senga_apply``.

        Raises:
            SengaError: what the filter says, or PluginError when it failed in another way.
            Cancelled: the user asked to stop.
        """
        try:
            result = self._manager.hook.senga_apply(filter=filter, image=image, job=job)
        except (SengaError, Cancelled, MemoryError):
            raise
        except Exception as error:  # the border between host and filter
            raise PluginError(
                f"The filter “{filter.name}” failed: {_reason(error)}.", self.owner(filter.name)
            ) from error
        if not isinstance(result, Image | Animation):
            raise PluginError(f"The filter “{filter.name}” gave no picture.", self.owner(filter.name))
        return result

    def store(self) -> Store:
        """The model store, with the models that the loaded filters list."""
        if self._store is not None:
            return self._store
        from .store import default_store

        files = dict.fromkeys(kind.models for kind in self.filters.values() if kind.models is not None)
        locate = self._manager.hook.senga_weights
        self._store = default_store(files, locate=lambda name, digest: locate(model=name, digest=digest))
        return self._store

    def brushes(self) -> tuple[Brush, ...]:
        """The brushes that plug-ins bring, beside the built-in ones."""
        return tuple(brush for brushes in self._manager.hook.senga_brushes() for brush in brushes)

    def equip(self, job: Job) -> Job:
        """The job with this collection's model store and brushes."""
        return replace(job, weights=lambda name: self.store().load(name), brushes=self.brushes)


@cache
def plugins() -> Plugins:
    """The plug-ins of this process, loaded at the first call."""
    return Plugins()


def read_disabled() -> set[str]:
    """The names that the user disabled."""
    path = places.config_folder() / "disabled-plugins.txt"
    return set(path.read_text("utf-8").split()) if path.exists() else set()


def write_disabled(names: Iterable[str]) -> None:
    """Remember which plug-ins not to load."""
    path = places.config_folder() / "disabled-plugins.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text("".join(f"{name}\n" for name in sorted(names)), "utf-8")
    part.replace(path)


def installed() -> list[str]:
    """The names of all plug-ins that could be loaded, without loading any."""
    package = importlib.import_module(BUILTIN_PACKAGE)
    builtin = [name.removeprefix(f"{BUILTIN_PACKAGE}.").replace("_", "-") for name in package.BUILTIN]
    return builtin + [point.name for point in importlib.metadata.entry_points(group=hookspecs.PROJECT)]


def _chosen() -> set[str] | None:
    names = os.environ.get("SENGA_PLUGINS")
    return None if names is None else {name.strip() for name in names.split(",") if name.strip()}


def _check_class(kind: Any, plugin: str) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Filter)):
        raise PluginError(f"senga_filters gave {kind!r}, which is not a Filter class", plugin)
    if not (isinstance(getattr(kind, "name", None), str) and _NAME.fullmatch(kind.name) and hasattr(kind, "title")):
        raise PluginError(f"{kind.__name__} needs a title and a name in lower case with dashes", plugin)
    if inspect.isabstract(kind):
        raise PluginError(f"{kind.__name__} lacks {', '.join(sorted(kind.__abstractmethods__))}", plugin)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return (
        text if isinstance(error, SengaError) else f"{type(error).__name__}: {text}" if text else type(error).__name__
    )


def _wrong_settings(error: ValidationError, kind: type[Filter]) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, kind.model_fields, 1)
        hint = f", did you mean “{near[0]}”?" if near else "."
        return f"there is no setting “{name}”{hint}"
    said = (first["msg"][0].lower() + first["msg"][1:]).removeprefix("value error, ")
    return f"the setting “{name}” is {plain(repr(first['input']), 100)}, but {said}."
