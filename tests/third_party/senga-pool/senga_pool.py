"""A back end on any executor of ``concurrent.futures``; here on processes, as many as --scheduler says."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Future
from typing import Any

from senga import hookimpl
from senga.backends import Assignment, Backend, Crew, Site
from senga.errors import SettingsError


class Pool(Crew):
    """So many processes of this machine."""

    def __init__(self, assignment: Assignment, site: Site) -> None:
        if not site.address.isdigit():
            raise SettingsError("Say with --scheduler how many processes there are to be.")
        self._size, self._assignment = int(site.address), assignment
        self._open()

    def _open(self) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        self._pool = ProcessPoolExecutor(self._size, get_context("spawn"))
        trouble = self._pool.submit(self._assignment.trouble).result()
        if trouble:
            raise SettingsError(f"The pool {trouble}.")
        for digest in self._pool.submit(self._assignment.lacking).result():  # one folder for all processes
            self._pool.submit(self._assignment.keep, digest, self._assignment.content(digest)).result()

    @property
    def room(self) -> int:
        return self._size + 1

    def submit(self, piece: Any) -> Future[Any]:
        try:
            return self._pool.submit(self._assignment.do, piece)
        except BrokenExecutor:
            self._open()
            return self._pool.submit(self._assignment.do, piece)

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


@hookimpl
def senga_backends() -> Iterable[Backend]:
    """The back ends of this package."""
    return (Backend("pool", "Processes by number", "senga_pool:Pool"),)
