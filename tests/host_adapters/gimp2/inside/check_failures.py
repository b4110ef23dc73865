# -*- coding: utf-8 -*-
"""What goes wrong: a true status, the picture unchanged, nothing left behind."""

from __future__ import absolute_import, division, unicode_literals

import os
import tempfile

from bench import NEW_LAYER, call, near, picture, raw, refused, values
from gimpfu import *


def check_a_filter_that_raises():
    image, layer = picture()
    refused("bench-fails", image, layer)
    call("bench", image, layer)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def check_a_choice_that_is_none():
    refused("bench", *picture(), way=7)


def check_a_value_out_of_range():
    refused("bench", *picture(), limit=3.5)


def check_locked_pixels():
    image, layer = picture()
    pdb.gimp_item_set_lock_content(layer, True)
    refused("bench", image, layer)


def check_a_group():
    image, layer = picture()
    group = pdb.gimp_layer_group_new(image)
    pdb.gimp_image_insert_layer(image, group, None, 0)
    try:
        call("bench", image, group)
    except RuntimeError:
        return
    raise AssertionError("a group was painted")


def check_a_mask_cannot_become_a_layer():
    image, layer = picture()
    mask = layer.create_mask(ADD_WHITE_MASK)
    layer.add_mask(mask)
    refused("bench", image, mask, output=NEW_LAYER)


def check_a_recipe():
    image, layer = picture()
    handle, path = tempfile.mkstemp(".toml")
    os.write(handle, b'[[steps]]\nfilter = "bench"\nsettings = { limit = 0.9 }\n')
    os.close(handle)
    call("run-recipe", image, layer, recipe=path.encode("utf-8"))
    assert near(values(layer)[40][:2], (0, 0), 0.003)
    os.remove(path)


def check_recipes_that_cannot_be_used():
    image, layer = picture()
    for path in (b"", b"/nowhere/recipe.toml"):
        refused("run-recipe", image, layer, recipe=path)


def check_no_canvas_is_left_behind():
    image, layer = picture()
    refused("bench-fails", image, layer)
    left = [name for name in _names(tempfile.gettempdir()) if name.startswith("canvas-")]
    assert not left, left


def _names(folder):
    for _, _, names in os.walk(folder):
        for name in names:
            yield name


def check_the_picture_can_be_painted_after_all_that():
    image, layer = picture()
    before = raw(layer)
    call("bench", image, layer)
    assert raw(layer) != before
