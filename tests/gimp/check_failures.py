# ruff: noqa: B905, PTH107, PTH118, PTH208, T201
"""What goes wrong: a sentence, a true status, the picture unchanged, nothing left behind."""

import os
import subprocess
import sys
import tempfile
import time

from bench import FAILED, SUCCESS, call, picture, raw, values
from gi.repository import Gimp

PLUG_IN = os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp")
sys.path.insert(0, PLUG_IN)
from senga_client import Canvas, connect, private_folders  # noqa: E402 - lies in the installed plug-in

MANIFEST = os.path.join(PLUG_IN, "manifest.json")
KILL_THE_BUSY_WORKER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import senga_client
for _ in range(600):
    time.sleep(0.1)
    try:
        with senga_client.connect(sys.argv[1] + "/manifest.json", start=False) as worker:
            if worker.status()["jobs"]:
                sys.exit(os.kill(worker.pid, 9))
    except senga_client.WorkerError:
        pass  # it is being started
"""


def refused(name, *words, **settings):
    """The call fails, the message has these words, and the picture is as it was."""
    image, layer = picture()
    before = raw(layer)
    status, _, message = call(name, image, [layer], **settings)
    assert status == FAILED, status
    for word in words:
        assert word in message, message
    assert raw(layer) == before
    assert len(image.get_layers()) == 1


def check_a_filter_that_raises():
    refused("senga-bench-fails", "bench-fails", "the ink ran out")
    check_a_good_call_afterwards()


def check_styles_and_brushes_are_choices_with_titles():
    pdb = Gimp.get_pdb()
    for procedure, argument, value, title in (
        ("senga-sketch", "brush", "charcoal", "Charcoal"),
        ("senga-anime", "style", "painted-comic", "Painted comic"),
    ):
        choice = Gimp.param_spec_choice_get_choice(pdb.lookup_procedure(procedure).find_argument(argument))
        assert choice.is_valid(value)
        assert choice.get_label(value) == title, choice.get_label(value)


def check_a_worker_that_dies_in_mid_job():
    killer = subprocess.Popen([sys.executable, "-B", "-c", KILL_THE_BUSY_WORKER, PLUG_IN])
    refused("senga-bench-slow", "Nothing was changed", seconds=20.0)
    assert killer.wait() == 0
    check_a_good_call_afterwards()


def check_a_good_call_afterwards():
    image, layer = picture()
    status, _, message = call("senga-bench", image, [layer])
    assert status == SUCCESS, message
    assert set(values(layer)[5][:3]) <= {0.0, 1.0}


def check_a_recipe():
    text = 'senga = 1\n[[steps]]\nfilter = "bench"\n[[steps]]\nfilter = "bench"\nsettings = { invert = true }\n'
    image, layer = picture()
    before = values(layer)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
        file.write(text)
    status, _, message = call("senga-run-recipe", image, [layer], recipe=file.name)
    assert status == SUCCESS, message
    for old, new in zip(before, values(layer)):
        assert new[:3] == tuple(float(value < 0.5) for value in old[:3])
    os.remove(file.name)


def check_recipes_that_cannot_run():
    refused("senga-run-recipe", "No recipe is chosen")
    image, layer = picture()
    assert call("senga-run-recipe", image, [layer], recipe="/nowhere.toml")[0] != SUCCESS  # GIMP itself refuses it
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write("this is no recipe")
        file.flush()
        refused("senga-run-recipe", "TOML", recipe=file.name)
        file.seek(0)
        file.write('senga = 1\n[[steps]]\nfilter = "benhc"\n')
        file.flush()
        refused("senga-run-recipe", "did you mean “bench”?", recipe=file.name)


def check_nothing_is_left_behind():
    time.sleep(1)
    left = [
        os.path.join(folder, name)
        for folder in private_folders()
        for name in os.listdir(folder)
        if name.startswith("canvas-")
    ]
    assert not left, left
    with connect(MANIFEST) as worker:
        assert not worker.status()["jobs"], worker.status()


def check_a_warm_worker_is_quick():
    """The way to the worker and back costs little beside the filter's own time."""
    image, layer = picture(alpha=False, width=4000, height=3000)
    call("senga-bench", image, [layer])
    with connect(MANIFEST) as worker, Canvas(4000, 3000, 3, "u8") as canvas:
        own = worker.run({"filter": "bench"}, canvas).seconds
    start = time.monotonic()
    assert call("senga-bench", image, [layer])[0] == SUCCESS
    took = time.monotonic() - start
    print(f"       12 megapixels through a warm worker: {took:.2f} s, of which the filter takes {own:.2f} s")
    assert took - own < 5, "a picture file written and read instead would take that long"
