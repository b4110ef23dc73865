"""From any public weights file of the AnimeGAN family to the names and axes of our networks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Network
from senga.store.matching import Arrays, Candidate, matched, widths

from .network import SCOPE, animeganv1, animeganv2, animeganv2_lite, tf_names

_MINDSPORE_OWN = re.compile(r"generator\.\d+\.conv_block\.conv\.weight")


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights in the names of our network, with its architecture and width on the card.

    Raises:
        ModelError: the file holds no network of this family, or only a part of one.
    """
    if any(_MINDSPORE_OWN.fullmatch(name) for name in checkpoint.arrays):
        raise ModelError(
            "It is the AnimeGANv2 of MindSpore's own model zoo, a network with other layers, which cannot be used."
        )
    return matched(checkpoint, _candidates(checkpoint.arrays))


def _candidates(arrays: Arrays) -> Iterator[Candidate]:
    """The networks it may be."""
    for width in widths(arrays, animeganv2) or [1.0]:
        yield _candidate(animeganv2(width), width)
    yield _candidate(animeganv2_lite())
    yield _candidate(animeganv1(), branched=True)


def _candidate(network: Network, width: float = 1.0, *, branched: bool = False) -> Candidate:
    facts = {"architecture": network.name, "width": repr(width)}
    return Candidate(network, facts, tf_names(network), _tf_name, branched)


def _tf_name(name: str) -> str:
    """``0020|generator/G_MODEL/A/Conv_1/Conv2D`` and the like become the variable ``…/A/Conv_1/weights``."""
    if SCOPE not in name:
        return ""
    key = name.split(SCOPE)[1].replace("|", "/").split(":")[0]
    key = re.sub(r"/(read|Read/ReadVariableOp|ReadVariableOp)$", "", key)
    key = re.sub(r"/Conv2D\d*$", "/weights", key)
    key = re.sub(r"(r(\d+)/r\2)/r\2\d?(/bias)?$", lambda m: m[1] + (m[3] or "/w"), key)
    return SCOPE + re.sub(r"/depthwise\d*$", "/w", key)
