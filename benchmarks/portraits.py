"""Portraits by example: seconds of stills, frames in a second of films, and how much these flicker.

    python benchmarks/portraits.py         # a still of 1 megapixel, films of the folder that SENGA_SHARED names
    python benchmarks/portraits.py --films clip.mp4 --frames 20 --exemplar kellogg

The portrait is prepared before. "Error" is that of ``flicker.py``: the mean difference, in 255ths, between a frame and
the last one warped along the optical flow of the film: of the film itself, of ``face-blit`` with ``steadiness`` 0, and
with its default. The second ratio is along Farnebäck's flow, the third how sharp the steadied film is.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import flicker
import numpy as np

import senga
from senga.image import Image
from senga.job import Job, Moment
from senga.registry import plugins

ROOT = Path(__file__).parents[1]
FILMS = ("video/intel_woman_signing_640x480.mp4", "video/intel_two_heads_turning_480x270.mp4")
REPEATS = 5


def painter(exemplar: str, **settings: Any) -> tuple[Any, Job]:
    """A filter with what it prepares."""
    act = plugins().make("face-blit", {"exemplar": exemplar, **settings})
    job = plugins().equip(Job(threads=2))
    return act, replace(job, prepared=act.prepare(job))


def still(exemplar: str) -> None:
    """A line for a head that fills a picture of 1 megapixel."""
    part = senga.open(ROOT / "examples" / "astronaut.png").u8()[0:256, 80:336]
    image = Image(cv2.resize(part, (1000, 1000), interpolation=cv2.INTER_CUBIC))
    for settings in ({}, {"background": "photograph"}):
        act, job = painter(exemplar, **settings)
        seconds = []
        for _ in range(REPEATS + 1):
            started = time.perf_counter()
            act(image, job)
            seconds.append(time.perf_counter() - started)
        print(f"still, 1 MP, {settings or 'background painted'}: {min(seconds[1:]):.3f} s (first {seconds[0]:.2f} s)")


def painted(film: list[Image], exemplar: str, **settings: Any) -> tuple[list[Any], float]:
    """The frames, and how many a second gives."""
    act, job = painter(exemplar, **settings)
    made: list[Image] = []
    started = time.perf_counter()
    for number, image in enumerate(film):
        before = (made[-1], film[number - 1]) if made else (None, None)
        made.append(act(image, replace(job, moment=Moment(number, len(film), *before))))
    return [np.ascontiguousarray(each.u8()) for each in made], len(film) / (time.perf_counter() - started)


def measure(path: Path, exemplar: str, count: int) -> str:
    """A line for a film."""
    film = list(islice(flicker.frames(path), count))
    sources = [np.ascontiguousarray(each.u8()) for each in film]
    plain, quick = painted(film, exemplar, steadiness=0)
    steady, speed = painted(film, exemplar)
    own, other = flicker.paths(sources, flicker.searched), flicker.paths(sources, flicker.farneback)
    errors = [flicker.error(each, own) for each in (sources, plain, steady)]
    second = flicker.error(steady, other) / flicker.error(plain, other)
    sharp = np.divide(flicker.sharpness(steady), flicker.sharpness(plain))[1]
    told = "".join(f"{each:8.2f}" for each in (*errors, errors[2] / errors[1], second, sharp))
    return f"{path.stem[:32]:<32}{told}{quick:10.1f}{speed:8.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", nargs="*", type=Path, default=[flicker.SHARED / name for name in FILMS])
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--exemplar", default="metzinger")
    given = parser.parse_args()
    still(given.exemplar)
    print(f"{'film':<32}  source   plain  steady   ratio  Farneb.   sharp  fps plain  steady")
    for path in given.films:
        print(measure(path, given.exemplar, given.frames), flush=True)


if __name__ == "__main__":
    main()
