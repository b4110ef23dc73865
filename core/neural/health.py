"""Which runtimes are here, and does MindSpore convolve at the speed of this processor?"""

from __future__ import annotations

import time

import numpy as np

from senga.errors import MissingExtraError

from .device import mindspore, start
from .onnx.runtime import onnxruntime, provider
from .openvino_runtime import has_bfloat16, openvino

_CHANNELS, _SIDE, _KERNEL = 64, 128, 3


def paints_on() -> str:
    """What onnxruntime paints on: the name of its execution provider.

    Raises:
        MissingExtraError: it is not installed, or does not start here.
    """
    return provider(onnxruntime(), "auto")


def whole_pictures_on() -> str:
    """What OpenVINO computes drafts in: ``bfloat16``, or ``float32`` where the processor lacks that.

    Raises:
        MissingExtraError: it is not installed, or does not start here.
    """
    return "bfloat16" if has_bfloat16(openvino().Core()) else "float32"


def unavailable() -> str:
    """Why MindSpore cannot be used here, or an empty string."""
    try:
        mindspore()
    except MissingExtraError as error:
        return str(error)
    return ""


def convolution_rate() -> float:
    """GFLOP/s of one 3x3 convolution of 64 channels at 128 x 128 on the processor.

    About 100 and more on two cores of today; 0.5 where oneDNN fell to its reference loop.
    """
    module, _ = start("cpu")
    rng = np.random.default_rng(0)
    picture = module.Tensor(rng.standard_normal((1, _CHANNELS, _SIDE, _SIDE), dtype=np.float32))
    kernel = module.Tensor(rng.standard_normal((_CHANNELS, _CHANNELS, _KERNEL, _KERNEL), dtype=np.float32))
    convolve = module.ops.Conv2D(_CHANNELS, _KERNEL, pad_mode="same")
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        convolve(picture, kernel).asnumpy()
        seconds.append(time.perf_counter() - began)
    return 2 * _CHANNELS**2 * _KERNEL**2 * _SIDE**2 / min(seconds) / 1e9
