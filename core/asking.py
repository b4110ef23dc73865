"""The hooks of plug-ins, asked so that one that fails is named and left out, and the others go on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pluggy

from . import hookspecs
from .errors import Cancelled, PluginError, SengaError
from .filter import Filter
from .image import Animation, Frame, Image
from .job import Job
from .plugin_checks import check_backends, check_brushes, check_exemplars, check_families
from .strangers import at_work, border, reason

if TYPE_CHECKING:
    from .backends import Backend
    from .families import Family
    from .strokes.brush import Brush

_THROUGH = (SengaError, Cancelled, MemoryError)
"""What a host is meant to hear as it is."""

_MOST = 10_000
"""Things that one plug-in may list: there may be no end of them."""

RESOURCES: Mapping[str, Callable[[list[Any]], None]] = {"exemplars": check_exemplars}
"""Kinds of things that ``senga_resources`` may be asked for, each with what raises for a wrong one."""

log = logging.getLogger("senga.plugins")

Blame = Callable[[str, str, Exception | None], None]
"""Takes note of a plug-in that failed, why, and of what."""


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


class Hooks:
    """All plug-ins that are registered.

    Args:
        owner: gives the name of the plug-in that brings a filter.
        blame: is told which plug-in failed.
    """

    def __init__(self, owner: Callable[[str], str], blame: Blame) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._core, self._blame = _Core(owner), blame
        self._manager.register(self._core, "senga core")
        self._left_out: dict[str, list[object]] = {}

    def has(self, name: str) -> bool:
        """Whether a plug-in of that name is there."""
        return self._manager.has_plugin(name)

    def add(self, plugin: object, name: str) -> None:
        """Register a plug-in; a misspelt hook is an error of pluggy."""
        self._manager.register(plugin, name)
        self._manager.check_pending()

    def drop(self, plugin: object, name: str) -> None:
        """Leave nothing of a plug-in, if it has come that far."""
        if self._manager.get_plugin(name) is plugin:
            self._manager.unregister(plugin)

    def run(self, filter: Filter, image: Image, job: Job) -> Image | Animation:  # noqa: A002 - named by the hook
        """Run one filter; a plug-in that makes something else of pictures is left out."""
        found = self.answer("senga_apply", Image | Animation, filter=filter, image=image, job=job)
        assert isinstance(found, Image | Animation)  # noqa: S101 - narrows the type
        return found

    def answer(self, hook: str, wanted: Any, **facts: Any) -> Any:
        """``ask``, for an answer of that type; a plug-in that gives another is named and left out, too."""
        found = self.ask(hook, **facts)
        if isinstance(found, wanted):
            return found
        for plugin in self._wrong(hook, wanted, facts):
            self.leave_out(plugin, hook, TypeError(f"it gave {type(found).__name__}"))
        return self.answer(hook, wanted, **facts)

    def _wrong(self, hook: str, wanted: Any, facts: dict[str, Any]) -> list[object]:
        """The plug-ins that give something else than is wanted; all of them if none does so alone."""

        def is_wrong(plugin: object) -> bool:
            try:
                with border():
                    answer = self.alone(plugin, hook, **facts)
            except Exception:  # that is no answer, and would have been heard before
                return False
            return answer is not None and not isinstance(answer, wanted)

        asked = [impl.plugin for impl in getattr(self._manager.hook, hook).get_hookimpls()]
        asked = [each for each in asked if each is not self._core and each not in self._left_out.get(hook, ())]
        return [plugin for plugin in asked if is_wrong(plugin)] or asked

    def alone(self, plugin: object, hook: str, **facts: Any) -> Any:
        """What one plug-in answers."""
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        return self._manager.subset_hook_caller(hook, others)(**facts)

    def ask(self, hook: str, **facts: Any) -> Any:
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
            self.leave_out(culprit, hook, error)
        return self.ask(hook, **facts)

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

    def leave_out(self, plugin: object, hook: str, error: Exception) -> None:
        self._left_out.setdefault(hook, []).append(plugin)
        name = self._manager.get_name(plugin) or ""
        why = f"it failed in {hook}: {reason(error)}"
        log.warning("The plug-in “%s” is left out: %s.", name, why)
        self._blame(name, why, error)

    def brushes(self) -> tuple[Brush, ...]:
        """The brushes that plug-ins bring, beside the built-in ones."""
        return tuple(brush for brush, _ in self._collected("senga_brushes", lambda given, _: check_brushes(given)))

    def resources(self, kind: str) -> tuple[Any, ...]:
        """What plug-ins bring of a kind."""
        check = RESOURCES[kind]
        return tuple(each for each, _ in self._collected("senga_resources", lambda given, _: check(given), kind=kind))

    def families(self) -> dict[str, tuple[Family, str]]:
        """The families of networks that plug-ins bring, by name, each with its plug-in."""
        found = self._collected("senga_families", check_families)
        return {family.name: (family, plugin) for family, plugin in found}

    def backends(self) -> dict[str, Backend]:
        """The back ends that plug-ins bring, by name."""
        return {backend.name: backend for backend, _ in self._collected("senga_backends", check_backends)}

    def _collected(
        self, hook: str, check: Callable[[list[Any], list[tuple[Any, str]]], None], **facts: Any
    ) -> list[tuple[Any, str]]:
        """What all plug-ins list, each thing with its plug-in; ``check`` raises for what one lists after the others."""
        found: list[tuple[Any, str]] = []
        for impl in getattr(self._manager.hook, hook).get_hookimpls():
            if impl.plugin in self._left_out.get(hook, ()):
                continue
            try:
                with border():
                    given = [each for some in self.alone(impl.plugin, hook, **facts) for each in islice(some, _MOST)]
                    check(given, found)
                found += [(each, self._manager.get_name(impl.plugin) or "") for each in given]
            except Exception as error:  # a stranger's hook must not take from the others
                self.leave_out(impl.plugin, hook, error)
        return found
