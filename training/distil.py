"""Trains a small generator to paint like a large one: `python -m training.distil --teacher FILE --photos photos.txt`.

The pupil is of the teacher's own architecture at another width, and begins with the teacher's channels as far as it has
room for them (`senga.neural.training.narrowing`). It sees photographs in several sizes and other light, and learns what
the teacher makes of them: the colours, the hues by themselves, and the steps between neighbours at two sizes, which are
the lines. No paintings and no judge are needed, so the teacher's licence and its photographs are all that it inherits.

Reference:
    G. Hinton, O. Vinyals, J. Dean: Distilling the Knowledge in a Neural Network. 2015, arXiv:1503.02531.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from senga.neural.executor import Array
from senga.neural.graph import Network
from senga.neural.training.narrowing import narrowed
from training.cin import Photos
from training.data import to_picture, to_tensor
from training.module import NetworkModule
from training.network import Generator, network_of
from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.running import Checkpoint, Running, begin, run, set_rate
from training.weights import load_generator, save_generator

RATE, LAST = 1e-3, 3e-5
"""Of learning, first and last."""
FIRST = 12
"""Crops by which the first weights are found."""
STEPS = 3.0
"""Weight of the steps between neighbours."""
HUE = 6.0
"""Weight of what differs between the channels: without it a small pupil learns lightness first and stays grey."""
SHOWN = 768
"""Longest side of pictures on a sheet."""


class Pupil(Running):
    """The small generator and the one it learns from.

    Args:
        teacher: it stays as it is.
        width: of the pupil, as on model cards.
        photos: some crops, (N, 3, H, W), by which its first weights are taken from the teacher's.
    """

    def __init__(self, teacher: Generator, width: float, photos: Tensor) -> None:
        self.teacher = teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's own
        self.card = {**teacher.card, "width": f"{width:g}"}
        network = Generator(self.card, first_weights_of(teacher, network_of(self.card), photos))
        super().__init__(network.to(memory_format=torch.channels_last), 0.995, RATE, (0.9, 0.99))  # type: ignore[call-overload]

    def step(self, photo: Tensor, progress: float) -> dict[str, float]:
        """One step."""
        set_rate(self.optimiser, LAST + (RATE - LAST) * (1 - progress) ** 2)
        photo = photo.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                wanted = self.teacher(photo).float()
            drawing = self.network(photo).float()
        parts = {
            "colour": (drawing - wanted).abs().mean(),
            "hue": hues_apart(drawing, wanted),
            "lines": lines_apart(drawing, wanted),
        }
        self.advance(parts["colour"] + HUE * parts["hue"] + STEPS * parts["lines"])
        return {name: part.item() for name, part in parts.items()}

    def paint(self, photo: Picture) -> list[Picture]:
        """What the teacher and the averaged pupil make of a photo."""
        with torch.inference_mode():
            return [to_picture(network(to_tensor([photo]))[0]) for network in (self.teacher, self.average)]

    def save(self, path: Path, facts: Mapping[str, str]) -> None:
        """Writes the averaged weights with a description."""
        assert isinstance(self.average, Generator)  # noqa: S101 - it is a copy of one
        save_generator(self.average, path, {**facts, "steps": str(self.steps)})


def first_weights_of(teacher: Generator, network: Network, photos: Tensor) -> dict[str, Array]:
    """The teacher's, as far as they fit into a narrower network."""

    def look(seen: Network, weights: Mapping[str, Array]) -> list[Array]:
        with torch.inference_mode():
            found = NetworkModule(seen, weights)(photos)
        return [values.numpy() for values in (found if isinstance(found, tuple) else (found,))]

    weights = {name: tensor.detach().numpy() for name, tensor in teacher.state_dict().items()}
    return narrowed(teacher.network, weights, network, look)


def lines_apart(x: Tensor, y: Tensor) -> Tensor:
    """How far the steps between neighbours are apart, at full and at half size."""
    whole = x - y
    both = whole, functional.avg_pool2d(whole, 2)
    return torch.stack([each.diff(dim=axis).abs().mean() for each in both for axis in (2, 3)]).sum()


def hues_apart(x: Tensor, y: Tensor) -> Tensor:
    """How far the colours are apart beyond their lightness, at a quarter of the size."""
    apart = functional.avg_pool2d(x - y, 4)
    return (apart - apart.mean(1, keepdim=True)).abs().mean()


def shown(path: Path) -> Picture:
    """A photo for a sheet, with sides that are multiples of eight."""
    photo = read_rgb(path)
    step = -(-max(photo.shape[:2]) // SHOWN)
    photo = photo[::step, ::step]
    height, width = (side - side % 8 for side in photo.shape[:2])
    return np.ascontiguousarray(photo[:height, :width])


def apart(pupil: Pupil, photos: list[Picture]) -> float:
    """The mean absolute difference between teacher and pupil, of 255."""
    pairs = [pupil.paint(photo) for photo in photos]
    return float(np.mean([abs(theirs.astype(float) - ours).mean() for theirs, ours in pairs]))


def sheet(pupil: Pupil, photos: list[Picture], path: Path) -> None:
    """Writes what the teacher and the pupil make of photos, side by side."""
    for i, photo in enumerate(photos):
        write_rgb(path.with_name(f"{path.stem}-{i}.png"), np.concatenate([photo, *pupil.paint(photo)], axis=1))


def main() -> None:
    """Trains, or goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, help="weights with their card")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--held", type=Path, help="photos that are not learned from, for sheets and figures")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--size", type=int, default=192, help="side of crops")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--look", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    begin(options)
    photos = Photos(list_pictures(options.photos), options.size)
    first = Photos(list_pictures(options.photos)[::8], options.size, seed=5).batch(FIRST)
    pupil = Pupil(load_generator(options.teacher), options.width, first)
    held = [shown(path) for path in list_pictures(options.held)] if options.held else []
    checkpoint = Checkpoint(options.out / "checkpoint.pt", pupil, [photos.random])

    def step(progress: float) -> tuple[str, dict[str, float]]:
        return str(options.batch), pupil.step(photos.batch(options.batch), progress)

    def look() -> None:
        checkpoint.write()
        pupil.save(options.out / f"step-{pupil.steps:05}.safetensors", {})
        sheet(pupil, held, options.out / f"step-{pupil.steps:05}.png")
        print(f"held back: {apart(pupil, held):.2f} of 255", flush=True)

    run(checkpoint, options.steps, step, (options.look, look))


if __name__ == "__main__":
    main()
