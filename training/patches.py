"""Trains portraits after one painting: `python -m training.patches --photos LIST --held LIST --out RUN`.

First `face-style` paints every portrait after the exemplar; pairs that are in the folder of the run are kept. The
network then learns to paint alike: by broad colours and features, place by place; by what the features of small tiles
have in common, wherever in them it is; and by what a discriminator says of patches. Where strokes lie in a painting
nobody can tell from the photograph, so they are not asked for place by place, and the network is shown some grain to
make them of. The same command goes on where it was stopped.

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
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import avg_pool2d

from senga.image import to_depth
from senga.job import Job
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.ops.grain import grained, grained_anywhere
from senga.plugins.portrait_patches.network import generator, judge, passing_weights
from senga.plugins.portrait_patches.pairs import make_pairs
from senga.plugins.portrait_patches.presets import PRESETS, Preset
from training import losses, styles
from training.data import crop_at, to_tensor
from training.drawn import Drawn, in_bfloat16, leave
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb
from training.running import Checkpoint, begin, offer_weights, run, update, weights_from

JUDGED = 0.6
"""The share of the generator's learning rate that the discriminator has."""
KNOWN = 8
"""Paintings that features are brought to one size by."""
BROAD = 4
"""Pixels over which colours are broad."""
TILES, TEXTURED = 4, ("relu1_2", "relu2_1", "relu3_1")
"""Tiles across a crop, and the layers whose features are compared in each."""
CONTRAST, LIGHT = 0.15, 0.12
"""How far contrast and light of photographs change at random; ``face-style`` does not mind either."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the generator's loss."""

    colour: float = 4.0
    detail: float = 1.0
    content: float = 0.5
    texture: float = 2.0
    adversarial: float = 0.5


class Painted:
    """Portraits and their paintings, held in memory as bytes."""

    def __init__(self, photos: Path, painted: Path, grain: float = 0.0, seed: int = 0) -> None:
        names = sorted(path.name for path in painted.glob("*.png"))
        self.photos, self.painted = ([read_rgb(half / name) for name in names] for half in (photos, painted))
        self.grain, self.random = grain, np.random.default_rng(seed)

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
        lit = (photo * gain.float() + light.float()).clamp(-1, 1)
        return torch.from_numpy(grained_anywhere(lit.numpy(), self.grain, self.random)), target


class Trainer(Drawn):
    """Networks, optimisers and running mean of one training."""

    def __init__(
        self, preset: Preset, vgg: Path, weights: LossWeights, known: list[Picture], start: Path | None = None
    ) -> None:
        described, judged = generator(preset.width, preset.blocks), judge(preset.channels)
        network = NetworkModule(described, passing_weights(described, 0))
        if start:
            network.load_state_dict(load_file(start))
        judges = NetworkModule(judged, first_weights(judged, "he", 1), spectral_norm=True)
        super().__init__(network.train(), judges, JUDGED, styles.Features(vgg, known), weights)
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
        """What the generator pays for being unlike the painting."""
        with torch.no_grad():
            wanted = self.seen(target)
        seen, weights = self.seen(drawing), self.weights
        broad = avg_pool2d(drawing, BROAD), avg_pool2d(target, BROAD)
        return {
            "colour": weights.colour * losses.colour_loss(*broad),
            "detail": weights.detail * losses.colour_loss(drawing, target),
            "content": weights.content * losses.content_loss(seen, wanted, styles.CONTENT),
            "texture": weights.texture * texture_loss(seen, wanted),
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
        facts = {
            "width": f"{preset.width:g}",
            "blocks": str(preset.blocks),
            "face": f"{preset.face:g}",
            "grain": f"{preset.grain:g}",
        }
        save_file(arrays, path, metadata={"architecture": "patches", **facts, "steps": str(self.steps)})


def texture_loss(drawing: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
    """How far means, deviations and covariances of features are from those of the target, tile by tile."""
    terms = []
    for tap in TEXTURED:
        for x, y in zip(_marks(drawing[tap]), _marks(target[tap]), strict=True):
            terms.append((x - y).abs().mean() / (y.abs().mean() + 1e-6))
    return torch.stack(terms).mean()


def _marks(feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of every tile the means (N, C), deviations (N, C) and covariances (N, C, C)."""
    count, channels = feature.shape[:2]
    high, wide = (side // TILES for side in feature.shape[2:])
    tiles = feature.unfold(2, high, high).unfold(3, wide, wide)  # (N, C, tiles, tiles, high, wide)
    flat = tiles.permute(0, 2, 3, 1, 4, 5).reshape(count * TILES * TILES, channels, high * wide)
    mean = flat.mean(2)
    flat = flat - mean[..., None]
    covariance = flat @ flat.transpose(1, 2) / flat.shape[2]
    return mean, (flat.square().mean(2) + 1e-6).sqrt(), covariance


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
    parser.add_argument("--grain", type=float, default=0.06, help="deviation of the grain on photographs, white is 1")
    parser.add_argument("--start", type=Path, help="weights to begin with, as an earlier training left them")
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
    photos = [read_rgb(path) for path in list_pictures(halves[0])]
    return [to_depth(grained(photo, preset.grain, Job()), np.uint8) for photo in photos]


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    changes = {"exemplar": options.exemplar, "face": options.face, "width": options.width, "grain": options.grain}
    preset = PRESETS["own"].model_copy(update=changes)
    halves = make_pairs(preset, options.photos, options.pairs or options.out / "pairs", print)
    held = held_back(options.held, preset, options.out)
    pairs = Painted(*halves, options.grain)
    vgg, weights = options.vgg or shipped_encoder(), weights_from(options, LossWeights)
    trainer = Trainer(preset, vgg, weights, pairs.painted[:KNOWN], options.start)
    train(trainer, pairs, held, options)


if __name__ == "__main__":
    main()
