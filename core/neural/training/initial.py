"""First weights of a network."""

from __future__ import annotations

from math import prod, sqrt
from typing import Literal

import numpy as np

from senga.neural.blocks import BatchNorm, Conv, Linear, Norm, PReLU, TransposedConv
from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.ops.lightness import WEIGHTS

Start = Literal["he", "xavier", "normal", "identity"]

_SLOPE = 0.2
_NOISE = 0.15
_LEARNED_SLOPE = 0.25
COLOUR_TAPS = (WEIGHTS, (2.0, -2.0, 0.0), (-0.299, -0.587, 0.886))
"""Luminance, twice red less green, blue less luminance: chroma must not be small after the joint layer norm."""


def first_weights(network: Network, start: Start, seed: int) -> dict[str, Array]:
    """Random kernels and matrices, norms that change nothing, no offsets.

    Args:
        network: whose weights.
        start: ``he`` (fan in), ``xavier`` (uniform), ``normal`` (deviation 0.02), or ``identity``: kernels that pass
            the picture on, with a little noise; a short training needs it.
        seed: of the noise.
    """
    rng = np.random.default_rng([seed, 0xF1])
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.parameters.items()}
    first = True
    for node in network.nodes:
        match node.block:
            case Conv(weight=name):
                weights[name] = _kernel(node.block, start, rng, first=first)
                first = False
            case TransposedConv(weight=name) | Linear(weight=name):
                weights[name] = _random(network.parameters[name], _fan_in(node.block), 1, start, rng)
            case PReLU(weight=name):
                weights[name] = np.full_like(weights[name], _LEARNED_SLOPE)
            case Norm(gamma=ones) | BatchNorm(gamma=ones):
                known = [name for name in (ones, getattr(node.block, "variance", None)) if name]
                weights |= {name: np.ones_like(weights[name]) for name in known}
    return weights


def _fan_in(block: TransposedConv | Linear) -> int:
    """Of how many numbers each number of the result is a sum."""
    reach = block.kernel**2 // block.stride**2 if isinstance(block, TransposedConv) else 1
    return max(block.inputs * reach, 1)


def _kernel(block: Conv, start: Start, rng: np.random.Generator, *, first: bool) -> Array:
    shape = block.shape
    inside = prod(shape[1:])
    if start != "identity":
        return _random(shape, inside, block.groups, start, rng)
    noise = rng.normal(0, _NOISE * sqrt(2 / ((1 + _SLOPE**2) * inside)), shape)
    taps = _colour_taps(shape) if first else _identity_taps(shape, block.stride)
    return np.asarray(noise + taps, np.float32)


def _random(shape: tuple[int, ...], inside: int, groups: int, start: Start, rng: np.random.Generator) -> Array:
    if start == "normal":
        return rng.normal(0, 0.02, shape).astype(np.float32)
    if start == "xavier":
        outside = shape[0] * prod(shape[2:]) // groups
        limit = sqrt(6 / (inside + outside))
        return rng.uniform(-limit, limit, shape).astype(np.float32)
    return rng.normal(0, sqrt(2 / inside), shape).astype(np.float32)


def _identity_taps(shape: tuple[int, ...], stride: int) -> Array:
    """Copy channel i to channel i, cyclically; with stride two average 2 x 2 pixels."""
    outputs, inputs, size, _ = shape
    taps = np.zeros(shape, np.float32)
    lines = slice(0, 2) if stride == 2 else slice(size // 2, size // 2 + 1)
    for channel in range(max(outputs, inputs)):
        taps[channel % outputs, channel % inputs, lines, lines] = 1.0 if stride == 1 else 0.25
    return taps


def _colour_taps(shape: tuple[int, ...]) -> Array:
    """Three colour differences with both signs, over and over."""
    taps = np.zeros(shape, np.float32)
    for channel in range(shape[0]):
        sign = 1.0 if channel // 3 % 2 == 0 else -1.0
        taps[channel, :, shape[2] // 2, shape[3] // 2] = sign * np.array(COLOUR_TAPS[channel % 3])
    return taps
