"""Networks of the families that are to come, written down for what the engine must be good at."""

from __future__ import annotations

from senga.neural.blocks import Padding
from senga.neural.graph import Builder, Network

CORNER = Padding.tf_same(3, 2)


def whitebox(width: int = 32) -> Network:
    """The generator of White-box Cartoonization: a U-net of sums without norms."""
    net = Builder()

    def conv(x: str, name: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        return net.conv(x, name, channels, kernel, stride, padding=Padding.tf_same(kernel, stride), bias=True)

    x0 = net.leaky_relu(conv(net.input, "Conv", width, 7))
    x = net.leaky_relu(conv(x0, "Conv_1", width, stride=2))
    x1 = net.leaky_relu(conv(x, "Conv_2", 2 * width))
    x = net.leaky_relu(conv(x1, "Conv_3", 2 * width, stride=2))
    x = net.leaky_relu(conv(x, "Conv_4", 4 * width))
    for i in range(4):
        y = net.leaky_relu(conv(x, f"block_{i}/conv1", 4 * width))
        x = net.add(x, conv(y, f"block_{i}/conv2", 4 * width))
    x = net.leaky_relu(conv(x, "Conv_5", 2 * width))
    x = net.leaky_relu(conv(net.add(net.double(x, "tf1"), x1), "Conv_6", 2 * width))
    x = net.leaky_relu(conv(x, "Conv_7", width))
    x = net.leaky_relu(conv(net.add(net.double(x, "tf1"), x0), "Conv_8", width))
    conv(x, "Conv_9", 3, 7)
    return net.build("white-box", multiple=4)


def vgg19_to_relu4_1(width: int = 64) -> Network:
    """VGG-19 up to the features that styles are told by, with margins that mirror."""
    net, widths = Builder(range=(0.0, 1.0)), (width, 2 * width, 4 * width, 8 * width)
    x = net.conv(net.input, "conv0", 3, 1, bias=True)
    for stage, (channels, count) in enumerate(zip(widths, (2, 2, 4, 1), strict=True), 1):
        x = net.max_pool(x, ceil=True) if stage > 1 else x
        for i in range(1, count + 1):
            x = net.relu(net.conv(x, f"conv{stage}_{i}", channels, 3, bias=True))
    net.output(x, "relu4_1", (0.0, 1.0))
    return net.build("vgg19", multiple=1)


def adain_decoder(width: int = 64) -> Network:
    """What turns the features of VGG-19 at an eighth of the size into a picture."""
    net = Builder(8 * width)

    def convs(x: str, stage: int, *channels: int) -> str:
        for i, each in enumerate(channels):
            x = net.relu(net.conv(x, f"conv{stage}_{i}", each, 3, bias=True))
        return x

    x = convs(net.input, 4, 4 * width)
    x = convs(net.resize(x, 2, kind="nearest"), 3, 4 * width, 4 * width, 4 * width, 2 * width)
    x = convs(net.resize(x, 2, kind="nearest"), 2, 2 * width, width)
    x = convs(net.resize(x, 2, kind="nearest"), 1, width)
    net.conv(x, "last", 3, 3, bias=True)
    return net.build("adain-decoder", multiple=1)


def unet(width: int = 64) -> Network:
    """A U-net of four levels: pooling, transposed convolutions, channels put beside each other."""
    net = Builder()

    def twice(x: str, name: str, channels: int) -> str:
        for part in "ab":
            x = net.relu(net.conv(x, f"{name}{part}", channels, 3, pad_mode="zero", bias=True))
        return x

    x, skips = net.input, []
    for level in range(4):
        x = twice(x, f"down{level}", width << level)
        skips.append(x)
        x = net.max_pool(x)
    x = twice(x, "middle", width << 4)
    for level in reversed(range(4)):
        x = net.transposed(x, f"up{level}", width << level, 2)
        x = twice(net.concat(skips[level], x), f"right{level}", width << level)
    net.tanh(net.conv(x, "last", 3, 1, bias=True))
    return net.build("u-net", multiple=16)


def residual_blocks(blocks: int = 9, width: int = 64) -> Network:
    """A generator of residual blocks with batch norms, as CycleGAN and CartoonGAN have."""
    net = Builder()

    def normed(x: str, name: str, channels: int, kernel: int = 3, stride: int = 1) -> str:
        x = net.conv(x, name, channels, kernel, stride, bias=True)
        return net.batch_norm(x, f"{name}.norm")

    x = net.relu(normed(net.input, "first", width, 7))
    x = net.relu(normed(x, "down1", 2 * width, stride=2))
    x = net.relu(normed(x, "down2", 4 * width, stride=2))
    for i in range(blocks):
        y = net.relu(normed(x, f"block{i}a", 4 * width))
        x = net.add(x, normed(y, f"block{i}b", 4 * width))
    for name, channels in (("up1", 2 * width), ("up2", width)):
        x = net.transposed(x, name, channels, 3, crop=Padding(1, 1, 0, 0))
        x = net.relu(net.batch_norm(x, f"{name}.norm"))
    net.tanh(net.conv(x, "last", 3, 7, bias=True))
    return net.build("residual-blocks", multiple=4)


FAMILIES = {
    "white-box": whitebox(),
    "vgg19": vgg19_to_relu4_1(),
    "adain-decoder": adain_decoder(),
    "u-net": unet(),
    "residual-blocks": residual_blocks(),
}
SHRUNK = {"adain-decoder": 8}
"""What is smaller than the picture that it belongs to, and how much."""
