"""Teaches the network of landmarks what the finder takes for faces: `python -m training.faces_sure --data D --out O`.

The last layer of ``sure`` is fitted anew, by logistic regression on what the network sees of faces and of the finder's
false alarms in photographs without faces; landmarks stay as they are. It is written over the trained one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from senga.faces.cuts import square
from senga.neural.graph import Network, Output
from senga.neural.networks.faces import SIDE, face_points
from training.faces import Data
from training.faces_alarms import alarms_in
from training.faces_samples import Photo, face_square
from training.module import NetworkModule
from training.pictures import Picture

DECAY = 3e-3
STEPS = 300


def alarms(stuff: list[Photo], finder: dict[str, NDArray[Any]]) -> Iterator[Picture]:
    """Squares of what the finder takes for faces where there is none."""
    for photo in (photo for photo in stuff if not photo.faces and not photo.doubtful):
        for frame, small, _ in alarms_in(photo.picture, finder):
            yield np.asarray(square(small, frame.matrix(SIDE), SIDE), np.uint8)


def seen(network: Network) -> Network:
    """The network as far as what ``sure`` is told by."""
    sure = next(node for node in network.nodes if node.name == "sure")
    nodes = tuple(node for node in network.nodes if node.name not in ("points", "sure"))
    return replace(network, nodes=nodes, outputs=(Output("seen", sure.inputs[0]),))


def features(pictures: list[Picture], weights: dict[str, Tensor]) -> Tensor:
    """(N, F) of squares."""
    network = seen(face_points())
    module = NetworkModule(network, {name: weights[name].float().numpy() for name in network.parameters}).eval()
    with torch.no_grad():
        parts = [torch.from_numpy(np.stack(pictures[start : start + 64])) for start in range(0, len(pictures), 64)]
        return torch.cat([module(part.permute(0, 3, 1, 2).float() / 127.5 - 1).flatten(1) for part in parts])


def fitted(faces: Tensor, others: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and offset of the regression, both kinds counting the same."""
    x, scale = torch.cat([faces, others]), faces.std(0) + 0.1
    wanted = torch.cat([torch.ones(len(faces)), torch.zeros(len(others))])
    balance = torch.cat([torch.full((len(kind),), 0.5 / len(kind)) for kind in (faces, others)])
    slope, offset = (weight.flatten() * scale).requires_grad_(), bias.clone().requires_grad_()
    adam = torch.optim.Adam([slope, offset], 3e-3)
    for _ in range(STEPS):
        logits = x @ (slope / scale) + offset
        loss = (functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * balance).sum()
        adam.zero_grad()
        (loss + DECAY * slope.square().sum()).backward()  # type: ignore[no-untyped-call]
        adam.step()
    print(f"loss {loss.item():.4f}", flush=True)
    return (slope / scale).detach()[None], offset.detach()


def told(name: str, faces: Tensor, others: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Shares that are above one half."""
    shares = [float((each @ weight.flatten() + bias > 0).float().mean()) for each in (faces, others)]
    print(f"{name}: {shares[0]:.3f} of {len(faces)} faces, {shares[1]:.3f} of {len(others)} false alarms", flush=True)


def main() -> None:
    """Fits it and says how it does on what is held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of finder.safetensors and points.safetensors")
    parser.add_argument("--faces", type=int, default=2500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    finder = {name: value.float().numpy() for name, value in load_file(options.out / "finder.safetensors").items()}
    weights = load_file(options.out / "points.safetensors")
    both = []
    for held_back, count in ((False, options.faces), (True, 300)):
        data = Data.read(options.data, held_back=held_back)
        rng = np.random.default_rng(3)
        squares = (face_square(data.bank, data.stuff, rng) for _ in range(count))
        faces = [picture for picture, _, is_face in squares if is_face]
        both.append([features(each, weights) for each in (faces, list(alarms(data.stuff, finder)))])
    before = weights["sure.weight"].float(), weights["sure.bias"].float()
    weight, bias = fitted(*both[0], *before)
    for name, own in (("before", before), ("after", (weight, bias))):
        told(f"held back, {name}", *both[1], *own)
    weights |= {"sure.weight": weight.half().reshape(weights["sure.weight"].shape), "sure.bias": bias.half()}
    facts = {"architecture": face_points().name, "licence": "CC-BY-4.0"}
    save_file({name: value.contiguous() for name, value in weights.items()}, options.out / "points.safetensors", facts)


if __name__ == "__main__":
    main()
