"""The warm process: its copies become ``senga``, or a Python that ``multiprocessing`` starts."""

from __future__ import annotations

import array
import atexit
import fcntl
import gc
import importlib
import marshal
import multiprocessing
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper

LIBRARIES = (
    "PIL.Image", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "av", "cv2", "email.parser", "imagecodecs",
    "multiprocessing.spawn", "numba", "numpy", "pydantic", "rich.progress", "safetensors.numpy", "sqlite3", "tifffile",
)  # fmt: skip
ROOMS = (
    "senga", "senga.exemplars", "senga.files", "senga.store", "senga.strokes", "senga.host_adapters.batch",
    "senga.host_adapters.standalone",
)  # fmt: skip
COMPILED = "senga.exemplars.kernels"
"""Told where to keep what it compiles before it is imported."""
ABOVE = 512
"""Numbers of files that nobody uses."""


class Request:
    """What a client asks for, and the process that does it."""

    def __init__(self, line: socket.socket) -> None:
        self.line, self.pid = line, 0
        head, ancillary, *_ = line.recvmsg(4, socket.CMSG_SPACE(4 * 250))
        self.folder, *self.given = array.array("i", b"".join(data for *_, data in ancillary))
        facts = b""
        while len(facts) < int.from_bytes(head, "big"):
            facts += line.recv(1 << 16)
        self.words, self.environment, self.mask, self.files = marshal.loads(facts)  # noqa: S302 - our own client's

    def close(self) -> None:
        """Leave everything to the copy."""
        for number in (self.folder, *self.given):
            os.close(number)

    def answer(self, number: int) -> None:
        """Tell the client, which may be gone."""
        with suppress(OSError):
            self.line.sendall(number.to_bytes(4, "big"))


def prepare() -> dict[str, str]:
    """Import what commands need; the variables that this sets in the environment."""
    before = dict(os.environ)
    for name in LIBRARIES:
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    for room in ROOMS:
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__, f"{room}."):
            if not module.ispkg and module.name != COMPILED:
                importlib.import_module(module.name)
    for name in importlib.import_module("senga.plugins").BUILTIN:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    return {name: value for name, value in os.environ.items() if before.get(name) != value}


def serve(listening: socket.socket) -> Request | None:
    """Make a copy for every client, until the tests end; in a copy, its request."""
    asked: dict[socket.socket, Request] = {}
    heard, hear = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(hear)
    while True:
        ready, *_ = select.select([sys.stdin, listening, heard, *asked], [], [])
        if sys.stdin in ready:
            return None
        if heard in ready:
            os.read(heard, 4096)
        for line in set(asked).intersection(ready):  # the client was killed
            os.kill(asked[line].pid, signal.SIGKILL)
        bury(asked)
        if listening in ready:
            request = Request(listening.accept()[0])
            request.pid = os.fork()
            if not request.pid:
                return request
            request.close()
            request.answer(request.pid)
            asked[request.line] = request


def bury(asked: dict[socket.socket, Request]) -> None:
    """Tell the clients of copies that have ended."""
    for line, request in [*asked.items()]:
        pid, status = os.waitpid(request.pid, os.WNOHANG)
        if pid:
            request.answer(status)
            line.close()
            del asked[line]


def become(request: Request, imposed: dict[str, str]) -> None:
    """Take over what the client has, in the copy."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.fchdir(request.folder)
    os.umask(request.mask)
    aside = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, ABOVE) for number in request.given]
    os.closerange(0, ABOVE)
    for number, file in zip(aside, request.files, strict=True):
        os.dup2(number, file)
        os.close(number)
    os.environ.clear()
    os.environ.update(request.environment | imposed)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = opened(number) if number in request.files else None
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def opened(number: int) -> TextIOWrapper:
    """A standard stream, as Python opens it."""
    errors = "backslashreplace" if number == 2 else "strict"
    stream = open(number, "w" if number else "r", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - to the end
    stream.reconfigure(
        line_buffering=number == 2 or os.isatty(number), write_through=bool(os.environ.get("PYTHONUNBUFFERED"))
    )
    return stream


def main(number: str, program: str, python: str) -> None:
    """Serve; copies go on as what was asked for."""
    del sys.path[0]
    listening = socket.socket(fileno=int(number))
    imposed = prepare()
    request = serve(listening)
    if request is None:
        return
    become(request, imposed)
    listening.detach()
    request.line.detach()
    multiprocessing.set_executable(python)
    try:
        go(request, program)
    except SystemExit as end:
        end_soon(end)
        raise


def go(request: Request, program: str) -> None:
    """Run what was asked for: code, or the program."""
    if "-c" in request.words:
        place = request.words.index("-c")
        sys.argv[:] = request.words[place : place + 1] + request.words[place + 2 :]
        exec(request.words[place + 1], {"__name__": "__main__"})  # noqa: S102 - what Python does
        return
    places = filter(None, request.environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:0] = [os.path.dirname(program), *places]  # noqa: PTH120 - as Python does
    sys.argv[:] = [program, *request.words]
    runpy.run_path(program, run_name="__main__")


def end_soon(end: SystemExit) -> None:
    """As Python ends, but without taking everything down, which takes longer than most commands do."""
    if isinstance(end.code, int | None):
        threading._shutdown()
        atexit._run_exitfuncs()
        with suppress(OSError):
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            os._exit(end.code or 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
