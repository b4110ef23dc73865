"""What the user asked of ``senga run``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from senga.atomic import place
from senga.compose import Blend
from senga.errors import PluginError, SengaError, WriteError
from senga.exemplars import gallery
from senga.filter import Filter, Makes
from senga.job import Job
from senga.recipe import Recipe, Step
from senga.registry import Plugins
from senga.settings import kinds_of, read_typed
from senga.strangers import border, reason
from senga.strokes.brush import find
from senga.work import Work

from .taken import settle


@dataclass(frozen=True)
class Invocation:
    """What the user asked for.

    Attributes:
        recipe: the steps to apply; a single filter is a recipe of one step.
        name: for output names.
        options: the common options, checked by click.
    """

    recipe: Recipe
    name: str
    options: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of_filter(cls, known: Plugins, name: str, settings: dict[str, Any], options: Mapping[str, Any]) -> Invocation:
        """One filter; wrong settings are refused here, before anything is read."""
        kinds = kinds_of(type(known.make(name, settings)))
        settings = {setting: read_typed(kinds[setting], value) for setting, value in settings.items()}
        return cls(Recipe(steps=(Step(filter=name, settings=settings),)), name, options)

    @classmethod
    def of_recipe(cls, known: Plugins, file: str, seed: int | None, options: Mapping[str, Any]) -> Invocation:
        """A chain from a file."""
        recipe = Recipe.read(file)
        recipe.check(known)
        return cls(recipe if seed is None else recipe.seeded(seed, known), Path(file).stem, options)

    def work(self, known: Plugins, blend: Blend) -> Work:
        """All of it, made."""
        steady, boil = (bool(self.options.get(name)) for name in ("steady", "boil"))
        return Work.of(known, self.recipe, blend=blend, steady=steady, boil=boil)

    def makes(self, known: Plugins) -> Makes:
        """What the steps make of a still picture, as far as the filters say."""
        made: list[Makes] = []
        for step, filter in self.recipe.made(known):  # noqa: A001 - the word of the field
            if step.strength > 0 and self.recipe.blend(self._blend()).strength > 0:
                with _blaming(filter):
                    made.append(filter.makes())
        if "alternatives" in made and "animation" not in made and "" not in made:
            return "alternatives" if self.options["alternatives"] == "files" else "picture"
        return "animation" if "animation" in made else "" if "" in made else made[-1] if made else "picture"

    def _blend(self) -> Blend:
        """What the options ask for, without the selection."""
        return Blend(None, *(self.options[name] for name in ("feather", "strength", "keep_colors")))

    def check_names(self, known: Plugins) -> None:
        """Look up what the settings name, before anything is read.

        Raises:
            SengaError: a style, brush or exemplar is not there.
        """
        job = known.equip(Job())
        for _, filter in self.recipe.made(known):  # noqa: A001 - as above
            for info in kinds_of(type(filter)).values():
                name = getattr(filter, info.name)
                if info.kind == "model" and name:
                    known.offered(type(filter), job).weights(name)
                elif info.resources == "brushes" and name:
                    find(name, job.brushes())
                elif info.resources in ("exemplars", "portraits") and name:
                    gallery.find(name, job.resources("exemplars"))

    def reads(self, work: Work) -> list[Path]:
        """The files that are read besides the inputs and second pictures."""
        named = [value for _, value in work.files()]
        given = [self.options["selection"], self.options.get("recipe"), *named]
        return [Path(name) for name in given if isinstance(name, str) and name]

    def save_recipe(self) -> None:
        """Write the steps as a recipe, if asked to; an existing file is kept unless ``--overwrite replace`` was given.

        Raises:
            SettingsError: it exists.
            WriteError: it cannot be written.
        """
        path, overwrite = self.options["save_recipe"], self.options["overwrite"]
        if not path or not (names := settle(Path(path), overwrite)):
            return
        try:
            place(self.recipe.with_blend(self._blend()).toml().encode(), names, overwrite=overwrite == "replace")
        except (OSError, UnicodeError) as error:
            if overwrite == "skip" and isinstance(error, FileExistsError):  # by now
                return
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise WriteError(f"The recipe {path} cannot be written: {why}.", Path(path)) from error


@contextmanager
def _blaming(filter: Filter) -> Iterator[None]:  # noqa: A002 - as above
    """What a stranger's filter raises beside sentences names the filter."""
    try:
        with border():
            yield
    except (SengaError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(f"The filter “{filter.name}” failed: {reason(error)}.") from error
