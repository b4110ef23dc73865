# ruff: noqa: B905, PT018
"""Layers: offsets, several, groups, masks, locks, new layers, new images, animations."""

from bench import FAILED, HEIGHT, SUCCESS, WIDTH, add_layer, call, picture, raw, values
from gi.repository import Gimp

RGBA = Gimp.ImageType.RGBA_IMAGE


def is_painted(layer, i):
    return all(value in (0.0, 1.0) for value in values(layer)[i][:3])


def check_a_layer_beyond_the_image():
    image, layer = picture()
    large = add_layer(image, "large", RGBA, 2 * WIDTH, 2 * HEIGHT)
    large.set_offsets(-10, -5)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 8, 8)
    below, before = raw(layer), values(large)
    assert call("senga-bench", image, [large])[0] == SUCCESS
    changed = {i for i, (a, b) in enumerate(zip(before, values(large))) if a != b}
    assert changed
    assert all(10 <= i % (2 * WIDTH) < 18 and 5 <= i // (2 * WIDTH) < 13 for i in changed)
    assert raw(layer) == below


def check_a_layer_smaller_than_the_image():
    image, _ = picture()
    small = add_layer(image, "small", RGBA, 20, 10)
    small.set_offsets(30, 30)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 40, 48)
    before = values(small)
    assert call("senga-bench", image, [small])[0] == SUCCESS
    changed = {i for i, (a, b) in enumerate(zip(before, values(small))) if a != b}
    assert changed
    assert all(i % 20 < 10 for i in changed)


def check_several_layers():
    image, first = picture()
    second = add_layer(image, "second", RGBA, 30, 20)
    assert call("senga-bench", image, [first, second])[0] == SUCCESS
    assert is_painted(first, 100)
    assert is_painted(second, 100)


def check_a_refused_layer_leaves_the_others_alone():
    image, first = picture()
    second = add_layer(image, "locked one", RGBA)
    second.set_lock_content(True)
    before = raw(first)
    status, _, message = call("senga-bench", image, [first, second])
    assert status == FAILED
    assert "locked one" in message, message
    assert raw(first) == before


def check_a_group_is_refused_with_advice_and_can_become_a_layer():
    image, layer = picture()
    group = Gimp.GroupLayer.new(image, "folder")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    status, _, message = call("senga-bench", image, [group])
    assert status == FAILED
    assert "folder" in message and "new layer" in message, message
    assert call("senga-bench", image, [group], output="new-layer")[0] == SUCCESS
    assert len(image.get_layers()) == 2
    assert is_painted(image.get_layers()[0], 100)


def check_a_layer_in_a_group():
    image, layer = picture()
    group = Gimp.GroupLayer.new(image, "folder")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    assert call("senga-bench", image, [layer], output="new-layer")[0] == SUCCESS
    assert [child.get_name() for child in group.get_children()] == ["shades – Bench", "shades"]


def check_a_layer_keeps_its_mask():
    image, layer = picture()
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    before = raw(mask)
    assert call("senga-bench", image, [layer])[0] == SUCCESS
    assert raw(mask) == before
    assert is_painted(layer, 100)


def check_a_mask_can_be_painted():
    image, layer = picture()
    mask = layer.create_mask(Gimp.AddMaskType.COPY)
    layer.add_mask(mask)
    before = raw(layer)
    assert call("senga-bench", image, [mask])[0] == SUCCESS
    assert {round(value[0], 3) for value in values(mask, "Y'")} == {0.0, 1.0}
    assert raw(layer) == before
    status, _, message = call("senga-bench", image, [mask], output="new-layer")
    assert status == FAILED
    assert "is no layer" in message, message


def check_a_channel_can_be_painted():
    image, _ = picture()
    color = Gimp.context_get_foreground()
    channel = Gimp.Channel.new(image, "channel", WIDTH, HEIGHT, 50, color)
    image.insert_channel(channel, None, 0)
    channel.fill(Gimp.FillType.WHITE)
    assert call("senga-bench", image, [channel], invert=True)[0] == SUCCESS
    assert {value[0] for value in values(channel, "Y'")} == {0.0}


def check_a_new_layer_has_the_selection_as_its_mask():
    image, layer = picture()
    layer.set_offsets(3, 4)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 5, 5, 30, 30)
    before = raw(layer)
    status, made, _ = call("senga-bench", image, [layer], output="new-layer")
    assert (status, made) == (SUCCESS, None)
    new, old = image.get_layers()
    assert old.get_id() == layer.get_id()
    assert raw(layer) == before
    assert tuple(new.get_offsets())[1:] == (3, 4)
    mask = [value[0] for value in values(new.get_mask(), "Y'")]
    assert min(mask) == 0 and max(mask) == 1
    assert not Gimp.Selection.is_empty(image)


def check_a_new_image():
    image, layer = picture(precision="U16_NON_LINEAR")
    image.set_resolution(123.0, 123.0)
    before = raw(layer)
    status, made, message = call("senga-bench", image, [layer], output="new-image")
    assert status == SUCCESS, message
    assert raw(layer) == before
    assert len(image.get_layers()) == 1
    assert made.get_precision() == image.get_precision()
    assert made.get_resolution()[1:] == image.get_resolution()[1:]
    assert is_painted(made.get_layers()[0], 100)
    assert abs(values(made.get_layers()[0])[0][3] - 200 / 255) < 1e-4


def check_a_result_of_another_size_becomes_an_image():
    image, layer = picture()
    before = raw(layer)
    status, made, message = call("senga-bench", image, [layer], way="half_size")
    assert status == SUCCESS, message
    assert (made.get_width(), made.get_height()) == (WIDTH // 2, HEIGHT // 2)
    assert raw(layer) == before
    assert len(image.get_layers()) == 1


def check_an_animation_becomes_a_stack_for_playback():
    image, layer = picture()
    status, made, message = call("senga-bench", image, [layer], way="frames")
    assert status == SUCCESS, message
    names = [one.get_name() for one in made.get_layers()]
    assert len(names) == 2
    assert names[0].endswith("(500ms) (replace)"), names
    assert names[1].endswith("(200ms) (replace)"), names
    assert is_painted(made.get_layers()[0], 100)
    assert not is_painted(made.get_layers()[1], 100)


def check_the_drawing_process():
    image, layer = picture(width=120, height=90)
    status, made, message = call("senga-drawing-process", image, [layer], frames=4, size=0)
    assert status == SUCCESS, message
    assert len(made.get_layers()) == 4
    means = [sum(value[0] for value in values(one)) for one in made.get_layers()]
    assert means == sorted(means), "later layers are darker and lie higher"


def check_a_grey_picture_drawn_in_colour():
    image, layer = picture("grey")
    assert call("senga-color-pencil", image, [layer])[0] == SUCCESS
    assert image.get_base_type() == Gimp.ImageBaseType.GRAY


def check_with_last_values():
    image, layer = picture()
    assert call("senga-bench", image, [layer], Gimp.RunMode.WITH_LAST_VALS)[0] == SUCCESS
    assert is_painted(layer, 100)
