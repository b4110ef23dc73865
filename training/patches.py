"""Trains portraits after one painting: `python -m training.patches --photos LIST --held LIST --out RUN`.

First `face-style` paints every portrait after the exemplar; pairs that are in the folder of the run are kept. The
network then learns to paint alike: by colours and features, place by place; by what features have in common; and by
what a discriminator says of patches. The same command goes on where it was stopped.

References:
    D. Futschik et al.: Real-Time Patch-Based Stylization of Portraits Using Generative Adversarial Network.
    Expressive 2019, doi:10.2312/exp.20191074.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.portrait_patches.network import generator, judge, passing_weights
from senga.plugins.portrait_patches.pairs import make_pairs
from senga.plugins.portrait_patches.presets import PRESETS, Preset
from training import losses
from training.data import crop_at, to_tensor
from training.drawn import SEEN, Drawn, in_bfloat16, leave
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb
from training.running import Checkpoint, begin, offer_weights, run, update, weights_from

JUDGED = 0.6
"""The share of the generator's learning rate that the discriminator has."""
CONTRAST, LIGHT = 0.15, 0.12
"""How far contrast and light of photographs change at random; ``face-style`` does not mind either."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the generator's loss."""

    colour: float = 4.0
    content: float = 0.7
    style: float = 1.0
    adversarial: float = 0.7


class Painted:
    """Portraits and their paintings, held in memory as bytes."""

    def __init__(self, photos: Path, painted: Path, seed: int = 0) -> None:
        names = sorted(path.name for path in painted.glob("*.png"))
        self.photos, self.painted = ([read_rgb(half / name) for name in names] for half in (photos, painted))
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> tuple[Tensor, Tensor]:
        """Photographs in some other light, and their paintings, cropped alike."""
        several: tuple[list[Picture], list[Picture]] = [], []
        for index in self.random.integers(len(self.photos), size=count):
            place, mirror = (self.random.random(), self.random.random()), self.random.random() < 0.5
            for crops, pictures in zip(several, (self.photos, self.painted), strict=True):
                crops.append(crop_at(pictures[index], place, size, mirror))
        photo, target = map(to_tensor, several)
        gain = torch.from_numpy(self.random.uniform(1 - CONTRAST, 1 + CONTRAST, (count, 1, 1, 1)))
        light = torch.from_numpy(self.random.uniform(-LIGHT, LIGHT, (count, 3, 1, 1)))
        return (photo * gain.float() + light.float()).clamp(-1, 1), target


class Trainer(Drawn):
    """Networks, optimisers and running mean of one training."""

    def __init__(self, preset: Preset, vgg: Path, weights: LossWeights) -> None:
        described, judged = generator(preset.width, preset.blocks), judge(preset.channels)
        network = NetworkModule(described, passing_weights(described, 0))
        judges = NetworkModule(judged, first_weights(judged, "he", 1), spectral_norm=True)
        super().__init__(network.train(), judges, JUDGED, vgg, weights)
        self.preset = preset

    def step(self, photo: Tensor, target: Tensor, progress: float, start: bool) -> dict[str, float]:
        """One step; in the first phase of the generator alone."""
        self.set_rates(progress)
        drawing = in_bfloat16(self.network, photo)
        parts, found = self.faithful(drawing, target), {}
        if not start:
            found["judge"] = self._step_judge(drawing.detach(), target)
            parts["adversarial"] = self.weights.adversarial * losses.fool_loss(in_bfloat16(self.judges, drawing))
        self.advance(torch.stack(list(parts.values())).sum())
        return found | {name: part.item() for name, part in parts.items()}

    def faithful(self, drawing: Tensor, target: Tensor) -> dict[str, Tensor]:
        """What the generator pays for being unlike the painting, place by place and in what features have in common."""
        with torch.no_grad():
            wanted = self.seen(target)
        seen, weights = self.seen(drawing), self.weights
        grams = {name: losses.gram(feature).mean(0) for name, feature in wanted.items()}
        return {
            "colour": weights.colour * losses.colour_loss(drawing, target),
            "content": weights.content * losses.content_loss(seen, wanted, SEEN),
            "style": weights.style * losses.style_loss(seen, grams),
        }

    def _step_judge(self, drawing: Tensor, target: Tensor) -> float:
        """A step of the discriminator; it does not learn while the generator does."""
        self.judges.requires_grad_(True)
        self.judges.follow()
        loss = losses.judge_loss(*(in_bfloat16(self.judges, x) for x in (target, drawing)))
        update(self.judge_optimiser, self.judges, loss)
        self.judges.requires_grad_(False)
        return float(loss.item())

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        preset = self.preset
        facts = {"width": f"{preset.width:g}", "blocks": str(preset.blocks), "face": f"{preset.face:g}"}
        save_file(arrays, path, metadata={"architecture": "patches", **facts, "steps": str(self.steps)})


def train(trainer: Trainer, pairs: Painted, held: list[Picture], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (pairs.random,))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        start = trainer.steps < options.start_steps
        photo, target = pairs.batch(options.batch, options.size)
        return f"{options.batch}x{options.size}", trainer.step(photo, target, progress, start)

    def kept() -> None:
        checkpoint.write()
        leave(trainer, held, options.out)

    run(checkpoint, options.steps, step, (options.every, kept))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of portraits")
    parser.add_argument("--held", type=Path, required=True, help="folder of portraits to look at on the way")
    parser.add_argument("--exemplar", default="metzinger", help="portrait to paint by: of the gallery, or a file")
    parser.add_argument("--face", type=float, default=112, help="width of faces in the pairs")
    parser.add_argument("--pairs", type=Path, help="folder where pairs are kept; in --out without")
    parser.add_argument("--vgg", type=Path, help="perceptual network; Senga's own without")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--width", type=float, default=0.75)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--start-steps", type=int, default=200, help="steps without the discriminator")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints, weights and sheets")
    parser.add_argument("--batch", type=int, default=2, help="crops in a step")
    parser.add_argument("--size", type=int, default=160, help="side of the crops")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def held_back(folder: Path, preset: Preset, out: Path) -> list[Picture]:
    """Portraits at the size at which the network paints them."""
    halves = make_pairs(preset, folder, out / "held", print)
    return [read_rgb(path) for path in list_pictures(halves[0])]


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    changes = {"exemplar": options.exemplar, "face": options.face, "width": options.width}
    preset = PRESETS["own"].model_copy(update=changes)
    halves = make_pairs(preset, options.photos, options.pairs or options.out / "pairs", print)
    held = held_back(options.held, preset, options.out)
    trainer = Trainer(preset, options.vgg or shipped_encoder(), weights_from(options, LossWeights))
    train(trainer, Painted(*halves), held, options)


if __name__ == "__main__":
    main()
