"""An ordered chain of filters with their settings, kept as TOML; the same for every host."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from .errors import SettingsError
from .filter import Filter
from .registry import Plugins
from .settings import kinds_of, seeds_of

_LIMIT = 1 << 20


class Step(BaseModel):
    """One filter of a recipe.

    Attributes:
        filter: its name.
        strength: 0 keeps the picture, 1 is the filter's result.
        keep_colors: take the lightness of the result and the colours of the picture.
        settings: the filter's settings; what is missing has its default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: str
    strength: float = Field(1.0, ge=0, le=1)
    keep_colors: bool = False
    settings: dict[str, Any] = {}


class Recipe(BaseModel):
    """A chain of steps, applied in order.

    >>> recipe = Recipe(steps=(Step(filter="anime"), Step(filter="sketch", settings={"stroke_width": 7})))
    >>> Recipe.parse(recipe.toml()) == recipe
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    senga: int = Field(1, ge=1, le=1, description="Version of the recipe format.")
    name: str = ""
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100)
    _folder: Path | None = PrivateAttr(None)

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file.

        Raises:
            SettingsError: it cannot be read or is no recipe; the message names the file and the place.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                data = file.read(_LIMIT + 1)
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path} is no recipe: it is not a text file.") from error
        except OSError as error:
            raise SettingsError(f"The recipe {path} cannot be read: {error.strerror}.") from error
        if len(data) > _LIMIT:
            raise SettingsError(f"{path} is no recipe: it is larger than 1 MB.")
        recipe = cls.parse(text, str(path))
        recipe._folder = path.parent
        return recipe

    @classmethod
    def parse(cls, text: str, origin: str = "recipe") -> Recipe:
        """Make a recipe from TOML text; ``origin`` names it in messages.

        Raises:
            SettingsError: the text is not TOML or no recipe.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise SettingsError(f"{origin}: {place}: {first['msg'][0].lower()}{first['msg'][1:]}.") from error
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise SettingsError(f"{origin} is not valid TOML: {str(error) or 'nested too deeply'}.") from error

    def toml(self) -> str:
        """The recipe as TOML text."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json"))

    def check(self, plugins: Plugins) -> None:
        """Make every filter once, so that a wrong name or setting is known before any work starts.

        Raises:
            SengaError: UnknownFilterError or SettingsError, naming the step.
        """
        self.made(plugins)

    def seeded(self, seed: int, plugins: Plugins) -> Recipe:
        """The same recipe with ``seed`` in every setting that is a seed."""

        def change(step: Step) -> Step:
            names = seeds_of(plugins.find(step.filter))
            return step.model_copy(update={"settings": step.settings | dict.fromkeys(names, seed)})

        return self.model_copy(update={"steps": tuple(change(step) for step in self.steps)})

    def made(self, plugins: Plugins) -> list[tuple[Step, Filter]]:
        """Every step with its filter; the paths of pictures and files are found from the folder of the recipe.

        Raises:
            SengaError: UnknownFilterError or SettingsError, naming the step.
        """
        found = []
        for number, step in enumerate(self.steps, 1):
            try:
                found.append((step, plugins.make(step.filter, self._located(plugins.find(step.filter), step.settings))))
            except SettingsError as error:
                raise SettingsError(f"step {number}: {error}") from error
        return found

    def _located(self, kind: type[Filter], settings: Mapping[str, Any]) -> dict[str, Any]:
        known = kinds_of(kind)
        paths = {name for name in settings if name in known and known[name].argument in ("file", "picture")}
        return {
            name: self._inside(name, value) if name in paths and isinstance(value, str) and value else value
            for name, value in settings.items()
        }

    def _inside(self, name: str, path: str) -> str:
        """A path in the folder of the recipe, links followed; a recipe of a stranger must not lead anywhere else."""
        if path == "-" or self._folder is None:
            return path
        whole = self._folder / path
        if not whole.resolve().is_relative_to(self._folder.resolve()):
            raise SettingsError(
                f"the setting “{name}” leads to {path}, outside of the folder of the recipe: copy the file beside it."
            )
        return str(whole)
