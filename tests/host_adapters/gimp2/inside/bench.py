# -*- coding: utf-8 -*-
"""What the checks share: pictures, calls, pixels. Python 2.7, in GIMP 2.10's Python-Fu or on the double of it."""

from __future__ import absolute_import, division, unicode_literals

import importlib
import io
import os
import re
import traceback
from array import array

import gimp
from gimpfu import *

PLUG_IN = os.environ[str("SENGA_PLUG_IN")].decode("utf-8")
WIDTH, HEIGHT = 64, 48
PRECISIONS = dict(u8=100, u16=200, u32=300, half=500, float=600, double=700)
DEFAULTS = {
    "limit": 0.5,
    "count": 3,
    "invert": False,
    "way": 0,
    "note": b"",
    "setting-strength": b"",
    "seconds": 2.0,
    "output": 0,
    "strength": 1.0,
    "keep-colors": False,
    "recipe": b"",
    "hints": None,
    "hints-file": b"",
    "amount": 1.0,
    "exemplar": None,
    "exemplar-file": b"",
    "color": (255, 136, 0),
    "places": b"0.5,0.5",
    "sizes": b"0.1, 0.2",
}
IN_PLACE, NEW_LAYER, NEW_IMAGE = range(3)
PLAIN, HALF_SIZE, FRAMES = range(3)


def shades(channels, width=WIDTH, height=HEIGHT):
    """Bytes that rise to the right and downwards; alpha is 200."""
    data = bytearray()
    for y in range(height):
        for x in range(width):
            pixel = (x * 255 // (width - 1), y * 255 // (height - 1), 96)
            data += bytearray((pixel if channels > 2 else pixel[:1]) + ((200,) if channels in (2, 4) else ()))
    return bytes(data)


def precision(depth, linear):
    return PRECISIONS[depth] + (0 if linear else 50)


def picture(kind="RGB", depth="u8", linear=False, alpha=True):
    """An image with one layer of shades."""
    pdb.gimp_plugin_enable_precision()
    grey = kind == "grey"
    image = gimp.Image(WIDTH, HEIGHT, GRAY if grey else RGB)
    add_layer(image, b"shades", alpha, grey)
    if kind == "indexed":
        pdb.gimp_image_convert_indexed(image, 0, 0, 16, False, False, b"")
    elif (depth, linear) != ("u8", False):
        pdb.gimp_image_convert_precision(image, precision(depth, linear))
    return image, image.layers[0]  # the old object remembers how many bytes a pixel had


def add_layer(image, name, alpha=True, grey=False):
    kinds = (GRAY_IMAGE, GRAYA_IMAGE) if grey else (RGB_IMAGE, RGBA_IMAGE)
    layer = gimp.Layer(image, name, WIDTH, HEIGHT, kinds[alpha], 100.0, LAYER_MODE_NORMAL)
    image.add_layer(layer, 0)
    region = layer.get_pixel_rgn(0, 0, WIDTH, HEIGHT, True, False)
    region[0:WIDTH, 0:HEIGHT] = shades((1 if grey else 3) + alpha)
    layer.flush()
    layer.update(0, 0, WIDTH, HEIGHT)
    return layer


def raw(drawable):
    """All pixels as GIMP keeps them."""
    size = drawable.width, drawable.height
    return drawable.get_pixel_rgn(0, 0, size[0], size[1], False, False)[0 : size[0], 0 : size[1]]


def values(layer):
    """All pixels as sRGB-encoded floats, a tuple for every pixel."""
    helper = pdb.gimp_image_new_with_precision(8, 8, GRAY if layer.is_gray else RGB, precision("float", False))
    copy = pdb.gimp_layer_new_from_drawable(layer, helper)
    helper.add_layer(copy, 0)
    data, size = array(b"f", raw(copy)), (1 if layer.is_gray else 3) + layer.has_alpha
    gimp.delete(helper)
    return [tuple(data[i : i + size]) for i in range(0, len(data), size)]


def call(name, image, layer, mode=RUN_NONINTERACTIVE, **given):
    """Run a procedure: the new image or None.

    Raises:
        RuntimeError: GIMP says that it failed.
    """
    settings = dict(DEFAULTS, **{key.replace("_", "-"): value for key, value in given.items()})
    procedure = pdb[b"python-fu-senga-" + name.encode()]
    words = [word[1].decode() for word in procedure.params[3:]]
    return procedure(image, layer, *[settings[word] for word in words], run_mode=mode)


def told():
    """All that GIMP has told the painter so far. Real GIMP without a window prints it, and so does Python its errors."""
    if "SENGA_LOG" not in os.environ:
        from gimp import state

        return "\n".join(state.messages)
    with io.open(os.environ[str("SENGA_LOG")], encoding="utf-8", errors="replace") as file:
        return "\n".join(re.findall("^.*-(?:Message|Warning|Error): (.*)$", file.read(), re.MULTILINE))


def refused(name, image, layer, says="", **given):
    """The call fails with a sentence that has these words, and neither picture nor list of images changes."""
    before, images, layers, silence = raw(layer), len(gimp.image_list()), len(image.layers), len(told())
    try:
        call(name, image, layer, **given)
    except RuntimeError:
        sentence = told()[silence:]
        assert sentence.strip() and says in sentence and "Traceback" not in sentence, sentence
        assert raw(layer) == before
        assert (len(gimp.image_list()), len(image.layers)) == (images, layers)
        return
    raise AssertionError("it did not fail")


def select_left_half(image, feather=0.0):
    pdb.gimp_context_push()
    pdb.gimp_context_set_feather(feather > 0)
    pdb.gimp_context_set_feather_radius(feather, feather)
    pdb.gimp_image_select_rectangle(image, CHANNEL_OP_REPLACE, 0, 0, WIDTH // 2, HEIGHT)
    pdb.gimp_context_pop()


def near(first, second, tolerance):
    return all(abs(a - b) <= tolerance for a, b in zip(first, second))


def run_checks(out, names):
    """Run every check of these modules; images must not pile up."""
    for name in names:
        for title, check in sorted(vars(importlib.import_module(name)).items()):
            if not title.startswith("check_"):
                continue
            try:
                said = check()
                line = "ok {}{}".format(title, ": " + said if said else "")
            except Exception:
                line = "FAILED {}\n{}".format(title, traceback.format_exc().decode("utf-8"))
            out.write(line.encode("utf-8") + b"\n")
            out.flush()
            for image in gimp.image_list():
                gimp.delete(image)
    out.write(b"all done\n")
    out.close()
