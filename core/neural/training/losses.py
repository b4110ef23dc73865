"""The losses of the AnimeGAN family, on MindSpore tensors (N, C, H, W); pictures are RGB in [-1, 1].

References:
    J. Chen, G. Liu, X. Chen: AnimeGAN: A Novel Lightweight GAN for Photo Animation. ISICA 2019,
    doi:10.1007/978-981-15-5577-0_18.
    X. Mao et al.: Least Squares Generative Adversarial Networks. ICCV 2017, doi:10.1109/ICCV.2017.304.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.ops.lightness import WEIGHTS

from .runtime import ms

ops = ms.ops

YUV = np.array(
    [
        WEIGHTS,
        [-0.14714119, -0.28886916, 0.43601035],
        [0.61497538, -0.51496512, -0.10001026],
    ],
    np.float32,
)
"""From RGB to luminance and the two analogue colour differences."""

ADVERSARIAL = ("lsgan", "gan", "hinge", "wgan-gp", "wgan-lp", "dragan")


def to_yuv(picture: Any) -> Any:
    """Luminance in [0, 1] and the two colour differences."""
    return mixed((picture + 1) * 0.5, YUV)


def grey_of(picture: Any) -> Any:
    """Three equal channels of luminance in [-1, 1]."""
    return mixed(picture, np.broadcast_to(YUV[0], (3, 3)))


def mixed(picture: Any, shares: NDArray[Any]) -> Any:
    """New channels, each a sum of shares of the old ones: (new, old)."""
    kernel = np.array(shares, np.float32).reshape(*shares.shape, 1, 1)
    return ops.Conv2D(len(shares), 1)(picture, ms.Tensor(kernel))


def gram(feature: Any) -> Any:
    """Products of the channels, one matrix for each picture, divided by height, width and channels."""
    count, channels, rows, columns = feature.shape
    flat = feature.reshape(count, channels, rows * columns)
    return ops.bmm(flat, flat.swapaxes(1, 2)) / (channels * rows * columns)


def mean_absolute(x: Any, y: Any) -> Any:
    """The mean absolute difference: of features the content loss, of gram matrices the style loss."""
    return ops.abs(x - y).mean()


def huber(x: Any, y: Any) -> Any:
    """Half the squared difference up to 1, linear beyond; the mean."""
    far = ops.abs(x - y)
    near = ops.minimum(far, ms.Tensor(1.0, ms.float32))
    return (near * (far - 0.5 * near)).mean()


def colour(drawing: Any, photo: Any) -> Any:
    """Absolute difference of luminance, Huber loss of both colour differences."""
    a, b = to_yuv(drawing), to_yuv(photo)
    return mean_absolute(a[:, :1], b[:, :1]) + huber(a[:, 1:2], b[:, 1:2]) + huber(a[:, 2:], b[:, 2:])


def absolute_colour(drawing: Any, target: Any) -> Any:
    """Absolute difference of luminance and, half again as heavy, of both colour differences."""
    step = ops.abs(to_yuv(drawing) - to_yuv(target))
    return step[:, :1].mean() + 1.5 * step[:, 1:].sum(1).mean()


def variation(picture: Any) -> Any:
    """Half the mean squared step down, and to the right."""
    down, right = picture[:, :, 1:] - picture[:, :, :-1], picture[:, :, :, 1:] - picture[:, :, :, :-1]
    return 0.5 * (ops.square(down).mean() + ops.square(right).mean())


def gradient(drawing: Any, target: Any) -> Any:
    """Mean absolute difference of the steps down and to the right."""
    step = drawing - target
    down, right = step[:, :, 1:] - step[:, :, :-1], step[:, :, :, 1:] - step[:, :, :, :-1]
    return ops.abs(down).mean() + ops.abs(right).mean()


def fool(kind: str, judged: Any) -> Any:
    """What the generator pays for a drawing that the discriminator judged."""
    if kind == "lsgan":
        return ops.square(judged - 1).mean()
    if kind in ("gan", "dragan"):
        return softplus(-judged).mean()
    return -judged.mean()


def judge(kind: str, judged: Any, genuine: bool) -> Any:
    """What the discriminator pays for its judgement of pictures that are genuine or not."""
    if kind == "lsgan":
        return ops.square(judged - (1.0 if genuine else 0.0)).mean()
    signed = judged if genuine else -judged
    if kind in ("gan", "dragan"):
        return softplus(-signed).mean()
    if kind == "hinge":
        return ops.relu(1 - signed).mean()
    return -signed.mean()


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))`` without overflow."""
    return ops.relu(x) + ops.log(1 + ops.exp(-ops.abs(x)))


def gradient_penalty(
    kind: str, discriminator: Callable[[Any], Any], genuine: Any, drawn: Any, rng: np.random.Generator
) -> Any:
    """How far the slope of the discriminator is from 1 between genuine and drawn pictures.

    Args:
        kind: ``wgan-gp``, ``wgan-lp`` (only slopes above 1 count) or ``dragan`` (around genuine pictures).
        discriminator: must have second gradients.
        genuine: (N, 3, H, W).
        drawn: (N, 3, H, W).
        rng: places the points.
    """
    share = ms.Tensor(rng.random((genuine.shape[0], 1, 1, 1), np.float32))
    if kind == "dragan":
        noise = ms.Tensor(rng.random(genuine.shape, np.float32))
        drawn = genuine + 0.5 * float(genuine.asnumpy().std()) * noise
    between = genuine + share * (drawn - genuine)
    slopes = ms.grad(lambda x: discriminator(x).sum())(between)
    size = ops.sqrt(ops.square(slopes).sum((1, 2, 3)) + 1e-12)
    beyond = ops.relu(size - 1) if kind == "wgan-lp" else size - 1
    return ops.square(beyond).mean()
