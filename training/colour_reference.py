"""Trains the network of `colorize --mode reference`: `python -m training.colour_reference --pairs FOLDER --out RUN`.

A folder has `NAME_colour.png` beside `NAME_line.png`, or any coloured pictures, whose lines are then those of a pen
without a network. Every 17th drawing is held back. The same command goes on where it was stopped.

References:
    L. Zhang, Y. Ji, X. Lin, C. Liu: Style Transfer for Anime Sketches with Enhanced Residual U-net and Auxiliary
    Classifier GAN. ACPR 2017, arXiv:1706.03319.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.checkpoints import read_checkpoint
from senga.neural.networks import reference_features, vgg_features
from senga.neural.networks.style2paints import critic, reference_painter, without_guides
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair
from senga.plugins.colorize.references.network import shape_of
from senga.plugins.colorize.references.samples import GREY, Example, example
from training.drawn import in_bfloat16
from training.module import NetworkModule
from training.on_drawings import held_back, parser_of, run_ahead, start
from training.pictures import Picture, write_rgb
from training.running import Checkpoint, Running, learning_rate, set_rate, update

RATE, LAST = 2e-3, 1e-4
"""First and last learning rate of the network."""
JUDGED = 0.25
"""The share of it that the critic has."""
ALPHA, BETA, LAMBDA = 0.3, 0.9, 0.01
"""Weights of the first guide, of the second, and of what the critic says."""
HELD = 17
"""One of so many drawings is held back."""
LONGEST = 1.5
"""Longer sides of drawings that are held in memory, in sides of the square."""
FAINT = 1e-6
LAYOUT = torch.channels_last


def split(paths: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Drawings to learn from, and those that are held back."""
    return held_back(paths, HELD, HELD - 1)


@dataclass(frozen=True)
class Batch:
    """What a step sees: ink (N, 1, S, S), colours (N, 3, S, S), and other pictures with their histograms (N, F)."""

    ink: Tensor
    colours: Tensor
    reference: Tensor
    shares: Tensor

    @classmethod
    def of(cls, several: Sequence[Example]) -> Batch:
        """Examples side by side."""
        shares = np.stack([reference_features.histogram(each.reference) for each in several])
        colours, reference = (planes([getattr(each, name) for each in several]) for name in ("colours", "reference"))
        ink = torch.from_numpy(np.stack([each.ink for each in several]))[:, None]
        return cls(ink, colours, reference, torch.from_numpy(shares))


def reduced(pair: Pair, longest: int) -> Pair:
    """A drawing whose longer side has at most so many pixels."""
    factor = longest / max(pair.ink.shape)
    if factor >= 1:
        return pair
    fill, ink = (
        cv2.resize(each, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for each in (pair.fill, pair.ink)
    )
    return Pair(np.asarray(fill, np.uint8), np.asarray(ink, np.uint8))


def planes(pictures: Sequence[Any]) -> Tensor:
    """(H, W, 3) in 0..1 as (N, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous() * 2 - 1


class Drawings:
    """Drawings to learn from, held in memory."""

    def __init__(self, pairs: Sequence[Pair], seed: int = 0) -> None:
        self.pairs, self.seed = pairs, seed

    def batch(self, step: int, count: int, size: int) -> Batch:
        """What the network sees at a step."""
        random = np.random.default_rng([self.seed, step])
        return Batch.of([example(self.pairs, size, random) for _ in range(count)])


class OwnEyes(nn.Module):
    """Looks at other pictures with Senga's own network."""

    features = reference_features.FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.observer = NetworkModule(reference_features.observer(), reference_features.observer_weights())
        self.requires_grad_(False)

    def forward(self, batch: Batch) -> Tensor:
        """Vectors (N, F)."""
        seen = in_bfloat16(self.observer, batch.reference).flatten(1)
        return torch.from_numpy(reference_features.joined(batch.shares.numpy(), seen.numpy()))


class VggEyes(nn.Module):
    """Looks at other pictures with VGG-19, up to its first fully connected layer."""

    features = vgg_features.FEATURES

    def __init__(self, path: Path) -> None:
        super().__init__()
        weights = vgg_features.to_senga(read_checkpoint(path).arrays)
        self.vgg = NetworkModule(vgg_features.vgg19_features(), weights)
        self.requires_grad_(False)

    def forward(self, batch: Batch) -> Tensor:
        """Vectors (N, F)."""
        side = vgg_features.SIDE
        large = functional.interpolate(batch.reference, (side, side), mode="bilinear", antialias=True)
        return torch.as_tensor(self.vgg(large)).flatten(1)


def normalised(vectors: Tensor) -> Tensor:
    """Vectors (N, F), each by its largest number: what the critic should say of a genuine drawing, 0..1."""
    return vectors / vectors.amax(1, keepdim=True).clamp_min(FAINT)


def told_apart(kind: str, genuine: Tensor, made: Tensor, wanted: Tensor) -> Tensor:
    """What the critic pays for its verdicts, (N, F): of genuine drawings ``wanted``, of others 0.

    With logarithms, verdicts go through a logistic function first.
    """
    if kind == "squares":
        return (genuine - wanted).square().mean() + made.square().mean()
    sure = (genuine.sigmoid() + (1 - wanted) + FAINT).log().mean()
    return functional.softplus(made).mean() - sure


def fooled(kind: str, made: Tensor, wanted: Tensor) -> Tensor:
    """What the network pays for the verdicts of its drawings, (N, F)."""
    return (made - wanted).square().mean() if kind == "squares" else -functional.softplus(made).mean()


def parts_of(kind: str, made: Sequence[Tensor], colours: Tensor, verdict: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """The loss of what the network and its guides give, part by part."""
    painted, grey, guided = made
    plain = torch.einsum("c,nchw->nhw", torch.tensor(GREY, dtype=colours.dtype), colours)[:, None]
    return {
        "colours": (painted - colours).abs().mean(),
        "entry": ALPHA * (grey - plain).abs().mean(),
        "exit": BETA * (guided - colours).abs().mean(),
        "adversarial": LAMBDA * fooled(kind, verdict, wanted),
    }


class Trainer(Running):
    """The network with its guides, its running mean and optimiser, and the critic.

    Args:
        card: what the network looks like, as its model card will say.
        eyes: what looks at other pictures.
        kind: of the critic's loss.
        channels: of the critic.
    """

    def __init__(self, card: Mapping[str, str], eyes: nn.Module, kind: str = "squares", channels: int = 12) -> None:
        shape = shape_of(card)
        network = reference_painter(shape, guides=True)
        module = NetworkModule(network, first_weights(network, "he", 0)).train()
        super().__init__(module.to(memory_format=LAYOUT), 0.995, RATE, (0.9, 0.99))
        self.average.eval()
        judged = critic(shape.features, channels)
        self.critic = NetworkModule(judged, first_weights(judged, "he", 1)).to(memory_format=LAYOUT)
        self.critic_optimiser = self.adam(self.critic, RATE)
        self.card, self.eyes, self.kind = dict(card), eyes, kind

    def step(self, batch: Batch, progress: float) -> dict[str, float]:
        """One step."""
        rate = learning_rate(progress, RATE, LAST) * min(1.0, (self.steps + 1) / 50)
        set_rate(self.optimiser, rate)
        set_rate(self.critic_optimiser, JUDGED * rate)
        with torch.no_grad():
            vectors = self.eyes(batch)
        wanted = normalised(vectors)
        self.network.notes = self.steps % 4 == 0
        made = self._made(batch.ink, vectors)
        judged = self._step_critic(made[0].detach(), batch.colours, wanted)
        verdict = self._judged(made[0])
        parts = parts_of(self.kind, made, batch.colours, verdict, wanted)
        self.advance(torch.stack(list(parts.values())).sum())
        self._follow()
        return {"critic": judged} | {name: part.item() for name, part in parts.items()}

    def _made(self, ink: Tensor, vectors: Tensor) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            found = self.network(ink.contiguous(memory_format=LAYOUT), vectors[:, :, None, None])
        return [each.float() for each in found]

    def _judged(self, picture: Tensor) -> Tensor:
        return torch.as_tensor(in_bfloat16(self.critic, picture)).flatten(1)

    def _step_critic(self, made: Tensor, colours: Tensor, wanted: Tensor) -> float:
        """A step of the critic; it does not learn while the network does."""
        self.critic.requires_grad_(True)
        loss = told_apart(self.kind, self._judged(colours), self._judged(made), wanted)
        update(self.critic_optimiser, self.critic, loss)
        self.critic.requires_grad_(False)
        return loss.item()

    def _follow(self) -> None:
        """The statistics of batch norms, and of the running mean."""
        self.network.follow()
        with torch.no_grad():
            for mean, now in zip(self.average.buffers(), self.network.buffers(), strict=True):
                mean.lerp_(now, 0.02 if self.steps > 200 else 0.1)

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state."""
        return *super().kept, self.critic, self.critic_optimiser

    def save(self, path: Path) -> None:
        """Writes the averaged weights without guides, in half precision."""
        state = {name: value for name, value in self.average.state_dict().items() if without_guides(name)}
        arrays = {name: value.detach().half().contiguous() for name, value in state.items()}
        save_file(arrays, path, metadata={"architecture": "style2paints", **self.card, "steps": str(self.steps)})

    def paint(self, batch: Batch) -> Tensor:
        """What the averaged weights make of examples."""
        with torch.inference_mode():
            return self.average(batch.ink, self.eyes(batch)[:, :, None, None])[0].clamp(-1, 1)


def leave(trainer: Trainer, held: Sequence[Pair], options: Any) -> None:
    """Writes the averaged weights, and what they make of drawings that were held back, by four pictures each."""
    stem = options.out / f"step-{trainer.steps:05d}"
    trainer.save(stem.with_suffix(".safetensors"))
    if not held:
        return
    random = np.random.default_rng(1)
    several = [example([each], options.size, random) for each in held[:: max(1, len(held) // 12)][:12]]
    own = Batch.of(several)
    print(f"difference {(trainer.paint(own) - own.colours).abs().mean().item():.4f}", flush=True)
    columns = [[_shown(1 - 2 * own.ink.expand(-1, 3, -1, -1)), _shown(own.colours)]]
    for turn in (0, 3, 7):
        other = Batch(own.ink, own.colours, own.reference.roll(turn, 0), own.shares.roll(turn, 0))
        seen = functional.interpolate(other.reference, (options.size, options.size))
        columns.append([_shown(seen), _shown(trainer.paint(other))])
    rows = [np.hstack([each[row] for pair in columns for each in pair]) for row in range(len(several))]
    write_rgb(stem.with_suffix(".png"), np.vstack(rows))


def _shown(pictures: Tensor) -> Picture:
    """(N, H, W, 3) bytes."""
    return np.asarray(((pictures + 1) * 127.5).clamp(0, 255).round().permute(0, 2, 3, 1).numpy(), np.uint8)


def train(trainer: Trainer, given: Drawings, held: Sequence[Pair], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, ())

    def kept() -> None:
        checkpoint.write()
        leave(trainer, held, options)

    run_ahead(checkpoint, options, given.batch, trainer.step, (options.every, kept))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--form", choices=("own", "published"), default="own")
    parser.add_argument("--vgg", type=Path, help="VGG-19 of torchvision, whose features the network then takes")
    parser.add_argument("--adversarial", choices=("squares", "log"), default="squares")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    return parser.parse_args(arguments)


def beginning(options: argparse.Namespace) -> Trainer:
    """A training before its first step."""
    eyes = VggEyes(options.vgg) if options.vgg else OwnEyes()
    card = {"form": options.form, "width": f"{options.width:g}", "features": str(eyes.features)}
    trainer = Trainer(card, eyes, options.adversarial)
    if options.start:
        for network in (trainer.network, trainer.average):
            network.load_state_dict(load_file(options.start), strict=False)
    return trainer


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    longest = round(LONGEST * options.size)
    pairs, held = split(start(options, lambda pair: reduced(pair, longest)))
    print(f"{len(pairs)} drawings, {len(held)} held back", flush=True)
    train(beginning(options), Drawings(pairs), held, options)


if __name__ == "__main__":
    main()
