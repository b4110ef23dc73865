"""What the trainings against drawn targets share: networks and rates, the target's part of the loss, and sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from training import losses
from training.data import to_picture, to_tensor
from training.pictures import Picture, write_rgb
from training.running import Running, learning_rate, set_rate

RATE = 5e-4
"""First learning rate of the generator."""
SEEN = ("relu3_1", "relu4_1")
"""Features that content is held against."""


class Drawn(Running):
    """A training whose pictures are held against drawn targets.

    Args:
        network: the generator.
        judges: the discriminators.
        judged: the share of the generator's learning rate that they have.
        features: of the perceptual network.
        weights: of the parts of the loss, ``colour``, ``gradient`` and ``content`` among them.
    """

    def __init__(self, network: nn.Module, judges: nn.Module, judged: float, features: nn.Module, weights: Any) -> None:
        super().__init__(network, 0.995, RATE, (0.5, 0.99))
        self.weights, self.judges, self._judged = weights, judges, judged
        self.features = features
        for part in (self.network, self.judges, self.features):
            part.to(memory_format=torch.channels_last)
        self.judge_optimiser = self.adam(judges, judged * RATE)

    def set_rates(self, progress: float) -> None:
        """The learning rates of the next step."""
        set_rate(self.optimiser, learning_rate(progress, RATE))
        set_rate(self.judge_optimiser, self._judged * learning_rate(progress, RATE))

    def seen(self, drawing: Tensor) -> Any:
        """Features of pictures."""
        return in_bfloat16(self.features, drawing)

    def content(self, drawing: Tensor, target: Tensor) -> Tensor:
        """How far the features of pictures are from those of others, which get no gradient."""
        with torch.no_grad():
            wanted = self.seen(target)
        return losses.content_loss(self.seen(drawing), wanted, SEEN)

    def faithful(self, drawing: Tensor, target: Tensor) -> dict[str, Tensor]:
        """What the generator pays for being unlike the target."""
        return {
            "colour": self.weights.colour * losses.colour_loss(drawing, target),
            "gradient": self.weights.gradient * losses.gradient_loss(drawing, target),
            "content": self.weights.content * self.content(drawing, target),
        }

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state."""
        return *super().kept, self.judges, self.judge_optimiser


def in_bfloat16(network: nn.Module, picture: Tensor) -> Any:
    """The results of a network, computed in half precision, with the channels last in memory, which is fastest."""
    with torch.autocast("cpu", torch.bfloat16):
        found = network(picture.contiguous(memory_format=torch.channels_last))
    return found.float() if isinstance(found, Tensor) else {name: each.float() for name, each in found.items()}


def crop_plan(progress: float, pixels: int) -> tuple[int, int]:
    """Number and side of the crops: fewer and larger towards the end."""
    size = 128 if progress < 0.5 else 192 if progress < 0.85 else 256
    return max(1, round(pixels / size**2)), size


def leave(trainer: Any, held: list[Picture], out: Path) -> None:
    """Writes the averaged weights, and what they make of photographs that were held back."""
    trainer.save(out / f"step-{trainer.steps:05d}.safetensors")
    if held:
        write_sheet(trainer.average, held, out / f"step-{trainer.steps:05d}.jpg")


def write_sheet(network: nn.Module, photos: list[Picture], path: Path) -> None:
    """Photographs, and what a network makes of them below."""
    rows = []
    for photo in photos:
        photo = photo[: photo.shape[0] // 8 * 8, : photo.shape[1] // 8 * 8]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            painted = to_picture(network(to_tensor([photo]))[0].float())
        rows.append(
            cv2.copyMakeBorder(np.vstack([photo, painted]), 0, 1024 - 2 * len(photo), 0, 0, cv2.BORDER_CONSTANT)
        )
    write_rgb(path, np.hstack(rows))
