"""Trains one network for many styles: `python -m training.cin --styles styles.toml --photos photos.txt --out run`.

Conditional instance norm: all convolutions are shared, each style has its own scales and shifts. Every style is weighed
so that it takes as much of the photo's content as the others, whatever its painting looks like.

Reference:
    V. Dumoulin, J. Shlens, M. Kudlur: A Learned Representation for Artistic Style. ICLR 2017, arXiv:1610.07629.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from senga.neural.executor import Array
from senga.neural.graph import Network, Output
from senga.neural.networks.johnson import Shape, johnson
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from training.balanced import Balanced
from training.data import crop_at, to_picture, to_tensor
from training.joining import STYLED, Known, rows
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.running import Checkpoint, begin, run, set_rate
from training.styles import (
    Features,
    Painting,
    chosen,
    content_distance,
    marks,
    marks_of,
    paintings_in,
    style_distance,
    tone_distance,
)

RATE, LAST = 1.5e-3, 5e-5
"""Of learning, first and last."""
TONE = 2.0
"""Weight of broad tones."""
WIDE, WIDEST = 0.3, 2.0
"""Weight of numbers in front of the last tangent, as far as they are beyond that: nothing is to shine."""
VARIATION = 0.05
"""Weight of the steps between neighbouring pixels."""
LIGHT = (0.5, 1.1), (-0.3, 0.3)
"""Contrast and brightness that photos get."""
SCALES = (1.05, 1.6, 2.6)
"""Short sides of photos, in sides of a crop."""


def first_weights_of(network: Network, seed: int = 0) -> dict[str, Array]:
    """Random kernels; every style scales by one and shifts by nothing."""
    weights = first_weights(network, "he", seed)
    for name, array in weights.items():
        if name.endswith(STYLED):
            array[...] = 1.0 if name.endswith(".scale.weight") else 0.0
    return weights


def seen_through(network: Network) -> Network:
    """The same network, with what stands in front of the last tangent as a second result."""
    return replace(network, outputs=(*network.outputs, Output("inner", "last.conv")))


class Photos:
    """Photographs in several sizes, and crops of them in other light."""

    def __init__(self, paths: Sequence[Path], size: int, seed: int = 0) -> None:
        self.size, self.random = size, np.random.default_rng(seed)
        self.photos = [scaled(read_rgb(path), round(size * scale)) for path in paths for scale in SCALES]

    def batch(self, count: int) -> Tensor:
        """Crops of some."""
        crops = []
        for index in self.random.integers(len(self.photos), size=count):
            place = (self.random.random(), self.random.random())
            crops.append(crop_at(self.photos[index], place, self.size, self.random.random() < 0.5))
        return self._lit(to_tensor(crops))

    def _lit(self, photos: Tensor) -> Tensor:
        """Paler or darker: nothing is to depend on what is brightest."""
        contrast, light = (
            torch.from_numpy(self.random.uniform(*span, (len(photos), 1, 1, 1)).astype(np.float32)) for span in LIGHT
        )
        return (photos * contrast + light).clamp(-1, 1)

    def styles(self, count: int, among: int) -> Tensor:
        """Different styles for the pictures of a batch, as far as there are so many."""
        return torch.from_numpy(np.resize(self.random.permutation(among), count))


def scaled(picture: Picture, short: int) -> Picture:
    """With that short side."""
    factor = short / min(picture.shape[:2])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method), np.uint8)


class Trainer(Balanced):
    """The network, its running mean, and the weights of the styles.

    Args:
        shape: of the network.
        paintings: one for each style.
        vgg: the perceptual network.
        content: how far from the content of a photo a style may go; see `styles.content_distance`.
        known: a network that the styles join.
    """

    first_weight, least_weight, most_weight, haste = 4.0, 0.3, 40.0, 0.05

    def __init__(
        self, shape: Shape, paintings: Sequence[Painting], vgg: Path, content: float, known: Known | None = None
    ) -> None:
        self.known, self.first = known, len(known.names) if known else 0
        shape = replace(known.shape if known else shape, styles=self.first + len(paintings))
        network = seen_through(johnson(shape, "cin"))
        weights = first_weights_of(network)
        module = NetworkModule(network, known.beside(weights) if known else weights).train()
        super().__init__(module, 0.995, RATE, (0.9, 0.99))
        for name, parameter in module.named_parameters() if known else ():
            if name.endswith(STYLED):
                parameter.register_hook(self._of_new)
            else:
                parameter.requires_grad_(False)
        self.shape, self.paintings = shape, tuple(paintings)
        self.features = Features(vgg, [painting.read() for painting in paintings]).to(memory_format=torch.channels_last)
        self.marks = marks_of(paintings, self.features)
        self.balance(content * torch.tensor([painting.strength for painting in paintings]))

    def step(self, photo: Tensor, styles: Tensor, progress: float) -> dict[str, float]:
        """One step."""
        set_rate(self.optimiser, LAST + (RATE - LAST) * min(1.0, 2 * (1 - progress)))
        with torch.autocast("cpu", torch.bfloat16):
            drawing, inner = self.network(photo, self._shares(styles))
            with torch.no_grad():
                shapes = self.features(photo.contiguous(memory_format=torch.channels_last))
            seen = self.features(drawing.contiguous(memory_format=torch.channels_last))
        content = content_distance(seen, shapes)
        style = style_distance(marks(seen), chosen(self.marks, styles))
        drawing = drawing.float()
        variation = drawing.diff(dim=2).abs().mean() + drawing.diff(dim=3).abs().mean()
        tone = tone_distance(drawing, photo)
        wide = (inner.float().abs() - WIDEST).relu().square().mean((1, 2, 3))
        whole = content + TONE * tone + WIDE * wide + self.style_weights[styles] * style
        self.advance(whole.mean() + VARIATION * variation)
        if progress > 0.05:
            self.weigh(styles, content.detach())
        parts = {"content": content, "style": style, "tone": tone, "wide": wide, "variation": variation}
        return {name: part.mean().item() for name, part in parts.items()}

    def _of_new(self, gradient: Tensor) -> Tensor:
        """The gradient of a matrix of styles, nothing for those that are known."""
        return torch.cat((torch.zeros_like(gradient[:, : self.first]), gradient[:, self.first :]), 1)

    def _shares(self, styles: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(self.first + styles, self.shape.styles).float()[..., None, None]

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        tensors = {
            name: tensor.detach().half().contiguous() for name, tensor in rows(self.average.state_dict()).items()
        }
        names = [*(self.known.names if self.known else ()), *(painting.name for painting in self.paintings)]
        save_file(tensors, path, metadata={**card(self.shape, names), "steps": str(self.steps)})

    def paint(self, photo: Picture, style: int) -> Picture:
        """What the averaged weights make of a photo."""
        with torch.inference_mode():
            return to_picture(self.average(to_tensor([photo]), self._shares(torch.tensor([style])))[0][0])


def card(shape: Shape, names: Sequence[str]) -> dict[str, str]:
    """What the model card says of the network."""
    channels = ",".join(map(str, shape.channels))
    facts = {"down": channels, "blocks": str(shape.blocks), "kernel": str(shape.kernel), "form": shape.form}
    return {"architecture": "cin", **facts, "styles": ",".join(names)}


def write_sheet(trainer: Trainer, held: list[Picture], path: Path) -> None:
    """Photographs in the first row, and what every style makes of them."""
    rows = [held] + [[trainer.paint(photo, style) for photo in held] for style in range(len(trainer.paintings))]
    lines = [np.vstack(row) for row in rows]
    half = (len(lines) + 1) // 2
    lines += [np.zeros_like(lines[0])] * (2 * half - len(lines))
    write_rgb(path, np.vstack([np.hstack(lines[:half]), np.hstack(lines[half:])]))


def train(trainer: Trainer, photos: Photos, held: list[Picture], options: argparse.Namespace) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (photos.random,))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        styles = photos.styles(options.batch, len(trainer.paintings))
        return str(options.batch), trainer.step(photos.batch(options.batch), styles, progress)

    def look() -> None:
        trainer.save(options.out / f"step-{trainer.steps:05d}.safetensors")
        write_sheet(trainer, held, options.out / f"step-{trainer.steps:05d}.png")
        names = (painting.name for painting in trainer.paintings)
        print({name: round(w, 2) for name, w in zip(names, trainer.style_weights.tolist(), strict=True)}, flush=True)

    run(checkpoint, options.steps, step, (options.every, checkpoint.write), (options.look, look))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", type=Path, required=True, help="file with a table for each painting")
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--held", type=Path, required=True, help="photographs to look at on the way")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--join", type=Path, help="weights of a network that the styles join; it stands still")
    parser.add_argument("--vgg", type=Path, help="perceptual network; Senga's own without")
    parser.add_argument("--channels", type=int, nargs=3, default=(16, 32, 64))
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--kernel", type=int, default=5)
    parser.add_argument("--content", type=float, default=0.8, help="how far from the photo's shapes a style may go")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--look", type=int, default=400, help="steps between weights and sheets")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=256, help="side of crops")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    paintings = paintings_in(options.styles)
    shape = Shape(tuple(options.channels), (), options.blocks, options.kernel)
    known = Known.read(options.join) if options.join else None
    trainer = Trainer(shape, paintings, options.vgg or shipped_encoder(), options.content, known)
    held = [scaled(read_rgb(path), 256)[:256, :256] for path in list_pictures(options.held)]
    train(trainer, Photos(list_pictures(options.photos), options.size), held, options)


if __name__ == "__main__":
    main()
