"""Trains the networks of faces: `python -m training.faces finder|points --data FOLDER --out FOLDER`.

The folder of data has ``bank.npz`` (training.faces_bank), and for each set of pictures a list, ``photos.txt`` with one
path a line, its labels, ``labels-photos.npz`` (training.faces_labels), and perhaps ``alarms-photos.npz``, what a finder
took for faces (training.faces_alarms).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from senga.neural.graph import Network
from senga.neural.networks.faces import POINTS, face_finder, face_points
from training.faces_bank import Bank
from training.faces_samples import Photo, face_square, photos
from training.faces_scenes import cells_of, scene
from training.module import NetworkModule
from training.running import Checkpoint, Running, learning_rate, run, set_rate

Rng = np.random.Generator
Batch = tuple[Tensor, ...]
HIGH, LOW = 2e-3, 4e-5
"""Learning rates."""
MEMORY = 0.995
"""Of the running mean of the weights."""
KEPT = 100
"""Steps between two checkpoints."""
WING = 0.03
"""Distance, in halves of the square, up to which errors of landmarks count most."""


def first_weights(network: Network, rng: Rng) -> dict[str, NDArray[np.float32]]:
    """He's initialisation, and norms that do nothing."""
    found = {}
    for name, shape in network.parameters.items():
        ones = name.endswith(("running_var", "norm.weight"))
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 0
        value = rng.normal(0, np.sqrt(2 / fan), shape) if fan else np.full(shape, float(ones))
        found[name] = value.astype(np.float32)
    return found


class Learning(Running):
    """A network, whose statistics the running mean takes over too."""

    def __init__(self, network: Network, loss: Callable[[Any, Batch], dict[str, Tensor]]) -> None:
        module = NetworkModule(network, first_weights(network, np.random.default_rng(0))).train()
        super().__init__(module, MEMORY, HIGH, (0.9, 0.99))
        self.average.eval()
        self.loss = loss

    def learn(self, batch: Batch, progress: float) -> dict[str, float]:
        """A step."""
        warm = min(1.0, (self.steps + 1) / 50)
        set_rate(self.optimiser, warm * learning_rate(progress, HIGH, LOW))
        self.network.notes = self.steps % 4 == 0
        parts = self.loss(self.network(batch[0]), batch[1:])
        self.advance(torch.stack(list(parts.values())).sum())
        self.network.follow()
        with torch.no_grad():
            for mean, now in zip(self.average.buffers(), self.network.buffers(), strict=True):
                mean.lerp_(now, 1 - MEMORY if self.steps > 100 else 0.1)
        return {name: part.item() for name, part in parts.items()}


def finder_loss(found: Tensor, wanted: Batch) -> dict[str, Tensor]:
    """Focal loss of the odds; distances of the other numbers where there is a face."""
    cells, odds, counts = wanted
    inside = cells[:, 0]
    seen = found[:, 0].sigmoid().clamp(1e-4, 1 - 1e-4)
    near = -((1 - seen) ** 2) * seen.log() * inside
    far = -((1 - odds) ** 3) * seen**2 * (1 - seen).log() * (1 - inside)
    several = inside.sum().clamp(min=1)
    apart = (found[:, 1:] - cells[:, 1:]).abs() * inside[:, None]
    return {
        "odds": ((near + far) * counts).sum() / several,
        "middle": 0.3 * apart[:, :2].sum() / several,
        "size": 0.6 * apart[:, 2].sum() / several,
        "up": 0.3 * apart[:, 3:].sum() / several,
    }


def points_loss(found: tuple[Tensor, Tensor], wanted: Batch) -> dict[str, Tensor]:
    """The wing loss of Feng et al., CVPR 2018, doi:10.1109/CVPR.2018.00238, and the odds of a face."""
    points, is_face = wanted
    apart = (found[0].flatten(1) - points).abs()
    shift = 0.1 - 0.1 * np.log(1 + 0.1 / WING)
    wing = torch.where(apart < 0.1, 0.1 * torch.log1p(apart / WING), apart - shift)
    sure = functional.binary_cross_entropy_with_logits(found[1].flatten(), is_face)
    return {"points": 30 * (wing.mean(1) * is_face).sum() / is_face.sum().clamp(min=1), "sure": 0.2 * sure}


@dataclass(frozen=True)
class Data:
    """What is shown."""

    bank: Bank
    stuff: list[Photo]

    @classmethod
    def read(cls, folder: Path, *, held_back: bool, sets: Sequence[str] = ("photos",)) -> Data:
        """From a folder; faces are pasted into the pictures of sets, whose own faces count too."""
        stuff = []
        for name in sets:
            paths = [Path(line) for line in (folder / f"{name}.txt").read_text("utf-8").splitlines() if line]
            stuff += photos(paths, labels_in(folder, name), held_back=held_back)
        return cls(Bank.read(folder / "bank.npz").part(held_back=held_back), stuff)

    def scenes(self, count: int, rng: Rng) -> Batch:
        """Pictures and maps."""
        several = [scene(self.bank, self.stuff, rng) for _ in range(count)]
        maps = [cells_of(*faces) for _, *faces in several]
        wanted = (torch.from_numpy(np.stack(part)) for part in zip(*maps, strict=True))
        return (_given([each[0] for each in several]), *wanted)

    def squares(self, count: int, rng: Rng) -> Batch:
        """Pictures, landmarks, and whether there is a face."""
        several = [face_square(self.bank, self.stuff, rng) for _ in range(count)]
        pictures, points, are_faces = zip(*several, strict=True)
        wanted = torch.from_numpy(np.stack(points).astype(np.float32)).flatten(1)
        return _given(list(pictures)), wanted, torch.tensor(are_faces)


def labels_in(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """Those of a set, and where a finder was wrong if ``training.faces_alarms`` wrote it down."""
    files = folder / f"labels-{name}.npz", folder / f"alarms-{name}.npz"
    return {key: value for path in files if path.exists() for key, value in np.load(path).items()}


def _given(pictures: list[Any]) -> Tensor:
    stacked = np.stack(pictures).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(stacked)).float() / 127.5 - 1


def error(points: Tensor, wanted: Tensor) -> float:
    """Mean distance in shares of that between the outer corners of the eyes."""
    both = [each.reshape(-1, POINTS, 2) for each in (points, wanted)]
    apart = torch.linalg.vector_norm(both[0] - both[1], dim=2).mean(1)
    return float((apart / torch.linalg.vector_norm(both[1][:, 45] - both[1][:, 36], dim=1)).mean())


def told(learner: Learning, batches: list[Batch]) -> None:
    """How good the running mean is on what is held back."""
    with torch.no_grad():
        several = [(learner.average(batch[0]), batch[1:]) for batch in batches]
    parts = [learner.loss(found, wanted) for found, wanted in several]
    figures = {name: float(torch.stack([part[name] for part in parts]).mean()) for name in parts[0]}
    if isinstance(several[0][0], tuple):
        faces = [wanted[1] > 0 for _, wanted in several]
        pairs = [(f[0].flatten(1)[some], w[0][some]) for (f, w), some in zip(several, faces, strict=True)]
        figures["error"] = float(np.mean([error(*pair) for pair in pairs]))
    print("held back:", " ".join(f"{name} {value:.4f}" for name, value in figures.items()), flush=True)


def save(learner: Learning, path: Path) -> None:
    """The running mean, in half precision."""
    state = {name: value.half().contiguous() for name, value in learner.average.state_dict().items()}
    save_file(state, path, {"architecture": learner.network.network.name, "licence": "CC-BY-4.0"})


class Ahead:
    """Batches by their number; the next one is made while one is learned from."""

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make, self._pool = make, ThreadPoolExecutor(1)
        self._next: tuple[int, Future[Batch]] = -1, Future()

    def __call__(self, number: int) -> Batch:
        """That batch."""
        batch = self._next[1].result() if self._next[0] == number else self._make(number)
        self._next = number + 1, self._pool.submit(self._make, number + 1)
        return batch


def main() -> None:
    """Trains one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=("finder", "points"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--sets", nargs="+", default=["photos"], help="of pictures round faces")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    finds = options.network == "finder"
    learner = Learning(face_finder(), finder_loss) if finds else Learning(face_points(), points_loss)
    data, other = (Data.read(options.data, held_back=held_back, sets=options.sets) for held_back in (False, True))
    show = Data.scenes if finds else Data.squares
    held_back = [show(other, 32, np.random.default_rng(seed)) for seed in range(6)]

    ahead = Ahead(lambda number: show(data, options.batch, np.random.default_rng([1, number])))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        return options.network, learner.learn(ahead(learner.steps), progress)

    checkpoint = Checkpoint(options.out / f"{options.network}.pt", learner, ())
    acts = (KEPT, checkpoint.write), (2 * KEPT, partial(told, learner, held_back))
    run(checkpoint, options.steps, step, *acts)
    save(learner, options.out / f"{options.network}.safetensors")


if __name__ == "__main__":
    main()
