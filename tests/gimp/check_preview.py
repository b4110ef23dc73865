# ruff: noqa: B905, PTH118
"""The preview of the dialog, without the dialog: the true one is the result, and it overtakes what waits."""

import os
import random
import sys
import threading
import time

from bench import SUCCESS, call, picture, raw
from gi.repository import Gegl, Gimp, GLib

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp"))
from senga_client import connect
from senga_gimp import painter, pixels
from senga_gimp.source import Source
from senga_gimp.views import Area

Gegl.init(None)
WIDTH, HEIGHT = 1000, 760
SKETCH = {"filter": "sketch", "settings": {}, "strength": 1.0, "keep_colors": False}
ANIME = {"filter": "anime", "settings": {}, "strength": 1.0, "keep_colors": False}
SLOW = {"filter": "bench-slow", "settings": {"seconds": 5.0}, "strength": 1.0, "keep_colors": False}


def photo(precision="U8_NON_LINEAR"):
    """A picture with forms in it, of several tiles."""
    image, layer = picture(width=WIDTH, height=HEIGHT, precision=precision, alpha=False)
    draw = random.Random(3)  # noqa: S311 - no secret
    for _ in range(60):
        x, y, side = draw.randrange(WIDTH), draw.randrange(HEIGHT), draw.randrange(20, 300)
        image.select_ellipse(Gimp.ChannelOps.REPLACE, x, y, side, side)
        colour = Gegl.Color.new("rgb({}, {}, {})".format(*(draw.random() for _ in "rgb")))
        Gimp.context_set_foreground(colour)
        layer.edit_fill(Gimp.FillType.FOREGROUND)
    Gimp.Selection.none(image)
    return image, layer


class Listener:
    """What a preview would show, with the times at which it came."""

    def __init__(self, image, layer):
        self.quick, self.true, self.lines = [], [], []
        self.source = Source(image, layer)
        ears = painter.Ears(
            lambda asked, *values: self.quick.append((asked.number, time.monotonic(), *values)),
            lambda asked, buffer: self.true.append((asked.number, time.monotonic(), buffer)),
            self.lines.append,
        )
        self.painter = painter.Painter(self.source, ears)

    def ask(self, order, area=None):
        self.asked = time.monotonic()
        self.piece = self.source.piece(area)
        self.painter.ask(order, self.piece)

    def wait(self, what, seconds=60):
        """Until it came; the main loop reads the picture meanwhile."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.lines
            context.iteration(False)
            time.sleep(0.01)

    def close(self):
        self.painter.end()
        self.source.close()


def small(buffer):
    return pixels.scaled(buffer, (0, 0, WIDTH // 4, HEIGHT // 4), 0.25)


def apart(first, second):
    """The mean difference of two pictures of bytes."""
    return sum(abs(a - b) for a, b in zip(first, second)) / len(first)


def _is_true(order, precision="U8_NON_LINEAR", select=False):
    image, layer = photo(precision)
    if select:
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 100, 60, 600, 500)
    listener = Listener(image, layer)
    listener.ask(order)
    listener.wait(lambda: listener.true)
    listener.close()
    assert listener.quick
    before = small(layer.get_buffer())
    assert call(f"senga-{order['filter']}", image, [layer])[0] == SUCCESS
    shown, result = small(listener.true[-1][2]), small(layer.get_buffer())
    assert apart(result, before) > 3
    assert apart(shown, result) < 0.6, apart(shown, result)


def check_the_true_preview_of_a_drawing_is_the_result():
    _is_true(SKETCH)


def check_the_true_preview_of_a_painting_is_the_result():
    _is_true(ANIME)


def check_the_true_preview_of_a_deep_picture_with_a_selection_is_the_result():
    _is_true(SKETCH, "U16_LINEAR", select=True)


def check_the_quick_preview_comes_at_once_and_overtakes_jobs():
    image, layer = photo()
    listener = Listener(image, layer)
    listener.wait(listener.source.loaded.is_set)
    listener.ask(SKETCH)
    listener.wait(lambda: listener.true)  # now everything is warm
    times = []
    other, small_layer = picture()
    busy = threading.Thread(target=_paint_slowly, args=(small_layer,))
    busy.start()
    time.sleep(0.5)
    for number in range(3):
        count = len(listener.quick)
        listener.ask(dict(SKETCH, settings={"seed": number}))
        listener.wait(lambda: len(listener.quick) > count)  # noqa: B023 - used at once
        times.append(listener.quick[-1][1] - listener.asked)
    listener.close()
    assert busy.is_alive(), "the job in front ended too early to prove anything"
    assert min(times) < 1.5, times  # 0.2 s where nothing else runs
    busy.join()
    other.delete()


def _paint_slowly(layer):
    from senga_client import Canvas
    from senga_gimp.facts import PATH

    with connect(str(PATH)) as worker, Canvas(8, 8, 3, "u8") as canvas:
        worker.run(dict(SLOW, settings={"seconds": 20.0}), canvas)


def check_a_part_at_full_size_is_that_part_of_the_result():
    image, layer = photo()
    listener = Listener(image, layer)
    listener.wait(listener.source.loaded.is_set)
    area = Area(300, 250, 300, 200)
    listener.ask(SKETCH, area)
    listener.wait(lambda: listener.true)
    listener.close()
    _, _, data, width, height = listener.quick[-1]
    piece = listener.piece.area
    assert (width, height) == (piece.width, piece.height)
    assert piece.holds(area)
    true = pixels.part_of(listener.true[-1][2], (piece.left, piece.top, width, height))
    original = pixels.part_of(layer.get_buffer(), (piece.left, piece.top, width, height))
    assert apart(data, true) < apart(original, true) / 2, "strokes are as broad as in the whole picture"


def check_what_is_outdated_is_stopped_and_not_shown():
    image, layer = photo()
    listener = Listener(image, layer)
    listener.ask(SLOW)
    time.sleep(0.3)
    listener.ask(SKETCH)
    listener.wait(lambda: listener.true)
    assert {number for number, *_ in listener.quick} == {2}
    listener.painter.rest()
    from senga_gimp.facts import PATH

    with connect(str(PATH)) as worker:
        listener.wait(lambda: not worker.status()["jobs"], 5)
    listener.close()
    assert raw(layer, "R'G'B' u8")


def check_a_failure_is_a_line():
    image, layer = photo()
    listener = Listener(image, layer)
    listener.ask(dict(SKETCH, settings={"brush": "crayon"}))
    listener.wait(lambda: any("crayon" in line for line in listener.lines))
    listener.close()
