"""What paintings ask for: means, deviations and covariances of their features; pictures are RGB in [-1, 1]."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from senga.neural.training.perceptual import load_encoder
from training.data import to_tensor
from training.module import NetworkModule
from training.pictures import Picture, read_rgb

TAPS = ("relu1_2", "relu2_1", "relu3_1", "relu4_1")
"""Where styles are looked at."""
CONTENT = ("relu3_1", "relu4_1")
"""Where content is."""
BROAD = 8
"""Pixels over which tones are broad."""
FAINT = 0.03
"""Channels fainter than this share of the strongest stay as they are to each other: they are mostly noise."""
USUAL = 0.4
"""Deviation of a channel, in what it has in all paintings together, below which it has less to say."""
_EPS = 1e-6

Marks = dict[str, tuple[Tensor, Tensor, Tensor]]
"""For each layer means (N, C), deviations (N, C) and covariances (N, C, C): gram matrices without the means."""


@dataclass(frozen=True)
class Painting:
    """A painting to be learned from.

    Attributes:
        name: of the style.
        picture: where it lies.
        short: the short side that it is scaled to: the larger, the broader its brush seems.
        crop: left, top, right and bottom as shares of the picture.
        strength: the share of content that it may take, against the others.
    """

    name: str
    picture: Path
    short: int = 512
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    strength: float = 1.0

    def read(self) -> Picture:
        """The picture at its size."""
        whole = read_rgb(self.picture)
        height, width = whole.shape[:2]
        left, top, right, bottom = self.crop
        part = whole[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        factor = self.short / min(part.shape[:2])
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=method), np.uint8)


def paintings_in(path: Path) -> list[Painting]:
    """The paintings that a file names: a table for each, `picture` seen from the file."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Painting(**{**table, "name": name, "picture": path.parent / table["picture"]}) for name, table in tables.items()
    ]


class Features(NetworkModule):
    """Runs the perceptual network as far as styles are looked at; its weights do not learn.

    Small networks say most with a few channels, so every channel is brought to the same deviation.

    Args:
        weights: of the network.
        pictures: what the deviations are taken from.
    """

    def __init__(self, weights: Path, pictures: Sequence[Picture]) -> None:
        encoder = load_encoder(weights)
        super().__init__(encoder.network(TAPS), encoder.weights())
        self.requires_grad_(False)
        self.sizes = {tap: torch.ones(1) for tap in TAPS}
        with torch.inference_mode():
            seen = [self(to_tensor([picture])) for picture in pictures]
        for tap in TAPS:
            size = torch.stack([each[tap].square().mean((0, 2, 3)) for each in seen]).mean(0).sqrt()
            self.sizes[tap] = size.clamp_min(FAINT * float(size.max()))[:, None, None].clone()

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """Features of RGB pictures in [-1, 1]."""
        return {tap: each.float() / self.sizes[tap] for tap, each in zip(TAPS, super().forward(picture), strict=True)}


def marks(features: dict[str, Tensor]) -> Marks:
    """What is compared."""
    found: Marks = {}
    for tap in TAPS:
        flat = features[tap].flatten(2)  # (N, C, H * W)
        deviation, mean = torch.std_mean(flat, 2, correction=0)
        flat = flat - mean[..., None]
        found[tap] = mean, deviation, flat @ flat.transpose(1, 2) / flat.shape[2]
    return found


def marks_of(paintings: Sequence[Painting], features: Features) -> Marks:
    """Those of paintings, one after the other in N."""
    with torch.inference_mode():
        each = [marks(features(to_tensor([painting.read()]))) for painting in paintings]
    return {tap: _stacked([one[tap] for one in each]) for tap in TAPS}


def _stacked(parts: list[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    mean, deviation, gram = (torch.cat(each).clone() for each in zip(*parts, strict=True))
    return mean, deviation, gram


def chosen(all_marks: Marks, styles: Tensor) -> Marks:
    """Those of some styles."""
    return {tap: (mean[styles], deviation[styles], gram[styles]) for tap, (mean, deviation, gram) in all_marks.items()}


def style_distance(drawn: Marks, wanted: Marks) -> Tensor:
    """How far drawings are from what their styles want, (N,): squared, each part relative to the wanted one.

    Covariances are in units of the wanted deviations, so that all channels have a say in the texture, but for those
    that are hardly there.
    """
    parts = []
    for tap in TAPS:
        unit = (wanted[tap][1].square() + USUAL**2).sqrt()
        units = unit[:, :, None] * unit[:, None]  # (N, C, C)
        parts += [_relative(x, y) for x, y in zip(drawn[tap][:2], wanted[tap][:2], strict=True)]
        parts.append(_relative(drawn[tap][2] / units, wanted[tap][2] / units))
    return torch.stack(parts).mean(0)


def _relative(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).flatten(1).square().sum(1) / (y.flatten(1).square().sum(1) + _EPS)


def content_distance(drawn: dict[str, Tensor], photo: dict[str, Tensor]) -> Tensor:
    """How far the shapes of drawings are from those of photos, (N,): features without their means and deviations."""
    parts = [(_unit(drawn[tap]) - _unit(photo[tap])).square().mean((1, 2, 3)) for tap in CONTENT]
    return torch.stack(parts).mean(0)


def tone_distance(drawn: Tensor, photo: Tensor) -> Tensor:
    """How far the broad tones of drawings are from those of photos, (N,), whatever the contrast of either.

    Without it networks learn to shine in a few places, which feeds deviations and gram matrices at little cost.
    """
    broad = (avg_pool2d(each.mean(1, keepdim=True), BROAD) for each in (drawn, photo))
    x, y = (_unit(each) for each in broad)
    return (x - y).square().mean((1, 2, 3))


def _unit(x: Tensor) -> Tensor:
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-2).sqrt()
