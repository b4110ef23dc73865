"""The perceptual network that ships imitates a larger one: its description, and the measure of agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.encoder import CHANNELS, DEPTHS, TWINS, Crops, Distillation, agreement, first, ranks, student  # noqa: E402
from training.module import NetworkModule  # noqa: E402

RNG = np.random.default_rng(3)


def pictures(count: int) -> list[torch.Tensor]:
    """Smooth noise of several sizes of grain."""
    found = []
    for index in range(count):
        grain = torch.from_numpy(RNG.normal(0, 0.6, (1, 3, 8 << index % 3, 8 << index % 3)).astype(np.float32))
        found.append(torch.nn.functional.interpolate(grain, (64, 64), mode="bilinear").clamp(-1, 1))
    return found


def test_it_is_small_and_every_layer_has_a_twin() -> None:
    shapes = student().parameters
    assert 2 * sum(int(np.prod(shape)) for shape in shapes.values()) < 2_000_000  # bytes at half precision
    assert set(DEPTHS) <= set(TWINS)
    assert {name[4:] for name in TWINS} == {name[4:] for name in CHANNELS}


def test_agreement_is_one_with_itself_and_less_with_another() -> None:
    small, weights = student(), first()
    other = {name: RNG.normal(0, 0.1, value.shape).astype(np.float32) for name, value in weights.items()}
    same = agreement(NetworkModule(small, weights), NetworkModule(small, weights), pictures(6))
    less = agreement(NetworkModule(small, weights), NetworkModule(small, other), pictures(6))
    for depth in DEPTHS:
        assert same[depth] == pytest.approx((1, 1), abs=1e-5)
        assert less[depth][0] < 0.95


def test_ranks_see_the_order_alone() -> None:
    assert ranks(torch.tensor([10.0, 3000.0, 20.0])).tolist() == [-1, 1, 0]


def test_a_few_steps_bring_it_nearer(shared: Path) -> None:
    teacher = shared / "weights" / "wct_vgg19_16x" / "small16x_ae_base" / "e5_base.pth"
    if not teacher.is_file():
        pytest.skip("the compressed VGG-19 is not here")
    crops = Crops([RNG.integers(0, 255, (160, 200, 3)).astype(np.uint8) for _ in range(3)], 0)
    job, batch = Distillation(teacher, crops), crops.batch(2)
    adam = torch.optim.Adam([value for value in job.student.parameters() if value.requires_grad], 1e-3)
    losses = []
    for _ in range(4):
        losses.append(job.loss(batch))
        adam.zero_grad()
        losses[-1].backward()
        adam.step()
    assert losses[-1].item() < 0.9 * losses[0].item()
