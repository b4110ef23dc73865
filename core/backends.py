"""Where batches run: what a plug-in says of a back end, and what Senga and the back end ask of each other.

A back end carries pieces of work to processes that have Senga, and brings back what comes of them. Which pieces there
are, what is tried again, the ledger and the names of results stay with the machine that the batch was started on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from .errors import SengaError

__all__ = ["Assignment", "Backend", "Crew", "LostError", "Site"]


class LostError(SengaError):
    """The whole back end is lost: the batch ends with this sentence, and ``--resume`` goes on with it."""


@dataclass(frozen=True)
class Backend:
    """A back end, as the hook ``senga_backends`` returns it.

    Attributes:
        name: lower case with dashes: what ``--backend`` takes.
        title: what a list shows.
        opener: ``package.module:NAME`` of a function from an ``Assignment`` and a ``Site`` to a ``Crew``. It raises a
            SettingsError for what no picture could succeed with, before any is begun.
        near: its processes belong to this machine and write results themselves; only so can they tell of progress.
    """

    name: str
    title: str
    opener: str
    near: bool = False


@dataclass(frozen=True)
class Site:
    """What the user says of the place, and what a back end may tell the user.

    Attributes:
        address: what ``--scheduler`` says.
        jobs: how many pictures may be in work at the same time; 0 leaves it to the back end.
        stopped: True when the user wants to stop.
        warn: tells a sentence that stops nothing.
        report: is told what near processes do (``senga.host_adapters.batch.report.Report``).
    """

    address: str = ""
    jobs: int = 0
    stopped: Callable[[], bool] = lambda: False
    warn: Callable[[str], None] = lambda text: None  # noqa: ARG005
    report: Any = None


class Assignment(ABC):
    """What is to be done with every picture of a batch.

    It pickles. All but ``content`` is called where pictures are made.

    Attributes:
        key: tells it apart from every other, those of other batches included.
    """

    key: str

    def trouble(self) -> str:
        """Why this process cannot do it, or nothing; without a subject: ``has Senga 0.2, and here is 0.1``."""
        return ""

    def doubt(self) -> str:
        """Why pictures of this process may differ a little, in the same form; or nothing."""
        return ""

    def lacking(self) -> tuple[str, ...]:
        """The digests of weights and the like that this process does not have yet."""
        return ()

    def keep(self, digest: str, content: bytes) -> None:  # noqa: B027 - who lacks nothing need not keep anything
        """Take what was lacking."""

    def content(self, digest: str) -> bytes:
        """What is lacking elsewhere; only on the machine that the batch was started on."""
        raise KeyError(digest)

    def sharing(self, *, threads: int, memory: int) -> Self:
        """The same for a process that may use so many threads and bytes, where the user does not say how many."""
        del threads, memory
        return self

    @abstractmethod
    def do(self, piece: Any) -> Any:
        """Make one picture. What goes wrong with it is in the answer, and nothing is raised."""

    def stop(self) -> None:  # noqa: B027 - not everything can be stopped
        """End what this process has in work, and begin nothing of it any more."""


class Crew(AbstractContextManager["Crew"], ABC):
    """Processes that do an assignment."""

    def __enter__(self) -> Self:
        return self

    @property
    @abstractmethod
    def room(self) -> int:
        """How many pieces it takes at once, as things are now: more than there are processes, so that none waits."""

    @abstractmethod
    def submit(self, piece: Any) -> Future[Any]:
        """Have ``assignment.do(piece)`` called somewhere.

        The future raises ``concurrent.futures.BrokenExecutor`` when the process died over it; then it is tried once
        more. After that, ``submit`` works again.
        """

    def look(self) -> None:
        """Called several times a second while there is work.

        Raises:
            LostError: nothing more can come of it.
        """

    def stop(self) -> None:
        """The user wants to stop: end what is in work; futures may be cancelled."""
