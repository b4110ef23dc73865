"""Large pictures in pieces for a runtime that takes whole ones, where nothing asks anything of a whole picture.

A piece is rows of the picture with those beside them that its results are made from, so the network runs over it as if
the picture were no larger, and what came from the cut is left out. Pieces begin where all layers begin anew, so each
number is made of the same ones as in the whole picture, and in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm

from .blocks import Block, Double, Halve, Resize, Size, Span, TransposedConv
from .fold import fused
from .network import Network
from .sweeps import all_places, reach, spans

MOST = 1.25
"""So much of the work may be done, for rows that several pieces read; with more of it strips are faster."""
_PROBE = 64
"""Rows of the picture, in multiples of the network, that tell how large layers are beside it."""


@dataclass(frozen=True)
class Piece:
    """A part of the picture.

    Attributes:
        given: rows of it that the network runs over.
        kept: for each picture that the network gives, which of its rows they are, in the whole and in the piece.
        share: of the work done before, and after it.
    """

    given: Span
    kept: Mapping[str, tuple[Span, Span]]
    share: tuple[float, float] = (0.0, 1.0)


def pieces(network: Network, pictures: Mapping[str, Size], fits: Callable[[Mapping[str, Size]], bool]) -> list[Piece]:
    """The largest pieces that fit into memory, in order.

    Args:
        network: as it is described.
        pictures: sizes of its inputs.
        fits: whether pictures of these sizes do.

    Returns:
        None at all where the network cannot be run so, or too much would be computed again.
    """
    step = unit(network)
    if step is None:
        return []
    ((name, (height, width)),) = pictures.items()
    for count in range(2, height // step + 1):
        rows = ceil(height / step / count) * step
        found = [_piece(network, name, (height, width), top, rows, step) for top in _probed(height, rows, step)]
        tallest = max(map(_rows, found))
        if tallest > MOST * rows:
            return []
        if fits({name: (tallest, width)}):
            return _all(network, name, (height, width), rows, step)
    return []


def _rows(piece: Piece) -> int:
    """That the network runs over."""
    return piece.given[1] - piece.given[0]


def _probed(height: int, rows: int, step: int) -> list[int]:
    """Where the first piece begins, and one in the middle."""
    return [0, min(height // 2 // step * step, height - rows) // step * step]


def _all(network: Network, name: str, size: Size, rows: int, step: int) -> list[Piece]:
    found = [_piece(network, name, size, top, rows, step) for top in range(0, size[0], rows)]
    total, done, shared = sum(map(_rows, found)), 0, []
    for piece in found:
        after = done + _rows(piece)
        shared.append(Piece(piece.given, piece.kept, (done / total, after / total)))
        done = after
    return shared


def _piece(network: Network, name: str, size: Size, top: int, rows: int, step: int) -> Piece:
    """The results that belong to the rows from ``top`` on."""
    low, high, bottom = size[0], 0, min(top + rows, size[0])
    run, wanted = fused(network), {}
    places = all_places(run, run.sizes_of({name: size}))
    for output in network.outputs:
        last = places[output.node].made[0]
        ratio = _ratio(network, output.node)
        start, stop = int(top * ratio), last if bottom == size[0] else int(bottom * ratio)
        first, behind = spans(run, places, reach(run, output.node, ())[0], start, stop)[name]
        low, high = min(low, first), max(high, behind)
        wanted[output.name] = (start, stop), ratio
    low, high = low // step * step, min(ceil(high / step) * step, size[0])
    kept = {each: (own, _moved(own, int(low * ratio))) for each, (own, ratio) in wanted.items()}
    return Piece((low, high), kept)


def _moved(span: Span, rows: int) -> Span:
    return span[0] - rows, span[1] - rows


@lru_cache(maxsize=64)
def unit(network: Network) -> int | None:
    """So many rows of the picture lie between places at which all layers begin anew; None where there are none."""
    run = fused(network)
    pictures = [name for name, block in network.inputs.items() if not block.vector]
    if network.fixed or len(pictures) != 1 or any(output.node in network.vectors for output in network.outputs):
        return None
    layers = [node for node in run.nodes if node.name not in network.vectors]
    if any(node.block.whole or _depends_on_place(node.block) for node in run.nodes):
        return None
    heights = [network.sizes(times * _PROBE * network.multiple, 96 * network.multiple) for times in (1, 2)]
    if any(2 * heights[0][node.name][0] != heights[1][node.name][0] for node in layers):
        return None
    return lcm(network.multiple, *(_ratio(network, node.name).denominator for node in layers))


def _ratio(network: Network, name: str) -> Fraction:
    """Rows of a layer for each of the picture."""
    rows = _PROBE * network.multiple
    return Fraction(network.sizes(rows, 96 * network.multiple)[name][0], rows)


def _depends_on_place(block: Block) -> bool:
    """Whether a block does something else elsewhere in the picture, if only in rounding."""
    if isinstance(block, TransposedConv):
        return block.kernel > block.stride  # OpenVINO adds up what overlaps in an order that changes with the height
    if not isinstance(block, Double | Halve | Resize):
        return False
    factor = block.up * block.down
    return block.sampling == "align_corners" or factor & (factor - 1) != 0
