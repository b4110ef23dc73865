"""A model in the store: one ``.safetensors`` file with its card, and with a digest of all the rest among its facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.atomic import replacing
from senga.errors import ModelError
from senga.job import Weights

_CONTENT = "content_sha256"


def write_model(file: Path, weights: Weights, origin: Mapping[str, str]) -> None:
    """Write a model, all or nothing; ``origin`` tells where the weights came from."""
    content = encoded(Weights(weights.arrays, {**weights.card, **origin}))
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as stream:
        stream.write(content)


def encoded(weights: Weights) -> bytes:
    """The content of a safetensors file, the card and a digest of everything among its metadata."""
    from safetensors.numpy import save

    arrays = {key: np.ascontiguousarray(array) for key, array in sorted(weights.arrays.items())}
    return save(arrays, {**weights.card, _CONTENT: content_digest(arrays, weights.card)})


def read_model(file: Path, network: str = "") -> Weights:
    """A model, kept in memory and shared while the file stays as it is.

    Args:
        file: where it lies.
        network: which function knows its network, see ``Weights``.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        state = file.stat()
    except OSError as error:
        raise ModelError(f"The model file “{file}” cannot be read: {error.strerror}.") from error
    return _read(file, state.st_mtime_ns, state.st_size, network)


def verify_model(file: Path) -> None:
    """Read a model afresh from its file.

    Raises:
        ModelError: the file is missing or damaged.
    """
    _read.__wrapped__(file, 0, 0)


def usable(weights: Weights) -> Weights:
    """The same weights as 32-bit floats that nobody can write into."""
    arrays = {name: np.array(array, np.float32) for name, array in weights.arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    return replace(weights, arrays=arrays, card=dict(weights.card))


@lru_cache(maxsize=4)
def _read(file: Path, changed: int, size: int, network: str = "") -> Weights:  # noqa: ARG001 - they tell states apart
    from senga.neural.checkpoints import read_checkpoint

    checkpoint = read_checkpoint(file)
    stated = checkpoint.metadata.get(_CONTENT)
    if stated is not None and stated != content_digest(checkpoint.arrays, checkpoint.metadata):
        raise ModelError(f"The model file “{file}” is damaged; remove it and pull or import it again.")
    return usable(Weights(checkpoint.arrays, checkpoint.metadata, network))


def content_digest(arrays: Mapping[str, NDArray[Any]], card: Mapping[str, str]) -> str:
    """A digest of arrays and card that does not depend on their order."""
    summer = hashlib.sha256(json.dumps({**card, _CONTENT: ""}, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        summer.update(f"{name} {array.dtype.str} {array.shape}".encode())
        summer.update(np.ascontiguousarray(array).data)
    return summer.hexdigest()
