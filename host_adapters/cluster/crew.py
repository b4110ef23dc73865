"""The back end ``dask``: pieces go to the workers of a cluster, and come back from there.

Tasks of dask are functions of ``hand`` with bytes for arguments. A worker that dies costs dask a retry; one that is
new, or was started again, says that it does not know the batch, is told, and gets its pieces anew.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from senga import backends
from senga.backends import Assignment, LostError, Site
from senga.errors import MissingExtraError, SettingsError

from . import hand
from .connection import connected, quiet, reason_of

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Task

_AHEAD = 2
"""Pieces for each worker: one in work, one that waits there."""
_MOST_BYTES = 256_000_000
"""Of pieces that are away, with those of one worker at least."""
_LOOK, _PATIENCE, _WITHOUT = 2.0, 10.0, 60.0
"""Seconds between two looks at who is there, to wait for the first worker, and without any worker."""
_SOON = 2.0
"""Seconds that the end may take."""
_MOST_STRANGERS = 2
"""Workers that do not know the batch, to which a piece may come: more are new ones in place of those that it ended."""


def opened(assignment: Assignment, site: Site) -> backends.Crew:
    """The workers of a scheduler, all of them checked.

    Raises:
        SettingsError: there is no scheduler, or no worker, or one that would make other pictures.
        MissingExtraError: dask is not installed.
    """
    if not site.address:
        raise SettingsError("Say with --scheduler where the cluster is, such as tcp://10.0.0.1:8786.")
    try:
        import distributed  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingExtraError('A cluster needs dask; install it with pip install "senga[cluster]".') from error
    quiet()
    client = connected(site.address)
    try:
        return Crew(client, assignment, site)
    except BaseException:
        with suppress(Exception):
            client.close(timeout=_SOON)
        raise


@dataclass(frozen=True, eq=False)
class _Sent:
    """A piece that is away, and the workers that alone may do it, if not all may."""

    task: Task
    done: Future[Any]
    piece: Any
    only: frozenset[str]
    strangers: int


class Crew(backends.Crew):
    """The workers of a cluster.

    Args:
        client: the connection to its scheduler.
        assignment: what they are to do.
        site: what the user said.

    Raises:
        SettingsError: none is there, or one would make other pictures.
    """

    def __init__(self, client: Client, assignment: Assignment, site: Site) -> None:
        self._client, self._assignment, self._site = client, assignment, site
        self._packed = pickle.dumps(assignment)
        self._numbers, self._looked, self._seen = count(), 0.0, time.monotonic()
        self._away: dict[str, _Sent] = {}
        self._held: list[tuple[Any, Future[Any]]] = []
        self._bytes = 0
        self._arrived: SimpleQueue[Task | None] = SimpleQueue()
        self._turn = threading.Lock()
        self._stopped = False
        self._warned: set[str] = set()
        self._unfit: set[str] = set()
        self._workers = self._first_workers()
        self._greet(self._workers, strict=True)
        threading.Thread(target=self._collect, daemon=True).start()

    def _first_workers(self) -> list[str]:
        """Those that are there; whoever starts a cluster may be quicker than its workers."""
        until = time.monotonic() + _PATIENCE
        while not (found := list(self._client.nthreads())):
            if time.monotonic() > until or self._site.stopped():
                where = self._site.address
                raise SettingsError(f"The scheduler at {where} has no workers: start some with “dask worker {where}”.")
            time.sleep(0.2)
        return found

    # ---- who can do it

    def _greet(self, workers: Sequence[str], *, strict: bool) -> None:
        """Tell workers what is to be done, and give them what they lack.

        Raises:
            SettingsError: one cannot do it, and ``strict`` holds.
        """
        machines = Counter(urlsplit(worker).hostname for worker in self._client.nthreads())
        neighbours = {worker: machines[urlsplit(worker).hostname] for worker in workers}
        told = self._run(hand.greet, self._packed, neighbours, workers=workers)
        for worker, said in told.items():
            trouble = said.trouble if isinstance(said, hand.Greeting) else f"cannot be used ({reason_of(said)})"
            trouble = trouble or self._supply(worker, said)
            if trouble and worker not in self._client.nthreads():
                continue  # it went meanwhile
            if trouble:
                self._refuse(f"The worker {worker} {trouble}", worker, strict=strict)
            else:
                self._tell(worker, said)

    def _run(self, act: Any, *facts: Any, workers: Sequence[str]) -> dict[str, Any]:
        """Call a function on workers; one that is gone by then is no trouble."""
        try:
            found: dict[str, Any] = self._client.run(act, *facts, workers=list(workers), on_error="return")
        except Exception as error:  # of the connection, or of a worker that went meanwhile
            if self._client.status != "running":
                raise self._gone() from error
            return dict.fromkeys(workers, error)
        return {worker: said for worker, said in found.items() if not isinstance(said, OSError)}

    def _supply(self, worker: str, greeting: hand.Greeting) -> str:
        """Send what a worker lacks."""
        for digest in greeting.lacking:
            content = self._assignment.content(digest)
            said = self._run(hand.keep, self._assignment.key, digest, content, workers=[worker]).get(worker, "")
            if said:
                return f"could not keep what it needs ({said if isinstance(said, str) else reason_of(said)})"
        return ""

    def _refuse(self, why: str, worker: str, *, strict: bool) -> None:
        if strict:
            raise SettingsError(f"{why}. Nothing was begun.")
        self._unfit.add(worker)
        self._warn(f"{why}. It is left out.")

    def _tell(self, worker: str, greeting: hand.Greeting) -> None:
        if greeting.doubt:
            self._warn(f"Workers may give pictures that differ in their last bits: {worker} {greeting.doubt}.")
        if greeting.threads > 1:
            self._warn(f"Workers make one picture at a time; start them with --nthreads 1, not {greeting.threads}.")

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._site.warn(text)

    # ---- the pieces

    @property
    def room(self) -> int:
        if self._bytes > _MOST_BYTES and len(self._away) >= len(self._workers):
            return len(self._away)
        return self._site.jobs or _AHEAD * len(self._workers)

    def submit(self, piece: Any) -> Future[Any]:
        done: Future[Any] = Future()
        with self._turn:
            self._bytes += len(piece)
            self._send(piece, done)
        return done

    def _send(self, piece: Any, done: Future[Any], strangers: int = 0) -> None:
        key = f"senga-{self._assignment.key}-{next(self._numbers)}"
        fit = [worker for worker in self._workers if worker not in self._unfit]
        if not fit:
            self._held.append((piece, done))
            return
        only = fit if self._unfit else None
        task = self._client.submit(hand.work, self._assignment.key, piece, key=key, pure=False, workers=only)
        self._away[key] = _Sent(task, done, piece, frozenset(only or ()), strangers)
        task.add_done_callback(self._arrived.put)

    def _collect(self) -> None:
        """Fetch what has arrived, many at once; in a thread of its own."""
        while (first := self._arrived.get()) is not None:
            tasks = [first]
            while not self._arrived.empty():
                more = self._arrived.get()
                tasks += [more] if more is not None else []
            try:
                self._take(tasks)
            except Exception as error:  # whatever it is, nobody must wait for ever
                for task in tasks:
                    self._settle(task, BrokenExecutor(reason_of(error)))

    def _take(self, tasks: Iterable[Task]) -> None:
        tasks = list(tasks)
        finished = [task for task in tasks if task.status == "finished"]
        answers: dict[str, Any] = {}
        try:
            answers = dict(zip((task.key for task in finished), self._client.gather(finished), strict=True))
        except Exception as error:  # of the one or the other
            answers = {task.key: _answer_of(task, error) for task in finished}
        for task in tasks:
            self._settle(task, answers[task.key] if task.key in answers else _answer_of(task, None))

    def _settle(self, task: Task, answer: Any) -> None:
        with self._turn:
            sent = self._away.pop(task.key, None)
        if sent is None:
            return
        if isinstance(answer, hand.Answer) and answer.content is None:
            self._again(answer.worker, sent)
            return
        if isinstance(answer, BaseException):
            self._lose(sent, answer)
            return
        self._forget(sent)
        sent.done.set_result(answer.content)

    def _forget(self, sent: _Sent) -> None:
        with self._turn:
            self._bytes -= len(sent.piece)

    def _lose(self, sent: _Sent, error: BaseException) -> None:
        self._forget(sent)
        sent.done.set_exception(error)

    def _again(self, worker: str, sent: _Sent) -> None:
        """A worker that is new gets to know the batch; the piece goes out anew."""
        if sent.strangers >= _MOST_STRANGERS:
            self._lose(sent, BrokenExecutor("it came to new workers again and again"))
            return
        try:
            if worker not in self._unfit:
                self._greet([worker], strict=False)
            with self._turn:
                self._send(sent.piece, sent.done, sent.strangers + 1)
        except Exception as error:  # the connection is lost: whoever looks will tell
            self._lose(sent, BrokenExecutor(reason_of(error)))

    # ---- the whole

    def look(self) -> None:
        if self._stopped:
            return
        if self._client.status != "running":
            raise self._gone()
        if time.monotonic() - self._looked < _LOOK:
            return
        try:
            found = list(self._client.nthreads())
        except Exception as error:
            raise self._gone() from error
        self._looked = time.monotonic()
        new = set(found) - set(self._workers) - self._unfit
        if new:
            self._greet(sorted(new), strict=False)
        if set(found) - self._unfit:
            self._workers, self._seen = found, time.monotonic()
            self._resend(set(found))
        elif time.monotonic() - self._seen > _WITHOUT:
            raise LostError(
                f"The cluster at {self._site.address} has no workers any more; start some and add --resume."
            )

    def _resend(self, there: set[str]) -> None:
        """Send what waits for somebody, and what was meant for workers that are all gone."""
        with self._turn:
            lost = [key for key, sent in self._away.items() if sent.only and not sent.only & there]
            waiting, self._held = self._held, []
            waiting += [(sent.piece, sent.done) for sent in map(self._away.pop, lost)]
            for piece, done in waiting:
                self._send(piece, done)

    def _gone(self) -> LostError:
        where = self._site.address
        return LostError(f"The scheduler at {where} is lost; what is done is noted: start it again and add --resume.")

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        with self._turn:
            away, self._away = self._away, {}
            held, self._held = self._held, []
        for done in (*(sent.done for sent in away.values()), *(done for _, done in held)):
            done.set_exception(CancelledError())
        self._soon(lambda: self._client.cancel([sent.task for sent in away.values()], force=True))
        self._soon(lambda: self._client.run(hand.stop, self._assignment.key, on_error="ignore"))

    def _soon(self, act: Any) -> None:
        """Do something for which nobody waits long."""

        def tried() -> None:
            with suppress(Exception):  # the scheduler may be gone
                act()

        thread = threading.Thread(target=tried, daemon=True)
        thread.start()
        thread.join(_SOON)

    def __exit__(self, *_: object) -> None:
        if self._away or self._held:
            self.stop()
        elif self._client.status == "running":
            self._soon(lambda: self._client.run(hand.leave, self._assignment.key, on_error="ignore"))
        self._arrived.put(None)
        self._soon(lambda: self._client.close(timeout=_SOON))


def _answer_of(task: Task, error: BaseException | None) -> Any:
    """What a task that is not simply finished says."""
    try:
        return task.result(timeout=_PATIENCE) if error is not None else _raised(task)
    except Exception as raised:  # of whatever kind
        return raised if not _is_death(raised) else BrokenExecutor(str(raised))


def _raised(task: Task) -> BaseException:
    found: BaseException | None = task.exception(timeout=_PATIENCE)
    if found is None or _is_death(found):
        return BrokenExecutor(str(found))
    return found


def _is_death(error: BaseException) -> bool:
    from distributed.scheduler import KilledWorker

    return isinstance(error, (KilledWorker, CancelledError))
