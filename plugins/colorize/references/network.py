"""What a card and a file say of networks that colour lines as another picture is coloured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.neural.networks import style2paints, vgg_features
from senga.neural.networks.style2paints import OURS, PUBLISHED, Shape

PAINTER, READER = "style2paints", "vgg19-fc1"
"""Architectures: what paints, and what gives the published form its features."""
_FORMS = {"own": OURS, "published": PUBLISHED}


def shape_of(card: Mapping[str, str]) -> Shape:
    """What the network of a card looks like.

    Raises:
        ModelError: it cannot be.
    """
    form = card.get("form") or "own"
    try:
        width, features = float(card.get("width") or 1), int(card.get("features") or OURS.features)
    except ValueError as error:
        raise ModelError("The model card says of width or features what is no number; check it.") from error
    if form not in _FORMS or not 0.04 <= width <= 4 or not 1 <= features <= 65_536:
        raise ModelError("The model card says of form, width or features what no network can be; check it.")
    return narrowed(replace(_FORMS[form], features=features), width)


def narrowed(shape: Shape, width: float) -> Shape:
    """With a share of its channels."""
    several = [max(2, round(width * each)) for each in (*shape.widths, shape.middle)]
    first, second, third, fourth, fifth, middle = several
    guide = max(8, round(width * shape.guide))
    return replace(shape, widths=(first, second, third, fourth, fifth), middle=middle, guide=guide)


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it describes none.
    """
    if card.get("architecture") == READER:
        return vgg_features.vgg19_features()
    return style2paints.reference_painter(shape_of(card))


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of a file that Senga wrote, or of VGG-19 in torchvision's names.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays = {name: each for name, each in checkpoint.arrays.items() if not name.endswith(".num_batches_tracked")}
    if "classifier.0.weight" in arrays:
        return _finite(Weights(vgg_features.to_senga(arrays), {"architecture": READER}))
    if "fc1.weight" in arrays:
        vgg_features.vgg19_features().check(arrays)
        return _finite(Weights(arrays, {"architecture": READER}))
    kept = {name: each for name, each in arrays.items() if style2paints.without_guides(name)}
    facts = _facts(kept, checkpoint.metadata)
    network_of(facts).check(kept)
    return _finite(Weights(kept, facts))


def _facts(arrays: Mapping[str, NDArray[Any]], stated: Mapping[str, str]) -> dict[str, str]:
    """What names and shapes tell, and what the file states.

    Raises:
        ModelError: they are of another network.
    """
    matrix, middle = arrays.get("middle.reference.weight"), arrays.get("middle.weight")
    if matrix is None or matrix.ndim != 2 or middle is None or middle.ndim != 4:
        raise ModelError("It has neither a matrix “middle.reference.weight” nor “classifier.0.weight” of VGG-19.")
    form = "own" if "middle.norm.weight" in arrays else "published"
    width = stated.get("width") or f"{len(middle) / _FORMS[form].middle:g}"
    return {"architecture": PAINTER, "form": form, "width": width, "features": str(matrix.shape[1])}


def _finite(weights: Weights) -> Weights:
    for name, array in weights.arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like a network of colours, but “{name}” holds no usable numbers.")
    return weights
