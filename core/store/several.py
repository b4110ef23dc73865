"""Files that hold several styles: what these share is in them once, of all else each style has its own.

The card names the styles (``styles``, with commas between, and perhaps ``titles``, with strokes between). Arrays that
belong to styles are called ``each.NAME`` and have an axis for the styles in front. Who asks for one style gets an
ordinary model, with arrays called ``NAME``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Weights
from senga.names import is_safe_name

from .catalog import ModelEntry

EACH = "each."
STYLE = "style"
"""The fact that tells which of the styles an entry is."""


def styles_in(card: Mapping[str, str]) -> list[str]:
    """The names of the styles that a card states, none for an ordinary model."""
    names = [name for name in card.get("styles", "").split(",") if name]
    return names if all(map(is_safe_name, names)) and len({*names}) == len(names) else []


def apart(entry: ModelEntry, *, own_names: bool = False) -> list[ModelEntry]:
    """An entry for each style of a model, or the model alone where it is one.

    Args:
        entry: the model.
        own_names: styles are called by their own names, instead of behind the name of the model.
    """
    names = styles_in(entry.facts)
    if not names:
        return [entry]
    titles = entry.facts.get("titles", "").split("|")
    shared = {key: fact for key, fact in entry.facts.items() if key not in ("styles", "titles")}
    return [
        entry.model_copy(
            update={
                "name": name if own_names else f"{entry.name}-{name}",
                "title": titles[i].strip() if len(titles) == len(names) else f"{entry.title or entry.name}: {name}",
                "facts": {**shared, STYLE: name},
            }
        )
        for i, name in enumerate(names)
    ]


def picked(weights: Weights, style: str = "") -> Weights:
    """The weights of one style of several; the first without a name. Ordinary weights stay as they are.

    Raises:
        ModelError: there is no such style, or arrays do not have one part for each.
    """
    names = styles_in(weights.card)
    if not names:
        return weights
    if style and style not in names:
        raise ModelError(f"There is no style “{style}” among {', '.join(names)}.")
    number = names.index(style) if style else 0
    arrays = {
        name.removeprefix(EACH): _part(name, array, number, len(names)) if name.startswith(EACH) else array
        for name, array in weights.arrays.items()
    }
    card = {key: fact for key, fact in weights.card.items() if key not in ("styles", "titles")}
    return Weights(arrays, {**card, STYLE: names[number]}, weights.network)


def _part(name: str, array: NDArray[Any], number: int, count: int) -> NDArray[Any]:
    if not array.ndim or len(array) != count:
        raise ModelError(f"“{name}” has the shape {array.shape}, but the card names {count} styles.")
    part: NDArray[Any] = array[number]
    return part


def joined_styles(models: Mapping[str, Weights], own: set[str]) -> Weights:
    """One model of several with the same shared weights.

    Args:
        models: by the name of the style.
        own: arrays that each style has for itself.

    Raises:
        ModelError: what they share is not the same.
    """
    first, *others = models.values()
    shared = {name: array for name, array in first.arrays.items() if name not in own}
    for other in others:
        if any(not np.array_equal(array, other.arrays[name]) for name, array in shared.items()):
            raise ModelError("These styles share no network: they cannot be put into one file.")
    each = {f"{EACH}{name}": np.stack([model.arrays[name] for model in models.values()]) for name in sorted(own)}
    return Weights(shared | each, {**first.card, "styles": ",".join(models)}, first.network)
