"""The generators of the AnimeGAN family, and their names in TensorFlow checkpoints.

References:
    J. Chen, G. Liu, X. Chen: AnimeGAN: A Novel Lightweight GAN for Photo Animation. ISICA 2019,
    doi:10.1007/978-981-15-5577-0_18. The second version and its lite form: TachibanaYoshino/AnimeGANv2.
"""

from __future__ import annotations

from functools import lru_cache

from senga.neural.blocks import Padding, Sampling
from senga.neural.graph import Builder, Network
from senga.store.matching import tf_axes

__all__ = ["animeganv1", "animeganv2", "animeganv2_lite", "tf_axes", "tf_names"]

SCOPE = "generator/G_MODEL/"
"""Of the generator's variables in TensorFlow checkpoints."""
SLOPE = 0.2
CORNER = Padding(bottom=1, right=1)
"""What stands before a 3x3 convolution of stride 2."""


@lru_cache(maxsize=8)
def animeganv2(width: float = 1.0, eps: float = 1e-5, upsample: Sampling = "tf1") -> Network:
    """The AnimeGANv2 generator; ``width`` multiplies the channels (0.5: a quarter of the operations)."""
    net = Builder()
    c32, c64, c128, c256 = (round(channels * width) for channels in (32, 64, 128, 256))

    def block(x: str, name: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        return _layer_block(net, x, f"{name}.1", f"{name}.2", channels, kernel, stride, eps)

    x = block(net.input, "block_a.0", c32, kernel=7)
    x = block(x, "block_a.1", c64, stride=2)
    x = block(x, "block_a.2", c64)
    x = block(x, "block_b.0", c128, stride=2)
    x = block(x, "block_b.1", c128)
    x = block(x, "block_c.0", c128)
    for i in (1, 2, 3, 4):
        x = _inverted_residual(net, x, f"block_c.{i}.layers", c256, eps)
    x = block(x, "block_c.5", c128)
    x = block(net.double(x, upsample), "block_d.0", c128)
    x = block(x, "block_d.1", c128)
    x = block(net.double(x, upsample), "block_e.0", c64)
    x = block(x, "block_e.1", c64)
    x = block(x, "block_e.2", c32, kernel=7)
    net.tanh(net.conv(x, "out_layer.0", 3, kernel=1))
    return net.build("animeganv2", multiple=4)


@lru_cache(maxsize=8)
def animeganv2_lite(eps: float = 1e-5, upsample: Sampling = "tf1") -> Network:
    """The lite generator of AnimeGANv2: a U-Net with additive skips."""
    net = Builder()

    def block(x: str, name: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        return _layer_block(net, x, f"{name}.conv", f"{name}.norm", channels, kernel, stride, eps)

    def residual(x: str, name: str) -> str:
        y = block(x, f"{name}.0", 32, kernel=1)
        y = block(y, f"{name}.1", 32)
        return net.add(x, net.conv(y, f"{name}.2.conv", 128, kernel=1))

    x0 = block(net.input, "down_0.0", 32, kernel=7)
    x1 = block(block(x0, "down_1.0", 32, stride=2), "down_1.1", 64)
    x2 = block(block(x1, "down_2.0", 64, stride=2), "down_2.1", 128)
    x = block(block(x2, "down_3.0", 64, stride=2), "down_3.1", 128)
    for i in (1, 2, 3, 4):
        x = residual(x, f"res_{i}")
    x = block(net.double(x, upsample), "up_2.0", 128)
    x = block(net.add(x2, x), "up_2.1", 64)
    x = block(net.double(x, upsample), "up_1.0", 64)
    x = block(net.add(x1, x), "up_1.1", 32)
    x = block(net.double(x, upsample), "up_0.0", 32)
    x = block(net.add(x0, x), "up_0.1", 32, kernel=7)
    net.tanh(net.conv(x, "out_layer.conv", 3, kernel=1))
    return net.build("animeganv2-lite", multiple=8)


@lru_cache(maxsize=8)
def animeganv1(eps: float = 1e-5, upsample: Sampling = "tf1") -> Network:
    """The AnimeGAN (version 1) generator: instance norm, separable convolutions, eight inverted residuals."""
    net = Builder()

    def block(x: str, name: str, channels: int) -> str:
        return _instance_block(net, net.conv(x, f"{name}.conv", channels, kernel=3), f"{name}.norm", eps)

    def separable(x: str, name: str, channels: int, stride: int = 1) -> str:
        y = net.depthwise(x, f"{name}.depthwise", stride=stride, padding=CORNER if stride == 2 else None)
        return _instance_block(net, net.conv(y, f"{name}.pointwise", channels, kernel=1), f"{name}.norm", eps)

    def down(x: str, name: str, channels: int) -> str:
        half = separable(net.halve(x, upsample), f"{name}.half", channels)
        return net.add(separable(x, f"{name}.stride", channels, stride=2), half)

    def residual(x: str, name: str) -> str:
        y = _instance_block(net, net.conv(x, f"{name}.0.conv", 512, kernel=1), f"{name}.0.norm", eps)
        y = _instance_block(net, net.depthwise(y, f"{name}.1.depthwise"), f"{name}.1.norm", eps)
        return net.add(x, net.instance_norm(net.conv(y, f"{name}.2.conv", 256, kernel=1), f"{name}.2.norm", eps))

    x = block(block(net.input, "b1.0", 64), "b1.1", 64)
    x = down(x, "b1.2", 128)
    x = separable(block(x, "b2.0", 128), "b2.1", 128)
    x = block(down(x, "b2.2", 256), "m.0", 256)
    for i in range(1, 9):
        x = residual(x, f"m.r{i}")
    x = block(x, "m.1", 256)
    x = separable(net.double(x, upsample), "u2.0", 128)
    x = block(separable(x, "u2.1", 128), "u2.2", 128)
    x = separable(net.double(x, upsample), "u1.0", 128)
    x = block(block(x, "u1.1", 64), "u1.2", 64)
    net.tanh(net.conv(x, "out.conv", 3, kernel=1))
    return net.build("animeganv1", multiple=4)


def _layer_block(
    net: Builder, x: str, conv: str, norm: str, channels: int, kernel: int, stride: int, eps: float
) -> str:
    padding = CORNER if stride == 2 else None
    x = net.conv(x, conv, channels, kernel, stride, padding=padding)
    return net.leaky_relu(net.layer_norm(x, norm, eps), SLOPE)


def _instance_block(net: Builder, x: str, norm: str, eps: float) -> str:
    return net.leaky_relu(net.instance_norm(x, norm, eps), SLOPE)


def _inverted_residual(net: Builder, x: str, name: str, channels: int, eps: float) -> str:
    wide = 2 * net.channels(x)
    y = _layer_block(net, x, f"{name}.0.1", f"{name}.0.2", wide, 1, 1, eps)
    y = net.depthwise(y, f"{name}.1.1", bias=True)
    y = net.leaky_relu(net.layer_norm(y, f"{name}.1.2", eps), SLOPE)
    y = net.layer_norm(net.conv(y, f"{name}.2", channels, kernel=1), f"{name}.3", eps)
    return net.add(x, y) if net.channels(x) == channels else y


def tf_names(network: Network) -> dict[str, str]:
    """Names in TensorFlow checkpoints -> names in ``network``.

    The arrays also need their axes moved: see ``senga.store.matching.tf_axes``.

    Raises:
        ValueError: the network is none of this family.
    """
    scopes = {"animeganv2": _v2_scopes, "animeganv2-lite": _lite_scopes, "animeganv1": _v1_scopes}
    if network.name not in scopes:
        raise ValueError(f"no TensorFlow names are known for {network.name}")
    names = {}
    for ours, theirs in scopes[network.name]().items():
        for name, shape in network.parameters.items():
            if name.rpartition(".")[0] == ours:
                leaf = _tf_leaf(theirs, name.rpartition(".")[2], len(shape))
                names[f"{SCOPE}{leaf}"] = name
    return names


def _tf_leaf(scope: str, parameter: str, rank: int) -> str:
    if rank == 1 and not scope.endswith("#depthwise"):
        return f"{scope}/{'gamma' if parameter == 'weight' else 'beta'}"
    if scope.endswith("#depthwise"):
        return f"{scope.removesuffix('#depthwise')}/{'w' if parameter == 'weight' else 'bias'}"
    return scope if scope.endswith("_weights") else f"{scope}/weights"


def _numbered(name: str, i: int) -> str:
    return f"{name}_{i}" if i else name


def _v2_scopes() -> dict[str, str]:
    scopes = {"out_layer.0": "out_layer/Conv"}
    for letter, blocks in (("a", (0, 1, 2)), ("b", (0, 1)), ("c", (0, 5)), ("d", (0, 1)), ("e", (0, 1, 2))):
        for i, block in enumerate(blocks):
            scopes[f"block_{letter}.{block}.1"] = f"{letter.upper()}/{_numbered('Conv', i)}"
            scopes[f"block_{letter}.{block}.2"] = f"{letter.upper()}/{_numbered('LayerNorm', i)}"
    for i in (1, 2, 3, 4):
        ours, theirs = f"block_c.{i}.layers", f"C/r{i}"
        scopes |= {f"{ours}.0.1": f"{theirs}/Conv", f"{ours}.0.2": f"{theirs}/LayerNorm"}
        scopes |= {f"{ours}.1.1": f"{theirs}/r{i}#depthwise", f"{ours}.1.2": f"{theirs}/1"}
        scopes |= {f"{ours}.2": f"{theirs}/Conv_1", f"{ours}.3": f"{theirs}/2"}
    return scopes


def _lite_scopes() -> dict[str, str]:
    down = ["down_0.0", "down_1.0", "down_1.1", "down_2.0", "down_2.1", "down_3.0", "down_3.1"]
    inner = [f"res_{i}.{j}" for i in (1, 2, 3, 4) for j in (0, 1, 2)]
    up = ["up_2.0", "up_2.1", "up_1.0", "up_1.1", "up_0.0", "up_0.1"]
    scopes = {f"{name}.conv": _numbered("Conv", i) for i, name in enumerate(down + inner + up)}
    scopes |= {f"{name}.norm": _numbered("LayerNorm", i) for i, name in enumerate(down + up)}
    scopes |= {f"res_{i}.{j}.norm": f"res{i}_{j + 1}" for i in (1, 2, 3, 4) for j in (0, 1)}
    return scopes | {"out_layer.conv": "out_layer/Conv"}


def _v1_scopes() -> dict[str, str]:
    blocks = {"b1": ("b1.0", "b1.1"), "b2": ("b2.0",), "m": ("m.0", "m.1"), "u2": ("u2.2",), "u1": ("u1.1", "u1.2")}
    separables = {
        "b1": ("b1.2.stride", "b1.2.half"),
        "b2": ("b2.1", "b2.2.stride", "b2.2.half"),
        "u2": ("u2.0", "u2.1"),
        "u1": ("u1.0",),
    }
    scopes = {"out.conv": "Conv"}
    for scope, names in blocks.items():
        for i, name in enumerate(names):
            scopes[f"{name}.conv"] = f"{scope}/{_numbered('Conv', i)}"
            scopes[f"{name}.norm"] = f"{scope}/{_numbered('InstanceNorm', i)}"
    for scope, names in separables.items():
        for i, name in enumerate(names):
            theirs = f"{scope}/{_numbered('SeparableConv2d', i)}"
            scopes |= {f"{name}.{part}": f"{theirs}/{part}_weights" for part in ("depthwise", "pointwise")}
            scopes[f"{name}.norm"] = f"{theirs}/InstanceNorm"
    for i in range(1, 9):
        ours, theirs = f"m.r{i}", f"m/r{i}"
        scopes |= {f"{ours}.0.conv": f"{theirs}/Conv", f"{ours}.0.norm": f"{theirs}/InstanceNorm"}
        scopes |= {f"{ours}.1.depthwise": f"{theirs}/r{i}#depthwise", f"{ours}.1.norm": f"{theirs}/1"}
        scopes |= {f"{ours}.2.conv": f"{theirs}/Conv_1", f"{ours}.2.norm": f"{theirs}/2"}
    return scopes
