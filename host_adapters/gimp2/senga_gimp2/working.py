# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""The worker at work: progress for the painter, and their wish to stop."""

from __future__ import absolute_import, division, unicode_literals

import sys
import threading

import gimp
from gimpfu import pdb
from senga_client import Cancelled, connect  # copied beside by the installer

from .facts import PATH
from .words import languages, native, plain, say

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Dict, List, Optional, Tuple, Union

    from senga_client import Canvas, Worker

    from .frames import Spool

_TICK = 0.05


class Progress(object):
    """Where the painter sees how far it is, and can ask to stop.

    GIMP's own progress bar has a button that ends the plug-in. gimpfu's dialog has one that it switches off while a
    filter runs: here it is switched on again.
    """

    def __init__(self, title):
        # type: (str) -> None
        gimp.progress_init(native("{}…".format(title)))
        self._shown = (-1.0, "")
        self._gtk = _gtk()
        self._pressed = False
        for dialog in self._dialogs():
            dialog.set_response_sensitive(self._gtk.RESPONSE_CANCEL, True)
            dialog.connect(native("response"), self._press)

    def _dialogs(self):
        # type: () -> List[Any]
        """The dialog of gimpfu, if this is an interactive run."""
        windows = self._gtk.window_list_toplevels() if self._gtk else []
        return [window for window in windows if isinstance(window, self._gtk.Dialog)]

    def _press(self, _dialog, _response):
        # type: (Any, int) -> None
        self._pressed = True

    def show(self, share, note):
        # type: (float, str) -> None
        """Tell what is done, but not more often than can be seen."""
        last_share, last_note = self._shown
        if note and note != last_note:
            pdb.gimp_progress_set_text(native(note))
        if abs(share - last_share) >= 0.005 or note != last_note:
            gimp.progress_update(share)
            self._shown = (share, note)

    def is_cancelled(self):
        # type: () -> bool
        """Let the dialog live for a moment, and say whether the painter asked to stop."""
        while self._gtk is not None and self._gtk.events_pending():
            self._gtk.main_iteration(False)
        return self._pressed


def _gtk():
    # type: () -> Any
    """PyGTK, if gimpfu has loaded it for its dialog."""
    return sys.modules.get(native("gtk"))


class Run(object):
    """One order, carried out by the worker."""

    def __init__(self, order, progress):
        # type: (Dict[str, Any], Progress) -> None
        self._order, self._progress = order, progress
        self.notes = []  # type: List[str]

    def __call__(self, canvas, spool, pictures=None):
        # type: (Canvas, Spool, Optional[Dict[str, Canvas]]) -> bool
        """Wait for the worker; gives whether the canvas was changed.

        Raises:
            Cancelled: the painter asked to stop.
            WorkerError: the worker's sentence.
        """
        self._progress.show(0.0, say("Waiting for Senga"))
        with self._connected() as worker:
            told = self._progress.show, self._progress.is_cancelled, spool.take
            result = worker.run(self._order, canvas, *told, pictures=pictures)
        self._progress.show(1.0, say("Bringing the result into GIMP"))
        self.notes = [plain(note) for note in result.notes]
        return bool(result.changed)

    def _connected(self):
        # type: () -> Worker
        """A connection; a worker that has to start first takes seconds, in which the dialog must live."""
        outcome = []  # type: List[Union[Worker, Exception]]
        thread = threading.Thread(target=_connect, args=(outcome,))
        thread.daemon = True
        thread.start()
        while thread.is_alive():
            thread.join(_TICK)
            if self._progress.is_cancelled():
                raise Cancelled
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]


def _connect(outcome):
    # type: (List[Union[Worker, Exception]]) -> None
    try:
        outcome.append(connect(PATH, language=languages()))
    except Exception as error:  # handed over to the thread that waits
        outcome.append(error)
