"""Weights files of every common format, read as data: no file can run code, and none needs its framework.

Read are safetensors, NumPy ``.npz`` and ``.npy``, MindSpore ``.ckpt``, PyTorch ``.pt``/``.pth``, Paddle ``.pdparams``,
Keras ``.h5``, TensorFlow ``.index`` with its data beside it, the ``manifest.json`` of variables in files beside it, and
the constants of ONNX and TensorFlow Lite models. The content decides, not the ending.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from senga.errors import ModelError

from .archives import Archive, read_npz
from .budget import Damaged, budget_for
from .checkpoint import Checkpoint, Node, content_of
from .hdf5_file import MAGIC as HDF5_MAGIC
from .hdf5_file import read_hdf5
from .mindspore_ckpt import read_mindspore
from .numpy_npy import MAGIC as NPY_MAGIC
from .numpy_npy import read_npy
from .onnx_file import read_onnx
from .paddle_pdparams import read_paddle
from .pytorch_pt import MAGIC as PYTORCH_MAGIC
from .pytorch_pt import read_pytorch_plain, read_pytorch_zip
from .safetensors_file import read_safetensors
from .tensorflow_ckpt import MAGIC, index_of, read_tensorflow
from .tflite_file import MARK, read_tflite
from .variable_folder import read_manifest

__all__ = ["Checkpoint", "Node", "read", "read_checkpoint"]

_FOREIGN = {
    (0, b"version https://git-lfs"): "a Git LFS pointer instead of the file it points to",
    (0, b"<"): "a web page",
    (0, b"\x1f\x8b"): "a gzip archive",
}

_READ = (
    "safetensors, npz and npy, MindSpore ckpt, TensorFlow index, PyTorch pt and pth, Paddle pdparams, Keras h5, ONNX "
    "and tflite"
)

_ONNX_STARTS = b"\x08\x12\x1a\x22\x2a\x32\x3a\x42"
"""The first byte of a message whose first field is one of ModelProto's."""


def read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a weights file by name, in the order of the file.

    Raises:
        ModelError: the file is missing, damaged, too large, of an unknown format, or contains code.
    """
    return read_checkpoint(path).arrays


def read_checkpoint(path: Path) -> Checkpoint:
    """The arrays of a weights file with its metadata and, for ONNX, the operations that use them.

    Raises:
        ModelError: the file is missing, damaged, too large, of an unknown format, or contains code.
    """
    path = index_of(path)
    data = memoryview(content_of(path))
    try:
        with budget_for(len(data)):
            if bytes(data[:1]) == b"{":
                return read_manifest(data, path)
            return read_tensorflow(data, path) if data[-len(MAGIC) :] == MAGIC else _parse(data)
    except ModelError as error:
        raise ModelError(f"“{path.name}”: {error}") from error
    except Exception as error:  # the border at bytes of a stranger, over which libraries raise whatever they like
        reason = f" ({error})" if isinstance(error, Damaged) else ""
        raise ModelError(f"“{path.name}” is no weights file, or a damaged or incomplete one{reason}.") from error


def _parse(data: memoryview) -> Checkpoint:
    """Recognise the format by the first bytes, and read it."""
    start = bytes(data[:32])
    if start[:4] == b"PK\x03\x04":
        return _parse_archive(Archive(data))
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= len(data):  # its length may begin like a pickle
        return read_safetensors(data)
    if start[:6] == NPY_MAGIC:
        return read_npy(data)
    if start[:1] == b"\x80":
        return read_pytorch_plain(data) if PYTORCH_MAGIC in start else read_paddle(data)
    if start[:8] == HDF5_MAGIC:
        return read_hdf5(data)
    if start[4:8] == MARK:
        return read_tflite(data)
    for (at, mark), what in _FOREIGN.items():
        if start[at : at + len(mark)] == mark:
            raise ModelError(f"This is {what}; Senga reads {_READ}.")
    if start[:1] == b"\x0a":
        return read_mindspore(data)
    if start[:1] and start[0] in _ONNX_STARTS:
        return read_onnx(data)
    raise Damaged("its format is unknown")


def _parse_archive(archive: Archive) -> Checkpoint:
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in archive.names):
        return read_pytorch_zip(archive)
    return read_npz(archive)
