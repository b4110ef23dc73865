"""What the warm worker costs and saves: start, the way of the pixels, memory.

    python benchmarks/worker.py

"Way" is all that is not the filter: reserve the canvas, write it in bands of 256 rows, ask, let the worker put the
result in place, read it back. Medians of alternating runs; the first anime call is told with a cold and a warm worker.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from senga.host_adapters.worker.client import Canvas, Worker, connect

BAND = 256
REPEATS = 5
KINDS = (("RGB", 3, "u8"), ("RGBA", 4, "u8"), ("RGBA", 4, "u16"), ("RGBA", 4, "float"))
SIZE = 4243, 2828
"""Width and height: 12 MP."""


def carry(worker: Worker, order: dict[str, Any], canvas: Canvas, data: bytes) -> float:
    """One job there and back; gives the seconds that the filter took."""
    for top in range(0, canvas.height, BAND):
        canvas.write_band(top, data[top * canvas.row : (top + BAND) * canvas.row])
    result = worker.run(order, canvas)
    for top in range(0, canvas.height, BAND):
        canvas.read_band(top, min(BAND, canvas.height - top))
    return result.seconds


def timed(worker: Worker, order: dict[str, Any], size: tuple[int, int], channels: int, depth: str) -> tuple[float, ...]:
    """Seconds of the filter, and of the way."""
    data = bytes(size[0] * channels * {"u8": 1, "u16": 2, "float": 4}[depth]) * size[1]
    start = time.perf_counter()
    with Canvas(*size, channels, depth) as canvas:
        own = carry(worker, order, canvas, data)
    return own, time.perf_counter() - start - own


def peak(pid: int) -> float:
    """The most MB that a process has held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def held(worker: Worker) -> float:
    """The MB that the worker holds now."""
    return float(worker.status()["memory"]) / 2**20


def starts(manifest: dict[str, Any]) -> None:
    """Seconds until a worker answers, and of the first and second anime picture."""
    start = time.perf_counter()
    with connect(manifest) as worker:
        print(f"start a worker                       {time.perf_counter() - start:6.2f} s")
        for text, precision, sides in (
            ("first preview, 256 x 256, cold     ", "draft", (256, 256)),
            ("second preview, 256 x 256          ", "draft", (256, 256)),
            ("third preview, 384 x 256           ", "draft", (384, 256)),
            *[("further preview, 384 x 384         ", "draft", (384, 384))] * 4,
            ("first result, 384 x 384            ", "full", (384, 384)),
            ("second result, 384 x 384           ", "full", (384, 384)),
        ):
            start = time.perf_counter()
            timed(worker, {"filter": "anime", "precision": precision}, sides, 3, "u8")
            print(f"{text}  {time.perf_counter() - start:6.2f} s")
    start = time.perf_counter()
    with connect(manifest) as worker:
        print(f"find the worker                      {time.perf_counter() - start:6.2f} s")


def ways(manifest: dict[str, Any]) -> None:
    """The way of 12 MP; with strength 0 no filter runs."""
    with connect(manifest) as worker:
        loaded = held(worker)
        for name, channels, depth in KINDS:
            runs = [timed(worker, {"filter": "sketch", "strength": 0}, SIZE, channels, depth) for _ in range(REPEATS)]
            print(f"way of 12 MP, {name:4} {depth:5}              {statistics.median(run[1] for run in runs):6.2f} s")
        print(f"the worker held {loaded:.0f} MB before, {peak(worker.pid):.0f} MB at most, {held(worker):.0f} MB now")
        own, way = timed(worker, {"filter": "sketch"}, SIZE, 4, "u8")
        print(f"sketch of 12 MP, RGBA u8: filter     {own:6.2f} s, way {way:.2f} s")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="way") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        manifest = {"python": sys.executable}
        starts(manifest)
        ways(manifest)
        with connect(manifest) as worker:
            worker.stop()


if __name__ == "__main__":
    main()
