"""An ordered chain of filters with their settings, kept as TOML; the same for every host."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from .compose import Blend
from .errors import SettingsError
from .filter import Filter
from .registry import Plugins
from .regular import read_regular
from .settings import kinds_of, seeds_of

_LIMIT = 1 << 20
_DEEPEST = 20
"""Tables and lists inside each other, and words of a dotted key: the time to read one grows with their square."""
_MOST_VALUES = 10_000
_MARK = "\ufeff"
"""The byte-order mark with which editors on Windows begin a text."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*+"?|\'[^\'\n]*+\'?')
_TABLE = re.compile(r"^[ \t]*+\[", re.M)
_MOST_TABLES = 1000
_LONG_KEY = re.compile(rf"\.(?:[ \t]*+[\w-]++[ \t]*+\.){{{_DEEPEST}}}")


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
    """A chain of steps, applied in order, and how its result meets the picture.

    Attributes:
        name: for people.
        strength: 0 keeps the picture, 1 is the result of the last step.
        keep_colors: take the lightness of the result and the colours of the picture.
        feather: pixels over which the border of a selection fades, if there is one.
        steps: the filters.

    >>> recipe = Recipe(steps=(Step(filter="anime"), Step(filter="sketch", settings={"stroke_width": 7})))
    >>> Recipe.parse(recipe.toml()) == recipe
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    senga: int = Field(1, ge=1, le=1, description="Version of the recipe format.")
    name: str = ""
    strength: float = Field(1.0, ge=0, le=1)
    keep_colors: bool = False
    feather: float = Field(0.0, ge=0, allow_inf_nan=False)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100)
    _folder: Path | None = PrivateAttr(None)

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file, in UTF-8 or with the mark of UTF-16.

        Raises:
            SettingsError: it cannot be read or is no recipe; the message names the file and the place.
        """
        path = Path(path)
        try:
            data = read_regular(path, _LIMIT)
        except OSError as error:
            raise SettingsError(f"The recipe {path} cannot be read: {error.strerror}.") from error
        if data is None:
            raise SettingsError(f"{path} is no recipe: it is larger than 1 MB.")
        try:
            text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path} is no recipe: it is not a text file.") from error
        recipe = cls.parse(text, str(path))
        recipe._folder = path.parent
        return recipe

    @classmethod
    def parse(cls, text: str, origin: str = "recipe") -> Recipe:
        """Make a recipe from TOML text; ``origin`` names it in messages.

        Raises:
            SettingsError: the text is not TOML or no recipe, or it is larger than any recipe.
        """
        if len(text) > _LIMIT or _LONG_KEY.search(_QUOTED.sub("x", text)) or len(_TABLE.findall(text)) > _MOST_TABLES:
            raise SettingsError(f"{origin} is no recipe: it is too large, or nested too deeply.")
        try:
            data = tomllib.loads(text.removeprefix(_MARK))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise SettingsError(f"{origin} is not valid TOML: {str(error) or 'nested too deeply'}.") from error
        _check_budget(data, origin)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise SettingsError(f"{origin}: {place}: {first['msg'][0].lower()}{first['msg'][1:]}.") from error

    def at(self, folder: Path | None) -> Recipe:
        """The same recipe as if it lay in a folder, from which its paths start."""
        recipe = self.model_copy()
        recipe._folder = folder
        return recipe

    @property
    def folder(self) -> Path | None:
        """The folder from which its paths start; None for the working folder."""
        return self._folder

    def toml(self) -> str:
        """The recipe as TOML text."""
        import tomli_w

        fields = type(self).model_fields
        whole = {name: value for name in _WHOLE if (value := getattr(self, name)) != fields[name].default}
        steps = [step.model_dump(mode="json") for step in self.steps]
        steps = [step | {"settings": _without_none(step["settings"])} for step in steps]
        return tomli_w.dumps({"senga": self.senga, "name": self.name, **whole, "steps": steps})

    def blend(self, given: Blend) -> Blend:
        """How the result meets the picture when a run asks for ``given`` too: that comes on top of what is in here."""
        colours, feather = self.keep_colors or given.keep_colors, given.feather or self.feather
        return Blend(given.selection, feather, self.strength * given.strength, colours)

    def with_blend(self, given: Blend) -> Recipe:
        """A recipe that does by itself what this one does when a run asks for ``given``; the selection is left out."""
        whole = self.blend(given)
        return self.model_copy(update={name: getattr(whole, name) for name in _WHOLE})

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


_WHOLE = ("strength", "keep_colors", "feather")


def _without_none(settings: dict[str, Any]) -> dict[str, Any]:
    """TOML has no word for nothing: what is left out has its default."""
    return {name: value for name, value in settings.items() if value is not None}


def _check_budget(data: dict[str, Any], origin: str) -> None:
    """Refuse what is larger, deeper or longer than any recipe.

    Raises:
        SettingsError: it is.
    """
    level: list[Any] = [data]
    left = _MOST_VALUES
    for _ in range(_DEEPEST):
        inside = [item for part in level for item in (part.values() if isinstance(part, dict) else part)]
        left -= len(inside)
        level = [item for item in inside if isinstance(item, dict | list)]
        if left < 0 or any(isinstance(item, int) and abs(item) >> 63 for item in inside):
            break
        if not level:
            return
    raise SettingsError(f"{origin} is no recipe: it is too large, or nested too deeply.")
