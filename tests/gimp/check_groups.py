# ruff: noqa: B905
"""Results in layers: a group that looks like the flat result, one undo step, selection, alpha, offsets, depths."""

import tempfile
from array import array

from bench import FAILED, HEIGHT, SUCCESS, WIDTH, add_layer, call, fill, picture, raw, shades, values
from gi.repository import Gimp

RGBA = Gimp.ImageType.RGBA_IMAGE


def seen(image):
    """What the image looks like: colours times alpha, and alpha."""
    copy = image.duplicate()
    merged = values(copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE))
    return [(red * alpha, green * alpha, blue * alpha, alpha) for red, green, blue, alpha in merged]


def farthest(first, second):
    """The largest difference of two pictures, in 255ths."""
    return max(abs(a - b) for one, other in zip(first, second) for a, b in zip(one, other)) * 255


def compare(make, name, tolerance=1.01, **settings):
    """Whether the group looks as the flat result does; gives the image with the group and its old layer."""
    flat, flat_layer = make()
    assert call(name, flat, [flat_layer], **settings)[0] == SUCCESS
    image, layer = make()
    apart = dict(settings, way="layers") if name == "senga-bench" else dict(settings, separate_layers=True)
    before = raw(layer)
    status, made, message = call(name, image, [layer], **apart)
    assert status == SUCCESS, message
    assert made is None
    assert raw(layer) == before, "the old layer stays as it was"
    gap = farthest(seen(image), seen(flat))
    assert gap <= tolerance, f"{gap:.2f} levels apart"
    return image, layer


def covers(mask):
    """How much every pixel of a mask lets through."""
    return list(array("f", raw(mask, "Y float")))


def group_of(image):
    group = image.get_layers()[0]
    assert group.is_group()
    return group, [child.get_name() for child in group.get_children()]


def check_a_sketch_in_layers():
    image, _ = compare(lambda: picture(alpha=False), "senga-sketch", aged=0.5)
    group, names = group_of(image)
    assert names == ["Outlines", "Strokes", "Paper"]
    assert group.get_name() == "shades – Pencil sketch"
    assert group.get_mask() is None
    assert len(image.get_layers()) == 2


def check_a_colour_pencil_drawing_in_layers():
    image, _ = compare(lambda: picture(alpha=False, width=120, height=90), "senga-color-pencil")
    assert group_of(image)[1] == ["Outlines", "Strokes", "Colours", "Paper"]


def check_every_depth():
    for precision in ("U16_NON_LINEAR", "FLOAT_LINEAR", "HALF_NON_LINEAR"):
        compare(lambda precision=precision: picture(precision=precision, alpha=False), "senga-sketch")


def check_a_grey_picture():
    image, _ = compare(lambda: picture("grey", alpha=False), "senga-sketch")
    assert group_of(image)[0].is_gray()


def check_the_selection_becomes_the_mask():
    def make():
        image, layer = picture(alpha=False)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 5, 5, 30, 30)
        Gimp.Selection.feather(image, 6)
        return image, layer

    # The flat result is blended by GIMP in linear light where the selection is soft; there they may differ.
    image, layer = compare(make, "senga-sketch", tolerance=70)
    assert not Gimp.Selection.is_empty(image)
    group = group_of(image)[0]
    mask = covers(group.get_mask())
    assert min(mask) == 0
    assert max(mask) > 0.99
    assert len({round(value, 2) for value in mask}) > 5, "its soft border too"
    beside = [i for i in range(WIDTH * HEIGHT) if i % WIDTH > 45]
    looks, before = seen(image), values(layer)
    assert all(abs(a - b) * 255 < 0.6 for i in beside for a, b in zip(looks[i], before[i]))


def check_a_hard_selection_gives_the_flat_result():
    def make():
        image, layer = picture(alpha=False)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 20)
        return image, layer

    compare(make, "senga-sketch")


def check_the_transparency_of_the_layer():
    def make():
        image, layer = picture()
        data = bytearray(shades(alpha=255))
        for y in range(HEIGHT):
            for x in range(20):
                data[4 * (y * WIDTH + x) + 3] = 0
        fill(layer, bytes(data))
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 20)
        return image, layer

    image, layer = compare(make, "senga-sketch")
    assert [round(value[3] * 255) for value in seen(image)] == [round(value[3] * 255) for value in values(layer)]


def check_a_half_transparent_layer_with_a_soft_selection():
    image, layer = picture()  # alpha 200
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 5, 5, 30, 30)
    Gimp.Selection.feather(image, 6)
    selection = covers(image.get_selection())
    assert call("senga-sketch", image, [layer], separate_layers=True)[0] == SUCCESS
    group = group_of(image)[0]
    mask = group.get_mask()
    _, left, top = group.get_offsets()
    for i, value in enumerate(covers(mask)):
        x, y = left + i % mask.get_width(), top + i // mask.get_width()
        assert abs(value - selection[y * WIDTH + x] * 200 / 255) < 0.01


def check_a_layer_with_an_offset_in_a_group():
    def make():
        image, _ = picture()
        outer = Gimp.GroupLayer.new(image, "folder")
        image.insert_layer(outer, None, 0)
        small = add_layer(image, "small", RGBA, 30, 20)
        fill(small, shades(30, 20))
        small.set_offsets(20, 10)
        image.reorder_item(small, outer, 0)
        return image, small

    image, _ = compare(make, "senga-bench", tolerance=300)
    outer = image.get_layers()[0]
    group = outer.get_children()[0]
    assert [child.get_name() for child in outer.get_children()] == ["small – Bench", "small"]
    assert [tuple(child.get_offsets())[1:] for child in group.get_children()] == [(20, 10)] * 3


def check_modes_opacities_and_strength():
    image, layer = picture(alpha=False)
    assert call("senga-bench", image, [layer], way="layers", strength=0.6)[0] == SUCCESS
    group, names = group_of(image)
    assert names == ["Dye", "Ink", "Ground"]
    dye = group.get_children()[0]
    assert dye.get_mode() == Gimp.LayerMode.MULTIPLY
    assert round(dye.get_opacity()) == 70
    assert round(group.get_opacity()) == 60
    looks = seen(image)
    for old, look in zip(values(layer), looks):
        for channel in range(3):
            ground = 1.0 if old[channel] >= 0.5 else 0.0
            below = ground + (77 / 255 - ground) * old[0]
            dyed = below + 0.7 * (old[channel] * below - below)
            wanted = old[channel] + 0.6 * (dyed - old[channel])
            assert abs(look[channel] - wanted) * 255 <= 2, (old, look, wanted)


def check_one_undo_step():
    image, layer = picture()
    image.undo_group_start()  # GIMP's test API tells nothing of the undo stack: see that our group nests in another
    assert call("senga-sketch", image, [layer], separate_layers=True)[0] == SUCCESS
    image.undo_group_end()


def check_two_layers_at_once():
    image, first = picture()
    second = add_layer(image, "second", RGBA, 40, 30)
    assert call("senga-sketch", image, [first, second], separate_layers=True)[0] == SUCCESS
    names = [layer.get_name() for layer in image.get_layers()]
    assert names == ["second – Pencil sketch", "second", "shades – Pencil sketch", "shades"], names


def check_a_new_image_in_layers():
    image, layer = picture(alpha=False)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 20)
    before = len(image.get_layers())
    status, made, message = call("senga-sketch", image, [layer], separate_layers=True, output="new-image")
    assert status == SUCCESS, message
    assert len(image.get_layers()) == before
    group, original = made.get_layers()
    assert group.is_group()
    assert original.get_name().startswith("shades")
    assert len(group.get_children()) == 3
    flat, flat_layer = picture(alpha=False)
    flat.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 30, 20)
    assert call("senga-sketch", flat, [flat_layer])[0] == SUCCESS
    gap = farthest(seen(made), seen(flat))
    assert gap <= 1.01, gap


def check_a_new_image_of_a_half_transparent_layer():
    image, layer = picture()
    status, made, message = call("senga-sketch", image, [layer], separate_layers=True, output="new-image")
    assert status == SUCCESS, message
    assert len(made.get_layers()) == 1
    flat, flat_layer = picture()
    assert call("senga-sketch", flat, [flat_layer])[0] == SUCCESS
    assert farthest(seen(made), seen(flat)) <= 1.01


def check_a_mask_takes_the_flat_result():
    image, layer = picture()
    mask = layer.create_mask(Gimp.AddMaskType.COPY)
    layer.add_mask(mask)
    before = raw(mask)
    assert call("senga-sketch", image, [mask], separate_layers=True)[0] == SUCCESS
    assert raw(mask) != before
    assert len(image.get_layers()) == 1


def check_an_indexed_picture_is_refused_with_advice():
    image, layer = picture("indexed")
    before = raw(layer)
    status, _, message = call("senga-sketch", image, [layer], separate_layers=True)
    assert status == FAILED
    assert "convert it to RGB" in message, message
    assert raw(layer) == before
    assert len(image.get_layers()) == 1
    assert call("senga-sketch", image, [layer], separate_layers=True, output="new-image")[0] == SUCCESS


def check_a_recipe_in_layers():
    recipe = (
        'senga = 1\n[[steps]]\nfilter = "bench"\n'
        '[[steps]]\nfilter = "sketch"\nstrength = 0.5\nsettings = {separate_layers = %s}\n'
    )
    looks = []
    for separate in ("true", "false"):
        image, layer = picture(alpha=False)
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(recipe % separate)
            file.flush()
            status, _, message = call("senga-run-recipe", image, [layer], recipe=file.name)
        assert status == SUCCESS, message
        looks.append(seen(image))
    assert farthest(*looks) <= 1.6
