"""Variables as deeplearn.js reads them: ``manifest.json``, and beside it a file of plain numbers for each.

The manifest maps the name of a variable to ``{"filename": …, "shape": […]}``; files hold little-endian numbers of
single precision.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from senga.errors import ModelError

from .budget import MAX_DIMENSIONS, MAX_HEADER, Damaged, element_count, spend_name, step
from .checkpoint import Checkpoint, content_of, to_array


def read_manifest(data: memoryview, path: Path) -> Checkpoint:
    """The variables that a manifest names.

    Raises:
        Damaged: it is no such manifest, or a file does not fit it.
        ModelError: a file is missing, or lies elsewhere.
    """
    if len(data) > MAX_HEADER:
        raise Damaged("its manifest is longer than any network needs")
    table = json.loads(bytes(data))
    if not isinstance(table, dict) or not table:
        raise Damaged("it names no variables")
    checkpoint = Checkpoint("variables", {})
    for name, fact in table.items():
        step(1000)
        file, shape = _entry(fact)
        if Path(file).name != file or "\\" in file or file in ("", ".", ".."):
            raise ModelError(f"The variable “{name[:80]}” lies in another folder, which is not read.")
        content = content_of(path.with_name(file))
        if len(content) != 4 * element_count(shape):
            raise Damaged(f"“{file}” has {len(content)} bytes, which are not those of its variable")
        checkpoint.arrays[spend_name(name)] = to_array(content, "float32", shape)
    return checkpoint


def _entry(fact: Any) -> tuple[str, list[int]]:
    file, shape = (fact.get(key) for key in ("filename", "shape")) if isinstance(fact, dict) else (None, None)
    whole = isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS and all(type(each) is int for each in shape)
    if not isinstance(file, str) or not whole or any(each < 0 for each in shape or ()):
        raise Damaged("it is no manifest of variables")
    return file, shape or []
