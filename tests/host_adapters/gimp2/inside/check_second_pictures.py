# -*- coding: utf-8 -*-
"""Second pictures, colours, points, lists, recipes and alternatives, with the third-party filters for tests."""

from __future__ import absolute_import, division, unicode_literals

import io
import os
import tempfile

import gimp
from bench import HEIGHT, NEW_IMAGE, WIDTH, add_layer, call, near, picture, raw, refused, values
from gimpfu import *


def flat(image, name, width, height, pixel=(255, 0, 0, 255)):
    """A layer of one colour."""
    kind = RGBA_IMAGE if len(pixel) == 4 else RGB_IMAGE
    layer = gimp.Layer(image, name, width, height, kind, 100.0, LAYER_MODE_NORMAL)
    image.add_layer(layer, 0)
    layer.get_pixel_rgn(0, 0, width, height, True, False)[0:width, 0:height] = bytes(bytearray(pixel)) * (
        width * height
    )
    layer.flush()
    layer.update(0, 0, width, height)
    return layer


def saved(name, width, height, pixel):
    """The file of a picture of one colour."""
    image = gimp.Image(width, height, RGB)
    layer = flat(image, b"flat", width, height, pixel)
    path = os.path.join(tempfile.mkdtemp(), name).encode("utf-8")
    pdb.file_png_save_defaults(image, layer, path, path)
    gimp.delete(image)
    return path


def check_an_aligned_layer_is_taken_at_its_place():
    image, layer = picture(alpha=False)
    layer.set_offsets(-4, 3)
    hints = flat(image, b"hints", 10, 8)
    hints.set_offsets(6, 13)
    before = values(layer)
    call("hint-wash", image, layer, hints=hints)
    for i, (old, new) in enumerate(zip(before, values(layer))):
        inside = 10 <= i % WIDTH < 20 and 10 <= i // WIDTH < 18
        assert near(new[:3], (1, 0, 0) if inside else old[:3], 0.005), (i % WIDTH, i // WIDTH, old, new)


def check_an_aligned_layer_that_is_larger_and_a_selection():
    for depth in ("u8", "u16", "float"):
        image, layer = picture(depth=depth)
        hints = flat(gimp.Image(8, 8, RGB), b"x", 1, 1) and layer.copy()
        image.add_layer(hints, 0)
        hints.fill(FILL_WHITE)
        hints.resize(3 * WIDTH, 2 * HEIGHT, WIDTH, 10)
        pdb.gimp_image_select_rectangle(image, CHANNEL_OP_REPLACE, 5, 6, 20, 15)
        before = values(layer)
        call("hint-wash", image, layer, hints=image.layers[0])
        for i, (old, new) in enumerate(zip(before, values(image.layers[1]))):
            inside = 5 <= i % WIDTH < 25 and 6 <= i // WIDTH < 21
            assert near(new[:3], (1, 1, 1) if inside else old[:3], 0.01), (depth, i, old, new)


def check_no_hints_at_all():
    image, layer = picture()
    before = raw(layer)
    call("hint-wash", image, layer)
    assert raw(layer) == before


def check_an_exemplar_comes_whole_from_another_image_and_may_be_one_pixel():
    for width, height in ((20, 30), (1, 1)):
        image, layer = picture()
        other = gimp.Image(20, 30, RGB)
        call("palette-of", image, layer, exemplar=flat(other, b"painting", width, height, (10, 200, 30)))
        assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01), values(layer)[50]


def check_files_stand_in_for_layers():
    path = saved("Bild ä.png", WIDTH, HEIGHT, (10, 200, 30))
    for name, setting in (("palette-of", "exemplar_file"), ("hint-wash", "hints_file")):
        image, layer = picture()
        call(name, image, layer, **{str(setting): path})
        assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01), name
    image, layer = picture()
    call("palette-of", image, layer, exemplar=flat(image, b"dot", 1, 1), exemplar_file=path)
    assert near(values(layer)[50][:3], (1, 0, 0), 0.01), "the layer wins"


def check_bad_second_pictures():
    image, layer = picture()
    other, stranger = picture()
    small = saved("small.png", 9, 7, (1, 2, 3))
    damaged = os.path.join(tempfile.mkdtemp(), "damaged.png").encode("utf-8")
    with io.open(damaged, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n and nothing else")
    refused("hint-wash", image, layer, "belongs to another picture", hints=stranger)
    refused("hint-wash", image, layer, "a.png", hints_file=b"/nowhere/a.png")
    refused("hint-wash", image, layer, "damaged.png", hints_file=damaged)
    refused("hint-wash", image, layer, "9 x 7", hints_file=small)
    refused("palette-of", image, layer, "No painting is chosen")
    refused("palette-of", image, layer, "a.png", exemplar_file=b"a.png")
    huge = gimp.Layer(other, b"huge", 20000, 5001, RGB_IMAGE, 100.0, LAYER_MODE_NORMAL)
    other.add_layer(huge, 0)
    refused("palette-of", image, layer, "20000 x 5001", exemplar=huge)


def check_colours_points_lists_and_alternatives():
    image, layer = picture(alpha=False)
    before = raw(layer)
    call("pins", image, layer, color=(0, 255, 0), places=b"0.25,0.5; 0.75,0.5", sizes=b"0.1, 0.3")
    assert raw(layer) == before
    group = image.layers[0]
    assert [child.name for child in group.layers] == [b"Size 0.1", b"Size 0.3"], group.layers
    assert group.name.decode("utf-8") == "shades – Pins"
    first, middle = values(group.layers[0]), HEIGHT // 2 * WIDTH
    assert near(first[middle + WIDTH // 4][:3], (0, 1, 0), 0.005)
    assert near(first[middle + 3 * WIDTH // 4][:3], (0, 1, 0), 0.005)
    assert not near(first[middle + WIDTH // 2][:3], (0, 1, 0), 0.1)


def check_alternatives_with_alpha_and_a_selection():
    image, layer = picture("RGB", "u16")
    pdb.gimp_image_select_rectangle(image, CHANNEL_OP_REPLACE, 5, 6, 20, 15)
    call("pins", image, layer)
    group = image.layers[0]
    mask = raw(group.mask)
    assert len(set(mask)) > 1, "what is selected and not transparent"
    bounds = pdb.gimp_selection_bounds(image)
    assert tuple(bounds[1:]) == (5, 6, 25, 21), "the selection stays"
    assert not image.channels


def check_alternatives_elsewhere():
    image, layer = picture()
    made = call("pins", image, layer, output=NEW_IMAGE)
    assert [one.name for one in made.layers] == [b"Size 0.1", b"Size 0.2"]
    image, layer = picture()
    mask = layer.create_mask(ADD_BLACK_MASK)
    layer.add_mask(mask)
    call("pins", image, mask, color=(255, 255, 255))
    assert len(image.layers) == 1
    assert max(bytearray(raw(mask))) > 250


def check_lists_at_their_defaults_and_empty():
    for sizes in (b"0.1, 0.2", b"", b"[]", b"[0.2]"):
        image, layer = picture(alpha=False)
        call("pins", image, layer, sizes=sizes)
    image, layer = picture()
    refused("pins", image, layer, "thick", sizes=b"thick")
    refused("pins", image, layer, "somewhere", places=b"somewhere")


def check_a_recipe_with_a_relative_picture_in_any_encoding():
    path = saved("painting.png", 20, 30, (10, 200, 30)).decode("utf-8")
    text = 'senga = 1\n[[steps]]\nfilter = "palette-of"\n[steps.settings]\nexemplar = "painting.png"\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        recipe = os.path.join(os.path.dirname(path), encoding + ".toml").encode("utf-8")
        with io.open(recipe, "wb") as file:
            file.write(text.encode(encoding))
        image, layer = picture()
        call("run-recipe", image, layer, recipe=recipe)
        assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01)


def check_recipes_that_never_end():
    pipe = os.path.join(tempfile.mkdtemp(), "pipe.toml").encode("utf-8")
    os.mkfifo(pipe)
    image, layer = picture()
    for path in (b"/dev/zero", pipe, os.path.dirname(pipe)):
        refused("run-recipe", image, layer, "it is no file", recipe=path)
    large = os.path.join(os.path.dirname(pipe), b"large.toml")
    with io.open(large, "wb") as file:
        file.write(b"#" * (1 << 21))
    refused("run-recipe", image, layer, "too large", recipe=large)


def check_arguments_and_menus():
    procedure = pdb[b"python-fu-senga-hint-wash"]
    kinds = {word[1]: word[0] for word in procedure.params}
    assert (kinds[b"hints"], kinds[b"hints-file"]) == (PDB_DRAWABLE, PDB_STRING)
    assert {word[1]: word[0] for word in pdb[b"python-fu-senga-pins"].params}[b"color"] == PDB_COLOR
    assert b"tint" in procedure.proc_blurb
