# -*- coding: utf-8 -*-
"""What only the double can show: registration in detail, messages, undo groups, the dialog and its Cancel button."""

from __future__ import absolute_import, division, unicode_literals

import os
import threading

import gimp
import gimpfu
import gtk
from bench import NEW_LAYER, call, near, picture, raw, refused, values
from gimp import state
from gimpfu import *


def _params(name):
    return {param[1]: param for param in state.procedures[b"python-fu-senga-" + name.encode()].params}


def check_every_filter_is_registered():
    names = {name.replace(b"python-fu-senga-", b"") for name in state.procedures}
    assert {b"anime", b"sketch", b"color-pencil", b"drawing-process", b"run-recipe", b"bench", b"sketch-all"} <= names
    assert b"bench-slow-all" not in names, "it has no further settings"
    assert state.menus[b"python-fu-senga-sketch"] == b"<Image>/Filters/Senga/Drawing"
    assert state.menus[b"python-fu-senga-sketch-all"] == b"<Image>/Filters/Senga/All settings/Drawing"
    assert state.menus[b"python-fu-senga-bench"] == b"<Image>/Filters/Senga"
    assert state.procedures[b"python-fu-senga-run-recipe"].label == "Run recipe…".encode("utf-8")


def check_arguments_are_typed_and_described():
    bench = _params("bench-all")
    kinds = {name: param[0] for name, param in bench.items()}
    assert kinds == {
        b"run-mode": PDB_INT32,
        b"image": PDB_IMAGE,
        b"drawable": PDB_DRAWABLE,
        b"limit": PDB_FLOAT,
        b"count": PDB_INT32,
        b"invert": PDB_INT32,
        b"way": PDB_INT32,
        b"note": PDB_STRING,
        b"setting-strength": PDB_STRING,
        b"output": PDB_INT32,
        b"strength": PDB_FLOAT,
        b"keep-colors": PDB_INT32,
    }, kinds
    assert bench[b"way"][2].startswith(b"What comes out (0 = plain, 1 = half size, 2 = frames"), bench[b"way"]
    assert b"note" not in _params("bench")


def _registered(name):
    params = gimpfu.registered[b"python-fu-senga-" + name.encode()][b"params"]
    return {param[1].decode(): param for param in params}


def check_the_dialog_has_ranges_and_defaults():
    call("bench", *picture())  # registers with the labels of the dialog
    bench, sketch = _registered("bench"), _registered("sketch-all")
    assert bench["limit"] == (PF_SLIDER, b"limit", b"Limit", 0.5, (0.0, 1.0, 0.01))
    assert bench["count"] == (PF_SPINNER, b"count", b"Count (px)", 3, (1, 5, 1))
    assert bench["invert"] == (PF_TOGGLE, b"invert", b"Invert", False)
    assert bench["way"][:4] == (PF_OPTION, b"way", b"Way", 0)
    assert bench["way"][4][:3] == (b"Plain", b"Half size", b"Frames")
    assert sketch["brush"][0] == PF_RADIO and sketch["brush"][3] in [value for _, value in sketch["brush"][4]]
    for one in list(sketch.values()) + list(bench.values()):
        if one[0] == PF_SLIDER:
            low, high, step = one[4]
            assert low <= one[3] <= high and abs(one[3] / step - round(one[3] / step)) < 1e-6, one


def _steps(image):
    record = state.images[image.ID]
    assert record.groups == 0, "an undo group is open"
    return record.steps


def check_it_speaks_the_language_of_the_painter():
    from senga_gimp2 import facts

    read, manifest = facts.read_manifest, facts.read_manifest()
    manifest["words"] = {"ja": {"Result": "結果"}, "zh_CN": {"Result": "结果"}}
    for one in manifest["filters"]:
        one["translated"] = {
            "ja": {"title": "題", "summary": "", "settings": {"limit": {"label": "限界", "unit": "点"}}}
        }
    facts.read_manifest = lambda: manifest
    found = []
    for language in ("ja_JP.UTF-8", "de_DE:zh_CN", "en_GB:ja", "C"):
        os.environ[b"LANGUAGE"] = language.encode("utf-8")
        try:
            call("bench", *picture())
        finally:
            del os.environ[b"LANGUAGE"]
        bench = _registered("bench")
        found.append((bench["output"][2].decode("utf-8"), bench["limit"][2].decode("utf-8")))
    facts.read_manifest = read
    assert found == [("結果", "限界 (点)"), ("结果", "Limit"), ("Result", "Limit"), ("Result", "Limit")], found


def check_one_undo_step():
    for output in (0, NEW_LAYER):
        image, layer = picture()
        call("bench", image, layer, output=output)
        assert _steps(image) == 1


def check_the_undo_group_is_closed_whatever_fails():
    image, layer = picture()
    old = gimp.Drawable.merge_shadow

    def fails(drawable, undo=False):
        raise gimp.error("could not merge the shadow buffer")

    gimp.Drawable.merge_shadow = fails
    try:
        refused("bench", image, layer)
    finally:
        gimp.Drawable.merge_shadow = old
    assert _steps(image) == 1
    assert "could not merge" in state.messages[-1]


def check_a_failure_is_one_sentence():
    image, layer = picture()
    count = len(state.messages)
    refused("bench-fails", image, layer)
    assert len(state.messages) == count + 1
    assert "the ink ran out" in state.messages[-1] and "Traceback" not in state.messages[-1]
    assert _steps(image) == 0
    refused("bench", image, layer, way=7)
    assert "0 = plain, 1 = half_size, 2 = frames" in state.messages[-1]


def check_progress_has_text_and_rises():
    del state.progress[:]
    call("bench-slow", *picture(), seconds=0.5)
    shares = [share for share, _ in state.progress]
    notes = {note for _, note in state.progress}
    assert shares == sorted(shares) and len(set(shares)) > 3, shares
    assert "Bench slow…" in notes and any("Step" in note for note in notes), notes


def _interactively(name, image, layer, **chosen):
    """Run with a dialog in which these values are chosen."""

    def answer(params, defaults):
        names = [param[1].decode() for param in params]
        return [chosen.get(name, value) for name, value in zip(names, defaults)]

    gimpfu.answer = answer
    return call(name, image, layer, RUN_INTERACTIVE)


def check_an_interactive_run_shows_its_new_image():
    image, layer = picture()
    del state.displays[:]
    made = _interactively("bench", image, layer, output=2, limit=0.9)
    assert state.displays == [made.ID]
    assert near(values(made.layers[0])[40][:2], (0, 0), 0.003)


def check_last_values_are_those_of_the_dialog():
    state.data.clear()
    image, layer = picture()
    _interactively("bench", image, layer, invert=True)
    again, other = picture()
    call("bench", again, other, RUN_WITH_LAST_VALS)
    assert near(values(other)[0][:2], (1, 1), 0.003)
    state.data.clear()


def check_a_failure_in_the_dialog_closes_it_with_a_true_status():
    image, layer = picture()
    gimpfu.answer = lambda params, defaults: defaults
    try:
        call("bench-fails", image, layer, RUN_INTERACTIVE)
    except RuntimeError:
        assert "the ink ran out" in state.messages[-1] and not gtk.window_list_toplevels()
        return
    raise AssertionError("it did not fail")


def check_cancel_in_the_dialog_stops_the_work():
    import time

    image, layer = picture()
    before = raw(layer)

    def press():
        gtk.events.append(lambda: gtk.window_list_toplevels()[0].press(gtk.RESPONSE_CANCEL))

    timer = threading.Timer(1.0, press)
    timer.start()
    started = time.time()
    assert _interactively("bench-slow", image, layer, seconds=30.0) is None
    assert time.time() - started < 2.5
    assert raw(layer) == before and _steps(image) == 0
    call("bench", image, layer)


def check_wide_colours_travel_as_floats():
    from senga_gimp2 import pixels

    image, layer = picture()
    state.images[image.ID].profile = (1, 2, 3)
    layout = pixels.layout_of(image, layer)
    assert (layout.channels, layout.depth, layout.direct) == (4, "float", False)


def check_a_floating_selection_is_refused_a_new_layer():
    image, layer = picture()
    state.items[layer.ID].floating = True
    refused("bench", image, layer, output=NEW_LAYER)
    assert "floating selection" in state.messages[-1]
