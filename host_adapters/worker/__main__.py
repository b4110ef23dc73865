"""``python -m senga.host_adapters.worker``: become this user's worker, unless there is one."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from senga.turns import withdraw

from .client import worker_folder
from .log import Log
from .seat import Seat


def main() -> int:
    """Run the worker; gives the exit code of the process."""
    options = _options().parse_args()
    os.umask(0o077)
    folder = Path(worker_folder({"folder": options.folder} if options.folder else {"python": sys.executable}))
    seat = Seat.take(folder, **({"loopback": True} if options.loopback else {}))
    if seat is None:
        return 0
    log = Log(folder / "log")
    log.capture()
    from .daemon import Daemon, Habits

    try:
        return Daemon(seat, log, Habits(options.idle, options.jobs, options.warm, options.patience)).serve()
    except BaseException:
        logging.exception("The worker fails")
        seat.leave()
        return 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="senga.host_adapters.worker", description=__doc__)
    parser.add_argument("--folder", help="where its socket lies; by default where clients of this Python look")
    parser.add_argument("--idle", type=float, default=900.0, metavar="SECONDS", help="leave after so long without work")
    parser.add_argument("--jobs", type=int, default=1, help="how many jobs are done at the same time")
    parser.add_argument("--cold", dest="warm", action="store_false", help="do not load MindSpore before it is needed")
    patience = (
        "leave a job alone that has not noticed for so long that it was cancelled, and make room for another worker"
    )
    parser.add_argument("--patience", type=float, default=20.0, metavar="SECONDS", help=patience)
    parser.add_argument("--loopback", action="store_true", help="listen on 127.0.0.1 and not on a Unix socket")
    return parser


if __name__ == "__main__":
    code = main()
    if code == 0:
        withdraw()
    logging.shutdown()
    os._exit(code)  # threads inside native libraries would make an orderly end crash
