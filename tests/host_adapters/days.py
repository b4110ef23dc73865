"""Days of a watched folder in fast motion: the clock is simulated, everything else is real.

    python tests/host_adapters/days.py --days 4 --every 2     # a look every two seconds: some minutes

Pictures arrive in pieces, under other names at first, stall, are replaced, saved again, renamed, removed; folders of
days come and go; the disk with all of them is unmounted and back. What stands still is painted once for each content,
and nothing grows.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import random
import shutil
import tempfile
import threading
import time
import tracemalloc
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image

import senga
from senga.host_adapters.batch import watching
from senga.host_adapters.batch.face import OPTIONS, Quiet
from senga.host_adapters.batch.invocation import Invocation
from senga.host_adapters.batch.order import Order
from senga.registry import plugins

DAY = 86_400.0
_KEPT = 2
"""Days until a folder is moved to the archive."""


def content(number: int) -> bytes:
    """A small PNG, another for each number."""
    stream = io.BytesIO()
    y, x = np.mgrid[:12, :16]
    shades = np.stack([(x * 9 + number) % 256, (y * 17 + number // 256) % 256, (x + y) * 8], axis=-1)
    PIL.Image.fromarray(shades.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@dataclass
class Inbox:
    """A folder in which things happen.

    Attributes:
        folder: that is watched.
        away: where it goes while it is unmounted.
        luck: decides.
        whole: the pictures that are there completely.
        happened: how often what happened.
    """

    folder: Path
    away: Path
    luck: random.Random
    whole: dict[Path, bytes] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    _growing: dict[Path, list[bytes]] = field(default_factory=dict)
    _until: float = 0.0
    _number: int = 0
    _now: float = 0.0

    def happen(self, now: float, seconds: float, rate: float) -> None:
        """What happens in so many seconds, at so many events a day."""
        self._now = now
        if self._until:
            self._come_back()
            return
        self._grow()
        if self.luck.random() < rate * seconds / DAY:
            names = ("_arrive",) * 6 + ("_replace", "_save_again", "_rename", "_remove", "_spoil")
            getattr(self, self.luck.choice(names))()
        if self.luck.random() < 6 * seconds / DAY:
            self._go_away()
        self._archive()

    def calm_down(self) -> None:
        """Everything that was begun ends."""
        while self._until or self._growing:
            self._now += DAY
            self._come_back() if self._until else self._grow()

    def _write(self, path: Path, data: bytes, mode: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as stream:
            stream.write(data)
        os.utime(path, (self._now, self._now))

    def _arrive(self) -> None:
        """A picture in some pieces, perhaps under another name until it is complete, perhaps with a long pause."""
        self._number += 1
        path = self.folder / f"day {int(self._now // DAY)}" / f"{self._number:05}.png"
        data = content(self._number)
        cut = sorted(self.luck.sample(range(1, len(data)), self.luck.randrange(1, 6)))
        pieces = [data[a:b] for a, b in zip([0, *cut], [*cut, len(data)], strict=True)]
        if self.luck.random() < 0.1:
            pieces[1:1] = [b""] * 5
            self.happened["stalled"] += 1
        name = path.with_suffix(".part") if self.luck.random() < 0.3 else path
        self._growing[name] = pieces
        self.happened["arrived"] += 1

    def _grow(self) -> None:
        for path, pieces in list(self._growing.items()):
            if piece := pieces.pop(0):
                self._write(path, piece, "ab")
            if not pieces:
                del self._growing[path]
                final = path.with_suffix(".png")
                path.rename(final)
                self.whole[final] = final.read_bytes()

    def _some(self) -> Path | None:
        return self.luck.choice(sorted(self.whole)) if self.whole else None

    def _replace(self) -> None:
        """Another picture of the same name, in one step, as good programs do it."""
        if path := self._some():
            self._number += 1
            self._write(path.with_suffix(".new"), content(self._number), "wb")
            path.with_suffix(".new").replace(path)
            self.whole[path] = path.read_bytes()
            self.happened["replaced"] += 1

    def _save_again(self) -> None:
        if path := self._some():
            self._write(path, self.whole[path], "wb")
            self.happened["saved again"] += 1

    def _rename(self) -> None:
        if path := self._some():
            self._number += 1
            new = path.with_name(f"{self._number:05}.png")
            path.rename(new)
            self.whole[new] = self.whole.pop(path)
            self.happened["renamed"] += 1

    def _remove(self) -> None:
        if path := self._some():
            path.unlink()
            del self.whole[path]
            self.happened["removed"] += 1

    def _spoil(self) -> None:
        """Something that is called like a picture and is none."""
        self._number += 1
        self._write(self.folder / f"{self._number:05}.png", b"no picture", "wb")
        self.happened["spoilt"] += 1

    def _go_away(self) -> None:
        """The disk is unmounted: the folder is gone, or its place is empty."""
        self.folder.rename(self.away)
        if self.luck.random() < 0.5:
            self.folder.mkdir()
        self._until = self._now + self.luck.uniform(10, 3600)
        self.happened["unmounted"] += 1

    def _come_back(self) -> None:
        if self._now >= self._until:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.away.rename(self.folder)
            self._until = 0.0

    def _archive(self) -> None:
        old = self.folder / f"day {int(self._now // DAY) - _KEPT}"
        if old.is_dir() and not any(path.parent == old for path in self._growing):
            shutil.rmtree(old)
            self.whole = {path: data for path, data in self.whole.items() if path.parent != old}
            self.happened["archived"] += 1


class Clock(threading.Event):
    """In place of the event that ends the watch: while it is waited for, days go by."""

    def __init__(self, inbox: Inbox, days: float, rate: float) -> None:
        super().__init__()
        self.inbox, self.end, self.rate, self.now = inbox, days * DAY, rate, 0.0
        self.used: list[tuple[int, int]] = []

    def wait(self, timeout: float | None = None) -> bool:
        seconds = timeout or 0.0
        self.now += seconds
        if self.now < self.end:
            self.inbox.happen(self.now, seconds, self.rate)
            if self.now // (self.end / 8) > len(self.used):
                gc.collect()
                self.used.append((_memory(), len(os.listdir("/proc/self/fd"))))  # noqa: PTH208
        elif self.now < self.end + 9 * seconds:
            self.inbox.calm_down()
        else:
            self.set()
        return self.is_set()


def _memory() -> int:
    """Bytes of all Python objects where they are counted, else of the process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return tracemalloc.get_traced_memory()[0] or pages * os.sysconf("SC_PAGE_SIZE")


class Heard(Quiet):
    """What the watch tells.

    Attributes:
        made: every result that was written, by its input.
        refused: what could not be painted.
    """

    def __init__(self) -> None:
        self.made: list[str] = []
        self.refused: list[str] = []

    def done(self, label: str, output: str, seconds: float) -> None:
        self.made.append(label)

    def failed(self, label: str, message: str) -> None:
        self.refused.append(message)


def live(folder: Path, days: float, every: float, rate: float, seed: int) -> tuple[Clock, Heard, list[str]]:
    """Watch for some days; what the folder says comes too."""
    inbox = Inbox(folder / "in", folder / "away", random.Random(seed))  # noqa: S311 - events
    inbox.folder.mkdir()
    clock, heard, said = Clock(inbox, days, rate), Heard(), list[str]()
    options = {**OPTIONS, "workers": 1, "inputs": (), "save_recipe": None, "as_json": False}
    invocation = Invocation.of_filter(plugins(), "posterize", {"levels": 3}, options)
    order = Order((str(inbox.folder),), str(folder / "out"), resume=True, alone=True)
    with mock.patch.multiple(
        watching,
        interruptible=lambda _: nullcontext(clock),
        choose=lambda _: heard,
        tell=lambda text, **_: said.append(text),
    ):
        assert watching.keep_watch(order, invocation, plugins(), every=every) == 0
    return clock, heard, said


def missing(folder: Path, inbox: Inbox) -> list[Path]:
    """The pictures whose results are not what they should be."""
    return [path for path in inbox.whole if not _is_right(path, folder / "out" / path.relative_to(inbox.folder))]


def _is_right(path: Path, result: Path) -> bool:
    wanted = senga.apply("posterize", path, levels=3).pixels
    return result.is_file() and np.array_equal(senga.open(result).pixels, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=4)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1000, help="events a day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="count it, which takes longer")
    given = parser.parse_args()
    if given.memory:
        tracemalloc.start()
    with tempfile.TemporaryDirectory() as name:
        begun = time.perf_counter()
        clock, heard, said = live(Path(name), given.days, given.every, given.rate, given.seed)
        ledger = sum(path.stat().st_size for path in (Path(name) / "out" / ".senga").iterdir())
        print(f"{given.days} days in {time.perf_counter() - begun:.0f} s: {dict(clock.inbox.happened)}")  # noqa: T201
        print(f"{len(heard.made)} painted, {len(heard.refused)} refused, {len(said)} said")  # noqa: T201
        print("kB and open files:", [(size // 1000, count) for size, count in clock.used])  # noqa: T201
        print(f"wrong: {missing(Path(name), clock.inbox)}, ledger {ledger // 1000} kB")  # noqa: T201


if __name__ == "__main__":
    main()
