"""Senga's environment is deleted after it was installed, while its worker is warm."""

import json
import os
import shutil
import time
from pathlib import Path

from bench import FAILED, SUCCESS, call, picture, raw

MANIFEST = Path(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp", "manifest.json")


def check_the_sentence_says_what_to_do():
    python = json.loads(MANIFEST.read_text("utf-8"))["python"]
    image, layer = picture()
    status, _, message = call("senga-bench", image, [layer])
    assert status == SUCCESS, message
    shutil.rmtree(Path(python).parent)
    before, start = raw(layer), time.monotonic()
    status, _, message = call("senga-bench", image, [layer], invert=True)
    assert status == FAILED, status
    assert python in message, message
    assert "senga gimp install" in message, message
    assert raw(layer) == before
    assert time.monotonic() - start < 20, "the painter waits"
