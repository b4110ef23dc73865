# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Run by ``senga gimp doctor`` inside GIMP without a window: does a filter change a picture?

GIMP's batch interpreter executes it. Variables of the environment tell where the plug-in lies (``SENGA_PLUG_IN``),
which procedure to try (``SENGA_TRY``) and where to write what happened (``SENGA_REPORT``).
"""

from __future__ import absolute_import, division, unicode_literals

import io
import json
import os
import sys
import time

import gimp
import gimpenums
from gimpfu import pdb

sys.path.insert(0, os.environ[str("SENGA_PLUG_IN")])
from senga_gimp2 import arguments, facts  # noqa: E402 - lies there

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Dict, List, Tuple

SIZE = 96


def pixels(layer):
    # type: (gimp.Layer) -> bytes
    """All pixels of a layer."""
    region = layer.get_pixel_rgn(0, 0, SIZE, SIZE, False, False)
    return bytes(region[0:SIZE, 0:SIZE])


def picture():
    # type: () -> Tuple[gimp.Image, gimp.Layer]
    """A small image with one layer of shades."""
    image = gimp.Image(SIZE, SIZE, gimpenums.RGB)
    layer = gimp.Layer(image, str("shades"), SIZE, SIZE, gimpenums.RGB_IMAGE, 100.0, gimpenums.NORMAL_MODE)
    image.add_layer(layer, 0)
    region = layer.get_pixel_rgn(0, 0, SIZE, SIZE, True, False)
    shades = bytearray(value for y in range(SIZE) for x in range(SIZE) for value in (x * 2, y * 2, 128))
    region[0:SIZE, 0:SIZE] = bytes(shades)
    layer.flush()
    return image, layer


def defaults(name):
    # type: (str) -> List[Any]
    """What a painter who changes nothing hands over."""
    filters = facts.read_manifest()["filters"]
    settings = next(facts.main_settings(one) for one in filters if name.endswith("-senga-" + one["name"]))
    return [parameter[3] for parameter in arguments.of_settings(settings, False)]


def examine(name):
    # type: (str) -> Dict[str, Any]
    """What happened when a procedure ran on a small picture, with its defaults."""
    registered = bool(pdb.gimp_procedural_db_proc_exists(name))
    report = {"gimp": ".".join(str(part) for part in gimp.version), "registered": registered}  # type: Dict[str, Any]
    if not registered:
        return report
    image, layer = picture()
    before = pixels(layer)
    start, problem = time.time(), ""
    try:
        pdb[name](image, layer, *defaults(name), run_mode=gimpenums.RUN_NONINTERACTIVE)
    except RuntimeError as error:
        problem = "{}".format(error)
    report.update(
        seconds=time.time() - start,
        succeeded=not problem,
        message=problem,
        changed=pixels(layer) != before,
    )
    gimp.delete(image)
    return report


with io.open(os.environ[str("SENGA_REPORT")], "wb") as file:
    file.write(json.dumps(examine(os.environ[str("SENGA_TRY")])).encode("utf-8"))
