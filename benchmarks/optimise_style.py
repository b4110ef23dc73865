"""A step of `optimise-style` beside PyTorch's: `python benchmarks/optimise_style.py [LONG_SIDE] [ROUNDS]`.

Loss and gradient of a picture of 3 : 2, by turns in one process; it takes an environment with PyTorch, such as that of
`make test-oracles`. Networks: the one that comes with Senga, and VGG-19 with made-up weights. Ratios are medians over
the rounds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from turns import measured

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from senga.neural.networks.vgg import CHANNELS, layers, vgg
from senga.neural.optimising.eye import Aim, Eye, Weighing
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import Encoder, load_encoder, shipped_encoder
from training.module import NetworkModule

TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2")
THREADS = 2


def made_up() -> Encoder:
    """VGG-19 as large as published."""
    weights = first_weights(vgg(TAPS), "he", 0)
    names = [name for name in layers() if f"{name}.weight" in weights]
    kernels = {name: (weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names}
    assert len(kernels["conv4_2"][0]) == CHANNELS[3]  # noqa: S101 - it is what is measured
    return Encoder(kernels, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), original=True)


def pytorch(encoder: Encoder, picture: Any, style: Any) -> Any:
    """The same step there: the loss of gram matrices and of content, and its gradient."""
    module = NetworkModule(encoder.network(TAPS, "average"), encoder.weights())
    for weight in module.parameters():
        weight.requires_grad_(False)

    def look(x: Any) -> list[Any]:
        return [f.flatten(-2).squeeze(0) for f in module(x[None] / 127.5 - 1)]

    with torch.no_grad():
        kept = look(torch.tensor(picture))[-1]
        grams = [f @ f.T / f.shape[1] for f in look(torch.tensor(style))]

    def step() -> Any:
        x = torch.tensor(picture, requires_grad=True)
        seen = look(x)
        loss = ((seen[-1] - kept) ** 2).sum() / (kept**2).sum()
        for f, gram in zip(seen[:-1], grams, strict=False):
            loss = loss + ((f @ f.T / f.shape[1] - gram) ** 2).sum() / (gram**2).sum()
        loss.backward()
        return x.grad

    return step


def main() -> None:
    """Print a line for each network."""
    side, rounds = map(int, sys.argv[1:3] if len(sys.argv) > 2 else (384, 5))
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(0)
    picture, style = (rng.uniform(0, 255, (3, side * 2 // 3 // 16 * 16, side)).astype(np.float32) for _ in range(2))
    weighing = Weighing({"relu4_2": 1.0}, dict.fromkeys(TAPS[:-1], 1.0), centred=False)
    for name, encoder in (("the small one", load_encoder(shipped_encoder())), ("VGG-19", made_up())):
        eye = Eye(encoder, weighing)
        aim = Aim(eye.content(picture), eye.looks(style), None, 1, 1)
        ways = {"PyTorch": pytorch(encoder, picture, style), "senga": lambda e=eye, a=aim: e.slope(picture, a)}
        print(f"{name}, {side} pixels: {measured(ways, rounds)}", flush=True)


if __name__ == "__main__":
    main()
