"""Trains the network of `any-style`: `python -m training.any_style --photos LIST --styles LIST --held LIST --out RUN`.

A network that paints many styles is given the style as a vector, which a second one reads off the statistics of a
painting. It may begin as one that `training.cin` has trained, with its styles as the first numbers of the vector. The
encoder is the perceptual network, which does not learn. The same command goes on where it was stopped.

Reference:
    G. Ghiasi, H. Lee, M. Kudlur, V. Dumoulin, J. Shlens: Exploring the structure of a real-time, arbitrary neural
    artistic stylization network. BMVC 2017, arXiv:1705.06830.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from senga.neural.executor import Array
from senga.neural.networks.any_style import MANNER, painter
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import shipped_encoder
from senga.ops.grain import grained_anywhere
from training.balanced import Balanced
from training.cin import Photos, scaled
from training.data import to_picture, to_tensor
from training.joining import STYLED, Known
from training.manners import Eyes, Paintings, Reader, Views, begin_reading, covariance, joined
from training.module import NetworkModule
from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.running import Checkpoint, begin, run
from training.styles import (
    Features,
    Marks,
    chosen,
    content_distance,
    marks,
    paintings_in,
    style_distance,
    tone_distance,
)

RATE, LAST = 1.2e-3, 5e-5
"""Of learning, first and last."""
TONE, CAST, BEYOND, VARIATION, SAME = 8.0, 2.0, 2.0, 0.05, 2.0
"""Weights: of broad tones, of how colours go together, of what is beyond black and white, of the steps between pixels,
and of photographs that are their own style."""
GRAIN = 0.03
"""Deviation of the grain that photographs get, where white is 1, as the filter gives it to them."""
USUAL = 0.2
"""Distance from the style of a painting beyond which it counts less."""
SLOWLY = 0.3
"""Share of the rate at which a network that is known goes on learning."""
LAYOUT = torch.channels_last
SHOWN = 448
"""Short side of paintings that are looked at on the way."""
_SIDE = 256


class Artist(nn.Module):
    """Reads the manner of a painting, and paints in it.

    Args:
        known: a network that was trained for many styles; without, the kernels are random.
    """

    def __init__(self, known: Known | None = None) -> None:
        super().__init__()
        network = painter()
        weights = dict(first_weights(network, "he", 0))
        random = np.random.default_rng(0)
        for name, tensor in (known.weights if known else {}).items():
            weights[name] = (
                _widened(tensor.float().numpy(), random) if name.endswith(STYLED) else tensor.float().numpy()
            )
        self.hand: nn.Module = NetworkModule(network, weights)
        self.reader = Reader()

    def forward(self, photo: Tensor, statistics: Tensor) -> Tensor:
        """Photographs in styles of which these statistics were measured."""
        manner, colours = self.reader(statistics)[..., None, None], statistics[:, :6, None, None]
        return torch.as_tensor(self.hand(photo, colours[:, :3], colours[:, 3:], manner))

    def weights(self) -> dict[str, Tensor]:
        """Those of the networks that `senga.neural.networks.any_style` describes, without the encoder's."""
        return {**self.hand.state_dict(), **self.reader.folded()}


def _widened(array: Array, random: np.random.Generator) -> Array:
    """Columns of known styles, and those of the rest of a manner, at random."""
    more = random.normal(0, 0.5 * array.std(1, keepdims=True), (len(array), MANNER - array.shape[1]))
    return np.hstack([array, more]).astype(np.float32)


class Trainer(Balanced):
    """Both networks, their running mean, and the weights of the paintings.

    Args:
        artist: what learns.
        eyes: what measures pictures.
        features: what the losses look through.
        paintings: what is to be learned.
        content: how far from the content of a photo a style may go; see `styles.content_distance`.
        slowly: share of the rate at which the hand learns.
    """

    first_weight, least_weight, most_weight, haste = 30.0, 1.0, 60.0, 0.2

    def __init__(
        self, artist: Artist, eyes: Eyes, features: Features, paintings: Paintings, content: float, slowly: float
    ) -> None:
        super().__init__(artist.to(memory_format=LAYOUT), 0.995, RATE, (0.9, 0.99))
        self.eyes, self.features, self.paintings = eyes, features, paintings
        self.slowly = slowly
        self.balance(torch.full((len(paintings.paths) + 1,), content))  # the last is that of photographs themselves

    def adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        """The hand and the reader have rates of their own."""
        parts = [{"params": list(part.parameters())} for part in (network.hand, network.reader)]
        return torch.optim.Adam(parts, lr=rate, betas=self._betas)

    def step(self, photo: Tensor, views: Tensor, which: Tensor, progress: float) -> dict[str, float]:
        """One step; in every fourth the last photograph is its own style."""
        self._set_rates(progress)
        itself = int(self.steps % 4 == 3)
        painted = len(photo) - itself
        if itself:
            which = torch.cat((which[:-1], torch.tensor([len(self.style_weights) - 1])))
        with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
            shapes = self.features(photo.contiguous(memory_format=LAYOUT))
            given, wanted = self._wanted(views[:painted], photo[painted:], shapes)
        shown = torch.from_numpy(grained_anywhere(photo.numpy(), GRAIN, np.random.default_rng(self.steps)))
        with torch.autocast("cpu", torch.bfloat16):
            drawing = self.network(shown, given)
            seen = self.features(drawing.contiguous(memory_format=LAYOUT))
        drawing = drawing.float()
        content, distance = content_distance(seen, shapes), tamed(style_distance(marks(seen), wanted))
        parts = {
            "content": content.mean(),
            "style": (self.style_weights[which] * distance).mean(),
            "tone": TONE * tone_distance(drawing, photo).mean(),
            "cast": CAST * cast_distance(drawing[:painted], self.paintings.views.colours[views[:painted]]).mean(),
            "beyond": BEYOND * (drawing.abs() - 1).relu().mean(),
            "variation": VARIATION * (drawing.diff(dim=2).abs().mean() + drawing.diff(dim=3).abs().mean()),
        }
        if itself:
            parts["same"] = SAME * (drawing[-1] - photo[-1]).abs().mean()
        self.advance(torch.stack(list(parts.values())).sum())
        self.weigh(which, content.detach())
        return {name: part.item() for name, part in parts.items()} | {"distance": distance.mean().item()}

    def _set_rates(self, progress: float) -> None:
        """The hand, which may know much already, learns more slowly."""
        fast = LAST + (RATE - LAST) * min(1.0, 2 * (1 - progress), (self.steps + 10) / 50)
        for group, share in zip(self.optimiser.param_groups, (self.slowly, 1.0), strict=True):
            group["lr"] = fast * share

    def _wanted(self, views: Tensor, own: Tensor, shapes: dict[str, Tensor]) -> tuple[Tensor, Marks]:
        """Statistics and marks of paintings, and of the photographs behind them."""
        given, wanted = self.paintings.views.statistics[views], chosen(self.paintings.views.marks, views)
        if not len(own):
            return given, wanted
        last = marks({tap: x[-len(own) :] for tap, x in shapes.items()})
        return torch.cat((given, self.eyes.statistics(own))), joined([wanted, last])

    def save(self, path: Path) -> None:
        """Writes encoder and averaged weights in half precision."""
        encoder = {name: value for name, value in self.eyes.state_dict().items() if not name.startswith("prepare.")}
        arrays = {name: value.half().contiguous() for name, value in {**encoder, **self.average.weights()}.items()}
        save_file(arrays, path, metadata={"architecture": "any-style", "steps": str(self.steps)})

    def paint(self, photo: Picture, statistics: Tensor) -> Picture:
        """What the averaged weights make of a photo."""
        with torch.inference_mode():
            return to_picture(self.average(to_tensor([photo]), statistics)[0])


def tamed(distance: Tensor) -> Tensor:
    """Small distances as they are, of large ones the logarithm: paintings that are nearly flat have no end of it."""
    return USUAL * (1 + distance / USUAL).log()


def cast_distance(drawing: Tensor, wanted: Tensor) -> Tensor:
    """How much differently than wanted (N, 3, 3) the colours of drawings go together, (N,)."""
    return (covariance(drawing) - wanted).abs().sum((1, 2)) / (wanted.abs().sum((1, 2)) + 0.02)


def write_sheet(trainer: Trainer, held: list[Picture], shown: list[Picture], path: Path) -> None:
    """Paintings above, photographs to the left, what the averaged weights make of both between them."""
    with torch.no_grad():
        looks = [trainer.eyes.statistics(to_tensor([each])) for each in shown]
    small = [np.asarray(cv2.resize(each, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8) for each in shown]
    rows = [np.hstack([np.zeros_like(held[0]), *small])]
    rows += [np.hstack([photo, *(trainer.paint(photo, look) for look in looks)]) for photo in held]
    write_rgb(path, np.vstack(rows))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--styles", type=Path, required=True, help="paintings: the same; twice: seen twice as often")
    parser.add_argument("--held", type=Path, required=True, help="photographs to look at on the way")
    parser.add_argument("--shown", type=Path, required=True, help="paintings to look at on the way")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--known", type=Path, help="weights of training.cin to begin with")
    parser.add_argument("--known-styles", type=Path, help="its file of paintings; all are among the --styles")
    parser.add_argument("--vgg", type=Path, help="perceptual network of the losses; Senga's own without")
    parser.add_argument("--content", type=float, default=0.75, help="how far from the photo's shapes a style may go")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints, weights and sheets")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=192, help="side of crops of photographs")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(arguments)


def beginning(options: argparse.Namespace) -> Trainer:
    """A training before its first step."""
    known = Known.read(options.known) if options.known else None
    eyes = Eyes().to(memory_format=LAYOUT)
    features = Features(options.vgg or shipped_encoder(), pictures_of(options.shown)).to(memory_format=LAYOUT)
    paths = list_pictures(options.styles)
    views = Views.kept(options.out / "views.pt", lambda: Views.of(paths, eyes, features))
    paintings = Paintings(paths, views)
    trainer = Trainer(Artist(known), eyes, features, paintings, options.content, SLOWLY if known else 1.0)
    files = {each.name: each.picture for each in paintings_in(options.known_styles)} if known else {}
    begin_reading(trainer.network.reader, paintings, [files[name] for name in known.names] if known else [])
    trainer.average.load_state_dict(trainer.network.state_dict())
    return trainer


def train(trainer: Trainer, photos: Photos, options: argparse.Namespace) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (photos.random, trainer.paintings.random))
    held = [scaled(read_rgb(path), _SIDE)[:_SIDE, :_SIDE] for path in list_pictures(options.held)]

    def step(progress: float) -> tuple[str, dict[str, float]]:
        count = options.batch
        return str(count), trainer.step(photos.batch(count), *trainer.paintings.batch(count), progress)

    def look() -> None:
        checkpoint.write()
        trainer.save(options.out / f"step-{trainer.steps:05d}.safetensors")
        write_sheet(trainer, held, pictures_of(options.shown), options.out / f"step-{trainer.steps:05d}.png")

    run(checkpoint, options.steps, step, (options.every, look))


def pictures_of(shown: Path) -> list[Picture]:
    """Paintings as they are looked at."""
    return [scaled(read_rgb(path), SHOWN) for path in list_pictures(shown)]


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    train(beginning(options), Photos(list_pictures(options.photos), options.size), options)


if __name__ == "__main__":
    main()
