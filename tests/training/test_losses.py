from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which running Senga does not")

from training import losses  # noqa: E402
from training.train import new_judge  # noqa: E402

RANDOM = np.random.default_rng(3)
A, B = (RANDOM.uniform(-1, 1, (2, 3, 8, 6)).astype(np.float32) for _ in range(2))


def yuv(picture: np.ndarray) -> np.ndarray:
    r, g, b = np.moveaxis((picture + 1) / 2, 1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack((y, (b - y) * 0.492111, (r - y) * 0.877283), 1)


def test_yuv_is_analogue_yuv() -> None:
    assert np.allclose(losses.to_yuv(torch.from_numpy(A)), yuv(A), atol=2e-5)


def test_colour_loss() -> None:
    difference = np.abs(yuv(A) - yuv(B))
    expected = difference[:, 0].mean() + 1.5 * (difference[:, 1] + difference[:, 2]).mean()
    assert float(losses.colour_loss(torch.from_numpy(A), torch.from_numpy(B))) == pytest.approx(expected, rel=1e-4)


def test_gradient_loss() -> None:
    expected = sum(np.abs(np.diff(A, axis=axis) - np.diff(B, axis=axis)).mean() for axis in (2, 3))
    assert float(losses.gradient_loss(torch.from_numpy(A), torch.from_numpy(B))) == pytest.approx(expected, rel=1e-5)


def test_gram_divides_by_height_width_and_channels() -> None:
    expected = np.stack([np.tensordot(a, a, axes=((1, 2), (1, 2))) for a in A]) / (8 * 6 * 3)
    assert np.allclose(losses.gram(torch.from_numpy(A)), expected, atol=1e-6)


def test_style_loss_is_relative_to_the_style() -> None:
    grams = np.stack([np.tensordot(a, a, axes=((1, 2), (1, 2))) for a in A]).mean(0) / (8 * 6 * 3)
    wanted = 2 * np.abs(grams)
    expected = np.abs(grams - wanted).mean() / wanted.mean()
    value = losses.style_loss({"layer": torch.from_numpy(A)}, {"layer": torch.from_numpy(wanted)})
    assert float(value) == pytest.approx(expected, rel=1e-4)


def test_adversarial_losses_are_least_squares() -> None:
    real, fake = torch.from_numpy(A), torch.from_numpy(B)
    assert float(losses.judge_loss(real, fake)) == pytest.approx(((A - 1) ** 2).mean() + (B**2).mean(), rel=1e-5)
    assert float(losses.fool_loss(fake)) == pytest.approx(((B - 1) ** 2).mean(), rel=1e-5)


def test_contrast_of_pale_photos_is_widened_and_of_others_kept() -> None:
    target = torch.tensor([-0.2, 0.2]).repeat(1, 3, 4, 2)
    pale = losses.level_contrast(target, target)
    strong = losses.level_contrast(target, torch.sign(target))
    assert float(pale.max()) == pytest.approx(0.2 * 1.5, rel=1e-5)
    assert float(strong.max()) == pytest.approx(0.2 * 0.95, rel=1e-5)


def test_discriminator_judges_patches_of_four_pixels() -> None:
    judged = new_judge(16)(torch.zeros(1, 3, 32, 24))
    assert judged.shape == (1, 1, 8, 6)
