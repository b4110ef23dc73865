"""Trains the network of `any-style`: `python -m training.adain --photos LIST --styles LIST --held LIST --out RUN`.

The encoder is the perceptual network, which does not learn; the decoder learns to paint with statistics. The same
command goes on where it was stopped.

References:
    X. Huang, S. Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization. ICCV 2017.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from senga.neural.networks.adain import EPS, SHRUNK, STYLED, decoder
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import load_encoder, shipped_encoder
from training.data import crop_at, to_tensor
from training.losses import gram, to_yuv
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb, resize_long, write_rgb
from training.running import Checkpoint, Running, begin, learning_rate, offer_weights, run, set_rate, weights_from

RATE = 1.5e-3
"""First learning rate."""
CONTENT = {4: 1.0, 3: 0.3}
"""By which features the photograph is to be known, and how much they count."""
Seen = tuple[Tensor, ...]
"""A picture, and its features at the levels 1 to 4."""
KEPT = tuple(f"relu{level}_1" for level in (1, 2, 3, 4))
START = 60
"""Steps in which the decoder learns to paint the photograph in other colours, before it learns brushwork."""
LAYOUT = torch.channels_last
"""Of everything in memory: three times as fast on processors."""
LAST = 640
"""Long side to which pictures are reduced in memory."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the loss."""

    content: float = 1.0
    style: float = 3.0
    gram: float = 1.5
    colour: float = 8.0
    colour_end: float = 3.0
    bands: float = 0.5
    same: float = 4.0


class Features(NetworkModule):
    """The encoder, which is also what the losses look through."""

    def __init__(self, path: Path) -> None:
        encoder = load_encoder(path)
        super().__init__(encoder.network(KEPT), encoder.weights())
        self.requires_grad_(False)


def tensor(pictures: list[Picture]) -> Tensor:
    """RGB bytes to a batch in [-1, 1]."""
    return to_tensor(pictures).contiguous(memory_format=LAYOUT)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Deviation and mean of each channel, (N, C, 1, 1)."""
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    return (variance + EPS).sqrt(), mean


def unit(x: Tensor) -> Tensor:
    """Without its own statistics."""
    deviation, mean = moments(x)
    return (x - mean) / deviation


def relative(x: Tensor, y: Tensor, size: Tensor) -> Tensor:
    """Distance in shares of a size: half that of each picture, half that of all, for some are nearly flat."""
    squares = size.square().flatten(1).mean(1)
    return (2 * (x - y).square().flatten(1).mean(1) / (squares + squares.mean()) + 1e-4).sqrt().mean()


def recoloured(photo: Tensor, style: Tensor) -> Tensor:
    """Photographs in the colours of styles: mean and covariance, by way of grey (CORAL)."""
    (own, middle), (aim, goal) = (_colours(each) for each in (photo, style))
    change = _root(aim) @ torch.linalg.inv(_root(own))
    flat = change @ (photo.flatten(2) - middle) + goal
    return flat.reshape(photo.shape).clamp(-1, 1)


def _colours(picture: Tensor) -> tuple[Tensor, Tensor]:
    flat = picture.flatten(2)
    mean = flat.mean(2, keepdim=True)
    return (flat - mean) @ (flat - mean).transpose(1, 2) / flat.shape[2] + 4e-4 * torch.eye(3), mean


def _root(matrix: Tensor) -> Tensor:
    values, axes = torch.linalg.eigh(matrix)
    return (axes * values.sqrt()[:, None]) @ axes.transpose(1, 2)


def band_loss(drawing: Tensor, style: Tensor) -> Tensor:
    """How much lightness and colours change over one, two and four pixels, against the style."""
    terms, x, y = [], to_yuv(drawing), to_yuv(style)
    for _ in range(3):
        mine, theirs = ((each - functional.avg_pool2d(each, 3, 1, 1)).square().mean((2, 3)) for each in (x, y))
        mine, theirs = (mine + 1e-4).sqrt(), (theirs + 1e-4).sqrt()
        terms.append(((mine - theirs).abs() / (theirs + theirs.mean())).mean())
        x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
    return torch.stack(terms).mean()


class Trainer(Running):
    """Decoder, its running mean and the losses."""

    def __init__(self, features: Features, weights: LossWeights) -> None:
        described = decoder()
        first = dict(first_weights(described, "he", 0))
        first["last.weight"] = first["last.weight"] * np.float32(0.1)  # it begins with the colours
        super().__init__(NetworkModule(described, first), 0.995, RATE, (0.9, 0.999))
        self.features, self.weights = features.to(memory_format=LAYOUT), weights
        for network in (self.network, self.average):
            network.to(memory_format=LAYOUT)

    def see(self, picture: Tensor) -> Seen:
        """A picture and its features, by level."""
        return picture, *self.features(picture)

    def far(self, picture: Tensor) -> Seen:
        """The same of the picture at half the size."""
        with torch.no_grad():
            return self.see(functional.avg_pool2d(picture, 2))

    def paint(self, network: NetworkModule, content: Seen, style: Seen) -> Tensor:
        """What a decoder makes of photographs and styles."""
        given = [part for level in STYLED for part in moments(style[level])]
        small = functional.avg_pool2d(content[0], SHRUNK)
        return torch.as_tensor(network(small, content[3], content[4], *given))

    def step(self, photo: Tensor, style: Tensor, progress: float) -> dict[str, float]:
        """One step; the last photograph of the batch is its own style."""
        set_rate(self.optimiser, learning_rate(progress, RATE, RATE / 20))
        style = torch.cat((style[:-1], photo[-1:])).contiguous(memory_format=LAYOUT)
        with torch.no_grad():
            content, aim = self.see(photo), self.see(style)
            target = recoloured(photo, style)
        drawing = self.paint(self.network, content, aim)
        parts = self.plain(drawing, target, style, progress)
        if self.steps >= START and self.steps % 2:  # from farther away, where noise of single pixels counts for nothing
            content, aim, drawing = self.far(photo), self.far(style), functional.avg_pool2d(drawing, 2)
        if self.steps >= START:
            parts |= self.losses(self.see(drawing), content, aim)
        self.advance(torch.stack(list(parts.values())).sum())
        return {name: part.item() for name, part in parts.items()}

    def plain(self, drawing: Tensor, target: Tensor, style: Tensor, progress: float) -> dict[str, Tensor]:
        """What is compared without features: they alone are pleased with stripes of any colour."""
        weights, start = self.weights, self.steps < START
        colour = weights.colour if start else weights.colour + (weights.colour_end - weights.colour) * progress
        wide = 1 if start else 4
        close = (functional.avg_pool2d(drawing, wide) - functional.avg_pool2d(target, wide)).abs().mean()
        return {
            "colour": colour * close,
            "bands": weights.bands * band_loss(drawing, style),
            "same": weights.same * (drawing[-1] - target[-1]).abs().mean(),
        }

    def losses(self, made: Seen, content: Seen, aim: Seen) -> dict[str, Tensor]:
        """Content by features without their statistics; style by statistics and products of channels."""
        close = sum(
            share * (unit(made[level]) - unit(content[level])).square().mean() for level, share in CONTENT.items()
        )
        statistics, products = [], []
        for mine, theirs in zip(made[1:], aim[1:], strict=True):
            (deviation, mean), (wanted, middle) = moments(mine), moments(theirs)
            statistics.append(relative(deviation, wanted, wanted) + relative(mean, middle, wanted))
            products.append(relative(gram(mine - mean), gram(theirs - middle), gram(theirs - middle)))
        return {
            "content": self.weights.content * close,
            "style": self.weights.style * torch.stack(statistics).mean(),
            "gram": self.weights.gram * torch.stack(products[1:]).mean(),
        }

    def save(self, path: Path) -> None:
        """Writes encoder and averaged decoder in half precision."""
        kept = {name: value for name, value in self.features.state_dict().items() if not name.startswith("prepare.")}
        arrays = {name: value.half().contiguous() for name, value in {**kept, **self.average.state_dict()}.items()}
        save_file(arrays, path, metadata={"architecture": "any-style", "steps": str(self.steps)})


class Crops:
    """Crops of pictures at random sizes, held in memory as bytes.

    Args:
        paths: the pictures; more often named, more often seen.
        sizes: short side, smallest and largest, to which a picture is brought before it is cropped, in sides of a crop.
        tinted: share of the crops whose colours are changed.
        seed: of the choice.
    """

    def __init__(self, paths: list[Path], sizes: tuple[float, float], tinted: float, seed: int) -> None:
        found = {path: resize_long(read_rgb(path), LAST) for path in dict.fromkeys(paths)}
        self.pictures = [found[path] for path in paths]
        self.sizes, self.tinted, self.random = sizes, tinted, np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> Tensor:
        """(count, 3, size, size) in [-1, 1]."""
        chosen = self.random.integers(len(self.pictures), size=count)
        return tensor([self._crop(self.pictures[index], size) for index in chosen])

    def _crop(self, picture: Picture, size: int) -> Picture:
        low, high = np.log(self.sizes)
        factor = size * np.exp(self.random.uniform(low, high)) / min(picture.shape[:2])
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        sized = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method), np.uint8)
        crop = crop_at(sized, (self.random.random(), self.random.random()), size, self.random.random() < 0.5)
        return self._tint(crop) if self.random.random() < self.tinted else crop

    def _tint(self, crop: Picture) -> Picture:
        """Channels by turns, and each with a curve of its own."""
        curve = np.exp(self.random.uniform(-0.35, 0.35, 3))
        order = self.random.permutation(3)
        return np.asarray((crop[..., order] / 255.0) ** curve * 255, np.uint8)


def write_sheet(trainer: Trainer, photos: list[Picture], styles: list[Picture], path: Path) -> None:
    """Styles above, photographs to the left, what the running mean makes of both between them."""
    with torch.inference_mode():
        seen = [trainer.see(tensor([photo])) for photo in photos]
        rows = [np.hstack([np.zeros_like(_square(photos[0])), *map(_square, styles)])]
        aims = [trainer.see(tensor([style])) for style in styles]
        for photo, content in zip(photos, seen, strict=True):
            made = [trainer.paint(trainer.average, content, aim)[0].permute(1, 2, 0).numpy() for aim in aims]
            bytes_ = [np.asarray(((each + 1) * 127.5).clip(0, 255).round(), np.uint8) for each in made]
            rows.append(np.hstack([_square(each) for each in (photo, *bytes_)]))
    write_rgb(path, np.vstack(rows))


def _square(picture: Picture, side: int = 256) -> Picture:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def whole(picture: Picture, longest: int = 512) -> Picture:
    """Reduced, with sides that the network takes."""
    picture = resize_long(picture, longest)
    return picture[: picture.shape[0] // 8 * 8, : picture.shape[1] // 8 * 8]


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument(
        "--styles", type=Path, required=True, help="paintings: the same; named twice, seen twice as often"
    )
    parser.add_argument("--held", type=Path, required=True, help="photographs to look at on the way")
    parser.add_argument("--shown", type=Path, required=True, help="paintings to look at on the way")
    parser.add_argument("--vgg", type=Path, help="perceptual network; Senga's own without")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints, weights and sheets")
    parser.add_argument("--count", type=int, default=4, help="crops of a step")
    parser.add_argument("--side", type=int, default=160, help="of a crop; 256 in the last third")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def train(trainer: Trainer, photos: Crops, styles: Crops, options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (photos.random, styles.random))
    held, shown = ([whole(read_rgb(path)) for path in list_pictures(each)] for each in (options.held, options.shown))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        side = options.side if progress < 0.65 else 256
        count = max(2, round(options.count * options.side**2 / side**2))
        return f"{count}x{side}", trainer.step(photos.batch(count, side), styles.batch(count, side), progress)

    def kept() -> None:
        checkpoint.write()
        trainer.save(options.out / f"step-{trainer.steps:05d}.safetensors")
        write_sheet(trainer, held, shown, options.out / f"step-{trainer.steps:05d}.jpg")

    run(checkpoint, options.steps, step, (options.every, kept))


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    trainer = Trainer(Features(options.vgg or shipped_encoder()), weights_from(options, LossWeights))
    photos = Crops(list_pictures(options.photos), (1.0, 2.0), 0.2, 0)
    styles = Crops(list_pictures(options.styles), (1.0, 2.6), 0.4, 1)
    train(trainer, photos, styles, options)


if __name__ == "__main__":
    main()
