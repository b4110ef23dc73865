"""New images: animations as a stack of layers for Filters > Animation > Playback, and results of another size."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - after the versions are chosen

from . import pixels  # noqa: E402
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
            layer = _layer(made, task.canvas, f"{task.drawable.get_name()} – {title}")
            pixels.copy_in(task.canvas, layer.get_buffer())
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


def _add_frame(image: Any, frame: Frame, spool: Spool, number: int) -> None:
    layer = _layer(image, frame, frame_name(frame, number))
    layout = pixels.Layout(frame.channels, frame.depth)
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, frame.width, frame.height), layout.format, spool.pixels(frame))
    buffer.flush()


def frame_name(frame: Frame, number: int) -> str:
    """What Animation > Playback reads: how long a frame is shown, and that it replaces the one before."""
    if frame.seconds is None:
        return frame.title or f"Picture {number}"
    return f"{frame.title or f'Frame {number}'} ({round(frame.seconds * 1000)}ms) (replace)"
