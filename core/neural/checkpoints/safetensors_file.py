"""The safetensors format, parsed by the ``safetensors`` package (in Rust, with bounds checked)."""

from __future__ import annotations

import json

from safetensors import deserialize

from .budget import MAX_HEADER, Damaged, spend_name
from .checkpoint import Checkpoint, to_array

_KINDS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "I8": "int8", "I16": "int16",
          "I32": "int32", "I64": "int64", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
          "BOOL": "bool"}  # fmt: skip


def read_safetensors(data: memoryview) -> Checkpoint:
    """The arrays and the string metadata of a safetensors file."""
    if int.from_bytes(data[:8], "little") > MAX_HEADER:
        raise Damaged("its description is larger than any weights need")
    content = bytes(data)
    parts = sorted(deserialize(content), key=lambda part: part[0])  # type: ignore[no-untyped-call]  # written in Rust
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    arrays = {spend_name(name): to_array(part["data"], _kind(part["dtype"]), part["shape"]) for name, part in parts}
    return Checkpoint("safetensors", arrays, dict(header.get("__metadata__") or {}))


def _kind(name: str) -> str:
    return _KINDS.get(name, name)
