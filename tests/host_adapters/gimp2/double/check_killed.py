"""A long job, in which this process is killed."""

from __future__ import absolute_import, print_function, unicode_literals

import sys
import threading
import time

from bench import call, picture
from gimp import state


def _tell():
    while not any("Step" in note for _, note in state.progress):
        time.sleep(0.02)
    print("working")
    sys.stdout.flush()


def check_killed():
    teller = threading.Thread(target=_tell)
    teller.daemon = True
    teller.start()
    call("bench-slow", *picture(), seconds=60.0)
