"""Senga, a filter or the plug-in is upgraded while GIMP and the worker run."""

import json
import os
import sys
import threading
from pathlib import Path

from bench import SUCCESS, call, picture, raw, values

PLUG_IN = Path(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp")
sys.path.insert(0, str(PLUG_IN))
from senga_client import Canvas, connect  # noqa: E402 - lies in the installed plug-in

MANIFEST = PLUG_IN / "manifest.json"


def tones():
    """The first red value that the filter makes: 0, or 1 when its tones are swapped."""
    image, layer = picture()
    status, _, message = call("senga-bench", image, [layer])
    assert status == SUCCESS, message
    return values(layer)[0][0]


def check_a_filter_that_changes_while_the_worker_paints():
    """The old worker ends its job, a new one paints with the new code."""
    code = Path(json.loads(MANIFEST.read_text("utf-8"))["python"]).parent / "packages" / "bench_filters.py"
    assert tones() == 0.0
    done = []
    with connect(str(MANIFEST)) as worker, Canvas(8, 8, 3, "u8") as canvas:
        old = worker.pid
        order = {"filter": "bench-slow", "settings": {"seconds": 6.0}}
        thread = threading.Thread(target=lambda: done.append(worker.run(order, canvas).changed))
        thread.start()
        while not worker_is_busy():
            pass
        code.write_text(code.read_text("utf-8").replace(">= self.limit", "< self.limit"), "utf-8")
        assert tones() == 1.0
        thread.join()
    assert done == [True]
    with connect(str(MANIFEST)) as worker:
        assert worker.pid != old


def worker_is_busy():
    with connect(str(MANIFEST), start=False) as worker:
        return worker.status()["jobs"]


def check_a_setting_that_came_while_gimp_runs():
    """GIMP hands over the arguments of yesterday until it is started again, and its library refuses them."""
    text = MANIFEST.read_text("utf-8")
    manifest = json.loads(text)
    bench = next(one for one in manifest["filters"] if one["name"] == "bench")
    bench["settings"].insert(0, {**bench["settings"][1], "name": "fresh"})
    MANIFEST.write_text(json.dumps(manifest), "utf-8")
    image, layer = picture()
    before = raw(layer)
    status, _, message = call("senga-bench", image, [layer])
    MANIFEST.write_text(text, "utf-8")
    assert status != SUCCESS
    assert "wrong value type for argument 'fresh'" in message, message
    assert raw(layer) == before
    tones()
