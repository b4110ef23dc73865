"""Find plug-ins, register them one by one with isolation, make filters, and run them through the hooks."""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import logging
import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
from pydantic import ValidationError

from . import hookspecs, places
from .announced import announced
from .atomic import place
from .errors import Cancelled, PluginError, SengaError, SettingsError, UnknownFilterError
from .filter import Filter, about, describe, domain_of
from .image import Animation, Frame, Image
from .job import Job, Weights
from .plain import plain
from .strangers import at_work, border, reason
from .turns import fallen, forgive, turn

if TYPE_CHECKING:
    from .store import Store
    from .strokes.brush import Brush

BUILTIN_PACKAGE = "senga.plugins"
"""Named by a string once: core finds the built-in plug-ins like everybody else's, by name."""

_BUILT_IN = "built in"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_THROUGH = (SengaError, Cancelled, MemoryError)
"""What a host is meant to hear as it is."""

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


class _Core:
    """Core's own hook implementations."""

    def __init__(self, owner: Callable[[str], str]) -> None:
        self._owner = owner

    @hookspecs.hookimpl(trylast=True)
    def senga_apply(self, filter: Filter, image: Image, job: Job) -> Image | Animation:  # noqa: A002 - named by the hook
        """Call the filter; the error of a filter that fails names it and its plug-in."""
        result = self._called(filter, lambda: filter(image, job))
        if isinstance(result, Animation):
            return replace(result, frames=lambda: self._frames(filter, result))
        if not isinstance(result, Image):
            raise PluginError(f"The filter “{filter.name}” gave no picture.", self._owner(filter.name))
        return result

    def _called(self, filter: Filter, act: Callable[[], Any]) -> Any:  # noqa: A002 - as above
        with at_work(filter.name, self._owner(filter.name)):
            return act()

    def _frames(self, filter: Filter, film: Animation) -> Iterator[Frame]:  # noqa: A002 - as above
        """The frames of a filter's film; its code runs between them."""
        frames = self._called(filter, lambda: iter(film.frames()))
        while (frame := self._called(filter, lambda: next(frames, None))) is not None:
            yield frame


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
        self._core = _Core(self.owner)
        self._manager.register(self._core, "senga core")
        self._left_out: dict[str, list[object]] = {}
        self._fallen = fallen() if third_party else set()
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
        with turn(name, origin):
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
        if self._manager.has_plugin(name):
            raise ValueError(f"The plug-in “{name}” is registered already.")
        try:
            with border():
                self._manager.register(plugin, name)
                self._manager.check_pending()
                found = self._filters_of(plugin, name)
                for kind in found.values():
                    if origin != _BUILT_IN:
                        _check_texts(kind, name)
                    domain_of(kind)
        except BaseException:
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(plugin)
            raise
        self.filters |= found
        self.known[name] = Plugin(name, origin, "loaded", filters=tuple(found))

    def _filters_of(self, plugin: object, name: str) -> dict[str, type[Filter]]:
        found: dict[str, type[Filter]] = {}
        for kind in [kind for result in self._alone(plugin, "senga_filters") for kind in result]:
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
        with at_work(name, self.owner(name)):
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
        result = self._ask("senga_apply", filter=filter, image=image, job=job)
        if isinstance(result, Image | Animation):
            return result
        left_out = self._left_out.get("senga_apply", [])
        for impl in self._manager.hook.senga_apply.get_hookimpls():  # of them, core's own gives a picture
            if impl.plugin is not self._core and impl.plugin not in left_out:
                self._leave_out(impl.plugin, "senga_apply", TypeError(f"it made {type(result).__name__} of a picture"))
        return self.run(filter, image, job)

    def store(self) -> Store:
        """The model store, with the models that the loaded filters list."""
        if self._store is None:
            from .store import default_store

            self._store = default_store(self._catalogs(), locate=self._locate)
        return self._store

    def _catalogs(self) -> dict[Path, None]:
        """The lists of models that can be read; a plug-in whose list cannot be is named."""
        from .store.catalog import read_catalog

        good: dict[Path, None] = {}
        for kind in [kind for kind in self.filters.values() if kind.models is not None]:
            try:
                with border():
                    path = Path(kind.models or "")
                    if path not in good:
                        read_catalog(path)
                good[path] = None
            except Exception as error:  # of whatever a stranger's file is made
                self._blame(self.owner(kind.name), reason(error))
        return good

    def _locate(self, name: str, digest: str) -> Path | Weights | None:
        found = self._ask("senga_weights", model=name, digest=digest)
        if found is None or isinstance(found, Path | Weights):
            return found
        if isinstance(found, str):
            return Path(found)
        raise PluginError(f"A plug-in gave {type(found).__name__} as the weights of “{name}”.")

    def brushes(self) -> tuple[Brush, ...]:
        """The brushes that plug-ins bring, beside the built-in ones."""
        found: list[Brush] = []
        for impl in self._manager.hook.senga_brushes.get_hookimpls():
            if impl.plugin in self._left_out.get("senga_brushes", ()):
                continue
            try:
                with border():
                    brushes = [brush for some in self._alone(impl.plugin, "senga_brushes") for brush in some]
                    _check_brushes(brushes)
                found += brushes
            except Exception as error:  # a stranger's hook must not keep the others from drawing
                self._leave_out(impl.plugin, "senga_brushes", error)
        return tuple(found)

    def _alone(self, plugin: object, hook: str) -> Any:
        """What one plug-in answers."""
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        return self._manager.subset_hook_caller(hook, others)()

    def _ask(self, hook: str, **facts: Any) -> Any:
        """Call a hook; a plug-in that fails in it is named and left out of it, and the others are asked again.

        Raises:
            SengaError: what an implementation tells the user.
            Cancelled: the user asked to stop.
        """
        asked = self._manager.subset_hook_caller(hook, self._left_out.get(hook, ()))
        try:
            with border():
                return asked(**facts)
        except _THROUGH:
            raise
        except Exception as error:  # of any plug-in that implements the hook
            culprit = self._culprit(hook, error)
            if culprit is None:
                raise PluginError(f"A plug-in failed in {hook}: {reason(error)}.") from error
            self._leave_out(culprit, hook, error)
        return self._ask(hook, **facts)

    def _culprit(self, hook: str, error: Exception) -> object | None:
        """The plug-in whose implementation of a hook raised, or misused its turn as a wrapper."""
        impls = getattr(self._manager.hook, hook).get_hookimpls()
        codes: dict[Any, object] = {getattr(impl.function, "__code__", None): impl.plugin for impl in impls}
        for raised in (error, error.__cause__):
            frames = traceback.walk_tb(raised.__traceback__ if raised else None)
            found = [codes[frame.f_code] for frame, _ in frames if frame.f_code in codes]
            if found and found[-1] is not self._core:
                return found[-1]
        places = {f"{code.co_filename}:{code.co_firstlineno}": plugin for code, plugin in codes.items() if code}
        return next((plugin for place, plugin in places.items() if place in reason(error)), None)

    def _leave_out(self, plugin: object, hook: str, error: Exception) -> None:
        self._left_out.setdefault(hook, []).append(plugin)
        name = self._manager.get_name(plugin) or ""
        why = f"it failed in {hook}: {reason(error)}"
        log.warning("The plug-in “%s” is left out: %s.", name, why)
        self._blame(name, why, error)

    def _blame(self, name: str, why: str, cause: Exception | None = None) -> None:
        """Note what is wrong with a plug-in that is loaded."""
        known = self.known.get(name)
        if self._strict:
            raise PluginError(f"The plug-in “{name}” is broken: {why}.", name) from cause
        if known is not None:
            self.known[name] = replace(known, state="broken", problem=why)

    def equip(self, job: Job) -> Job:
        """The job with this collection's model store and brushes."""
        return replace(job, weights=lambda name: self.store().load(name), brushes=self.brushes)


@cache
def plugins() -> Plugins:
    """The plug-ins of this process, loaded at the first call."""
    return Plugins()


def read_disabled() -> set[str]:
    """The names that the user disabled; none where that cannot be read."""
    try:
        lines = _disabled_file().read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.strip() for line in lines if line.strip()}


def write_disabled(names: Iterable[str]) -> None:
    """Remember which plug-ins not to load.

    Raises:
        SengaError: that cannot be written down.
    """
    path = _disabled_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place("".join(f"{name}\n" for name in sorted(names)).encode(), [path], overwrite=True)
    except OSError as error:
        raise SengaError(f"{path} cannot be written: {error.strerror}. SENGA_HOME names another folder.") from error


def enable(name: str) -> bool:
    """Load a plug-in again that was disabled, or left out after a process died of it; gives whether it was."""
    disabled = read_disabled()
    if name in disabled:
        write_disabled(disabled - {name})
    try:
        return forgive(name) or name in disabled
    except OSError as error:
        raise SengaError(f"{error.filename} cannot be written: {error.strerror}.") from error


def installed() -> list[str]:
    """The names of all plug-ins that could be loaded, without loading any."""
    builtin = [_short(name) for name in importlib.import_module(BUILTIN_PACKAGE).BUILTIN]
    return builtin + [each.point.name for each in announced()]


def _disabled_file() -> Path:
    return places.config_folder() / "disabled-plugins.txt"


def _short(module: str) -> str:
    return module.removeprefix(f"{BUILTIN_PACKAGE}.").replace("_", "-")


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


def _check_brushes(brushes: Iterable[Any]) -> None:
    for brush in brushes:
        if not isinstance(getattr(brush, "name", None), str):
            raise TypeError(f"it gave {type(brush).__name__}, which is no Brush")


def _check_texts(kind: type[Filter], plugin: str) -> None:
    """Whether hosts can show the filter and its settings: each asks all filters, so one that fails would spoil all."""
    try:
        if not (isinstance(kind.title, str) and isinstance(kind.summary, str)):
            raise TypeError("its title and summary must be text")
        if not (kind.locale is None or isinstance(kind.locale, Path)):
            raise TypeError("its locale must be a Path")
        about(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of defaults that JSON cannot hold: they are shown as automatic
            describe(kind)
            json.dumps(kind.model_json_schema())
    except Exception as error:
        raise PluginError(f"the settings of {kind.__name__} cannot be described ({reason(error)})", plugin) from error


def _wrong_settings(error: ValidationError, kind: type[Filter]) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, kind.model_fields, 1)
        hint = f", did you mean “{near[0]}”?" if near else "."
        return f"there is no setting “{name}”{hint}"
    said = (first["msg"][0].lower() + first["msg"][1:]).removeprefix("value error, ")
    return f"the setting “{name}” is {plain(repr(first['input']), 100)}, but {said}."
