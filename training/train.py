"""Trains a generator: `python -m training.train --pairs FOLDER --style FOLDER --out FOLDER`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.animegan.discriminator import discriminator
from training import losses
from training.data import Pairs, Panels
from training.module import NetworkModule
from training.network import Generator
from training.perceptual import Features
from training.running import (
    Checkpoint,
    Running,
    begin,
    learning_rate,
    offer_weights,
    run,
    set_rate,
    update,
    weights_from,
)
from training.weights import load_generator, save_generator


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the generator's loss."""

    colour: float = 8.0
    gradient: float = 5.0
    content: float = 0.7
    style: float = 1.0
    style_end: float = 0.4
    adversarial: float = 1.0

    def style_at(self, progress: float) -> float:
        """The weight of the gram term, falling over the second half: held up, it ends in hatching."""
        return self.style + (self.style_end - self.style) * max(0.0, 2 * progress - 1)


def crop_plan(progress: float, pixels: int) -> tuple[int, int]:
    """Number and side of the crops at a moment of the training: fewer and larger towards the end."""
    size = 160 if progress < 0.35 else 192 if progress < 0.75 else 256
    return max(1, round(pixels / size**2)), size


def new_judge(channels: int = 32) -> NetworkModule:
    """The discriminator of AnimeGANv2 (with 64 channels), half as wide."""
    network = discriminator(channels)
    return NetworkModule(network, first_weights(network, "normal", 1), spectral_norm=True)


class Trainer(Running):
    """Networks, optimisers and running statistics of one training."""

    def __init__(self, network: Generator, vgg: Path, weights: LossWeights, device: str) -> None:
        super().__init__(network.to(device).train(), 0.99, learning_rate(0), (0.5, 0.999))
        self.device, self.weights = device, weights
        self.judge = new_judge().to(device)
        self.features = Features(vgg).to(device)
        self.judge_optimiser = self.adam(self.judge, learning_rate(0))
        self.grams: dict[str, Tensor] = {}

    def step(self, photo: Tensor, target: Tensor, style: Tensor, progress: float) -> dict[str, float]:
        """One step of the discriminator and one of the generator."""
        photo, target, style = (x.to(self.device) for x in (photo, losses.level_contrast(target, photo), style))
        for optimiser in (self.optimiser, self.judge_optimiser):
            set_rate(optimiser, learning_rate(progress))
        drawing = self.network(photo)
        judged = self._step_judge(drawing.detach(), torch.cat((style, target[:1])))
        self.judge.requires_grad_(False)
        parts = self._parts(drawing, target, style, progress)
        self.advance(torch.stack(list(parts.values())).sum())
        return {"judge": judged, **{name: part.item() for name, part in parts.items()}}

    def _step_judge(self, drawing: Tensor, real: Tensor) -> float:
        self.judge.requires_grad_(True)
        self.judge.follow()
        loss = losses.judge_loss(self.judge(real), self.judge(drawing))
        update(self.judge_optimiser, self.judge, loss)
        return loss.item()

    def _parts(self, drawing: Tensor, target: Tensor, style: Tensor, progress: float) -> dict[str, Tensor]:
        weights = self.weights
        with torch.no_grad():
            wanted = self.features(target)
            self._follow_style(self.features(losses.to_grey(style)))
        drawn = self.features(torch.cat((drawing, losses.to_grey(drawing))))
        colour, grey = ({k: v.chunk(2)[i] for k, v in drawn.items()} for i in (0, 1))
        return {
            "colour": weights.colour * losses.colour_loss(drawing, target),
            "gradient": weights.gradient * losses.gradient_loss(drawing, target),
            "content": weights.content * losses.content_loss(colour, wanted, ("relu3_1", "relu4_1")),
            "style": weights.style_at(progress) * losses.style_loss(grey, self.grams),
            "adversarial": weights.adversarial * losses.fool_loss(self.judge(drawing)),
        }

    def _follow_style(self, features: dict[str, Tensor], memory: float = 0.98) -> None:
        """Running mean of the gram matrices of the style set."""
        for name, feature in features.items():
            matrix = losses.gram(feature).mean(0)
            self.grams[name] = matrix if name not in self.grams else torch.lerp(matrix, self.grams[name], memory)

    def save(self, path: Path) -> None:
        """Writes the averaged weights."""
        save_generator(self.average, path, {"steps": str(self.steps)})

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state, but for the gram matrices."""
        return *super().kept, self.judge, self.judge_optimiser

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, but for the pictures."""
        return {**super().state(), "grams": self.grams}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to a state."""
        super().restore(state)
        self.grams = state["grams"]


def train(trainer: Trainer, pairs: Pairs, panels: Panels, out: Path, steps: int, every: int, pixels: int) -> None:
    """Trains to a number of steps; writes averaged weights and a checkpoint now and then and at the end."""
    checkpoint = Checkpoint(out / "checkpoint.pt", trainer, (pairs.random, panels.random))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        count, size = crop_plan(progress, pixels)
        photo, target = pairs.batch(count, size)
        return f"{count}x{size}", trainer.step(photo, target, panels.batch(count, size), progress)

    def leave() -> None:
        trainer.save(out / f"step-{trainer.steps:05d}.safetensors")
        checkpoint.write()

    run(checkpoint, steps, step, (every, leave))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="folder written by training.pack")
    parser.add_argument("--style", type=Path, required=True, help="folder of the style set, or text file of paths")
    parser.add_argument("--vgg", type=Path, help="VGG-19 or the compressed one, e4_base.pth; else Senga's own")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--start", type=Path, help="weights to start from; near the identity without")
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--pixels", type=int, default=75_000, help="pixels in one batch")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    network = load_generator(options.start) if options.start else Generator.near_identity(options.width)
    trainer = Trainer(network, options.vgg or shipped_encoder(), weights_from(options, LossWeights), options.device)
    pairs, panels = Pairs(options.pairs), Panels(options.style)
    train(trainer, pairs, panels, options.out, options.steps, options.every, options.pixels)


if __name__ == "__main__":
    main()
