"""Filters for the tests of the worker: patient, stubborn and broken ones. Installed as a third party's would be."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from senga import Animation, Filter, Frame, Image, Job, hookimpl, setting
from senga.errors import Cancelled, SengaError


class Patient(Filter):
    """Takes its time, and writes a line for every step."""

    name, title, summary = "patient", "Patient", "Takes its time."
    steps: int = setting(100, "Steps of a twentieth of a second.", ge=0)
    witness: str = setting("", "File that grows.")
    polite: bool = setting(True, "Notices when it is cancelled.")

    def __call__(self, image: Image, job: Job) -> Image:
        for step in range(self.steps):
            if self.polite:
                job.progress(step / self.steps, "Waiting long")
            if self.witness:
                with Path(self.witness).open("a") as file:
                    file.write("x")
            time.sleep(0.05)
        return image


class Broken(Filter):
    """Fails in a chosen way."""

    name, title = "broken", "Broken"
    way: Literal["raise", "exit", "memory", "print", "kill", "crash", "write"] = setting("raise", "How.")

    def __call__(self, image: Image, job: Job) -> Image:
        if self.way == "raise":
            raise ZeroDivisionError("one over nothing")
        if self.way == "exit":
            sys.exit("goodbye")
        if self.way == "memory":
            raise MemoryError
        if self.way == "print":
            os.write(1, b"junk on standard output\n")
            sys.stderr.write("more junk\n")
        if self.way == "kill":
            os.kill(os.getpid(), 9)
        if self.way == "crash":
            ctypes.string_at(0)
        if self.way == "write":
            image.pixels[:] = 0
        return image


class SilentError(Exception):
    """Fails while it is asked what happened."""

    def __str__(self) -> str:
        raise SystemExit("silence")

    __repr__ = __str__

    def __reduce__(self) -> str:
        raise SystemExit("silence")


class MuteError(SengaError):
    """One of ours that does not say anything."""

    def __str__(self) -> str:
        return None  # type: ignore[return-value]


ERRORS: dict[str, BaseException] = {
    "silent": SilentError(),
    "mute": MuteError(),
    "long": ValueError("long " * (4 << 20)),
    "strange": ValueError("a \ud800 \x1b[31m\0 name\nof two lines"),
    "interrupt": KeyboardInterrupt(),
    "base": type("Base" * 1000, (BaseException,), {})(),
    "give up": Cancelled(),
}


class Rude(Filter):
    """Fails as nobody thinks of."""

    name, title = "rude", "Rude"
    way: str = setting("silent", "How.")

    def __call__(self, image: Image, job: Job) -> Image:
        if self.way in ERRORS:
            raise ERRORS[self.way]
        if self.way == "deep":
            return self(image, job)
        if self.way == "leave":
            os._exit(3)
        if self.way == "fork" and os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        if self.way == "return twice":
            os.fork()
        return image


class Double(Filter):
    """Every pixel four times."""

    name, title = "double", "Double"

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        return image.with_pixels(np.repeat(np.repeat(image.pixels, 2, axis=0), 2, axis=1))


class Frames(Filter):
    """Frames that get darker."""

    name, title = "frames", "Frames"
    count: int = setting(3, "Frames.", ge=1)

    def __call__(self, image: Image, job: Job) -> Animation:
        def frames() -> Iterator[Frame]:
            for number in range(self.count):
                job.progress(number / self.count)
                yield Frame(image.with_pixels(image.pixels // np.array(number + 1, image.depth)), 0.5)

        return Animation(frames, image.height, image.width, self.count)


class Grow(Filter):
    """Shows a picture that gets darker, again and again."""

    name, title = "grow", "Grow"
    steps: int = setting(3, "Pictures.", ge=1)
    pause: float = setting(0.6, "Seconds between two.", ge=0)

    def __call__(self, image: Image, job: Job) -> Image:
        for step in range(self.steps):
            darker = image.with_pixels(image.pixels // np.array(step + 2, image.depth))
            job.show(lambda darker=darker: darker)
            time.sleep(self.pause)
        return image.with_pixels(image.pixels // np.array(9, image.depth))


class Redden(Filter):
    """Red everywhere."""

    name, title = "redden", "Redden"

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        pixels = np.zeros((image.height, image.width, 3), np.float32)
        pixels[:, :, 0] = 1
        return Image(pixels)

    def paints_color(self) -> bool:
        return True


@hookimpl
def senga_filters() -> list[type[Filter]]:
    return [Patient, Broken, Rude, Double, Frames, Grow, Redden]
