"""Every loss against its definition in numpy."""

from __future__ import annotations

import numpy as np
import pytest

ms = pytest.importorskip("mindspore")

from senga.neural.executor import Array  # noqa: E402
from senga.neural.training import losses  # noqa: E402
from senga.neural.training.cell import NetworkCell, to_tensor  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402
from senga.plugins.animegan.discriminator import discriminator  # noqa: E402


@pytest.fixture
def two(rng: np.random.Generator) -> tuple[Array, Array]:
    a, b = (rng.uniform(-1, 1, (2, 3, 7, 9)).astype(np.float32) for _ in range(2))
    return a, b


def yuv(x: Array) -> Array:
    r, g, b = ((x[:, i] + 1.0) / 2 for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    u = -0.14714119 * r - 0.28886916 * g + 0.43601035 * b
    v = 0.61497538 * r - 0.51496512 * g - 0.10001026 * b
    return np.stack([y, u, v], 1)


def huber(d: Array) -> float:
    return float(np.where(np.abs(d) <= 1, 0.5 * d**2, np.abs(d) - 0.5).mean())


def test_gram_divides_by_height_width_and_channels(rng: np.random.Generator) -> None:
    f = rng.standard_normal((2, 4, 3, 5)).astype(np.float32)
    expected = np.array([[[(f[n, i] * f[n, j]).sum() for j in range(4)] for i in range(4)] for n in range(2)]) / (
        3 * 5 * 4
    )
    np.testing.assert_allclose(losses.gram(to_tensor(f)).asnumpy(), expected, rtol=1e-4, atol=1e-6)


def test_colour(two: tuple[Array, Array]) -> None:
    d = yuv(two[0]) - yuv(two[1])
    expected = np.abs(d[:, 0]).mean() + huber(d[:, 1]) + huber(d[:, 2])
    assert losses.colour(*map(to_tensor, two)).asnumpy() == pytest.approx(expected, rel=1e-4)
    absolute = np.abs(d[:, 0]).mean() + 1.5 * np.abs(d[:, 1:]).sum(1).mean()
    assert losses.absolute_colour(*map(to_tensor, two)).asnumpy() == pytest.approx(absolute, rel=1e-4)


def test_huber_on_both_sides_of_one(rng: np.random.Generator) -> None:
    x = rng.uniform(-3, 3, 50).astype(np.float32)
    assert losses.huber(to_tensor(x), to_tensor(0 * x)).asnumpy() == pytest.approx(huber(x), rel=1e-5)


def test_content_variation_and_gradient(two: tuple[Array, Array]) -> None:
    a, b = two
    assert losses.mean_absolute(to_tensor(a), to_tensor(b)).asnumpy() == pytest.approx(np.abs(a - b).mean(), rel=1e-5)
    down, right = np.diff(a, axis=2), np.diff(a, axis=3)
    expected = (down**2).sum() / 2 / down.size + (right**2).sum() / 2 / right.size
    assert losses.variation(to_tensor(a)).asnumpy() == pytest.approx(expected, rel=1e-4)
    steps = np.abs(np.diff(a - b, axis=2)).mean() + np.abs(np.diff(a - b, axis=3)).mean()
    assert losses.gradient(to_tensor(a), to_tensor(b)).asnumpy() == pytest.approx(steps, rel=1e-4)


def test_grey_has_three_equal_channels(two: tuple[Array, Array]) -> None:
    grey = losses.grey_of(to_tensor(two[0])).asnumpy()
    for i in range(3):
        np.testing.assert_allclose(grey[:, i], yuv(two[0])[:, 0] * 2 - 1, atol=1e-5)


SIGMOID = {"gan": lambda d, real: -np.log(1 / (1 + np.exp(-d if real else d)))}
JUDGE = {
    "lsgan": lambda d, real: (d - real) ** 2,
    "gan": SIGMOID["gan"],
    "dragan": SIGMOID["gan"],
    "hinge": lambda d, real: np.maximum(0, 1 - d if real else 1 + d),
    "wgan-gp": lambda d, real: -d if real else d,
    "wgan-lp": lambda d, real: -d if real else d,
}
FOOL = {
    "lsgan": lambda d: (d - 1) ** 2,
    "gan": lambda d: SIGMOID["gan"](d, True),
    "dragan": lambda d: SIGMOID["gan"](d, True),
    "hinge": lambda d: -d,
    "wgan-gp": lambda d: -d,
    "wgan-lp": lambda d: -d,
}


@pytest.mark.parametrize("kind", losses.ADVERSARIAL)
def test_adversarial_losses(kind: str, rng: np.random.Generator) -> None:
    d = rng.normal(0, 2, (2, 1, 3, 3)).astype(np.float32)
    for real in (True, False):
        expected = JUDGE[kind](d, real).mean()
        assert losses.judge(kind, to_tensor(d), real).asnumpy() == pytest.approx(expected, rel=1e-4), real
    assert losses.fool(kind, to_tensor(d)).asnumpy() == pytest.approx(FOOL[kind](d).mean(), rel=1e-4)


def test_losses_agree_with_torch(two: tuple[Array, Array]) -> None:
    torch = pytest.importorskip("torch")
    a, b = (torch.from_numpy(x) for x in two)
    found = losses.huber(*map(to_tensor, two)).asnumpy()
    assert found == pytest.approx(torch.nn.functional.huber_loss(a, b).item(), rel=1e-4)


def test_gradient_penalty_of_a_linear_discriminator(rng: np.random.Generator) -> None:
    """The slope of ``(w * x).sum()`` is ``w`` everywhere."""
    a, b = (to_tensor(rng.uniform(-1, 1, (2, 3, 4, 4)).astype(np.float32)) for _ in range(2))
    for size, expected in (
        (3.0, {"wgan-gp": 4.0, "wgan-lp": 4.0, "dragan": 4.0}),
        (0.5, {"wgan-gp": 0.25, "wgan-lp": 0.0}),
    ):
        w = np.zeros((1, 3, 4, 4), np.float32)
        w[0, 1, 2, 3] = size
        for kind, value in expected.items():
            found = losses.gradient_penalty(kind, lambda x, w=w: (x * to_tensor(w)).sum((1, 2, 3)), a, b, rng)
            assert found.asnumpy() == pytest.approx(value, abs=1e-4), kind


def test_gradient_penalty_has_a_gradient_in_the_weights(rng: np.random.Generator) -> None:
    network = discriminator(8, "instance")
    cell = NetworkCell(network, first_weights(network, "he", 0), "plain", spectral_norm=True)
    a, b = (to_tensor(rng.uniform(-1, 1, (2, 3, 8, 8)).astype(np.float32)) for _ in range(2))

    def penalty() -> object:
        return losses.gradient_penalty("wgan-gp", lambda x: cell(x) * 50, a, b, np.random.default_rng(0))

    found = dict(zip(network.parameters, ms.grad(penalty, None, cell.weights)(), strict=True))
    weights = cell.arrays()
    for name in ("last_conv.weight", "conv_s2_1.weight"):
        slope = found[name].asnumpy()
        along = slope / np.linalg.norm(slope)
        values = []
        for sign in (1, -1):
            cell.load({**weights, name: (weights[name] + sign * 1e-3 * along).astype(np.float32)})
            values.append(float(penalty().asnumpy()))  # type: ignore[attr-defined]
        cell.load(weights)
        assert (values[0] - values[1]) / 2e-3 == pytest.approx(np.linalg.norm(slope), rel=0.2), (
            name
        )  # leaky ReLUs have kinks
