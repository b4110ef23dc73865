"""The frames of a film, painted one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .errors import SettingsError
from .image import Animation, Frame, Image
from .job import Job, Moment

if TYPE_CHECKING:
    from .steady import Steadier


@dataclass(frozen=True)
class Course:
    """How the frames of a film follow one another.

    Attributes:
        wants_before: the filter is shown the last result.
        steady: they flicker less, see ``senga.steady``.
        boils: strokes are drawn elsewhere in each of them.
        strokes: they are drawn with strokes, which are carried along whole rather than mixed.
    """

    wants_before: bool = False
    steady: bool = False
    boils: bool = False
    strokes: bool = False

    def steadier(self, selected: NDArray[Any] | None) -> Steadier | None:
        """What lets them flicker less where ``selected`` is not 0, if that is asked for."""
        from .steady import Steadier

        return Steadier(selected, strokes=self.strokes) if self.steady else None


def unpainted(film: Animation, job: Job, go_on: Callable[[int, Image, Image], None]) -> Iterator[tuple[int, Frame]]:
    """The frames that are still to be painted, with their numbers.

    Args:
        film: a part of it may have been painted before.
        job: is asked whether to stop.
        go_on: is told number, source and result of the last frame that was painted before.
    """
    pieces = film.film.pieces if film.film else None
    done, last = (pieces.frames, pieces.last()) if pieces else (0, None)
    for number, frame in enumerate(film.frames()):
        if number >= done:
            yield number, frame
            continue
        if number == done - 1 and last is not None:
            go_on(number, frame.image, last)
        job.check()


def each_frame(
    paint: Callable[[Image, Job], Image | Animation],
    film: Animation,
    job: Job,
    course: Course,
    selected: NDArray[Any] | None,
) -> Animation:
    """The film with every frame painted, while it is consumed."""

    def frames() -> Iterator[Frame]:
        steadied = course.steadier(selected)
        before: tuple[Image | None, Image | None] = None, None

        def go_on(number: int, source: Image, result: Image) -> None:
            nonlocal before
            before = (result, source) if course.wants_before else before
            if steadied is not None:
                steadied.go_on(number, source, result)

        for number, frame in unpainted(film, job, go_on):
            part = job.part(number / film.count, (number + 1) / film.count)
            result = paint(frame.image, replace(part, moment=Moment(number, film.count, *before, course.boils)))
            if isinstance(result, Animation):
                raise SettingsError(
                    "This filter makes an animation, so it needs a single picture and not an animation."
                )
            result = result if steadied is None else steadied(frame.image, result)
            before = (result, frame.image) if course.wants_before else before
            yield Frame(result, frame.seconds)

    return replace(film, frames=frames)
