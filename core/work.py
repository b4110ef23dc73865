"""What a host asks for, as one value: a filter or a recipe, its second pictures, how the result meets the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .compose import Blend, compose_act
from .errors import SettingsError
from .filter import Filter, reach_of
from .frames import Course
from .image import Animation, Image
from .job import Job
from .layers import disowned
from .prepared import SHELF
from .recipe import Recipe
from .registry import Plugins
from .settings import SettingInfo, kinds_of, pictures_of, seeds_of

Fetch = Callable[[str, SettingInfo], Image]
"""Gives the second picture behind a path; raises a SengaError that names it."""

LARGEST = 100_000_000
"""Pixels of a second picture: a larger exemplar helps nobody, and would fill the memory."""


@dataclass(frozen=True)
class Resources:
    """What a host grants; None leaves it to the job.

    Attributes:
        device: where networks run, see ``senga.job.Device``.
        engine: what they run on, see ``senga.job.Engine``.
        precision: how exactly they compute, see ``senga.job.Precision``.
        threads: to use at most.
        memory: peak of the process, in bytes.
    """

    device: str | None = None
    engine: str | None = None
    precision: str | None = None
    threads: int | None = None
    memory: int | None = None

    def given_to(self, job: Job) -> Job:
        """The job with these in place of its own."""
        granted = {name: value for name, value in vars(self).items() if value is not None}
        return replace(job, **granted)


@dataclass(frozen=True, eq=False)
class Stage:
    """One filter, made with its settings, and how its result meets what came in."""

    act: Filter
    strength: float = 1.0
    keep_colors: bool = False

    @property
    def plain(self) -> bool:
        """The result replaces what came in."""
        return self.strength == 1 and not self.keep_colors


@dataclass(frozen=True, eq=False)
class Work:
    """What to do with a picture or a film; every host makes one, and the same settings give the same pixels in all.

    Attributes:
        stages: the filters in order.
        name: for names of outputs.
        title: for the layer of the result.
        blend: how the result meets the picture.
        resources: what the host grants.
        steady: frames of films flicker less, see ``senga.steady``.
        boil: strokes are drawn elsewhere in each frame of a film.
    """

    stages: tuple[Stage, ...]
    name: str
    title: str = "Result"
    blend: Blend = field(default_factory=Blend)
    resources: Resources = field(default_factory=Resources)
    steady: bool = False
    boil: bool = False

    @classmethod
    def of(
        cls,
        known: Plugins,
        act: str | Filter | Recipe,
        settings: Mapping[str, Any] | None = None,
        *,
        seed: int | None = None,
        blend: Blend | None = None,
        resources: Resources | None = None,
        steady: bool = False,
        boil: bool = False,
    ) -> Self:
        """Make every filter, so that a wrong name or setting is known before any work starts.

        Args:
            known: where filters are found.
            act: the name of a filter, a filter, or a recipe.
            settings: of a filter given by name.
            seed: goes into every setting that is a seed.
            blend: how the result meets the picture; on top of what a recipe says.
            resources: what the host grants.
            steady: frames of films flicker less.
            boil: strokes are drawn elsewhere in each frame of a film.

        Raises:
            UnknownFilterError: no such filter.
            SettingsError: a setting is unknown or out of range, or settings were given for what holds its own.
        """
        if settings and not isinstance(act, str):
            what = "recipe" if isinstance(act, Recipe) else "filter"
            raise SettingsError(f"A {what} holds its own settings: give them there.")
        blend = blend or Blend()
        if isinstance(act, Recipe):
            blend = act.blend(blend)
            act = act if seed is None else act.seeded(seed, known)
            stages = tuple(Stage(made, step.strength, step.keep_colors) for step, made in act.made(known))
            name, title = act.name, "Result"
        else:
            made = known.make(act, settings) if isinstance(act, str) else act
            if seed is not None:
                made = made.model_copy(update=dict.fromkeys(seeds_of(type(made)), seed))
            stages, name, title = (Stage(made),), made.name, made.title
        return cls(stages, name, title, blend, resources or Resources(), steady, boil)

    # ---- second pictures

    def pictures(self) -> Iterator[tuple[str, SettingInfo, Image | str]]:
        """The second pictures that are given: ``name`` or ``step.name``, what is known of the setting, the value."""
        for number, stage in enumerate(self.stages, 1):
            for info in pictures_of(type(stage.act)):
                value = getattr(stage.act, info.name)
                if value is not None:
                    yield self._key(number, info), info, value

    def files(self) -> Iterator[tuple[str, str]]:
        """The files that are given by settings which are no pictures: as above, and the path."""
        for number, stage in enumerate(self.stages, 1):
            for info in kinds_of(type(stage.act)).values():
                value = getattr(stage.act, info.name)
                if info.kind == "file" and value:
                    yield self._key(number, info), value

    def _key(self, number: int, info: SettingInfo) -> str:
        return info.name if len(self.stages) == 1 else f"{number}.{info.name}"

    def with_pictures(self, pictures: Mapping[str, Image]) -> Self:
        """The same with these second pictures, by ``name`` or ``step.name``.

        Raises:
            SettingsError: there is no such setting.
        """
        wanted = {
            self._key(number, info): (number, info)
            for number, stage in enumerate(self.stages, 1)
            for info in pictures_of(type(stage.act))
        }
        strangers = [key for key in pictures if key not in wanted]
        if strangers:
            raise SettingsError(f"There is no setting “{strangers[0]}” that takes a picture.")
        stages = list(self.stages)
        for key, picture in pictures.items():
            number, info = wanted[key]
            stage = stages[number - 1]
            stages[number - 1] = replace(stage, act=stage.act.with_pictures({info.name: picture}))
        return replace(self, stages=tuple(stages))

    def opened(self, fetch: Fetch) -> Self:
        """The same with all second pictures read.

        Raises:
            SengaError: one cannot be read, or is too large.
        """
        return self.with_pictures(
            {key: fetch(value, info) for key, info, value in self.pictures() if isinstance(value, str)}
        )

    def check(self, height: int, width: int) -> None:
        """Whether it fits a picture of this size.

        Raises:
            SettingsError: an aligned picture is of another size, a second picture is not read or far too large.
        """
        for key, info, value in self.pictures():
            if isinstance(value, str):
                raise SettingsError(f"The picture “{key}” ({value}) was not read.")
            if value.height * value.width > LARGEST:
                sizes = f"{value.width} x {value.height}"
                raise SettingsError(f"The picture “{key}” is {sizes} pixels: reduce it to 100 megapixels or fewer.")
            if info.aligned and (value.height, value.width) != (height, width):
                own, wanted = f"{value.width} x {value.height}", f"{width} x {height}"
                raise SettingsError(
                    f"The picture “{key}” is {own} pixels, but the picture is {wanted}: they must be equal."
                )

    # ---- doing it

    @property
    def wants_before(self) -> bool:
        """Whether frames of a film must be painted in order."""
        return any(stage.act.wants_before for stage in self.stages)

    @property
    def fills_gaps(self) -> bool:
        """Whether the result is opaque where the picture is not."""
        return any(stage.act.fills_gaps for stage in self.stages)

    @property
    def course(self) -> Course:
        """How frames of a film follow one another."""
        strokes = any(stage.act.draws_strokes for stage in self.stages)
        return Course(self.wants_before, self.steady, self.boil, strokes)

    def reach(self, height: int, width: int) -> int | None:
        """How far a pixel of the result can see: the sum of all stages, or None for the whole picture."""
        found = [reach_of(stage.act, height, width) for stage in self.stages]
        return None if None in found else sum(reach for reach in found if reach is not None)

    def run(self, known: Plugins, picture: Image | Animation, job: Job | None = None) -> Image | Animation:
        """Do it; the frames of an animation are painted while they are consumed.

        Raises:
            SettingsError: selection or second pictures do not fit the picture.
            SengaError: what a filter says.
            Cancelled: the job was cancelled.
        """
        self.check(picture.height, picture.width)
        task = self.resources.given_to(known.equip(job or Job()))
        only = self.stages[0].act if len(self.stages) == 1 and self.stages[0].plain else None
        return compose_act(
            lambda image, part: self._paint(known, image, part),
            picture,
            task,
            self.blend,
            only,
            reach=self.reach,
            course=self.course,
            fills=self.fills_gaps,
        )

    def _paint(self, known: Plugins, image: Image, job: Job) -> Image | Animation:
        """All stages on what the compositor shows them."""
        if len(self.stages) == 1 and self.stages[0].plain:
            return _run(self.stages[0].act, known, image, job)
        result: Image | Animation = image
        for number, stage in enumerate(self.stages):
            part = job.part(number / len(self.stages), (number + 1) / len(self.stages))
            _check_size(stage.act, result, image)
            result = _staged(stage, known, result, part)
        return disowned(result) if isinstance(result, Image) and result.layers and len(self.stages) > 1 else result


def _staged(stage: Stage, known: Plugins, picture: Image | Animation, job: Job) -> Image | Animation:
    """A stage on what came before it, and on each of its alternatives."""
    if not isinstance(picture, Image) or not picture.alternatives:
        return _composed(stage, known, picture, job)
    count, made = len(picture.alternatives), []
    for number, each in enumerate(picture.alternatives):
        result = _composed(stage, known, each.picture, job.part(number / count, (number + 1) / count))
        if isinstance(result, Animation):
            raise SettingsError("A filter that makes an animation cannot follow one that gives several pictures.")
        made.append(replace(each, picture=result))
    return replace(made[0].picture, alternatives=tuple(made))


def _composed(stage: Stage, known: Plugins, picture: Image | Animation, job: Job) -> Image | Animation:
    blend = Blend(strength=stage.strength, keep_colors=stage.keep_colors)
    return compose_act(lambda image, part: _run(stage.act, known, image, part), picture, job, blend, stage.act)


def _run(act: Filter, known: Plugins, image: Image, job: Job) -> Image | Animation:
    job = known.offered(type(act), job)
    prepared = SHELF.take(act, job)
    return known.run(_cropped(act, image, job), image, job if prepared is None else replace(job, prepared=prepared))


def _cropped(act: Filter, image: Image, job: Job) -> Filter:
    """The filter with its aligned pictures cropped like the picture."""
    given = {info.name: act.picture(info.name) for info in pictures_of(type(act)) if info.aligned}
    return act.with_pictures({name: _crop(picture, image, job) for name, picture in given.items() if picture})


def _crop(picture: Image, image: Image, job: Job) -> Image:
    top, left = job.offset
    return picture.crop(top, left, top + image.height, left + image.width)


def _check_size(act: Filter, result: Image | Animation, image: Image) -> None:
    goes_along = any(info.aligned and act.picture(info.name) for info in pictures_of(type(act)))
    if goes_along and (result.height, result.width) != (image.height, image.width):
        raise SettingsError("A second picture cannot go along after a filter that changes the size of the picture.")
