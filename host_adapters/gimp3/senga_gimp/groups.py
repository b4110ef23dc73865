"""Results in layers: a layer group that a painter can take apart."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - after the version is chosen

from . import pixels  # noqa: E402
from .trouble import Trouble  # noqa: E402

_MODES = {"normal": Gimp.LayerMode.NORMAL, "multiply": Gimp.LayerMode.MULTIPLY}


def add(image: Any, below: Any, place: tuple[int, int], task: Any, name: str, source: Any) -> None:
    """A group with the layers of a result; what is selected and opaque becomes its mask.

    Args:
        image: gets the group.
        below: the layer above which it comes, or below which where the layers say so; None for the top.
        place: column and row of the image at which the canvas of the task lies.
        task: whose layers.
        name: of the group.
        source: the image with the selection and the drawable of the task.

    Raises:
        Trouble: an indexed image cannot hold them.
    """
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Trouble(
            "An indexed picture has too few colours for separate layers: convert it to RGB, or choose a new image."
        )
    facts = task.spool.parts[0].part
    group = Gimp.GroupLayer.new(image, name)
    place_of_group = image.get_item_position(below) + facts["below"] if below else 0
    image.insert_layer(group, below and below.get_parent(), place_of_group)
    for frame in task.spool.parts:
        _add_part(image, group, place, frame, task.spool.pixels(frame))
    group.set_mode(Gimp.LayerMode.NORMAL)
    group.set_opacity(100 * facts["strength"])
    _mix_encoded(group)
    if facts["below"] and below:
        lay_on(below, facts)
    if (task.drawable.has_alpha() and not facts["fills"]) or not Gimp.Selection.is_empty(source):
        mask = group.create_mask(Gimp.AddMaskType.WHITE)
        group.add_mask(mask)
        _, left, top = group.get_offsets()
        pixels.copy_cover(source, task.drawable, mask, left - place[0], top - place[1], facts["fills"])
        mask.update(0, 0, mask.get_width(), mask.get_height())


def lay_on(lines: Any, facts: dict[str, Any]) -> None:
    """Lay the old layer on the new ones in the mode that they ask for, unless the painter has chosen one."""
    if facts["source_mode"] != "normal" and lines.get_mode() in (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY):
        lines.set_mode(_MODES[facts["source_mode"]])
        _mix_encoded(lines)


def _add_part(image: Any, group: Any, place: tuple[int, int], frame: Any, data: bytes) -> None:
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    facts = frame.part
    layer = Gimp.Layer.new(
        image, frame.title, frame.width, frame.height, kind, 100 * facts["opacity"], _MODES[facts["mode"]]
    )
    _mix_encoded(layer)
    layer.set_offsets(place[0] + facts["left"], place[1] + facts["top"])
    image.insert_layer(layer, group, 0)
    pixels.set_all(layer, frame, data)
    layer.update(0, 0, frame.width, frame.height)


def _mix_encoded(layer: Any) -> None:
    """Mix as Senga and most programs do; GIMP by itself would mix in linear light."""
    layer.set_composite_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    layer.set_blend_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
