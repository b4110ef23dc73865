"""A model as a file for other programs: an ONNX model that paints by itself, or its weights with their card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from senga.atomic import replacing
from senga.errors import ModelError, SettingsError, WriteError
from senga.families import described
from senga.job import Weights

from .catalog import CARD_FIELDS, ModelEntry
from .model_file import encoded
from .store import Store

if TYPE_CHECKING:
    from senga.neural.graph import Network


def check_ending(file: Path) -> None:
    """See whether the name of a file tells a format.

    Raises:
        SettingsError: it does not.
    """
    if file.suffix.lower() not in _FORMATS:
        known = " or ".join(_FORMATS)
        raise SettingsError(f"A style is exported to a file that ends in {known}, not to “{file.name}”.")


def export_model(store: Store, name: str, file: Path, *, overwrite: bool = True) -> ModelEntry:
    """Write a model of the store with all that its card says.

    Args:
        store: where the model is.
        name: of the model.
        file: ``.onnx`` (the whole network) or ``.safetensors`` (weights under the names of the network).
        overwrite: an existing file is replaced.

    Returns:
        What is known of the model.

    Raises:
        ModelError: it is unknown or not on this machine, or no filter describes its network.
        SettingsError: the name of the file tells no format.
        WriteError: the file cannot be written.
    """
    check_ending(file)
    weights = store.load(name)
    entry = store.find(name)
    stated = {key: weights.card[key] for key in (*CARD_FIELDS, *entry.facts) if weights.card.get(key)}
    network = described(weights.network, weights.card) if weights.network else _network(store, entry, weights.card)
    content = _FORMATS[file.suffix.lower()](network, weights.arrays, {"name": name, **entry.card(), **stated})
    try:
        with replacing(file, overwrite=overwrite) as stream:
            stream.write(content)
    except OSError as error:
        raise WriteError(f"“{file}” cannot be written: {error.strerror}.", file) from error
    return entry


def _network(store: Store, entry: ModelEntry, card: Mapping[str, str]) -> Network:
    """What the first filter that knows the model's architecture says."""
    offered = [entry] if entry.network else store.entries()
    reasons = []
    for where in dict.fromkeys(each.network for each in offered if each.network):
        try:
            network = described(where, card)
        except ModelError as error:
            reasons.append(str(error))
        else:
            return network
    why = " ".join(reasons) or "no filter describes its network."
    raise ModelError(f"The style “{entry.name}” cannot be exported: {why}")


def _onnx(network: Network, arrays: Mapping[str, Any], facts: Mapping[str, str]) -> bytes:
    from senga.neural.onnx.graph_file import network_model

    return network_model(network, arrays, facts)


def _safetensors(network: Network, arrays: Mapping[str, Any], facts: Mapping[str, str]) -> bytes:
    from senga.neural.onnx.graph_file import interface

    return encoded(Weights(dict(arrays), {**facts, **interface(network)}))


_FORMATS: dict[str, Callable[[Network, Mapping[str, Any], Mapping[str, str]], bytes]] = {
    ".onnx": _onnx,
    ".safetensors": _safetensors,
}
