"""The picture in progress, in a file: to look at while it grows, and to keep when it is stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .atomic import replacing
from .errors import SettingsError
from .files.write_trouble import border
from .image import Image

_PAUSE = 1.0
"""Seconds between two pictures in the file, at least."""


@dataclass
class Kept:
    """Where the picture in progress goes.

    Attributes:
        file: None for nowhere.
        written: when it was written last.
    """

    file: Path | None
    written: float = 0.0

    @classmethod
    def of(cls, text: str) -> Kept:
        """That of a setting.

        Raises:
            SettingsError: the name is none of a PNG file, its folder is not there, or there is such a file: settings
                may come from strangers, and nothing is overwritten.
        """
        if not text:
            return cls(None)
        file = Path(text).expanduser()
        if file.suffix.lower() != ".png" or not file.parent.is_dir():
            raise SettingsError(
                f"“{text}” is no place for the picture in progress: name a PNG file in a folder that is there."
            )
        if os.path.lexists(file):
            raise SettingsError(f"“{text}” is there already: choose another name, nothing is overwritten.")
        return cls(file)

    def show(self, make: Callable[[], Image]) -> None:
        """Put a picture into the file, unless one was put there a moment ago; it is made only then.

        Raises:
            WriteError: the disk is full or closed, or something else has taken the name meanwhile.
        """
        if self.file is None or time.monotonic() - self.written < _PAUSE:
            return
        import cv2

        png = cv2.imencode(".png", np.ascontiguousarray(make().u8()[..., ::-1]))[1].tobytes()
        with border(self.file, still=True), replacing(self.file, overwrite=self.written > 0) as stream:
            stream.write(png)
        self.written = time.monotonic()
