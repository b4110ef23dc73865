"""Animations as GIF and WebP, beside Pillow's writers: time, size, and how near the frames are to what went in.

    python benchmarks/animations.py [--rounds 3] [--frames 24] [--photo examples/summer-palace.jpg]

Two clips of 480 x 360: a camera that moves over a photograph, and a drawing that grows. Both writers take turns in one
process, round by round; the ratio is the median of the ratios of the rounds, in seconds of the processor.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

import senga
from senga import files
from senga.image import Animation, Frame, Image

ROOT = Path(__file__).resolve().parent.parent
HEIGHT, WIDTH, SECONDS = 360, 480, 0.08


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "summer-palace.jpg")
    chosen = parser.parse_args()
    photo = np.asarray(PIL.Image.open(chosen.photo).convert("RGB").resize((1100, 900)))
    clips = {"camera": camera(photo, chosen.frames), "drawing": drawing(photo, chosen.frames)}
    for kind in ("gif", "webp"):
        for name, frames in clips.items():
            compare(f"{kind}, {name}", kind, frames, chosen.rounds)


def camera(photo: np.ndarray, count: int) -> list[np.ndarray]:
    step = min((900 - HEIGHT) // count, 10)
    return [np.ascontiguousarray(photo[step * k :, step * k :][:HEIGHT, :WIDTH]) for k in range(count)]


def drawing(photo: np.ndarray, count: int) -> list[np.ndarray]:
    process = senga.apply("drawing-process", Image.of(np.ascontiguousarray(photo[:HEIGHT, :WIDTH])), frames=count)
    return [frame.image.u8() for frame in process.frames()]


def compare(name: str, kind: str, frames: list[np.ndarray], rounds: int) -> None:
    writers: dict[str, Callable[[], bytes]] = {
        "senga": lambda: files.encode(animation(frames), kind),
        "Pillow": lambda: by_pillow(frames, kind),
    }
    seconds: dict[str, list[float]] = {each: [] for each in writers}
    for _ in range(rounds):
        for each, write in writers.items():
            start = time.process_time()
            data = write()
            seconds[each].append(time.process_time() - start)
            if len(seconds[each]) == rounds:
                print(f"{name:14} {each:7} {len(data) / 1000:6.0f} kB {nearness(frames, data):5.1f} dB")
    ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
    print(f"{name:14} senga {min(seconds['senga']):.2f} s, {ratio:.2f} x Pillow")


def animation(frames: list[np.ndarray]) -> Animation:
    return Animation(lambda: (Frame(Image.of(each), SECONDS) for each in frames), HEIGHT, WIDTH, len(frames))


def by_pillow(frames: list[np.ndarray], kind: str) -> bytes:
    first, *rest = (PIL.Image.fromarray(each) for each in frames)
    stream, quality = io.BytesIO(), {"quality": 90} if kind == "webp" else {}
    first.save(stream, kind, save_all=True, append_images=rest, duration=round(SECONDS * 1000), loop=0, **quality)
    return stream.getvalue()


def nearness(frames: list[np.ndarray], data: bytes) -> float:
    """PSNR of all frames together."""
    seen = (frame.image.u8() for frame in files.read(data).frames())
    error = np.mean([((a.astype(float) - b) ** 2).mean() for a, b in zip(frames, seen, strict=False)])
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


if __name__ == "__main__":
    main()
