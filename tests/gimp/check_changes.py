# ruff: noqa: PTH118
"""A picture that is changed while it is painted, layer effects, and drawables that GIMP forgets."""

import os
import sys

from bench import HEIGHT, SUCCESS, WIDTH, add_layer, call, near, picture, raw, values
from gi.repository import Gimp

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp"))
from senga_gimp import painting, plug_in
from senga_gimp.trouble import Trouble

RGBA = Gimp.ImageType.RGBA_IMAGE


class Done:
    changed, notes = True, ()


def paint(image, layer, meanwhile, output="in-place"):
    """Paint white, while something happens to the picture; gives what the painter is told, or nothing."""

    def work(canvas, _spool, _start, _stop):
        canvas.write_band(0, b"\xff" * canvas.row * canvas.height)
        meanwhile()
        return Done

    try:
        painting.paint(image, [layer], output, "Test", work)
    except Trouble as error:
        return str(error)
    return ""


def noticed(change, *words, select=False):
    """The change is noticed whatever was to become of the result, and nothing comes into the picture."""
    for output in ("in-place", "new-layer", "new-image"):
        image, layer = picture()
        add_layer(image, "other", RGBA)
        if select:
            image.select_rectangle(Gimp.ChannelOps.REPLACE, 3, 4, 20, 10)
        seen = []

        def meanwhile():
            change(image, layer)  # noqa: B023 - used at once
            seen.extend(_state(image))  # noqa: B023

        text = paint(image, layer, meanwhile, output)
        for word in words:
            assert word in text, (output, text)
        assert _state(image) == seen, output
        assert len(Gimp.get_images()) == (1 if image.is_valid() else 0), output
        for left in Gimp.get_images():
            left.delete()


def _state(image):
    return [raw(layer) for layer in image.get_layers()] if image.is_valid() else []


def check_a_rotated_picture():
    noticed(lambda image, _: image.rotate(Gimp.RotationType.DEGREES90), "shades", "changed while it was painted")


def check_a_picture_turned_upside_down():
    noticed(lambda image, _: image.rotate(Gimp.RotationType.DEGREES180), "changed while it was painted")


def check_a_scaled_picture():
    noticed(lambda image, _: image.scale(WIDTH // 2, HEIGHT // 2), "changed while it was painted")


def check_a_cropped_picture():
    noticed(lambda image, _: image.crop(20, 20, 5, 5), "changed while it was painted")


def check_a_closed_picture():
    noticed(lambda image, _: image.delete(), "closed while it was painted")


def check_a_deleted_layer():
    noticed(lambda image, layer: image.remove_layer(layer), "“shades” was deleted")


def check_a_flattened_picture():
    noticed(lambda image, _: image.flatten(), "“shades” was deleted")


def check_a_layer_that_is_painted_on():
    noticed(lambda _, layer: layer.fill(Gimp.FillType.WHITE), "changed while it was painted")


def check_a_grey_picture():
    noticed(lambda image, _: image.convert_grayscale(), "changed while it was painted")


def check_another_selection():
    change = lambda image, _: image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 9, 9)  # noqa: E731
    noticed(change, "selection was changed", select=True)
    noticed(change, "selection was changed")
    noticed(lambda image, _: Gimp.Selection.none(image), "selection was changed", select=True)


def check_what_changes_nothing_about_the_layer_does_not_matter():
    def change():
        layer.set_name("renamed")
        layer.set_opacity(50)
        layer.set_offsets(5, 7)
        image.resize(3 * WIDTH, 3 * HEIGHT, 10, 10)

    image, layer = picture()
    assert paint(image, layer, change) == ""
    assert all(near(pixel, (1, 1, 1, 1), 0.01) for pixel in values(layer))


def check_a_picture_that_was_closed_before_is_told():
    image, layer = picture()
    image.delete()
    assert "closed" in paint(image, layer, lambda: None)


def _with_effect(image, layer):
    layer.append_filter(Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "Invert"))
    return image, layer


def check_layer_effects_are_painted_as_they_look():
    image, layer = _with_effect(*picture())
    copy = layer.copy()
    copy.merge_filters()
    image.insert_layer(copy, None, 0)
    assert call("senga-bench", image, [copy])[0] == SUCCESS
    assert call("senga-bench", image, [layer])[0] == SUCCESS
    assert not layer.get_filters(), "seen once, in the pixels"
    assert values(layer) == values(copy)


def check_layer_effects_stay_where_the_layer_stays():
    image, layer = _with_effect(*picture())
    before = raw(layer)
    assert call("senga-bench", image, [layer], output="new-layer")[0] == SUCCESS
    new = image.get_layers()[0]
    assert raw(layer) == before
    assert len(layer.get_filters()) == 1
    assert not new.get_filters()
    layer.merge_filters()
    assert call("senga-bench", image, [layer])[0] == SUCCESS
    assert values(layer) == values(new)
    assert len(image.get_layers()) == 2, "no copy is left"


def check_drawables_that_gimp_forgot_are_those_selected():
    image, layer = picture()
    assert plug_in._given(image, [None]) == [layer]
    assert plug_in._given(image, None) == [layer]
    assert plug_in._given(image, [layer, None]) == [layer]
    image.delete()
    try:
        plug_in._given(image, [None])
    except Trouble as error:
        assert "closed" in str(error)
    else:
        raise AssertionError
