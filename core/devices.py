"""Places that are no files: pipes and devices, which are written through."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def is_special(path: Path) -> bool:
    """Whether there is a device, a pipe or a socket."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112, PTH113


@contextmanager
def through(device: Path) -> Iterator[BinaryIO]:
    """A stream whose content is written to a device when the block ends well."""
    content = io.BytesIO()
    yield content
    content.seek(0)
    with device.open("wb") as stream:
        shutil.copyfileobj(content, stream)
