# -*- coding: utf-8 -*-
"""What goes wrong: a true status, the picture unchanged, nothing left behind."""

from __future__ import absolute_import, division, unicode_literals

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

import gimpfu
from bench import NEW_LAYER, PLUG_IN, call, near, picture, raw, refused, told, values
from gimpfu import *


_KILL_THE_BUSY_WORKER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import senga_client
print("ready")
sys.stdout.flush()
for _ in range(600):
    time.sleep(0.1)
    try:
        with senga_client.connect(sys.argv[1] + "/manifest.json", start=False) as worker:
            if worker.status()["jobs"]:
                sys.exit(os.kill(worker.pid, 9))
    except senga_client.WorkerError:
        pass  # it is being started
"""


def check_a_filter_that_raises():
    image, layer = picture()
    refused("bench-fails", image, layer, says="the ink ran out")
    call("bench", image, layer)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def check_a_choice_that_is_none():
    refused("bench", *picture(), says="must be one of", way=7)


def check_a_value_out_of_range():
    refused("bench", *picture(), says="limit", limit=3.5)


def check_locked_pixels():
    image, layer = picture()
    pdb.gimp_item_set_lock_content(layer, True)
    refused("bench", image, layer, says="locked")


def check_a_group():
    image, layer = picture()
    group = pdb.gimp_layer_group_new(image)
    pdb.gimp_image_insert_layer(image, group, None, 0)
    silence = len(told())
    try:
        call("bench", image, group)
    except RuntimeError:
        assert "is a layer group" in told()[silence:]
        return
    raise AssertionError("a group was painted")


def check_a_mask_cannot_become_a_layer():
    image, layer = picture()
    mask = layer.create_mask(ADD_WHITE_MASK)
    layer.add_mask(mask)
    refused("bench", image, mask, says="is no layer", output=NEW_LAYER)


def check_a_recipe():
    image, layer = picture()
    handle, path = tempfile.mkstemp(".toml")
    os.write(handle, b'[[steps]]\nfilter = "bench"\nsettings = { limit = 0.9 }\n')
    os.close(handle)
    call("run-recipe", image, layer, recipe=path.encode("utf-8"))
    assert near(values(layer)[40][:2], (0, 0), 0.003)
    os.remove(path)


def check_recipes_that_cannot_be_used():
    image, layer = picture()
    refused("run-recipe", image, layer, says="No recipe is chosen")
    refused("run-recipe", image, layer, says="/nowhere/recipe.toml cannot be read", recipe=b"/nowhere/recipe.toml")


def check_a_worker_that_dies_in_mid_job():
    """The painter is told, and the next call finds another worker."""
    image, layer = picture()
    killer = _killer_of_the_busy_worker()
    refused("bench-slow", image, layer, says="Nothing was changed", seconds=20.0)
    assert killer.wait() == 0
    call("bench", image, layer)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def _killer_of_the_busy_worker():
    """A process that watches already; a thread would not run while GIMP holds Python's lock during the call."""
    words = [sys.executable or "python2.7", "-B", "-c", _KILL_THE_BUSY_WORKER, PLUG_IN]
    killer = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert killer.stdout.readline().strip() == b"ready"
    return killer


def check_settings_that_came_while_gimp_runs():
    """GIMP knows the arguments of yesterday until it is started again."""
    image, layer = picture()
    with _manifest_with_another_setting():
        refused("bench", image, layer, says="start GIMP again")
    call("bench", image, layer)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


def check_last_values_of_other_settings_are_forgotten():
    image, layer = picture()
    gimpfu._set_defaults(b"python-fu-senga-bench", (None, None, 0.9))
    call("bench", image, layer, RUN_WITH_LAST_VALS)
    assert near(values(layer)[0][:2], (0, 0), 0.003)


@contextlib.contextmanager
def _manifest_with_another_setting():
    path = os.path.join(PLUG_IN, "manifest.json")
    with io.open(path, encoding="utf-8") as file:
        text = file.read()
    manifest = json.loads(text)
    bench = next(one for one in manifest["filters"] if one["name"] == "bench")
    bench["settings"].insert(0, dict(bench["settings"][1], name="fresh"))
    _write(path, json.dumps(manifest))
    try:
        yield
    finally:
        _write(path, text)


def _write(path, text):
    with open(path, "wb") as file:
        file.write(text.encode("utf-8"))


def check_no_canvas_is_left_behind():
    image, layer = picture()
    refused("bench-fails", image, layer)
    left = [name for name in _names(tempfile.gettempdir()) if name.startswith("canvas-")]
    assert not left, left


def _names(folder):
    for _, _, names in os.walk(folder):
        for name in names:
            yield name


def check_the_picture_can_be_painted_after_all_that():
    image, layer = picture()
    before = raw(layer)
    call("bench", image, layer)
    assert raw(layer) != before
