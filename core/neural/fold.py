"""A bilinear upsampling by two and the 3x3 convolution after it, as four small convolutions of the small picture.

TensorFlow 1 doubles a row as ``up[2i] = x[i]``, ``up[2i+1] = (x[i] + x[i+1]) / 2``. The output at ``2i + p`` reads
``up[2i+p-1 .. 2i+p+1]``, which is three neighbours of ``x`` for ``p = 0`` and two for ``p = 1``. So each of the four
phases of the output is a convolution of ``x`` with a 3x3, 3x2, 2x3 or 2x2 kernel: 25 instead of 36 products, and the
upsampled picture never exists. Reflection in front of the big picture is reflection in front of the small one, and
behind it is repetition, so the result is exact up to rounding.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np

from .blocks import BatchNorm, Conv, Double, Padding
from .blocks.fused import FusedConv
from .executor import Activation, Array, Convolution, Executor, Half, activated, as_array
from .network import Network, Node

PADDING = Padding(1, 1, 1, 1)
_MIX = (np.array([[0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5]]), np.array([[1, 0], [0.5, 0.5], [0, 1]]))
"""For each phase: (taps of the kernel, neighbours of the small picture)."""


@lru_cache(maxsize=64)
def fused(network: Network) -> Network:
    """The network as it is run: convolutions with what stands beside them, and nothing that no result needs."""
    nodes = {node.name: _doubling(network, node) for node in network.nodes}
    results = {output.node for output in network.outputs}
    for node in network.nodes:
        source = nodes[node.inputs[0]] if isinstance(node.block, BatchNorm) else None
        alone = source is not None and source.name not in results and len(network.readers[source.name]) == 1
        if alone and source is not None and isinstance(source.block, Conv) and isinstance(node.block, BatchNorm):
            block = FusedConv(**_fields(source.block) | {"norm": node.block})
            nodes[node.name] = Node(node.name, block, source.inputs, node.channels)
    needed = set(results)
    for node in reversed(nodes.values()):
        needed |= set(node.inputs) if node.name in needed else set()
    kept = tuple(node for node in nodes.values() if node.name in needed)
    return Network(network.name, kept, network.multiple, network.outputs, network.fixed)


def _doubling(network: Network, node: Node) -> Node:
    small = doubled_input(network, node)
    if small is None or not isinstance(node.block, Conv):
        return node
    return Node(node.name, FusedConv(**_fields(node.block) | {"doubled": True}), (small,), node.channels)


def _fields(conv: Conv) -> dict[str, Any]:
    return {field.name: getattr(conv, field.name) for field in fields(conv)}


def doubled_input(network: Network, node: Node) -> str | None:
    """The small picture that ``node`` can read in place of the upsampled one, or None."""
    block = node.block
    if not isinstance(block, Conv) or (*block.reach, block.stride, block.groups) != (3, 3, 1, 1):
        return None
    up = network.by_name[node.inputs[0]]
    exact = isinstance(up.block, Double) and up.block.sampling == "tf1" and block.padding == PADDING
    return up.inputs[0] if exact else None


def phase(kernel: Array, down: int, right: int) -> Array:
    """The kernel of one of the four phases; it reads the small picture from pixel (down, right) of the margin on."""
    return as_array(np.einsum("oiyx,yr,xc->oirc", kernel, _MIX[down], _MIX[right]))


def folded(executor: Executor, kernel: Array, bias: Array | None) -> Convolution:
    """The convolution of the upsampled picture, for the small one with one pixel of margin on every side.

    The five columns that the two phases of a row need are asked of the executor at once, then shifted and added.
    """
    outputs, inputs = kernel.shape[:2]
    columns = []
    for down in (0, 1):
        small = [phase(kernel, down, right).transpose(3, 0, 1, 2) for right in (0, 1)]
        stacked = np.concatenate(small).reshape(5 * outputs, inputs, -1, 1)  # (5 columns, kernel of one)
        columns.append(executor.convolution(as_array(stacked), None, 1, 1))

    def run(x: Array | Half, before: Activation | None = None) -> Array:
        rows, width = x.shape[1] - 2, x.shape[2] - 2
        active = activated(x, before)
        out = np.empty((outputs, 2 * rows, 2 * width), np.float32)
        for down in (0, 1):
            parts = columns[down](as_array(active[:, down:])).reshape(5, outputs, rows, width + 2)
            for i, channel in enumerate(out):
                even, odd = channel[down::2, 0::2], channel[down::2, 1::2]
                np.add(parts[0, i, :, :width] + parts[1, i, :, 1:-1], parts[2, i, :, 2:], out=even)
                np.add(parts[3, i, :, 1:-1], parts[4, i, :, 2:], out=odd)
                if bias is not None:
                    channel[down::2] += bias[i]
        return out

    return run
