"""The network that paints portraits: a U-net of joined layers with residual blocks, and what judges it.

It is that of the publication as the authors published it later, with fewer channels, and without batch norms: what it
makes of a pixel depends on what is near alone, so that large pictures can be painted in strips.

References:
    D. Futschik, M. Chai, C. Cao, C. Ma, A. Stoliar, S. Korolev, S. Tulyakov, M. Kučera, D. Sýkora: Real-Time
    Patch-Based Stylization of Portraits Using Generative Adversarial Network. Expressive 2019,
    doi:10.2312/exp.20191074.
    O. Texler et al.: Interactive Video Stylization Using Few-Shot Patch-Based Training. SIGGRAPH 2020,
    arXiv:2004.14489.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from senga.errors import ModelError
from senga.job import Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.executor import Array
from senga.neural.graph import Builder, Network
from senga.neural.training.initial import first_weights

CHANNELS, LEAST = 32, 8
FAINT = 0.005
"""By which random kernels are reduced where the photograph is passed on."""


def generator(width: float = 1.0, blocks: int = 4) -> Network:
    """Paints pictures, RGB in [-1, 1].

    What is enlarged is enlarged bilinearly: steps between neighbours that are the same four times over make dashes.

    Args:
        width: share of ``CHANNELS``.
        blocks: residual ones, at a quarter of the size.
    """
    net, channels = Builder(), max(LEAST, round(CHANNELS * width))

    def conv(x: str, name: str, outputs: int, kernel: int = 3, stride: int = 1) -> str:
        return net.conv(x, name, outputs, kernel, stride, pad_mode="reflect", bias=True)

    full = net.leaky_relu(conv(net.input, "full", channels, 7))
    half = net.leaky_relu(conv(full, "half", 2 * channels, 3, 2))
    quarter = net.leaky_relu(conv(half, "quarter", 4 * channels, 3, 2))
    x = quarter
    for i in range(blocks):
        y = conv(net.relu(x), f"block{i}.first", 4 * channels)
        x = net.add(x, conv(net.relu(y), f"block{i}.second", 4 * channels))
    x = net.relu(conv(net.concat(x, quarter, name="joined4"), "up4", 2 * channels))
    x = net.concat(net.resize(x), half, name="joined2")
    x = net.relu(conv(x, "up2", 2 * channels))
    x = net.concat(net.resize(x), full, net.input, name="joined1")
    x = net.relu(conv(x, "up1", channels))
    net.tanh(conv(x, "last", 3))
    return net.build("patches", multiple=4)


def judge(channels: int = 16) -> Network:
    """Tells painted patches from generated ones; meant to be used with spectral norm.

    Args:
        channels: of the first layer.
    """
    net = Builder()
    x = net.input
    for i in range(3):
        x = net.leaky_relu(net.conv(x, f"layer{i}", channels << i, 3, 2, bias=True))
    net.conv(x, "verdict", 1, 3, bias=True)
    return net.build("patches-judge", multiple=8)


def passing_weights(network: Network, seed: int) -> dict[str, Array]:
    """Weights of a generator that pass the photograph on, with some noise: a short training needs them."""
    weights = first_weights(network, "identity", seed)
    for name in weights:
        if re.search(r"^block\d+\.second\.weight$", name):
            weights[name] *= np.float32(0.1)
    up, last = weights["up1.weight"], weights["last.weight"]
    last *= np.float32(FAINT)
    for channel in range(6):
        sign = 1.0 if channel < 3 else -1.0
        up[channel] *= np.float32(FAINT)
        up[channel, channel % 3 - 3, 1, 1] += sign
        last[channel % 3, channel, 1, 1] += sign
    return weights


def network_of(card: Mapping[str, str]) -> Network:
    """The network that a model card describes.

    Raises:
        ModelError: it describes none.
    """
    try:
        width, blocks = float(card.get("width", "1")), int(card.get("blocks", "4"))
    except ValueError as error:
        raise ModelError("The model card says of width or blocks what is no number; check it.") from error
    if not (0.05 <= width <= 4 and 0 <= blocks <= 64):
        raise ModelError("The model card says of width or blocks what no network can be; check it.")
    return generator(width, blocks)


def to_senga(checkpoint: Checkpoint) -> Weights:
    """The weights of a file, with what their shapes tell of the network on the card.

    Raises:
        ModelError: it holds something else, or only a part.
    """
    arrays = dict(checkpoint.arrays)
    first = arrays.get("full.weight")
    if first is None or first.ndim != 4:
        raise ModelError("It has no kernel “full.weight”.")
    blocks = sum(bool(re.fullmatch(r"block\d+\.first\.weight", name)) for name in arrays)
    facts = {"architecture": "patches", "width": f"{len(first) / CHANNELS:g}", "blocks": str(blocks)}
    network_of(facts).check(arrays)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"It looks like patches, but “{name}” holds no usable numbers.")
    stated = {name: checkpoint.metadata[name] for name in ("face", "grain") if checkpoint.metadata.get(name)}
    return Weights(arrays, {**stated, **facts})
