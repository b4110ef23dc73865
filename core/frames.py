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


def _begun(film: Animation) -> Moment:
    """How far the film was painted before, and the last result."""
    pieces = film.film.pieces if film.film else None
    return Moment(pieces.frames, film.count, pieces.last()) if pieces else Moment(0, film.count)


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
        begun = _begun(film)
        before: tuple[Image | None, Image | None] = None, None
        for number, frame in enumerate(film.frames()):
            if number < begun.number:
                if number == begun.number - 1 and begun.before is not None:
                    before = (begun.before, frame.image) if course.wants_before else before
                    if steadied is not None:
                        steadied.go_on(number, frame.image, begun.before)
                job.check()
                continue
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
