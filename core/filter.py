"""A filter: its fields are the settings, calling it is the act."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .image import Animation, Image
from .job import Job


class Filter(BaseModel, ABC):
    """Base of every filter. A subclass declares its settings with ``setting`` and implements ``__call__``.

    Hosts build options, dialogs and recipes from the JSON Schema of the class, so nothing is written twice.

    Attributes:
        name: lower case with dashes, unique: what users type.
        title: what a menu shows.
        summary: one line in lists.
        models: a ``weights.toml`` that lists the models this filter can use, or None.
        reach: how far, in pixels of a one-megapixel picture, a result depends on its surroundings: the margin that is
            kept around a selection.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    models: ClassVar[Path | None] = None
    reach: ClassVar[int] = 64

    @abstractmethod
    def __call__(self, image: Image, job: Job) -> Image | Animation:
        """Make the result. ``image`` has no alpha (core carries it) and must not be written into.

        Returns:
            A picture, normally of the same size and in any depth (core brings alpha, depth, selection, strength and
            colour profile back), or an Animation.

        Raises:
            Cancelled: by way of ``job.progress`` or ``job.check``, which must be called often.
            SengaError: with one sentence for the painter.
        """

    def paints_color(self) -> bool:
        """Whether the result of a grey picture is coloured; otherwise core turns it back to grey."""
        return False


def setting(
    default: Any,
    text: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    unit: str = "",
    advanced: bool = False,
) -> Any:
    """Declare one setting of a filter: default, help text, range, unit; ``advanced`` ones are shown last."""
    extra = {"unit": unit, "advanced": advanced}
    return Field(default, description=text, ge=ge, le=le, json_schema_extra=extra)
