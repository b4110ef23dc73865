# -*- coding: utf-8 -*-
"""A picture that is changed while it is painted is noticed, told in one sentence, and nothing comes into it."""

from __future__ import absolute_import, division, unicode_literals

import sys

from bench import HEIGHT, PLUG_IN, WIDTH, add_layer, picture, raw
from gimpfu import *
import gimp

sys.path.insert(0, PLUG_IN)
from senga_gimp2 import painting
from senga_gimp2.words import Trouble


def paint(image, layer, meanwhile, output):
    """Paint white, while something happens to the picture; gives what the painter is told, or nothing."""

    def work(canvas, _spool):
        canvas.write_band(0, b"\xff" * (canvas.row * canvas.height))
        meanwhile()
        return True

    try:
        painting.paint(image, layer, output, "Test", work)
    except Trouble as error:
        return error.message
    return ""


def noticed(change, words):
    for output in ("in-place", "new-layer", "new-image"):
        image, layer = picture()
        add_layer(image, b"other")
        count, seen = len(gimp.image_list()), []

        def meanwhile():
            change(image, layer)
            seen.append(state(image))

        text = paint(image, layer, meanwhile, output)
        assert words in text, (output, text)
        assert state(image) == seen[0], output
        closed = not pdb.gimp_image_is_valid(image)
        assert len(gimp.image_list()) == count - closed, output
        if not closed:
            gimp.delete(image)


def state(image):
    return [raw(layer) for layer in image.layers] if pdb.gimp_image_is_valid(image) else []


def check_a_closed_picture():
    noticed(lambda image, _: gimp.delete(image), "closed while it was painted")


def check_a_deleted_layer():
    noticed(lambda image, layer: pdb.gimp_image_remove_layer(image, layer), "was deleted while it was painted")


def check_a_layer_that_is_painted_on():
    def change(_, layer):
        region = layer.get_pixel_rgn(0, 0, WIDTH, HEIGHT, True, False)
        region[0:WIDTH, 0:1] = region[0:WIDTH, 1:2]
        layer.flush()

    noticed(change, "changed while it was painted")


def check_another_selection():
    noticed(lambda image, _: pdb.gimp_image_select_rectangle(image, 2, 1, 1, 9, 9), "selection was changed")


def check_another_precision():
    noticed(lambda image, _: pdb.gimp_image_convert_precision(image, 250), "changed while it was painted")


def check_a_picture_that_was_turned_scaled_or_cropped():
    if not pdb.gimp_procedural_db_proc_exists("gimp-image-rotate"):
        return  # the double cannot
    noticed(lambda image, _: pdb.gimp_image_rotate(image, ROTATE_90), "changed while it was painted")
    noticed(lambda image, _: pdb.gimp_image_rotate(image, ROTATE_180), "changed while it was painted")
    noticed(lambda image, _: pdb.gimp_image_scale(image, 20, 10), "changed while it was painted")
    noticed(lambda image, _: pdb.gimp_image_crop(image, 9, 9, 1, 1), "changed while it was painted")


def check_a_picture_that_is_not_changed():
    image, layer = picture()
    assert paint(image, layer, lambda: None, "in-place") == ""
    assert set(bytearray(raw(image.layers[0]))) == {255}
