"""The matting Laplacian against its definition, written down as a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from senga.ops.matting import MattingLaplacian


def matrix(picture: np.ndarray, eps: float) -> np.ndarray:
    """Equation 12 of Levin et al. 2008, window by window."""
    height, width = picture.shape[:2]
    numbers = np.arange(height * width).reshape(height, width)
    out = np.zeros((height * width,) * 2)
    for y in range(height - 2):
        for x in range(width - 2):
            inside = numbers[y : y + 3, x : x + 3].ravel()
            colours = picture.reshape(-1, 3)[inside]
            apart = colours - colours.mean(0)
            spread = apart.T @ apart / 9 + eps / 9 * np.eye(3)
            out[np.ix_(inside, inside)] += np.eye(9) - (1 + apart @ np.linalg.inv(spread) @ apart.T) / 9
    return out


@pytest.mark.parametrize("eps", [1e-7, 1e-2])
def test_it_is_the_matrix_of_levin(rng: np.random.Generator, eps: float) -> None:
    picture, colours = rng.uniform(0, 1, (6, 8, 3)), rng.uniform(0, 1, (6, 8, 2))
    expected = matrix(picture, eps) @ colours.reshape(-1, 2)
    np.testing.assert_allclose(MattingLaplacian(picture, eps).product(colours), expected.reshape(6, 8, 2), atol=1e-6)


def test_affine_functions_of_the_picture_cost_nothing_and_texture_does(rng: np.random.Generator) -> None:
    picture = rng.uniform(0, 1, (9, 12, 3))
    laplacian = MattingLaplacian(picture)
    affine = picture @ rng.uniform(-1, 1, (3, 3)) + 0.3
    texture = affine + 0.1 * rng.standard_normal(affine.shape)
    costs = [float((each * laplacian.product(each)).sum()) for each in (affine, texture)]
    assert abs(costs[0]) < 1e-4 < 0.1 < costs[1]
