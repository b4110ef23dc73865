"""Run by ``senga gimp doctor`` inside GIMP without a window: does a filter change a picture?

GIMP's batch interpreter executes it. Two variables of the environment tell which procedure to try (``SENGA_TRY``)
and where to write what happened (``SENGA_REPORT``).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - after the versions are chosen

SIZE = 96


def picture() -> tuple[Any, Any, bytes]:
    """A small image with one layer of shades."""
    image = Gimp.Image.new(SIZE, SIZE, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "shades", SIZE, SIZE, Gimp.ImageType.RGB_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    shades = bytes(value for y in range(SIZE) for x in range(SIZE) for value in (x * 2, y * 2, 128))
    layer.get_buffer().set(Gegl.Rectangle.new(0, 0, SIZE, SIZE), "R'G'B' u8", shades)
    return image, layer, shades


def examine(name: str) -> dict[str, Any]:
    """What happened when a procedure ran on a small picture."""
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure(name)
    report: dict[str, Any] = {"gimp": Gimp.version(), "registered": procedure is not None}
    if procedure is None:
        return report
    image, layer, shades = picture()
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer])
    start = time.monotonic()
    status = int(procedure.run(config).index(0))
    whole = Gegl.Rectangle.new(0, 0, SIZE, SIZE)
    after = layer.get_buffer().get(whole, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
    report.update(
        seconds=time.monotonic() - start,
        succeeded=status == int(Gimp.PDBStatusType.SUCCESS),
        message=pdb.get_last_error(),
        changed=bytes(after) != shades,
    )
    image.delete()
    return report


Path(os.environ["SENGA_REPORT"]).write_text(json.dumps(examine(os.environ["SENGA_TRY"])), "utf-8")
