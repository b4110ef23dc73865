"""What a picture was when it was read, so that no result comes into one that was changed since."""

from __future__ import annotations

from typing import Any

from . import pixels
from .looks import look_of
from .trouble import Trouble


def check_there(image: Any, drawables: list[Any]) -> None:
    """Refuse what is gone.

    Raises:
        Trouble: the picture was closed, or a layer was deleted.
    """
    if not image.is_valid():
        raise Trouble("The picture was closed.")
    for drawable in drawables:
        if not drawable.is_valid() or drawable.get_image().get_id() != image.get_id():
            raise Trouble("The layer was deleted.")


class Snapshot:
    """A drawable at one moment: its pixels as they look, and what of it is selected.

    Args:
        digest: of the pixels, as ``pixels.canvas_of`` told it.
    """

    def __init__(self, image: Any, drawable: Any, layout: pixels.Layout, digest: int) -> None:
        self._image, self._drawable, self._layout = image, drawable, layout
        self.name = drawable.get_name()
        self._pixels = digest
        self._facts = self._read_facts()

    def _read_facts(self) -> tuple[Any, ...]:
        drawable = self._drawable
        shape = drawable.get_width(), drawable.get_height(), drawable.type(), self._image.get_precision()
        return (*shape, pixels.selection_digest(self._image, drawable))

    def check(self) -> None:
        """Whether it is still the same; where it lies does not matter.

        Raises:
            Trouble: it is not.
        """
        if not self._image.is_valid():
            raise Trouble("The picture was closed while it was painted, so there is no result.")
        if not self._drawable.is_valid() or self._drawable.get_image().get_id() != self._image.get_id():
            raise Trouble(f"“{self.name}” was deleted while it was painted, so there is no result.")
        if self._read_facts() != self._facts or self._digest() != self._pixels:
            raise Trouble(f"“{self.name}” or the selection was changed while it was painted: paint it again.")

    def _digest(self) -> int:
        with look_of(self._drawable) as look:
            return pixels.digest_of(look.drawable, self._layout)
