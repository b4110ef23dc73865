"""A cluster of dask: what a picture costs the scheduler, the client and a worker beside being painted, and the network.

    python benchmarks/cluster.py                     # small pictures, posterized: nearly all is overhead
    python benchmarks/cluster.py --send --side 1024
    python benchmarks/cluster.py --price 0.04 --filter sketch --side 1024 --files 40
    python benchmarks/cluster.py --memory --files 10000   # what client, scheduler and workers hold meanwhile

Costs are seconds of processor time, so other programs disturb them little; a short and a long batch are run, and only
the further pictures count. Bytes are those between the client and the scheduler, counted by a relay between the two;
the scheduler and the workers exchange the same once more. All of it listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from senga.image import Image

BIN = Path(sys.executable).parent
WORKERS = 2
MANY = 10_000_000
_TICK = os.sysconf("SC_CLK_TCK")


def album(folder: Path, count: int, side: int) -> Path:
    """So many JPEG pictures with shapes and grain."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for number in range(count):
        waves = np.stack([np.sin((x + 9 * number) / 37 + c) * np.cos((y - number) / 29 - c) for c in range(3)], axis=-1)
        grain = rng.normal(0, 6, waves.shape)
        path = folder / f"{number % 100:02}" / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image(np.clip(128 + 90 * waves + grain, 0, 255).astype(np.uint8)).save(path)
    return folder


def processor_time(pids: list[int]) -> float:
    """Seconds that processes and the children they have waited for took."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / _TICK


def children(pid: int) -> list[int]:
    """The processes that one started, and theirs."""
    found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid, *(each for child in found for each in children(child))]


class Relay:
    """Passes bytes on to a port, and counts them in both directions."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.sent = self.received = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._listening.accept()
            far = socket.create_connection(("127.0.0.1", self._to))
            for pair in ((near, far, "sent"), (far, near, "received")):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, name: str) -> None:
        try:
            while content := source.recv(1 << 16):
                setattr(self, name, getattr(self, name) + len(content))
                to.sendall(content)
        except OSError:
            pass
        for each in (source, to):
            each.close()


@dataclass
class Running:
    """A cluster that is there."""

    port: int
    scheduler: int
    workers: list[int]


@contextmanager
def cluster(room: Path) -> Iterator[Running]:
    """A scheduler and two workers."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    started = []
    try:
        for words in (
            ("scheduler", "--port", str(port)),
            *[("worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--local-directory", str(room))] * WORKERS,
        ):
            command = [str(BIN / "dask"), *words, "--host", "127.0.0.1", "--no-dashboard"]
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(8)
        yield Running(port, started[0].pid, [each.pid for each in started[1:]])
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait(20)


@dataclass
class Cost:
    """Of a batch: seconds of processor time by who took them, bytes, and seconds in all."""

    scheduler: float
    client: float
    workers: float
    sent: float
    received: float
    seconds: float

    def less(self, other: Cost, count: int) -> Cost:
        """The difference for each of so many pictures."""
        return Cost(
            *((mine - its) / count for mine, its in zip(vars(self).values(), vars(other).values(), strict=True))
        )


def run(running: Running, source: Path, out: Path, words: list[str]) -> Cost:
    """One batch on the cluster."""
    relay = Relay(running.port)
    workers = [pid for each in running.workers for pid in children(each)]
    before = processor_time([running.scheduler]), processor_time(workers), os.times(), time.monotonic()
    place = ["--backend", "dask", "--scheduler", f"tcp://127.0.0.1:{relay.port}"]
    subprocess.run([str(BIN / "senga"), "batch", str(source), "-o", str(out), *words, *place], check=True)
    after = os.times()
    client = after.children_user + after.children_system - before[2].children_user - before[2].children_system
    return Cost(
        processor_time([running.scheduler]) - before[0],
        client,
        processor_time(workers) - before[1],
        relay.sent,
        relay.received,
        time.monotonic() - before[3],
    )


def held(pids: list[int]) -> float:
    """MB of memory that processes have for themselves."""
    found = [re.findall(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return sum(int(each) for one in found for each in one) / 1e3


def watch(running: Running, source: Path, out: Path, words: list[str], count: int) -> None:
    """One batch, with a line for every tenth of it, and whether the ledger is whole at the end."""
    place = ["--backend", "dask", "--scheduler", f"tcp://127.0.0.1:{running.port}"]
    command = [str(BIN / "senga"), "batch", str(source), "-o", str(out), *words, *place, "--json"]
    workers = [pid for each in running.workers for pid in children(each)]
    began, done, first = time.monotonic(), 0, 0.0
    print("  done  seconds  client MB  scheduler MB  workers MB")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        for line in client.stdout or ():
            if '"event": "done"' not in line:
                continue
            done, now = done + 1, time.monotonic()
            first = first or now
            if done % max(count // 10, 1) == 0:
                mine, others, its = held([client.pid]), held([running.scheduler]), held(workers)
                print(f"{done:>6}{now - began:>9.0f}{mine:>11.0f}{others:>14.0f}{its:>12.0f}", flush=True)
    seconds = time.monotonic() - first
    print(f"{seconds:.0f} s from the first result to the end, {done / seconds:.0f} pictures/s")
    tell_ledger(out, count)


def tell_ledger(out: Path, count: int) -> None:
    """Whether it is whole, and knows the files that are there."""
    file = out / ".senga" / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as base:
        states = dict(base.execute("SELECT state, count(*) FROM results GROUP BY state").fetchall())
        whole = base.execute("PRAGMA integrity_check").fetchone()[0]
        named = {os.fsdecode(row[0]) for row in base.execute("SELECT written FROM results")}
    same = named == {str(path.relative_to(out)) for path in out.rglob("*.jpg")}
    print(f"ledger: {states}, {whole}, {file.stat().st_size / count:.0f} bytes a picture, its names are there: {same}")


def local(source: Path, out: Path, words: list[str]) -> float:
    """Seconds of processor time of the same batch in one process of this machine."""
    before = os.times()
    command = [str(BIN / "senga"), "batch", str(source), "-o", str(out), "--jobs", "1", *words]
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def tell(cost: Cost, alone: float, price: float) -> None:
    first = max(cost.scheduler, cost.client)
    hours = MANY * (cost.workers + cost.client + cost.scheduler) / 3600
    made, client, scheduler = 1e3 * cost.workers, 1e3 * cost.client, 1e3 * cost.scheduler
    print(f"one machine alone: {1e3 * alone:.2f} ms of processor time for a picture")
    print(f"a cluster: workers {made:.2f} ms, client {client:.2f} ms, scheduler {scheduler:.2f} ms")
    print(f"network: {cost.sent / 1e3:.1f} kB to the scheduler and {cost.received / 1e3:.1f} kB back, for a picture")
    print(f"client or scheduler are busy at {1 / first:.0f} pictures/s, made by {cost.workers / first:.0f} cores")
    print(f"ten million: {hours:.0f} core-hours, {hours * price:.0f} at {price} each")
    print(f"             in {MANY * first / 3600:.1f} hours at least, with one client and one scheduler")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="posterize")
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--send", action="store_true", help="over the network, rather than by a folder")
    parser.add_argument("--price", type=float, default=0.05, help="of a core-hour")
    parser.add_argument("--memory", action="store_true", help="only watch what is held, in one batch")
    args = parser.parse_args()
    words = ["--filter", args.filter]
    with tempfile.TemporaryDirectory() as name, cluster(Path(name) / "dask") as running:
        room, more = Path(name), ["--send"] if args.send else []
        if args.memory:
            watch(running, album(room / "in", args.files, args.side), room / "out", [*words, *more], args.files)
            return
        short, long = max(args.files // 10, 4), args.files
        sources = [album(room / f"in-{count}", count, args.side) for count in (short, long)]
        run(running, sources[0], room / "warm", [*words, *more])
        costs = [run(running, source, room / f"out-{source.name}", [*words, *more]) for source in sources]
        alone = [local(source, room / f"alone-{source.name}", words) for source in sources]
        tell(costs[1].less(costs[0], long - short), (alone[1] - alone[0]) / (long - short), args.price)


if __name__ == "__main__":
    main()
