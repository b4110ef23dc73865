"""What is measured of paintings, and how a network begins to tell their manners apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from senga.neural.networks.any_style import EPS, LEVELS, MANNER
from senga.neural.training.perceptual import load_encoder, shipped_encoder
from training.cin import scaled
from training.data import to_tensor
from training.module import NetworkModule
from training.pictures import Picture, read_rgb
from training.styles import Features, Marks, marks

SHORT = 360, 600
"""Short sides, smallest and largest, in which paintings are seen, in pixels."""
NUMBERS = 2 * sum(LEVELS)
"""That are measured of a picture."""
_DEAD = 1e-3
"""Deviation among paintings below which a number says nothing."""
_MOST = 8
"""Views of a painting."""


class Eyes(NetworkModule):
    """The perceptual network that comes with Senga; it does not learn."""

    def __init__(self) -> None:
        encoder = load_encoder(shipped_encoder())
        taps = [f"relu{level}_1" for level in range(1, len(LEVELS))]
        super().__init__(encoder.network(taps), encoder.weights())
        self.requires_grad_(False)

    def statistics(self, picture: Tensor) -> Tensor:
        """Deviations and means, level by level, (N, ``NUMBERS``)."""
        parts = []
        for x in (picture, *self(picture)):
            variance, mean = torch.var_mean(x.float().flatten(2), 2, correction=0)
            parts += [(variance + EPS).sqrt(), mean]
        return torch.cat(parts, 1)


class Reader(nn.Module):
    """Statistics to manners; they are given as they are, and compared in their usual deviations."""

    middle: Tensor
    size: Tensor

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        self.look, self.manner = nn.Linear(NUMBERS, hidden), nn.Linear(hidden, MANNER)
        self.register_buffer("middle", torch.zeros(NUMBERS))
        self.register_buffer("size", torch.ones(NUMBERS))

    def forward(self, statistics: Tensor) -> Tensor:
        """(N, ``MANNER``)."""
        found: Tensor = self.manner(torch.relu(self.look((statistics - self.middle) / self.size)))
        return found

    def measure(self, every: Tensor) -> None:
        """Takes means and deviations from the statistics of many paintings."""
        deviation, mean = torch.std_mean(every, 0)
        self.middle.copy_(mean)
        self.size.copy_(torch.where(deviation > _DEAD, deviation, torch.full_like(deviation, 1e4)))

    def learn(self, seen: Tensor, shares: Tensor, every: Tensor, steps: int = 400) -> None:
        """Learns which of the known styles paintings have; all others are to lie among these.

        Args:
            seen: statistics of paintings that are known.
            shares: (N, styles), what they are.
            every: statistics of any.
            steps: of learning.
        """
        self.manner.weight.data.mul_(0.3)
        self.manner.bias.data.zero_()
        learner = torch.optim.Adam(self.parameters(), 2e-3)
        for _ in range(steps):
            noisy = seen + 0.15 * torch.randn_like(seen) * self.size.clamp(max=1e3)
            known, others = self(noisy)[:, : shares.shape[1]], self(every)
            among = (others[:, : shares.shape[1]].sum(1) - 1).square().mean()
            loss = (known - shares).square().mean() + 0.02 * among + 0.002 * others.square().mean()
            learner.zero_grad()
            torch.autograd.backward(loss)
            learner.step()

    def folded(self) -> dict[str, Tensor]:
        """The weights of two linear layers that do the same."""
        weight = self.look.weight / self.size
        bias = self.look.bias - weight @ self.middle
        return {"look.weight": weight, "look.bias": bias, **self.manner.state_dict(prefix="manner.")}


@dataclass(frozen=True)
class Views:
    """Whole paintings in several sizes, every second one in other colours, and what losses ask of them.

    Attributes:
        place: (views,), which paintings they are of.
        plain: (views,), whether they have the colours of their paintings.
        statistics: (views, ``NUMBERS``).
        colours: (views, 3, 3), covariances.
        marks: of what losses look through.
    """

    place: Tensor
    plain: Tensor
    statistics: Tensor
    colours: Tensor
    marks: Marks

    @classmethod
    def of(cls, paths: Sequence[Path], eyes: Eyes, features: Features, seed: int = 1) -> Views:
        """Two of each painting, and more of those that are named more often."""
        random, found = np.random.default_rng(seed), []
        for place, path in enumerate(dict.fromkeys(paths)):
            whole = read_rgb(path)
            for view in range(min(_MOST, 1 + list(paths).count(path))):
                picture = to_tensor([_view(whole, random, tinted=view % 2 == 1)])
                with torch.no_grad():
                    seen = eyes.statistics(picture), covariance(picture), marks(features(picture))
                found.append((torch.tensor([place]), torch.tensor([view % 2 == 0]), *seen))
        place_, plain, statistics, colours, marked = zip(*found, strict=True)
        return cls(*(torch.cat(each) for each in (place_, plain, statistics, colours)), joined(marked))

    @classmethod
    def kept(cls, path: Path, make: Callable[[], Views]) -> Views:
        """Those of a file, which is written where there is none: to measure them takes minutes."""
        if not path.exists():
            torch.save(vars(make()), path)
        return cls(**torch.load(path, weights_only=True))


def _view(whole: Picture, random: np.random.Generator, *, tinted: bool) -> Picture:
    picture = scaled(whole, round(np.exp(random.uniform(*np.log(SHORT)))))
    if not tinted:
        return picture
    curve = np.exp(random.uniform(-0.35, 0.35, 3))  # channels by turns, and each with a curve of its own
    return np.asarray((picture[..., random.permutation(3)] / 255.0) ** curve * 255, np.uint8)


class Paintings:
    """Views by turns.

    Args:
        paths: the paintings; more often named, more often seen.
        views: of them.
        seed: of the choice.
    """

    def __init__(self, paths: Sequence[Path], views: Views, seed: int = 1) -> None:
        self.paths, self.views, self.random = list(dict.fromkeys(paths)), views, np.random.default_rng(seed)
        self.order = [self.paths.index(path) for path in paths]

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Places of views, and which paintings they are of."""
        which = self.random.choice(self.order, count)
        views = [self.random.choice(np.flatnonzero(self.views.place.numpy() == place)) for place in which]
        return torch.tensor(views), torch.from_numpy(which)

    def plain(self, path: Path) -> list[int]:
        """The views of a painting in its own colours."""
        mine = (self.views.place == self.paths.index(path)) & self.views.plain
        return [int(view) for view in mine.nonzero()]


def covariance(picture: Tensor) -> Tensor:
    """How the colours of pictures go together, (N, 3, 3)."""
    flat = picture.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def joined(several: Sequence[Marks]) -> Marks:
    """The marks of several batches as those of one."""
    found = {}
    for tap in several[0]:
        mean, deviation, products = (torch.cat(each) for each in zip(*(one[tap] for one in several), strict=True))
        found[tap] = mean, deviation, products
    return found


def begin_reading(reader: Reader, paintings: Paintings, known: Sequence[Path]) -> None:
    """Measures all paintings; the styles that are known begin as numbers of the manner, in that order."""
    every = paintings.views.statistics
    reader.measure(every)
    views = [paintings.plain(path) for path in known]
    if known:
        shares = torch.eye(len(known)).repeat_interleave(torch.tensor([len(each) for each in views]), 0)
        reader.learn(every[[view for each in views for view in each]], shares, every)
