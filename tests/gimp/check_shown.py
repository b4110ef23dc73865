# ruff: noqa: B905, E402, PTH100, PTH118, PTH120, T201
"""The preview of the dialog as it stands on the screen is what will be painted, whole and pixel by pixel.

SENGA_PICTURE names another picture than the one of the examples.
"""

import os
import sys
import time
from array import array
from itertools import accumulate

import gi
from bench import SUCCESS, call

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gegl, Gimp, GimpUi, Gio, GLib, Gtk

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp"))
from senga_gimp import preview

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURE = os.environ.get("SENGA_PICTURE", os.path.join(HERE, "../../examples/summer-palace.jpg"))
WINDOW = 8
"""Pixels of a side of the windows whose likeness is averaged."""


def order(name):
    return {"filter": name, "settings": {}, "strength": 1.0, "keep_colors": False}


def lightness(data, stride, channels, width, height):
    """Rows of luma."""
    rows = []
    for y in range(height):
        red, green, blue = (data[y * stride + i : y * stride + width * channels : channels] for i in range(3))
        rows.append([0.299 * r + 0.587 * g + 0.114 * b for r, g, b in zip(red, green, blue)])
    return rows


def window_sums(rows):
    """Sums over all windows."""
    high = []
    for row in rows:
        total = [0.0, *accumulate(row)]
        high.append([b - a for a, b in zip(total, total[WINDOW:])])
    columns = [[0.0, *accumulate(column)] for column in zip(*high)]
    return [[b - a for a, b in zip(column, column[WINDOW:])] for column in columns]


def similarity(one, other):
    """The mean structural similarity (Wang et al. 2004) of two pictures of luma, in square windows."""
    pairs = [list(zip(a, b)) for a, b in zip(one, other)]
    products = (lambda a, _: a), (lambda _, b: b), (lambda a, _: a * a), (lambda _, b: b * b), (lambda a, b: a * b)
    sums = [window_sums([[product(a, b) for a, b in row] for row in pairs]) for product in products]
    count, low, high, total, number = WINDOW * WINDOW, (0.01 * 255) ** 2, (0.03 * 255) ** 2, 0.0, 0
    for columns in zip(*sums):
        for values in zip(*columns):
            a, b, aa, bb, ab = (value / count for value in values)
            light = (2 * a * b + low) / (a * a + b * b + low)
            total += light * (2 * (ab - a * b) + high) / (aa - a * a + bb - b * b + high)
            number += 1
    return total / number


def until(test, seconds=300):
    context, deadline = GLib.MainContext.default(), time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline, "the true preview does not come"
        while context.pending():
            context.iteration(False)
        time.sleep(0.02)


def shown_and_painted(name, whole):
    """Luma of what the widget shows, and of the same part of the result."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(PICTURE))
    layer = image.get_layers()[0]
    window = Gtk.Window(default_width=500, default_height=440)
    shown = preview.Preview(image, layer, lambda: order(name), list)
    window.add(shown)
    window.show_all()
    shown._closely.set_active(not whole)
    shown.refresh()
    until(lambda: shown._rough is not None)
    until(lambda: shown._true is not None)
    area, scale, (width, height) = shown._view.area(shown._room), shown._view.scale(shown._room), shown._size()
    pixbuf = shown._picture.get_pixbuf()
    assert (pixbuf.get_width(), pixbuf.get_height()) == (width, height)
    assert (scale < 1) == whole
    one = lightness(pixbuf.get_pixels(), pixbuf.get_rowstride(), pixbuf.get_n_channels(), width, height)
    shown.stop()
    window.destroy()
    before = _seen(layer, area, scale, width, height)
    assert call(f"senga-{name}", image, [layer])[0] == SUCCESS
    return one, _seen(layer, area, scale, width, height), before


def _seen(layer, area, scale, width, height):
    box = Gegl.Rectangle.new(round(area.left * scale), round(area.top * scale), width, height)
    data = layer.get_buffer().get(box, scale, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
    return lightness(array("B", bytes(data)), width * 3, 3, width, height)


def _is_true(name, floor):
    for whole in (True, False):
        shown, painted, before = shown_and_painted(name, whole)
        likeness = similarity(shown, painted)
        print(f"       {name}, {'whole' if whole else '100 %'}, {len(shown[0])} x {len(shown)}: SSIM {likeness:.4f}")
        assert likeness >= floor, likeness
        assert similarity(before, painted) < likeness - 0.01, "the filter changed something"


def check_the_preview_of_a_painting_is_true():
    GimpUi.init("senga-gimp")
    _is_true("anime", 0.95)


def check_the_preview_of_a_pencil_sketch_is_true():
    _is_true("sketch", 0.85)


def check_the_preview_of_a_coloured_drawing_is_true():
    _is_true("color-pencil", 0.85)
