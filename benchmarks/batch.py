"""``senga batch``: files a second with two jobs against one, growth over many files, and kills at random moments.

    python benchmarks/batch.py                       # two jobs against one, in turns
    python benchmarks/batch.py --filter posterize --side 64 --memory --files 10000
    python benchmarks/batch.py --filter posterize --side 64 --files 1000
    python benchmarks/batch.py --kills 20 --files 2000

Rates are those of further files: a short and a long batch are timed, so the start of the processes is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from senga.image import Image

SENGA = str(Path(sys.executable).with_name("senga"))


def album(folder: Path, count: int, side: int) -> Path:
    """So many pictures with shapes and grain."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for number in range(count):
        waves = np.stack([np.sin((x + 9 * number) / 37 + c) * np.cos((y - number) / 29 - c) for c in range(3)], axis=-1)
        path = folder / f"{number % 100:02}" / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image(np.clip(128 + 100 * waves, 0, 255).astype(np.uint8)).save(path)
    return folder


def words(source: Path, out: Path, act: str, jobs: int, *more: str) -> list[str]:
    return [SENGA, "batch", str(source), "--filter", act, "-o", str(out), "--jobs", str(jobs), *more]


def steady(short: Path, long: Path, act: str, jobs: int, room: Path) -> float:
    """Files a second, without the start."""
    took, counts = [], []
    for source in (short, long):
        out = Path(tempfile.mkdtemp(dir=room))
        start = time.perf_counter()
        subprocess.run(words(source, out, act, jobs), check=True, capture_output=True)
        took.append(time.perf_counter() - start)
        counts.append(sum(1 for _ in out.rglob("*.png")))
    return (counts[1] - counts[0]) / (took[1] - took[0])


def compare(act: str, files: int, side: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        short, long = album(room / "short", 4, side), album(room / "long", files, side)
        ratios = []
        for _ in range(rounds):
            rates = [steady(short, long, act, jobs, room) for jobs in (1, 2)]
            ratios.append(rates[1] / rates[0])
            print(f"{act}: {rates[0]:.2f} and {rates[1]:.2f} files/s with 1 and 2 jobs, {ratios[-1]:.2f} x", flush=True)
        print(f"{act}, {side} x {side}: {statistics.median(ratios):.2f} x")


def family(pid: int) -> list[int]:
    """A process and those that it started."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def opened(pid: int) -> int:
    """Files and pipes that a process has open."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def memory(act: str, files: int, side: int) -> None:
    """How much the processes grow between a tenth of the files and all of them, with one job and with two."""
    with tempfile.TemporaryDirectory() as name:
        source = album(Path(name) / "in", files, side)
        for jobs in (1, 2):
            seen = growth(words(source, Path(name) / f"out-{jobs}", act, jobs, "--json"), files)
            ledger = sum(path.stat().st_size for path in (Path(name) / f"out-{jobs}" / ".senga").iterdir())
            first, last = (" + ".join(f"{each:.0f}" for each in sizes) for sizes in (seen[0], seen[-1]))
            print(f"{act}, {jobs} jobs: {first} MB after a tenth, {last} MB after all {files}")
            print(f"ledger: {ledger / files:.0f} bytes for each file", flush=True)


def growth(command: list[str], files: int) -> list[list[float]]:
    """Megabytes of the first process and of its workers after each tenth of the files."""
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    seen, done, begun = [], 0, time.perf_counter()
    for line in running.stdout or ():
        if json.loads(line)["event"] != "done":
            continue
        done += 1
        if done % max(files // 10, 1) == 0:
            pids = family(running.pid)
            seen.append([resident(pid) / 1e6 for pid in pids])
            told = " + ".join(f"{each:.0f}" for each in seen[-1])
            took = time.perf_counter() - begun
            print(f"{done} files, {told} MB, {sum(map(opened, pids))} open files, {took:.0f} s", flush=True)
    if running.wait():
        sys.exit("the batch failed")
    return seen


def digests(folder: Path) -> dict[str, str]:
    found = sorted(folder.rglob("*.png"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def kills(act: str, files: int, side: int, times: int, within: float, seed: int) -> None:
    """End a batch at random moments, then compare with one that nobody ended."""
    luck = random.Random(seed)  # noqa: S311 - moments
    with tempfile.TemporaryDirectory() as name:
        source, out, whole = album(Path(name) / "in", files, side), Path(name) / "out", Path(name) / "whole"
        for number in range(times):
            before = len(digests(out))
            running = subprocess.Popen(words(source, out, act, 2, "--resume"), stderr=subprocess.PIPE)
            time.sleep(luck.uniform(0.2, within))
            running.kill()
            running.communicate()
            print(f"kill {number + 1}: {len(digests(out)) - before} more", flush=True)
        last = subprocess.run(words(source, out, act, 2, "--resume", "--json"), capture_output=True, check=True)
        end = json.loads(last.stdout.splitlines()[-1])
        subprocess.run(words(source, whole, act, 2), check=True, capture_output=True)
        left, equal = list(out.rglob(".senga-*.tmp")), digests(out) == digests(whole)
        print(f"after {times} kills: {end}; equal: {equal}; left behind: {len(left)}")
        if left or not equal:
            sys.exit("something was lost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="sketch")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--within", type=float, default=4.0, help="seconds after which each run is ended at the latest")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.memory:
        memory(given.filter, given.files, given.side)
    elif given.kills:
        kills(given.filter, given.files, given.side, given.kills, given.within, given.seed)
    else:
        compare(given.filter, given.files, given.side, given.rounds)


if __name__ == "__main__":
    main()
