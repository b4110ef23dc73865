# ruff: noqa: B905
"""Colours for lines: a group below the line layer, one undo step, the lines untouched, transparent or on paper."""

from bench import HEIGHT, SUCCESS, WIDTH, add_layer, call, fill, near, picture, raw, values
from gi.repository import Gimp

RGBA = Gimp.ImageType.RGBA_IMAGE
RED = (255, 0, 0)


def lines(paper):
    """A box of black lines, 3 pixels wide, on white or transparent paper."""
    data = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            inside = 8 <= x < 40 and 6 <= y < 30
            data += bytes((0, 0, 0, 255) if inside and not (11 <= x < 37 and 9 <= y < 27) else paper)
    return bytes(data)


def drawn(paper):
    """An image with a line layer and a hint layer, whose dot of red lies in the box."""
    image, layer = picture()
    fill(layer, lines(paper))
    hints = add_layer(image, "hints", RGBA, 4, 4)
    fill(hints, bytes((*RED, 255)) * 16)
    hints.set_offsets(20, 15)
    return image, layer, hints


def seen(image, hints):
    """What the image looks like without the hints."""
    hints.set_visible(False)
    copy = image.duplicate()
    return values(copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE))


def is_right(look):
    for i, (red, green, blue, alpha) in enumerate(look):
        x, y = i % WIDTH, i // WIDTH
        wanted = (0, 0, 0) if 8 <= x < 40 and 6 <= y < 30 else (1, 1, 1)
        wanted = (1, 0, 0) if 11 <= x < 37 and 9 <= y < 27 else wanted
        assert max(abs(a - b) for a, b in zip((red, green, blue, alpha), (*wanted, 1))) < 0.02, (x, y, look[i])


def check_a_group_below_lines_on_a_transparent_layer():
    image, layer, hints = drawn((0, 0, 0, 0))
    before = raw(layer)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
    assert status == SUCCESS, message
    names = [each.get_name() for each in image.get_layers()]
    assert names == ["hints", "shades", "shades – Colorize lines"], names
    group = image.get_layers()[2]
    assert [each.get_name() for each in group.get_children()] == ["Flat colours", "Paper"]
    assert group.get_mask() is None
    assert raw(layer) == before
    assert layer.get_mode() in (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY)
    is_right(seen(image, hints))


def check_a_group_below_lines_on_paper():
    image, layer, hints = drawn((255, 255, 255, 255))
    before = raw(layer)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
    assert status == SUCCESS, message
    assert raw(layer) == before
    assert layer.get_mode() == Gimp.LayerMode.MULTIPLY
    is_right(seen(image, hints))


def check_the_layer_itself_is_coloured():
    image, layer, hints = drawn((0, 0, 0, 0))
    status, _, message = call("senga-colorize", image, [layer], hints=hints)
    assert status == SUCCESS, message
    is_right(values(layer))


def check_a_new_image_has_the_lines_on_top():
    image, layer, hints = drawn((255, 255, 255, 255))
    status, made, message = call(
        "senga-colorize", image, [layer], hints=hints, separate_layers=True, output="new-image"
    )
    assert status == SUCCESS, message
    assert [each.is_group() for each in made.get_layers()] == [False, True]
    is_right(values(made.duplicate().merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)))


def check_a_selection():
    image, layer, hints = drawn((0, 0, 0, 0))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 24, HEIGHT)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
    assert status == SUCCESS, message
    Gimp.Selection.none(image)
    look = seen(image, hints)
    for i, (red, green, blue, alpha) in enumerate(look):
        x, y = i % WIDTH, i // WIDTH
        if 11 <= x < 37 and 9 <= y < 27:
            assert round(alpha) == (x < 24), (x, y, alpha)
            assert alpha < 0.5 or max(abs(red - 1), green, blue) < 0.02, (x, y, look[i])


def check_hidden_hints_of_a_group_or_on_white():
    """What the eye, a group and paper below the dots do to hints: nothing."""
    for kind in ("hidden", "group", "white"):
        image, layer, hints = drawn((255, 255, 255, 255))
        if kind == "hidden":
            hints.set_visible(False)
        elif kind == "group":
            group = Gimp.GroupLayer.new(image, "hints in a group")
            image.insert_layer(group, None, 0)
            image.reorder_item(hints, group, 0)
            hints = group
        else:
            whole = bytes((255, 255, 255, 255)) * (20 + 15 * WIDTH) + bytes((*RED, 255)) * 4
            rows = whole + bytes((255, 255, 255, 255)) * (WIDTH - 4) + bytes((*RED, 255)) * 4
            hints = add_layer(image, "hints on white", RGBA)
            fill(hints, rows + bytes((255, 255, 255, 255)) * (WIDTH * HEIGHT - len(rows) // 4))
            image.get_layers()[1].set_visible(False)
        status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
        assert status == SUCCESS, (kind, message)
        is_right(seen(image, hints))


def check_lines_and_hints_at_other_places():
    image, layer, hints = drawn((255, 255, 255, 255))
    layer.set_offsets(10, 5)
    hints.set_offsets(30, 20)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
    assert status == SUCCESS, message
    look = seen(image, hints)
    assert near(look[20 * WIDTH + 30][:3], (1, 0, 0), 0.02), "red within the box"
    assert near(look[(5 + 4) * WIDTH + 10 + 4][:3], (1, 1, 1), 0.02), "paper around it"
    hints.set_offsets(-20, -20)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, separate_layers=True)
    assert status != SUCCESS
    assert "is empty" in message, message


def check_shades_are_a_layer_to_multiply():
    image, layer, hints = drawn((255, 255, 255, 255))
    before = raw(layer)
    status, _, message = call("senga-colorize", image, [layer], hints=hints, mode="shaded", separate_layers=True)
    assert status == SUCCESS, message
    children = image.get_layers()[2].get_children()
    assert [each.get_name() for each in children] == ["Shading", "Flat colours", "Paper"]
    assert children[0].get_mode() == Gimp.LayerMode.MULTIPLY
    assert layer.get_mode() == Gimp.LayerMode.MULTIPLY, "the lines above are multiplied as well"
    assert raw(layer) == before


def check_nine_suggestions_as_layers():
    image, layer = picture()
    fill(layer, lines((255, 255, 255, 255)))
    before = raw(layer)
    status, _, message = call("senga-colorize", image, [layer], mode="automatic")
    assert status == SUCCESS, message
    group = image.get_layers()[0]
    assert group.is_group()
    children = group.get_children()
    names = "Meadow", "Sea", "Sunset", "Candy", "Forest", "Earth", "Dusk", "Spice", "Poster"
    assert [each.get_name() for each in children] == list(names)
    assert len({raw(each) for each in children}) == len(names), "they differ"
    assert raw(layer) == before


def check_a_layer_as_the_reference():
    """Red in the middle of blue: so the box becomes red, and what is around it blue."""
    image, layer, other = drawn((255, 255, 255, 255))
    image.remove_layer(other)
    other = add_layer(image, "reference", RGBA)
    inside = [8 <= i % WIDTH < 40 and 6 <= i // WIDTH < 30 for i in range(WIDTH * HEIGHT)]
    fill(other, b"".join(bytes((*(RED if each else (0, 0, 255)), 255)) for each in inside))
    status, _, message = call("senga-colorize", image, [layer], reference=other, mode="reference")
    assert status == SUCCESS, message
    look = values(layer)
    assert near(look[18 * WIDTH + 24][:3], (1, 0, 0), 0.1), look[18 * WIDTH + 24]
    assert near(look[40 * WIDTH + 55][:3], (0, 0, 1), 0.1), look[40 * WIDTH + 55]
