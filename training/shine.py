"""Takes from a trained network for styles what all its blocks amplify.

`python -m training.shine FILE --photos LIST --out FILE`

Where a photograph is bright and smooth, such networks are apt to shine: one direction in the space of features, the
same for all photographs and styles, becomes stronger in every residual block until nothing else is left, and a patch of
one colour is painted. The norms then take that patch for the measure of everything. Here the direction is found where
pictures shine most, and the last convolution of every block no longer has it among its results; what the norms are
scaled by is brought to what they gave where nothing shone. No training is needed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from senga.image import Image
from senga.job import Job, Weights
from senga.neural.blocks import Norm
from senga.neural.graph import Network
from senga.neural.networks import any_style
from senga.neural.networks.johnson import johnson
from senga.plugins.any_style.network import pair_of
from senga.plugins.any_style.styles import style_of
from senga.plugins.fast_style.network import shape_of
from senga.store.model_file import write_model
from senga.store.several import EACH
from training.data import to_tensor
from training.joining import columns, rows
from training.pictures import list_pictures, read_rgb
from training.rules import rule
from training.weights import read_description

SHINES = 2.0
"""Strength of all features together, of their usual deviation, above which a place shines."""
BRIGHT, MOST = 3.0, 0.7
"""Strength that a picture needs somewhere to be asked, and share of it above which its places are."""
LIMITS = 0.2, 1.5
"""Of the factors that scales get."""
_SIDE = 288
_BROAD = 5
_SCALE, _KERNEL = ".scale.weight", ".conv.weight"

Arrays = dict[str, Tensor]
Meet = Callable[[str, Tensor, Tensor], Tensor]
"""Is told the place of a norm, its input, and what scales it; returns what is to scale it."""


def passed(network: Network, weights: Arrays, given: Sequence[Tensor], meet: Meet) -> None:
    """Runs a network, and meets every norm but the last of its colours."""
    values: Arrays = dict(zip(network.inputs, given, strict=True))
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        if isinstance(node.block, Norm) and node.name.endswith(".norm"):
            inputs[1] = meet(node.name.removesuffix(".norm"), inputs[0], inputs[1])
        if inputs:
            values[node.name] = rule(node.block)(node.block, weights, *inputs)


@dataclass(frozen=True, eq=False)
class Shine:
    """What shines in pictures.

    Attributes:
        plain: (N, 1, h, w) bool, where nothing does, at a quarter of the size.
        directions: by the place of the last convolution of each block, (C,), of length 1.
        deviations: of the results of these convolutions, (C,).
        spreads: by the place of each norm behind the way down, the variances that it gives where nothing shines, (C,).
    """

    plain: Tensor
    directions: Arrays
    deviations: Arrays
    spreads: Arrays

    @classmethod
    def of(cls, network: Network, weights: Arrays, given: Sequence[Tensor]) -> Shine:
        """Found in pictures.

        Raises:
            ValueError: none shines.
        """
        met: dict[str, tuple[Tensor, Tensor]] = {}

        def meet(place: str, x: Tensor, scale: Tensor) -> Tensor:
            met[place] = x, scale
            return scale

        passed(network, weights, given, meet)
        ends = [place for place in met if place.endswith(".second")]
        strength = functional.avg_pool2d(
            normal(met[ends[-1]][0]).square().mean(1, keepdim=True), _BROAD, 1, _BROAD // 2
        ).sqrt()
        highest, plain = strength.amax((2, 3), keepdim=True), strength < SHINES
        asked, places = highest.flatten() > BRIGHT, strength > MOST * highest
        if not asked.any():
            raise ValueError("none of these photographs shines")
        return cls(
            plain,
            {place: direction(normal(met[place][0])[asked], places[asked]) for place in ends},
            {place: met[place][0].std((2, 3), correction=0).log().mean(0).exp() for place in ends},
            {place: spread(*met[place], plain) for place in met if not place.startswith(("first", "down"))},
        )


def normal(x: Tensor) -> Tensor:
    """Every channel of every picture with the mean 0 and the deviation 1."""
    return functional.instance_norm(x)


def direction(features: Tensor, places: Tensor) -> Tensor:
    """(C,) of length 1: that of the features of pictures at some places, all pictures alike."""
    means = (features * places).sum((2, 3)) / places.sum((2, 3))
    return functional.normalize(functional.normalize(means, dim=1).mean(0), dim=0)


def spread(x: Tensor, scale: Tensor, plain: Tensor) -> Tensor:
    """(C,) variances behind a norm where a mask is, mean over the pictures."""
    share = functional.interpolate(plain.float(), x.shape[2:])
    values, total = normal(x) * scale, share.sum((2, 3))
    mean = (values * share).sum((2, 3), keepdim=True) / total[..., None, None]
    return (((values - mean).square() * share).sum((2, 3)) / total).mean(0)


def dulled(network: Network, weights: Arrays, given: Sequence[Tensor]) -> Arrays:
    """The weights without what shines in pictures that are given with their styles."""
    found, weights = Shine.of(network, weights, given), dict(weights)
    for place, along in found.directions.items():
        kernel, size = weights[place + _KERNEL], found.deviations[place]
        amount = torch.einsum("o,oikl->ikl", along / size, kernel)
        weights[place + _KERNEL] = kernel - (along * size)[:, None, None, None] * amount

    def meet(place: str, x: Tensor, scale: Tensor) -> Tensor:
        if place not in found.spreads:
            return scale
        factor = (found.spreads[place] / spread(x, scale, found.plain)).sqrt().clamp(*LIMITS)
        weights[place + _SCALE] = weights[place + _SCALE] * factor[:, None]
        return scale * factor[:, None, None]

    passed(network, weights, given, meet)
    return weights


def photographs(paths: Sequence[Path]) -> Tensor:
    """Some, as squares."""
    return to_tensor(
        [np.asarray(cv2.resize(read_rgb(path), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)) for path in paths]
    )


def dulled_of_many(arrays: Arrays, card: Mapping[str, str], photos: Tensor) -> Arrays:
    """A file of `training.cin`; its styles take turns."""
    weights, count = columns(arrays), len(card["styles"].split(","))
    network = johnson(replace(shape_of(card), styles=count), "cin")
    styles = functional.one_hot(torch.arange(len(photos)) % count, count).float()[..., None, None]
    return rows(dulled(network, weights, (photos, styles)))


def dulled_of_any(arrays: Arrays, photos: Tensor, paintings: Sequence[Path]) -> Arrays:
    """A file of `training.any_style`; paintings take turns."""
    pair = pair_of(
        Weights({name: np.asarray(array) for name, array in arrays.items()}, {"architecture": "any-style"}), None
    )
    looks = [style_of(Image.of(path), 1.0, pair, Job()).statistics for path in paintings]
    turns = [looks[i % len(looks)] for i in range(len(photos))]
    given = [torch.from_numpy(np.stack([look[name] for look in turns]))[..., None, None] for name in any_style.STYLE]
    return {
        **arrays,
        **dulled(any_style.painter(), {n: arrays[n] for n in any_style.painter().parameters}, (photos, *given)),
    }


def main(arguments: list[str] | None = None) -> None:
    """Reads a file, and writes another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="of training.cin or training.any_style")
    parser.add_argument("--photos", type=Path, required=True, help="a dozen: folder, or text file with one path a line")
    parser.add_argument("--paintings", type=Path, help="for any-style: the same")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    card = read_description(options.weights)
    arrays = {name: array.float() for name, array in load_file(options.weights).items()}
    photos = photographs(list_pictures(options.photos))
    with torch.inference_mode():
        many = any(name.startswith(EACH) for name in arrays)
        done = (
            dulled_of_many(arrays, card, photos)
            if many
            else dulled_of_any(arrays, photos, list_pictures(options.paintings))
        )
    write_model(options.out, Weights({name: array.half().numpy() for name, array in done.items()}, card), {})


if __name__ == "__main__":
    main()
