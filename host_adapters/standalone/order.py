"""What the user asked of ``senga run``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from senga.compose import Blend
from senga.errors import WriteError
from senga.recipe import Recipe, Step
from senga.registry import Plugins

from .outputs import settle


@dataclass(frozen=True)
class Order:
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
    def of_filter(cls, known: Plugins, name: str, settings: dict[str, Any], options: Mapping[str, Any]) -> Order:
        """One filter; wrong settings are refused here, before anything is read."""
        known.make(name, settings)
        return cls(Recipe(steps=(Step(filter=name, settings=settings),)), name, options)

    @classmethod
    def of_recipe(cls, known: Plugins, file: str, seed: int | None, options: Mapping[str, Any]) -> Order:
        """A chain from a file."""
        recipe = Recipe.read(file)
        recipe.check(known)
        return cls(recipe if seed is None else recipe.seeded(seed, known), Path(file).stem, options)

    def save_recipe(self, path: Path) -> None:
        """Write the steps as a recipe; an existing file is kept unless ``--overwrite replace`` was given."""
        blend = Blend(None, *(self.options[name] for name in ("feather", "strength", "keep_colors")))
        settled = settle(path, self.options["overwrite"])
        if settled:
            try:
                settled.write_text(self.recipe.with_blend(blend).toml(), "utf-8")
            except OSError as error:
                raise WriteError(f"The recipe {path} cannot be written: {error.strerror}.", path) from error
