"""Drawables as they look: with GIMP's layer effects, which their pixels do not have."""

from __future__ import annotations

from typing import Any


class Look:
    """A drawable to read from: itself, or a copy that its effects were merged into; ``close`` it afterwards.

    Attributes:
        drawable: what to read.
        left_out: whether there are effects that it does not show.
        merged: whether it shows effects, which must go when its pixels take the drawable's place.
    """

    def __init__(self, drawable: Any, copy: Any, left_out: bool) -> None:
        self.drawable = copy or drawable
        self.left_out, self.merged = left_out, copy is not None
        self._copy = copy

    def close(self) -> None:
        """Take the copy away; harmless when repeated."""
        if self._copy is not None:
            copy, self._copy = self._copy, None
            copy.delete()

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def look_of(drawable: Any) -> Look:
    """How a drawable looks. Where GIMP cannot merge the effects (of a group), it is shown without them."""
    if not any(effect.get_visible() for effect in drawable.get_filters()):
        return Look(drawable, None, False)
    copy = None if drawable.is_group() else drawable.copy()
    if copy is None:
        return Look(drawable, None, True)
    same = copy.merge_filters() and _shape(copy) == _shape(drawable)
    if not same:
        copy.delete()
    return Look(drawable, copy if same else None, not same)


def _shape(drawable: Any) -> tuple[Any, ...]:
    return drawable.get_width(), drawable.get_height(), drawable.has_alpha(), drawable.is_gray()
