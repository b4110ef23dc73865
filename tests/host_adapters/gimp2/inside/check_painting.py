# -*- coding: utf-8 -*-
"""What a filter does to pictures of every mode and precision, and where its result goes."""

from __future__ import absolute_import, division, unicode_literals

from array import array

import gimp
from bench import (
    FRAMES,
    HALF_SIZE,
    HEIGHT,
    NEW_IMAGE,
    NEW_LAYER,
    PRECISIONS,
    WIDTH,
    add_layer,
    call,
    near,
    picture,
    precision,
    raw,
    select_left_half,
    values,
)
from gimpfu import *

DEPTHS = [(depth, linear) for depth in sorted(PRECISIONS) for linear in (False, True)]


def _kinds():
    for alpha in (False, True):
        for depth, linear in DEPTHS:
            yield "RGB", depth, linear, alpha
        for depth, linear in (("u8", False), ("u16", False), ("u16", True), ("float", True), ("half", False)):
            yield "grey", depth, linear, alpha
        yield "indexed", "u8", False, alpha


def check_every_mode_and_precision():
    """The selected half is painted; the other stays to the last bit, and the alpha everywhere."""
    for kind, depth, linear, alpha in _kinds():
        where = (kind, depth, linear, alpha)
        image, layer = picture(*where)
        before, exact = values(layer), raw(layer)
        select_left_half(image)
        assert call("bench", image, layer) is None
        after, now = values(layer), raw(layer)
        size = len(exact) // (WIDTH * HEIGHT)
        assert size == layer.bpp
        changed = 0
        for i in range(WIDTH * HEIGHT):
            if i % WIDTH >= WIDTH // 2:
                assert now[i * size : i * size + size] == exact[i * size : i * size + size], (where, i)
                continue
            changed += not near(after[i], before[i], 0.01)
            colors = len(after[i]) - alpha
            assert not alpha or abs(after[i][-1] - before[i][-1]) < 1e-6, where
            if kind == "indexed" or any(abs(value - 0.5) < 0.004 for value in before[i][:colors]):
                continue
            expected = [float(value >= 0.5) for value in before[i][:colors]]
            assert near(after[i], expected, 0.003), (where, i, before[i], after[i])
        assert changed > 100, where


def check_linear_light_is_not_taken_for_encoded():
    """0.25 in linear light is 0.54 encoded, and that is what a filter must see."""
    image, layer = picture("RGB", "float", True, False)
    region = layer.get_pixel_rgn(0, 0, WIDTH, HEIGHT, True, False)
    region[0:WIDTH, 0:HEIGHT] = array(b"f", [0.25, 0.25, 0.25] * (WIDTH * HEIGHT)).tostring()
    layer.flush()
    call("bench", image, layer)
    assert near(values(layer)[0], (1, 1, 1), 1e-6)


def check_feather_fades_from_old_to_new():
    for depth, linear in (("u8", False), ("u16", False), ("float", True)):
        image, layer = picture("RGB", depth, linear, False)
        before = values(layer)
        select_left_half(image, 12.0)
        call("bench", image, layer)
        between = 0
        for old, now in zip(before, values(layer)):
            for was, now_is in zip(old, now):
                low, high = sorted((was, float(was >= 0.5)))
                assert low - 0.01 <= now_is <= high + 0.01
                between += low + 0.1 < now_is < high - 0.1
        assert between > 50, "no pixel is half way: the feather was not used"


def check_a_selection_beside_the_layer_changes_nothing():
    image, layer = picture()
    layer.set_offsets(WIDTH // 2, 0)
    pdb.gimp_image_select_rectangle(image, CHANNEL_OP_REPLACE, 0, 0, 10, 10)
    before = raw(layer)
    assert call("bench", image, layer) is None
    assert raw(layer) == before


def check_a_layer_that_juts_out_is_painted_whole():
    for x, y in ((-20, -10), (30, 25)):
        image, layer = picture()
        layer.set_offsets(x, y)
        call("bench", image, layer)
        assert all(near(pixel[:3], [round(value) for value in pixel[:3]], 0.003) for pixel in values(layer))
        assert layer.offsets == (x, y)


def check_a_new_layer_lies_above_with_the_selection_as_mask():
    for kind, depth, linear in (("RGB", "u8", False), ("RGB", "half", True), ("grey", "u16", False)):
        image, layer = picture(kind, depth, linear, False)
        kind = GRAY_IMAGE if kind == "grey" else RGB_IMAGE
        top = gimp.Layer(image, b"top", WIDTH, HEIGHT, kind, 100.0, LAYER_MODE_NORMAL)
        image.add_layer(top, 0)
        layer.set_offsets(3, 4)
        before = raw(layer)
        select_left_half(image)
        assert call("bench", image, layer, output=NEW_LAYER) is None
        assert [one.name for one in image.layers] == [b"top", "shades – Bench".encode("utf-8"), b"shades"], image.layers
        new = image.layers[1]
        assert top.name == b"top" and raw(layer) == before
        assert new.offsets == (3, 4) and new.mask is not None
        assert near(values(new)[0], [0.0] * 3, 0.003)


def check_a_new_image_has_the_precision_of_the_old():
    image, layer = picture("RGB", "half", True)
    before = raw(layer)
    made = call("bench", image, layer, output=NEW_IMAGE)
    assert (made.width, made.height, made.precision) == (WIDTH, HEIGHT, precision("half", True))
    assert raw(layer) == before and len(made.layers) == 1
    assert near(values(made.layers[0])[0][:2], (0, 0), 0.003)


def check_another_size_becomes_an_image():
    image, layer = picture()
    before = raw(layer)
    made = call("bench", image, layer, way=HALF_SIZE)
    assert (made.width, made.height) == (WIDTH // 2, HEIGHT // 2)
    assert raw(layer) == before


def check_frames_become_a_stack_for_playback():
    for kind, depth in (("RGB", "u8"), ("grey", "u16")):
        image, layer = picture(kind, depth)
        before = values(layer)
        made = call("bench", image, layer, way=FRAMES)
        names = [one.name.decode("utf-8") for one in made.layers]
        assert names == ["Frame 2 (500ms) (replace)", "Frame 1 (200ms) (replace)"], names
        assert all(near(a[:1], b[:1], 0.003) for a, b in zip(values(made.layers[1]), before))


def check_masks_and_channels_are_painted():
    for depth in ("u8", "u16", "float"):
        image, layer = picture("RGB", depth)
        mask = layer.create_mask(ADD_WHITE_MASK)
        layer.add_mask(mask)
        region = mask.get_pixel_rgn(0, 0, WIDTH, HEIGHT, True, False)
        whole = raw(mask)
        region[0:WIDTH, 0:HEIGHT] = b"\0" * len(whole)
        mask.flush()
        call("bench", image, mask, invert=True)
        assert raw(mask) == whole, depth


def check_a_setting_counts():
    image, layer = picture()
    call("bench", image, layer, limit=0.9, invert=True)
    assert near(values(layer)[40][:1], (1,), 0.003)


def check_strength_mixes():
    image, layer = picture("RGB", "float")
    before = values(layer)
    call("bench", image, layer, strength=0.5)
    old, now = before[5], values(layer)[5]
    assert near(now[:3], [0.5 * value for value in old[:3]], 0.003), (old, now)


def check_all_settings_are_callable():
    image, layer = picture()
    call("bench-all", image, layer, note="Tusche – 墨".encode("utf-8"), setting_strength=b"3")
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def check_last_values_work_the_first_time():
    image, layer = picture()
    call("bench", image, layer, RUN_WITH_LAST_VALS)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def check_no_image_is_left_behind():
    image, layer = picture("RGB", "half", True)
    call("bench", image, layer)
    assert [one.ID for one in gimp.image_list()] == [image.ID]
