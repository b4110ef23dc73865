"""Second pictures that are drawables: read in the main thread, and then given to the worker from any."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - after the version is chosen
from senga_client import Canvas  # noqa: E402 - copied beside by the installer

from . import facts, pixels  # noqa: E402
from .looks import look_of  # noqa: E402
from .trouble import Trouble  # noqa: E402

LARGEST = 100_000_000
"""Pixels, as in Senga itself."""


@dataclass(frozen=True)
class Second:
    """A drawable for a setting."""

    setting: facts.Setting
    drawable: Any

    @property
    def name(self) -> str:
        """Of the setting."""
        return str(self.setting["name"])

    def check(self, image: Any) -> None:
        """Whether it can be read, for a drawable of this image.

        Raises:
            Trouble: it is gone, too large, or of another image where it should lie on this one.
        """
        label = self.setting["label"]
        if not self.drawable.is_valid():
            raise Trouble(_deleted(self.setting))
        if self.setting["aligned"]:
            if self.drawable.get_image().get_id() != image.get_id():
                raise Trouble(f"The layer for “{label}” belongs to another picture: choose one of this picture.")
        elif self.drawable.get_width() * self.drawable.get_height() > LARGEST:
            sizes = f"{self.drawable.get_width()} x {self.drawable.get_height()}"
            raise Trouble(f"The picture “{label}” is {sizes} pixels: reduce it to 100 megapixels or fewer.")

    def held(self, beside: Any) -> Held:
        """Its pixels, for the painting of another drawable: what of it lies there where it is aligned, else all.

        Where an aligned one does not reach, it is transparent.
        """
        with look_of(self.drawable) as look:
            layout = pixels.layout_of(self.drawable.get_image(), look.drawable)
            width, height = look.drawable.get_width(), look.drawable.get_height()
            box = (0, 0, width, height)
            if self.setting["aligned"]:
                box = _beside(self.drawable, beside)
                if not _lies_in(box, width, height):
                    layout = replace(layout, channels=layout.channels + layout.channels % 2)
            return Held(pixels.taken(look.drawable.get_buffer(), box, layout), layout, bool(self.setting["aligned"]))


def _beside(drawable: Any, other: Any) -> tuple[int, int, int, int]:
    """Where another drawable of the same image lies on this one: left, top, width, height."""
    (_, left, top), (_, other_left, other_top) = drawable.get_offsets(), other.get_offsets()
    return other_left - left, other_top - top, other.get_width(), other.get_height()


def _lies_in(box: tuple[int, int, int, int], width: int, height: int) -> bool:
    left, top, wide, high = box
    return left >= 0 and top >= 0 and left + wide <= width and top + high <= height


@dataclass(frozen=True)
class Held:
    """The pixels of a second picture in a buffer of our own, which every thread may read."""

    buffer: Any
    layout: pixels.Layout
    aligned: bool

    def canvas(self) -> Any:
        """All of it, for the worker."""
        area = self.buffer.get_extent()
        canvas = Canvas(area.width, area.height, self.layout.channels, self.layout.depth)
        try:
            pixels.copy_out(self.buffer, canvas)
        except BaseException:
            canvas.close()
            raise
        return canvas

    def beside(self, piece: Any, scale: float) -> Any:
        """What goes along with a piece of the picture: 8-bit RGBA, like the piece; all of it if it is not aligned.

        Args:
            piece: as the quick preview is painted on.
            scale: of a piece that holds the whole picture.
        """
        if not self.aligned:
            return self.canvas()
        area = piece.area
        if area is None:
            data = pixels.scaled(self.buffer, (0, 0, piece.width, piece.height), scale)
        else:
            data = pixels.part_of(self.buffer, (area.left, area.top, piece.width, piece.height))
        canvas = Canvas(piece.width, piece.height, 4, "u8")
        canvas.write_band(0, data)
        return canvas


def remember(procedure: Any, seconds: list[Second]) -> None:
    """Keep until GIMP ends which drawables were taken: of all last values GIMP forgets these."""
    numbers = {second.name: second.drawable.get_id() for second in seconds}
    Gimp.attach_parasite(Gimp.Parasite.new(_memory(procedure), 0, json.dumps(numbers).encode()))


def recall(procedure: Any, config: Any, settings: list[facts.Setting], image: Any) -> None:
    """Put the drawables of the last run among the last values of this one, as far as they still fit the image."""
    for setting, drawable in _last(procedure, settings):
        if drawable and not (setting["aligned"] and drawable.get_image().get_id() != image.get_id()):
            config.set_property(facts.argument_name(setting), drawable)


def recall_all(procedure: Any, config: Any, settings: list[facts.Setting]) -> None:
    """The same for a run without a dialog; one that does not fit is told when it is read.

    Raises:
        Trouble: one was deleted.
    """
    for setting, drawable in _last(procedure, settings):
        if not drawable:
            raise Trouble(_deleted(setting))
        config.set_property(facts.argument_name(setting), drawable)


def _last(procedure: Any, settings: list[facts.Setting]) -> list[tuple[facts.Setting, Any]]:
    """The settings that had a drawable, each with it; None in place of one that is gone."""
    parasite = Gimp.get_parasite(_memory(procedure))
    numbers = json.loads(bytes(parasite.get_data())) if parasite else {}
    found = [(setting, numbers.get(setting["name"])) for setting in settings if facts.kind(setting) == "picture"]
    return [(setting, Gimp.Drawable.get_by_id(number)) for setting, number in found if number is not None]


def _memory(procedure: Any) -> str:
    return f"{procedure.get_name()}-layers"


def _deleted(setting: facts.Setting) -> str:
    return f"The layer for “{setting['label']}” was deleted: choose another one."
