"""New images: animations as a stack of layers for Filters > Animation > Playback, and results of another size."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - after the version is chosen

from . import groups, pixels, words  # noqa: E402
from .frames import Frame, Spool  # noqa: E402


def make(image: Any, tasks: Any, title: str) -> Any:
    """An image with the results of all tasks, in the precision, resolution and colours of the first one."""
    stills = [task for task in tasks if not task.spool.frames]
    sizes = [(task.canvas.width, task.canvas.height) for task in stills]
    sizes += [(frame.width, frame.height) for task in tasks for frame in task.spool.frames]
    colored = any(frame.channels > 2 for task in tasks for frame in task.spool.frames)
    made = _empty(image, max(width for width, _ in sizes), max(height for _, height in sizes), colored)
    made.undo_disable()
    try:
        for task in stills:
            _add_still(made, image, task, f"{task.drawable.get_name()} – {title}")
        for task in tasks:
            for number, frame in enumerate(task.spool.frames, 1):
                _add_frame(made, frame, task.spool, number)
    except BaseException:
        made.delete()
        raise
    made.undo_enable()
    return made


def _empty(image: Any, width: int, height: int, colored: bool) -> Any:
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY and not colored
    base = Gimp.ImageBaseType.GRAY if grey else Gimp.ImageBaseType.RGB
    made = Gimp.Image.new_with_precision(width, height, base, image.get_precision())
    profile = image.get_color_profile()
    if profile is not None and profile.is_gray() == grey:
        made.set_color_profile(profile)
    made.set_resolution(*image.get_resolution()[1:])
    return made


def _layer(image: Any, picture: Any, name: str) -> Any:
    """A new top layer of the size of a canvas or frame."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, picture.width, picture.height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    return layer


def _add_still(made: Any, image: Any, task: Any, name: str) -> None:
    if not task.spool.parts:
        layer = _layer(made, task.canvas, name)
        pixels.copy_in(task.canvas, layer.get_buffer())
        return
    facts = task.spool.parts[0].part
    if facts["strength"] < 1 or not Gimp.Selection.is_empty(image):  # then the old picture shows
        _add_original(made, task)
    groups.add(made, None, (0, 0), task, name, image)
    if facts["below"]:
        groups.lay_on(_add_original(made, task), facts)


def _add_original(made: Any, task: Any) -> Any:
    original = Gimp.Layer.new_from_drawable(task.drawable, made)
    original.set_offsets(0, 0)
    made.insert_layer(original, None, 0)
    return original


def _add_frame(image: Any, frame: Frame, spool: Spool, number: int) -> None:
    layer = _layer(image, frame, frame_name(frame, number))
    pixels.set_all(layer, frame, spool.pixels(frame))


def frame_name(frame: Frame, number: int) -> str:
    """What Animation > Playback reads: how long a frame is shown, and that it replaces the one before."""
    if frame.seconds is None:
        return frame.title or words.sentence(f"Picture {number}")
    return f"{frame.title} ({round(frame.seconds * 1000)}ms) (replace)"
