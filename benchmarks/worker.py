"""What the warm worker costs and saves: start, the way of the pixels, memory.

    python benchmarks/worker.py            # --previews: the quick previews of every filter alone

"Way" is all that is not the filter: reserve the canvas, write it in bands of 256 rows, ask, let the worker put the
result in place, read it back. Medians of alternating runs; the first anime call is told with a cold and a warm worker.
Quick previews are asked for as GIMP's dialogs do, of photographs of 90,000 pixels: "new" ones that the worker, which is
warm, has not seen, and the same "again", as after a setting has changed. Of both the best and the median.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from senga.host_adapters.worker.client import Canvas, Worker, WorkerError, connect

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
            *[("further preview, 300 x 300         ", "draft", (300, 300))] * 4,
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


SMALL = 346, 260
"""Width and height of the picture of a quick preview."""
NEEDS: dict[str, dict[str, Any]] = {"find-edges, learned": {"method": "learned"}}
"""Further rows: filters with settings that take another way."""


def photographs() -> list[bytes]:
    """RGBA pixels of ``SMALL``: parts of the pictures of the examples, no two alike."""
    import cv2

    found = []
    for name in ("summer-palace.jpg", "astronaut.png"):
        whole = cv2.cvtColor(cv2.imread(str(Path(__file__).parents[1] / "examples" / name)), cv2.COLOR_BGR2RGBA)
        height, width = (side * 3 // 4 for side in whole.shape[:2])
        for top in (slice(height), slice(-height, None)):
            found += [whole[top, left] for left in (slice(width), slice(-width, None))]
    return [cv2.resize(part, SMALL, interpolation=cv2.INTER_AREA).tobytes() for part in found]


def quick(worker: Worker, name: str, settings: dict[str, Any], pixels: bytes) -> float:
    """Seconds until there is a picture to show: the painted one, or the first frame of an animation."""
    start, place = time.perf_counter(), {"width": 4000, "height": 3006, "reduced": True}
    shown: list[float] = []

    def show(canvas: Canvas) -> None:
        canvas.read_band(0, canvas.height)
        shown.append(time.perf_counter() - start)

    with Canvas(*SMALL, 4, "u8") as canvas:
        canvas.write_band(0, pixels)
        order = {"filter": name, "settings": settings}
        worker.run(order, canvas, preview="benchmark", place=place, on_layer=lambda layer: show(layer.canvas))
        show(canvas)
    return shown[0]


def previews(manifest: dict[str, Any]) -> None:
    """The quick previews of every filter."""
    from senga.registry import plugins

    rows = {name: (name, {}) for name in plugins().filters} | {
        label: (label.split(",")[0], settings) for label, settings in NEEDS.items()
    }
    first, *others = photographs()
    with connect(manifest) as worker:
        for label, (name, settings) in rows.items():
            try:
                for _ in range(3):
                    quick(worker, name, settings, first)
            except WorkerError as error:
                print(f"{label:22} {error}")
                continue
            new, again = [], []
            for pixels in others:
                new.append(quick(worker, name, settings, pixels))
                again += [quick(worker, name, settings, pixels) for _ in range(2)]
            cells = (f"{min(times):7.3f}{statistics.median(times):7.3f}" for times in (new, again))
            print(f"{label:22} new {next(cells)} s, again {next(cells)} s", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="way") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        manifest = {"python": sys.executable}
        if "--previews" not in sys.argv:
            starts(manifest)
            ways(manifest)
        previews(manifest)
        with connect(manifest) as worker:
            worker.stop()


if __name__ == "__main__":
    main()
