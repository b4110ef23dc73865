"""Second pictures of a job: canvases of the client, or files that it names."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

from senga.errors import SettingsError
from senga.face import still
from senga.image import Image
from senga.settings import SettingInfo
from senga.work import Work

_KEPT = 4
"""Pictures that are kept: a dialog asks for the same ones again at every change of a slider."""

_read: OrderedDict[tuple[str, int, int], Image] = OrderedDict()


def read(path: str, info: SettingInfo) -> Image:
    """The picture in a file, read again when the file was changed.

    Raises:
        SettingsError: the path depends on a working folder, which a worker has none of.
        SengaError: it cannot be read.
    """
    if not Path(path).is_absolute():
        raise SettingsError(f"The picture “{info.name}” is given as {path}: choose the file again, with its folder.")
    key = _state(path)
    if key not in _read:
        _read[key] = still(path, info.name)
        while len(_read) > _KEPT:
            _read.popitem(last=False)
    _read.move_to_end(key)
    return _read[key]


def check_files(work: Work) -> None:
    """Whether the files that are no pictures are there.

    Raises:
        SettingsError: one is not.
    """
    for key, path in work.files():
        if not os.path.isabs(path) or not os.path.isfile(path):  # noqa: PTH113, PTH117 - Path raises for long names
            raise SettingsError(f"There is no file “{path}” for the setting “{key}”.")


def _state(path: str) -> tuple[str, int, int]:
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):
        return path, -1, -1  # whoever reads it says why
    return path, facts.st_mtime_ns, facts.st_size
