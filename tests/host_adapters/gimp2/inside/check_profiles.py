# -*- coding: utf-8 -*-
"""Colour profiles, which only real GIMP can convert: this one has red and green exchanged."""

from __future__ import absolute_import, division, unicode_literals

from bench import NEW_IMAGE, NEW_LAYER, call, picture, raw
from gimpfu import *


def _exchanged(alpha, depth="u8"):
    image, layer = picture("RGB", depth, False, alpha)
    profile = bytes(bytearray(pdb.gimp_image_get_effective_color_profile(image)[1]))
    for old, new in ((b"rXYZ", b"----"), (b"gXYZ", b"rXYZ"), (b"----", b"gXYZ")):
        profile = profile.replace(old, new)
    numbers = tuple(bytearray(profile))
    pdb.gimp_image_set_color_profile(image, len(numbers), numbers)
    assert pdb.gimp_image_get_color_profile(image)[1] == numbers
    return image, layer, numbers


def _near(first, second, tolerance=1):
    return max(abs(a - b) for a, b in zip(bytearray(first), bytearray(second))) <= tolerance


def check_colours_and_profile_stay():
    for alpha in (False, True):
        image, layer, profile = _exchanged(alpha)
        before = raw(layer)
        call("bench", image, layer, strength=0.0001)
        assert _near(raw(layer), before)
        assert pdb.gimp_image_get_color_profile(image)[1] == profile


def check_a_new_layer_and_a_new_image_look_the_same():
    image, layer, profile = _exchanged(False)
    before = raw(layer)
    made = call("bench", image, layer, output=NEW_IMAGE, strength=0.0001)
    assert pdb.gimp_image_get_color_profile(made)[1] == profile and made.precision == image.precision
    new = made.layers[0]
    colors = bytearray(raw(new))
    if new.has_alpha:
        del colors[3::4]
    assert _near(bytes(colors), before)
    call("bench", image, layer, output=NEW_LAYER, strength=0.0001)
    assert _near(raw(image.layers[0]), before)


def check_the_profile_does_exchange():
    """In this profile, full green is what sRGB calls red."""
    image, layer, _ = _exchanged(False)
    size = layer.width, layer.height
    region = layer.get_pixel_rgn(0, 0, size[0], size[1], True, False)
    region[0 : size[0], 0 : size[1]] = b"\0\xff\0" * (size[0] * size[1])
    layer.flush()
    plain = pdb.gimp_image_duplicate(image)
    pdb.gimp_image_convert_color_profile(plain, *_srgb(plain))
    assert _near(raw(plain.layers[0])[:3], b"\xff\0\0")


def _srgb(image):
    fresh, _ = picture("RGB", "u8", False, False)
    size, profile = pdb.gimp_image_get_effective_color_profile(fresh)
    return size, profile, COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC, True
