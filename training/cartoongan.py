"""Trains CartoonGAN: `python -m training.cartoongan --pairs FOLDER --style LIST --held LIST --out RUN`.

The discriminator is shown drawings, the same drawings with blurred edges, and what is generated: only the first are
drawings to it, so that clear edges pay. A first phase is without it. Beside the content of the publication the picture
is held against a drawn target (`training.pack`), which is what makes some thousand steps enough. The same command goes
on where it was stopped.

References:
    Y. Chen, Y.-K. Lai, Y.-J. Liu: CartoonGAN: Generative Adversarial Networks for Photo Cartoonization. CVPR 2018,
    doi:10.1109/CVPR.2018.00986.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from senga.neural.training.edges import smooth_edges
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.cartoongan.family import CARTOONGAN
from senga.plugins.cartoongan.network import LIGHT_EPS, cartoongan_light, judge
from training import losses
from training.data import Pairs, Panels, to_tensor
from training.drawn import Drawn, crop_plan, in_bfloat16, leave
from training.module import NetworkModule
from training.network import Generator
from training.perceptual import Features
from training.pictures import Picture, list_pictures, read_rgb, resize_long
from training.running import Checkpoint, begin, offer_weights, run, update, weights_from
from training.weights import load_generator, save_generator

JUDGED = 0.8
"""The share of the generator's learning rate that the discriminator has."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the generator's loss."""

    colour: float = 8.0
    gradient: float = 6.0
    content: float = 0.7
    adversarial: float = 0.7


def blurred_edges(drawings: Tensor) -> Tensor:
    """The same drawings with blurred edges."""
    seen = ((drawings + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return to_tensor([smooth_edges(np.ascontiguousarray(drawing)) for drawing in seen])


def light(width: float) -> Generator:
    """The light generator of CartoonGAN, with weights that pass the photo on."""
    card = {"architecture": "cartoongan-light", "eps": f"{LIGHT_EPS:g}", "width": f"{width:g}"}
    return Generator(card, first_weights(cartoongan_light(width), "identity", 0))


class Trainer(Drawn):
    """Networks, optimisers and running mean of one training."""

    def __init__(self, network: Generator, vgg: Path, weights: LossWeights) -> None:
        described = judge(16)
        judges = NetworkModule(described, first_weights(described, "he", 1), spectral_norm=True)
        super().__init__(network.train(), judges, JUDGED, Features(vgg), weights)
        self.sees_contrast = network.card["architecture"] in CARTOONGAN.architectures  # the others have no biases

    def step(self, photo: Tensor, target: Tensor, style: Tensor, progress: float, start: bool) -> dict[str, float]:
        """One step; in the first phase of the generator alone."""
        self.set_rates(progress)
        if not self.sees_contrast:
            target = losses.level_contrast(target, photo)
        drawing = in_bfloat16(self.network, photo)
        parts = self.faithful(drawing, target)
        found = {}
        if not start:
            few = drawing[: max(1, len(drawing) // 2)]
            found["judge"] = self._step_judge(few.detach(), style[: len(few)])
            parts["adversarial"] = self.weights.adversarial * losses.fool_loss(in_bfloat16(self.judges, few))
        self.advance(torch.stack(list(parts.values())).sum())
        return found | {name: part.item() for name, part in parts.items()}

    def _step_judge(self, drawing: Tensor, style: Tensor) -> float:
        """A step of the discriminator; it does not learn while the generator does."""
        self.judges.requires_grad_(True)
        self.judges.follow()
        genuine, *others = in_bfloat16(self.judges, torch.cat((style, blurred_edges(style), drawing))).chunk(3)
        loss = ((genuine - 1) ** 2).mean() + sum((other**2).mean() for other in others)
        update(self.judge_optimiser, self.judges, loss)
        self.judges.requires_grad_(False)
        return float(loss.item())

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        save_generator(self.average, path, {"steps": str(self.steps)})


def train(trainer: Trainer, pairs: Pairs, panels: Panels, held: list[Picture], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (pairs.random, panels.random))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        count, size = crop_plan(progress, options.pixels)
        photo, target = pairs.batch(count, size)
        start = trainer.steps < options.start_steps
        return f"{count}x{size}", trainer.step(photo, target, panels.batch(count, size), progress, start)

    def kept() -> None:
        checkpoint.write()
        leave(trainer, held, options.out)

    run(checkpoint, options.steps, step, (options.every, kept))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder written by training.pack")
    parser.add_argument("--style", type=Path, required=True, help="drawn pictures: folder, or text file of paths")
    parser.add_argument("--held", type=Path, required=True, help="photographs to look at on the way")
    parser.add_argument("--vgg", type=Path, help="perceptual network; Senga's own without")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--start", type=Path, help="weights of any style to start from; the light generator without")
    parser.add_argument("--width", type=float, default=0.75, help="of the light generator")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--start-steps", type=int, default=500, help="steps without the discriminator")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints, weights and sheets")
    parser.add_argument("--pixels", type=int, default=66_000, help="pixels in one batch")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    network = load_generator(options.start) if options.start else light(options.width)
    trainer = Trainer(network, options.vgg or shipped_encoder(), weights_from(options, LossWeights))
    held = [resize_long(read_rgb(path), 512) for path in list_pictures(options.held)]
    train(trainer, Pairs(options.pairs), Panels(options.style), held, options)


if __name__ == "__main__":
    main()
