# -*- coding: utf-8 -*-
# This one file runs inside GIMP, on Python 2.7 (GIMP 2.10) and 3.9 or later (GIMP 3): standard library only, types in
# comments, no newer syntax. The codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, PTH100, PTH101, PTH103, PTH107, PTH110, PTH112, PTH116, PTH118, PTH120, PTH208, SIM105, SIM115
# ruff: noqa: UP004, UP009, UP010, UP018, UP020, UP024, UP032
"""Find or start the worker, and let it run filters on pixels.

    with connect("manifest.json") as worker, Canvas(width, height, 4, "u8") as canvas:
        canvas.write_band(0, pixels)
        worker.run({"filter": "sketch", "settings": {"seed": 7}}, canvas, show_progress, is_cancelled)
        pixels = canvas.read_band(0, height)

Text that is handed back is unicode, paths included. Nothing here is for several threads at once.
"""

from __future__ import absolute_import, division, unicode_literals

import errno
import hashlib
import hmac
import io
import json
import os
import select
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union  # noqa: F401, UP035

PROTOCOL = 2
"""Raised whenever the messages change; greeting, framing and the message ``stop`` stay what they are for ever."""
LIMIT = 4 << 20
"""Bytes of the longest message."""
CHANNELS = (1, 2, 3, 4)
"""Y, YA, RGB, RGBA; sRGB-encoded, alpha not premultiplied."""
DEPTHS = {"u8": 1, "u16": 2, "float": 4}
"""Depth of a canvas -> bytes of one value, in the byte order of the machine."""

GREETING = struct.Struct(str(">8sH32s"))
MAGIC = b"senga wk"
_HEAD = struct.Struct(str(">I"))
_POLL = 0.05
_PATIENCE = 0.8
_TRIES = 3
_SLOWEST = 0.4
_LONGEST_PAUSE = 5.0
_FOREIGN = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "GI_TYPELIB_PATH", "GDK_PIXBUF_MODULE_FILE")
_OWN = ("SENGA_HOME", "SENGA_PLUGINS")
_PY2 = sys.version_info[0] == 2
_monotonic = getattr(time, "monotonic", time.time)
_children = []  # type: List[subprocess.Popen[bytes]]


class WorkerError(Exception):
    """Something a painter can mend: ``message`` is one sentence for them."""

    def __init__(self, message):
        # type: (str) -> None
        Exception.__init__(self, message)
        self.message = message

    if _PY2:

        def __str__(self):  # type: ignore[no-untyped-def]
            return self.message.encode("utf-8")


class Cancelled(Exception):  # noqa: N818 - a request, not an error
    """The painter asked to stop; the canvas must not be used."""


class Gone(Exception):  # noqa: N818 - the everyday end of a connection
    """The other side closed the connection, or does not keep to the protocol."""


class Canvas(object):
    """The pixels of a job: a private temporary file that the worker maps into its memory and edits in place.

    Rows from top to bottom, channels interleaved: ``CHANNELS`` and ``DEPTHS`` tell how. The file is locked while this
    object lives, so that what a killed host leaves behind is told apart and removed.
    """

    def __init__(self, width, height, channels, depth):
        # type: (int, int, int, str) -> None
        if width < 1 or height < 1 or channels not in CHANNELS or depth not in DEPTHS:
            raise ValueError("no canvas is {} x {} x {} {}".format(width, height, channels, depth))
        self._set(width, height, channels, depth)
        for folder in _roomiest():
            sweep(folder)
        self.path, self._file = _create(self._mask_start)

    def _set(self, width, height, channels, depth):
        # type: (int, int, int, str) -> None
        self.width, self.height, self.channels, self.depth = width, height, channels, depth
        self.row = width * channels * DEPTHS[depth]
        self.masked = False
        self._mask_start = self.row * height

    @classmethod
    def adopt(cls, facts):
        # type: (Dict[str, Any]) -> Canvas
        """The canvas that another process made and describes by these facts."""
        canvas = cls.__new__(cls)
        canvas._set(facts["width"], facts["height"], facts["channels"], facts["depth"])
        canvas.path, canvas._file = facts["path"], _locked(facts["path"])
        return canvas

    def facts(self):
        # type: () -> Dict[str, Any]
        """What the other side needs to open it once: it takes the name of the file away, so that nothing is left."""
        if not os.path.exists(self.path):
            self._rename()
        names = ("path", "width", "height", "channels", "depth", "masked")
        return {name: getattr(self, name) for name in names}

    def _rename(self):
        # type: () -> None
        """Give the pixels a new file; the old one lives on in a worker that may still write into it."""
        old = self._file
        self.path, self._file = _create(self._mask_start + self.masked * self.width * self.height)
        old.seek(0)
        self._file.seek(0)
        shutil.copyfileobj(old, self._file, 1 << 20)
        self._file.flush()
        old.close()

    def write_band(self, y, data):
        # type: (int, bytes) -> None
        """Write whole rows, the first of them at ``y``."""
        self._write(y, data, 0, self.row)

    def read_band(self, y, rows):
        # type: (int, int) -> bytes
        """Read whole rows, the first of them at ``y``."""
        self._check(y, rows)
        self._file.seek(y * self.row)
        return bytes(self._file.read(rows * self.row))

    def write_mask_band(self, y, data):
        # type: (int, bytes) -> None
        """Write whole rows of the selection, a byte for every pixel: 255 is selected; unwritten rows are not."""
        if not self.masked:
            allocate(self._file, self._mask_start, self.width * self.height)
            self.masked = True
        self._write(y, data, self._mask_start, self.width)

    def _write(self, y, data, start, row):
        # type: (int, bytes, int, int) -> None
        if len(data) % row:
            raise ValueError("{} bytes are no whole rows of {}".format(len(data), row))
        self._check(y, len(data) // row)
        self._file.seek(start + y * row)
        self._file.write(data)
        self._file.flush()

    def _check(self, y, rows):
        # type: (int, int) -> None
        if not (0 <= y <= y + rows <= self.height):
            raise ValueError("rows {} to {} of {}".format(y, y + rows, self.height))

    def close(self):
        # type: () -> None
        """Free the pixels; harmless when repeated."""
        if not self._file.closed:
            self._file.close()
            _remove(self.path)

    def __enter__(self):
        # type: () -> Canvas
        return self

    def __exit__(self, *error):
        # type: (object) -> None
        self.close()


class Layer(object):
    """A picture that came out beside the canvas: of another size, one frame of several, or a part of the result.

    ``canvas`` holds its pixels, ``title`` names it, ``seconds`` says how long a frame is shown (None for a still).

    ``part`` is None, unless this is one of the layers that the result consists of: they come from the bottom up, the
    canvas of the job holds what they make together, and a host takes either. Then it has ``mode`` (``normal`` or
    ``multiply``, of encoded colours), ``opacity`` (0 to 1), ``left`` and ``top`` (on the canvas of the job), and
    ``strength``: the opacity of all layers together. The selection is not in them. ``choice`` says that they are
    results to choose from: the topmost is the one that the canvas holds. ``below`` says that they belong below what was
    sent, which is then laid on in ``source_mode``; ``fills`` that they are seen where that is transparent, too.
    """

    def __init__(self, canvas, title, seconds, part=None):
        # type: (Canvas, str, Optional[float], Optional[Dict[str, Any]]) -> None
        self.canvas, self.title, self.seconds, self.part = canvas, title, seconds, part


class Result(object):
    """What a job gave.

    ``changed`` says whether the canvas was edited; ``layers`` are the further pictures (close their canvases);
    ``notes`` are sentences for the painter; ``seconds`` is the time that the filter took (without later frames).
    """

    def __init__(self, changed, layers, notes, seconds):
        # type: (bool, List[Layer], List[str], float) -> None
        self.changed, self.layers, self.notes, self.seconds = changed, layers, notes, seconds

    def close(self):
        # type: () -> None
        """Free the pixels of the layers."""
        for layer in self.layers:
            layer.canvas.close()


class Worker(object):
    """A connection to the worker; when that has ended since, the next call starts another."""

    def __init__(self, manifest, start, timeout, language=""):
        # type: (Dict[str, Any], bool, float, str) -> None
        self._manifest, self._start, self._timeout, self._language = manifest, start, timeout, language
        self._channel = None  # type: Optional[Channel]
        self._begun = False
        self.folder = worker_folder(manifest)
        self._open()

    def _open(self):
        # type: () -> Channel
        if self._channel is None:
            self._channel, hello = _reach(self._manifest, self.folder, self._start, self._timeout)
            self.version, self.pid = hello["version"], hello["pid"]
        return self._channel

    def run(
        self, order, canvas, on_progress=None, cancelled=None, on_layer=None, preview="", pictures=None, place=None,
        on_growth=None
    ):  # fmt: skip
        # type: (Dict[str, Any], Canvas, Optional[Callable[[float, str], object]], Optional[Callable[[], bool]], Optional[Callable[[Layer], object]], str, Optional[Dict[str, Canvas]], Optional[Dict[str, int]], Optional[Callable[[Layer], object]]) -> Result
        """Run a filter or a recipe on the canvas, which is edited in place.

        Args:
            order: ``{"filter": name, "settings": {...}}`` or ``{"recipe": TOML text}``; beside it, as wanted,
                ``strength`` (0 to 1), ``keep_colors``, ``feather`` (pixels), ``seed``, ``memory`` (bytes) and
                ``precision`` (``full`` or ``draft``; by default previews are drafts). Settings that are pictures or
                files are absolute paths; those in a recipe start at its ``folder``.
            canvas: the pixels, and the selection if its mask was written.
            on_progress: called with the share done (0 to 1) and a note for the painter.
            cancelled: asked about twenty times a second; True stops the job.
            on_layer: called with each further picture as soon as it is made; its canvas is closed afterwards. Without
                it they are collected in the result.
            preview: names a dialog that shows the result: it overtakes the jobs that wait and run, and takes the place
                of the preview before it of the same dialog. Layers that the result consists of are left out.
            pictures: second pictures by the name of their setting (``2.name`` for the second step of a recipe), in
                place of paths; aligned ones have the size of the canvas.
            place: for a canvas that holds a part of a picture: ``height`` and ``width`` of the picture, and ``top`` and
                ``left`` of the part. Strokes are then as broad as in the whole picture. With ``reduced`` it holds all
                of the picture, made smaller, and aligned files are reduced with it.
            on_growth: called now and then with the picture as far as it is there, if the filter shows it; its canvas is
                closed afterwards.

        Raises:
            WorkerError: it failed; the message is for the painter.
            Cancelled: ``cancelled`` said so, or another preview takes its place.
        """
        for _ in range(_TRIES):
            self._begun = False
            request = {"op": "run", "order": order, "canvas": canvas.facts(), "language": self._language}
            if pictures:
                request["pictures"] = {name: one.facts() for name, one in pictures.items()}
            self._ask(dict(request, preview=preview, place=place, growth=on_growth is not None))
            try:
                return self._follow(on_progress, cancelled or (lambda: False), on_layer, on_growth)
            except (WorkerError, Cancelled):
                raise
            except Gone:
                self.close()
                if self._begun:
                    break
            except BaseException:
                self.close()  # a listener failed: the worker notices, and stops the job
                raise
        raise WorkerError(
            "Senga's worker was lost while it worked; it may have run out of memory. Nothing was changed: try "
            "again. Its last words are in {}.".format(os.path.join(self.folder, "log"))
        )

    def _follow(self, on_progress, cancelled, on_layer, on_growth):
        # type: (Optional[Callable[[float, str], object]], Callable[[], bool], Optional[Callable[[Layer], object]], Optional[Callable[[Layer], object]]) -> Result
        """Hear what the worker says of the job until it ends."""
        layers = []  # type: List[Layer]
        asked = None  # type: Optional[float]
        try:
            while True:
                if asked is None and cancelled():
                    asked = _monotonic()
                    self._send({"op": "cancel"})
                message = self._receive(_POLL)
                event = message.get("event")
                self._begun = self._begun or event in ("begun", "layer")
                if asked is not None and event != "cancelled" and _monotonic() - asked > _PATIENCE:
                    self.close()
                    raise Cancelled
                if event == "progress" and on_progress is not None:
                    on_progress(message["share"], message["note"])
                elif event == "layer":
                    layers.extend(self._take(message, on_layer))
                elif event == "growing":
                    self._take(message, on_growth)
                elif event == "cancelled":
                    raise Cancelled
                elif event == "error":
                    raise WorkerError(message["message"])
                elif event == "done":
                    return Result(message["changed"], layers, message["notes"], message["seconds"])
        except BaseException:
            Result(False, layers, [], 0.0).close()
            raise

    def _take(self, message, on_layer):
        # type: (Dict[str, Any], Optional[Callable[[Layer], object]]) -> List[Layer]
        layer = Layer(Canvas.adopt(message["canvas"]), message["title"], message["seconds"], message.get("part"))
        self._send({"op": "took"})
        if on_layer is None:
            return [layer]
        try:
            on_layer(layer)
        finally:
            layer.canvas.close()
        return []

    def describe(self, language=None):
        # type: (Optional[str]) -> Dict[str, Any]
        """The filters of the worker: ``{"version": ..., "filters": [...]}``.

        Each filter has ``name``, ``title``, ``summary``, ``plugin`` and ``settings``; each setting has ``name``,
        ``kind`` (int, float, bool, choice, text), ``default``, ``text``, ``minimum``, ``maximum``, ``choices``,
        ``unit``, ``advanced`` and ``optional``. Texts come in ``language``, or in that of the connection, where there
        is a translation, else in English.
        """
        return self._question({"op": "describe", "language": language or self._language})

    def status(self):
        # type: () -> Dict[str, Any]
        """What the worker does: ``version``, ``pid``, ``python``, ``uptime``, ``jobs``, ``clients``, ``memory``."""
        return self._question({"op": "status"})

    def stop(self):
        # type: () -> None
        """End the worker with all its jobs."""
        self._question({"op": "stop"})
        self.close()

    def _question(self, message):
        # type: (Dict[str, Any]) -> Dict[str, Any]
        self._ask(message)
        try:
            return dict(self._await("answer")["value"])
        except Gone:
            self.close()
            raise WorkerError("Senga's worker was lost before it answered: try again.")

    def _ask(self, message):
        # type: (Dict[str, Any]) -> None
        """Send the first message of a conversation, and to a new worker if the old one ended before it heard it."""
        for _ in range(2):
            try:
                self._open().send(message)
                self._await("heard")
                return
            except Gone:
                self.close()
        raise WorkerError("Senga's worker was lost before it began: try again.")

    def _await(self, event):
        # type: (str) -> Dict[str, Any]
        """The next message of that kind, or the failure that comes in its place."""
        deadline = _monotonic() + self._timeout
        while _monotonic() < deadline:
            message = self._receive(_POLL)
            if message.get("event") == "error":
                raise WorkerError(message["message"])
            if message.get("event") == event:
                return message
        self.close()
        raise WorkerError("Senga's worker does not answer; end it with “senga worker stop” and try again.")

    def _send(self, message):
        # type: (Dict[str, Any]) -> None
        if self._channel is None:
            raise Gone
        self._channel.send(message)

    def _receive(self, seconds):
        # type: (float) -> Dict[str, Any]
        """The next message, or an empty one when none came."""
        if self._channel is None:
            raise Gone
        return self._channel.receive(seconds) or {}

    def close(self):
        # type: () -> None
        """Hang up; a job that still runs is cancelled."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def __enter__(self):
        # type: () -> Worker
        return self

    def __exit__(self, *error):
        # type: (object) -> None
        self.close()


def connect(manifest, start=True, timeout=60, language=""):
    # type: (Union[Dict[str, Any], str], bool, float, str) -> Worker
    """Reach the worker of this user, and start it if need be.

    Args:
        manifest: what ``senga gimp install`` wrote, or the path of it: ``python`` is the interpreter that Senga is
            installed for; ``worker_options``, if there, are more words for the worker's command line, and
            ``folder`` is another place for its socket.
        start: whether to start a worker when none runs.
        timeout: seconds until a worker must answer.
        language: in which the worker speaks to the painter where it can, such as ``ja`` or ``zh_CN.UTF-8:zh``; by
            default English.

    Raises:
        WorkerError: it cannot be reached or started; the message says why and what to do.
    """
    return Worker(manifest if isinstance(manifest, dict) else _read_manifest(manifest), start, timeout, language)


def _read_manifest(path):
    # type: (str) -> Dict[str, Any]
    try:
        with io.open(path, encoding="utf-8") as file:
            return dict(json.load(file))
    except (IOError, OSError, ValueError, TypeError) as error:
        raise WorkerError(
            "The list of Senga's filters in {} cannot be read ({}): run “senga gimp install” again.".format(path, error)
        )


class Channel(object):
    """Messages over a socket: four bytes of length, the most significant first, then a JSON object in UTF-8."""

    def __init__(self, connection, seconds=20.0):
        # type: (socket.socket, float) -> None
        """A message that began must be through after so many seconds."""
        self._socket, self._seconds = connection, seconds
        connection.settimeout(seconds)

    def send(self, message):
        # type: (Dict[str, Any]) -> None
        """Send one message.

        Raises:
            Gone: nobody takes it any more.
            WorkerError: it is too long.
        """
        data = json.dumps(message).encode("utf-8")
        if len(data) > LIMIT:
            raise WorkerError("The settings are too long: {} bytes, and {} are allowed.".format(len(data), LIMIT))
        try:
            self._socket.settimeout(self._seconds)
            self._socket.sendall(_HEAD.pack(len(data)) + data)
        except (OSError, IOError, ValueError):
            raise Gone

    def receive(self, seconds=None):
        # type: (Optional[float]) -> Optional[Dict[str, Any]]
        """The next message, or None when none began within so many seconds.

        Raises:
            Gone: none will come any more, or what came is none.
        """
        try:
            if not _readable(self._socket, seconds):
                return None
            (length,) = _HEAD.unpack(self.exactly(_HEAD.size))
            message = json.loads(self.exactly(length).decode("utf-8")) if length <= LIMIT else None
        except (OSError, IOError, select.error, ValueError, RuntimeError, MemoryError):
            raise Gone
        if not isinstance(message, dict):
            raise Gone
        return message

    def exactly(self, size):
        # type: (int) -> bytes
        """So many bytes; they must be through in time, however many parts they come in."""
        parts = []  # type: List[bytes]
        deadline = _monotonic() + self._seconds
        while size:
            self._socket.settimeout(max(deadline - _monotonic(), 0.001))
            part = self._socket.recv(min(size, 1 << 16))
            if not part:
                raise Gone
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self):
        # type: () -> None
        """Hang up."""
        self._socket.close()


def _readable(connection, seconds):
    # type: (socket.socket, Optional[float]) -> bool
    """Wait so long until there is something to read; ``select`` knows no file whose number is above 1023."""
    if not hasattr(select, "poll"):
        return bool(select.select([connection], [], [], seconds)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if seconds is None else int(seconds * 1000)))


def proof(secret, role, first, second):
    # type: (bytes, bytes, bytes, bytes) -> bytes
    """Show knowledge of the secret for both sides' random bytes; ``role`` keeps an answer from being sent back."""
    return hmac.new(secret, role + first + second, hashlib.sha256).digest()


def _answer(connection, channel, secret):
    # type: (socket.socket, Channel, bytes) -> int
    """Prove to a worker that the secret is known, and have it prove the same; gives its protocol."""
    magic, protocol, theirs = GREETING.unpack(channel.exactly(GREETING.size))
    ours = os.urandom(32)
    connection.sendall(ours + proof(secret, b"client", theirs, ours))
    if magic != MAGIC or not hmac.compare_digest(channel.exactly(32), proof(secret, b"worker", ours, theirs)):
        raise Gone
    return int(protocol)


def _reach(manifest, folder, start, timeout):
    # type: (Dict[str, Any], str, bool, float) -> Tuple[Channel, Dict[str, Any]]
    """A channel to a worker that speaks our protocol and is up to date, and what it said at first."""
    starter = _Starter(manifest, folder)
    try:
        return _knock(starter, folder, start, timeout)
    finally:
        starter.close()


def _knock(starter, folder, start, timeout):
    # type: (_Starter, str, bool, float) -> Tuple[Channel, Dict[str, Any]]
    deadline, pause, replaced = _monotonic() + timeout, _POLL, False
    while True:
        found = _dial(folder, min(timeout, 5.0))
        if found is not None:
            channel, protocol = found
            hello = _greeted(channel, protocol)
            if hello is not None and not hello.get("stale"):
                return channel, hello
            channel.close()
            if protocol != PROTOCOL and replaced:
                raise WorkerError("This plug-in and Senga are of different ages: run “senga gimp install” again.")
            replaced = replaced or protocol != PROTOCOL
        elif not start:
            raise WorkerError("Senga's worker does not run.")
        else:
            starter.help()
        if _monotonic() > deadline:
            raise WorkerError(
                "Senga's worker does not answer; end it with “senga worker stop” and try again. Its last words are in "
                "{}.".format(os.path.join(folder, "log"))
            )
        time.sleep(pause)
        pause = min(pause * 1.2, _SLOWEST)


class _Starter(object):
    """Starts a worker when it is this client's turn: of all that wait for one only one starts it."""

    def __init__(self, manifest, folder):
        # type: (Dict[str, Any], str) -> None
        self._manifest, self._folder = manifest, folder
        self._turn = None  # type: Any
        self._child = None  # type: Optional[subprocess.Popen[bytes]]
        self._pause, self._next = 0.25, 0.0

    def help(self):
        # type: () -> None
        """Do what can be done, since nobody answers; a first call takes the turn, for perhaps somebody answers now.

        Raises:
            WorkerError: the worker that was started here ended at once.
        """
        if self._turn is None:
            self._turn = _turn(os.path.join(self._folder, "log"))
        elif self._child is None and _monotonic() >= self._next:
            self._child = _spawn(self._manifest, self._folder)
        elif self._child is not None and self._child.poll() is not None:
            if self._child.returncode:
                words = _last_words(self._folder).rstrip(".")
                raise WorkerError(
                    "Senga's worker does not start: {}. “senga gimp doctor” tells what to do.".format(words)
                )
            self._child = None  # another one has its place, and does not answer
            self._next = _monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def close(self):
        # type: () -> None
        """Let others start one."""
        if self._turn is not None:
            self._turn.close()


def _turn(path):
    # type: (str) -> Any
    """The open file if nobody else has it now, or None; where files cannot be locked, everybody may have it."""
    file = os.fdopen(_opened(path, os.O_RDWR), "r+b")
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(1 << 30)  # beyond what the worker writes
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except (OSError, IOError) as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            file.close()
            return None
    return file


def _dial(folder, seconds):
    # type: (str, float) -> Optional[Tuple[Channel, int]]
    """A connection with both sides proven, and the protocol of the worker; None when nobody answers."""
    port = os.path.join(folder, "port")
    unix = hasattr(socket, "AF_UNIX") and not os.path.exists(port)
    connection = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    channel = Channel(connection, seconds)
    try:
        connection.connect(os.path.join(folder, "socket") if unix else ("127.0.0.1", int(_read(port))))
        protocol = _answer(connection, channel, _read(os.path.join(folder, "secret")))
        return Channel(connection), protocol
    except (OSError, IOError, ValueError, Gone):
        connection.close()
        return None


def _greeted(channel, protocol):
    # type: (Channel, int) -> Optional[Dict[str, Any]]
    """The first message of a worker; one of another protocol is asked to stop."""
    try:
        if protocol != PROTOCOL:
            channel.send({"op": "stop"})
            return None
        return channel.receive(20.0)
    except Gone:
        return None


def _spawn(manifest, folder):
    # type: (Dict[str, Any], str) -> subprocess.Popen[bytes]
    """Start a worker that has nothing of its starter: no environment of another Python, no open files, no terminal."""
    environment = {
        name: value for name, value in os.environ.items() if name not in _FOREIGN and not name.startswith("PYTHON")
    }
    words = [manifest["python"], "-P", "-m", "senga.host_adapters.worker", "--folder", folder]
    options = {"env": environment, "cwd": folder}  # type: Dict[str, Any]
    if os.name == "nt":
        options["creationflags"] = 0x08000000 | 0x00000200  # CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP
    elif _PY2:
        options.update(preexec_fn=os.setsid, close_fds=True)
    else:
        options["start_new_session"] = True
    _children[:] = [child for child in _children if child.poll() is None]
    log = _opened(os.path.join(folder, "log"), os.O_WRONLY | os.O_APPEND)
    try:
        with io.open(os.devnull, "rb") as nothing:
            child = subprocess.Popen(  # noqa: S603 - the interpreter that the installer wrote down
                words + list(manifest.get("worker_options", ())), stdin=nothing, stdout=log, stderr=log, **options
            )
    except OSError as error:
        raise WorkerError(
            "Senga's Python {} does not start ({}): run “senga gimp install” again.".format(words[0], error.strerror)
        )
    finally:
        os.close(log)
    _children.append(child)
    return child


def _opened(path, flags):
    # type: (str, int) -> int
    """Open a private file, which is made if need be."""
    try:
        return os.open(path, flags | os.O_CREAT, 0o600)
    except OSError as error:
        raise WorkerError("The file {} cannot be used ({}): set TMPDIR.".format(path, error.strerror))


def _last_words(folder):
    # type: (str) -> str
    lines = _read(os.path.join(folder, "log")).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word."


def _read(path):
    # type: (str) -> bytes
    with io.open(path, "rb") as file:
        return file.read()


def worker_folder(manifest):
    # type: (Dict[str, Any]) -> str
    """Where the worker of an installation has its socket, secret, lock and log."""
    if "folder" in manifest:
        return _private(_text(manifest["folder"]))
    facts = [os.path.normcase(manifest["python"])] + [os.environ.get(name, "") for name in _OWN]
    key = "\0".join(_text(fact) for fact in facts)
    name = "worker-" + hashlib.sha256(key.encode("utf-8")).hexdigest()[:8]
    return _private(os.path.join(private_folders()[0], name))


def private_folders():
    # type: () -> List[str]
    """Folders that only this user can enter, the preferred one first.

    Raises:
        WorkerError: there is none.
    """
    if os.name == "nt":
        return [_private(os.path.join(_text(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()), "senga-run"))]
    mine = "senga-{}".format(os.geteuid())
    runtime, temporary = os.environ.get("XDG_RUNTIME_DIR"), _text(tempfile.gettempdir())
    places = [os.path.join(_text(runtime), "senga")] if runtime else []
    places.append(os.path.join(temporary if len(temporary) < 60 else "/tmp", mine))  # noqa: S108 - checked below
    found, problem = [], WorkerError("There is no temporary folder: set TMPDIR.")
    for place in places:
        try:
            if len(place) <= 75:  # the path of a socket may have 103 bytes
                found.append(_private(place))
        except WorkerError as error:
            problem = error
    if not found:
        raise problem
    return found


def _private(folder):
    # type: (str) -> str
    """Make a folder for this user alone, or make sure that it is one."""
    try:
        if not os.path.isdir(folder):
            try:
                os.makedirs(folder, 0o700)
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise
        facts, above = os.lstat(folder), os.stat(os.path.dirname(os.path.abspath(folder)))
        if os.name == "posix":
            if above.st_mode & 0o002 and not above.st_mode & stat.S_ISVTX:
                raise WorkerError("Others can exchange the folder {}: set TMPDIR to one of your own.".format(folder))
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
                raise WorkerError("The folder {} belongs to somebody else: remove it, or set TMPDIR.".format(folder))
            if facts.st_mode & 0o077:
                os.chmod(folder, 0o700)
    except OSError as error:
        raise WorkerError("The folder {} cannot be used ({}): set TMPDIR.".format(folder, error.strerror))
    return folder


def _text(path):
    # type: (Union[str, bytes]) -> str
    return path.decode(sys.getfilesystemencoding() or "utf-8") if isinstance(path, bytes) else path


def _roomiest():
    # type: () -> List[str]
    """The private folders, the one with the most room first: the preferred one often lies in a small part of memory."""
    folders = private_folders()
    if hasattr(os, "statvfs"):
        folders.sort(key=lambda folder: os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize, reverse=True)
    return folders


def _create(size):
    # type: (int) -> Tuple[str, Any]
    """A new locked file of so many bytes in the roomiest folder that has them."""
    problem = None  # type: Optional[WorkerError]
    for folder in _roomiest():
        handle, path = tempfile.mkstemp(prefix=str("canvas-"), dir=folder)
        os.close(handle)
        file = _locked(_text(path))
        try:
            allocate(file, 0, size)
            return _text(path), file
        except WorkerError as error:
            problem = error
            file.close()
            _remove(path)
    raise problem or WorkerError("There is no folder for the pixels.")


def _locked(path):
    # type: (str) -> Any
    """Open a canvas; the shared lock ends with its last process, however that ends."""
    file = io.open(path, "r+b")
    if os.name == "posix":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_SH)
        except (OSError, IOError):
            pass  # a file system without locks: there nothing is ever swept away
    return file


def allocate(file, start, size):
    # type: (Any, int, int) -> None
    """Make the file so long, and sure of its place on the disk: a mapped file without is deadly to whoever reads it."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), start, size)
        else:
            file.seek(start)
            for done in range(0, size, 1 << 20):
                file.write(b"\0" * min(size - done, 1 << 20))
            file.flush()
    except (OSError, IOError) as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WorkerError(
            "The picture needs {} MB in {}, which is full: make room there, or set TMPDIR to a folder with "
            "more.".format((start + size) // 1000000 + 1, _text(os.path.dirname(_text(file.name))))
        )


def _remove(path):
    # type: (str) -> None
    try:
        os.remove(path)
    except OSError:
        return  # the worker was quicker; or, on Windows, has it open and removes it then


def sweep(folder):
    # type: (str) -> None
    """Remove canvases that no living process holds."""
    for path in _canvases(folder):
        try:
            if time.time() - os.stat(path).st_mtime > 10:  # a younger one may be about to be locked
                _remove_unheld(path)
        except (OSError, IOError):
            continue  # in use, or gone


def _canvases(folder):
    # type: (str) -> Iterator[str]
    return (os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("canvas-"))


def _remove_unheld(path):
    # type: (str) -> None
    if os.name == "posix":
        import fcntl

        with io.open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.remove(path)
    else:
        os.remove(path)  # refused while it is open
