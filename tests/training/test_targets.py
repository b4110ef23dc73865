from __future__ import annotations

import cv2
import numpy as np
import pytest

from senga.neural.training.targets import STYLES, TargetStyle, draw_target, in_light, ink_lines
from senga.ops import kuwahara, smooth_l0, tone_steps


def scene() -> np.ndarray:
    """A bright disc with grain on a darker ground."""
    y, x = np.mgrid[:96, :80]
    disc = ((y - 48) ** 2 + (x - 40) ** 2 < 24**2)[..., None]
    grain = np.random.default_rng(5).normal(0, 6, (96, 80, 3))
    return np.clip(np.where(disc, (220, 170, 60), (50, 90, 140)) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_targets_are_flat_repeatable_and_keep_the_shapes(style: str) -> None:
    photo = scene()
    drawn = draw_target(photo, STYLES[style])
    assert np.array_equal(drawn, draw_target(photo, STYLES[style]))
    assert drawn.shape == photo.shape
    assert drawn[40:56, 32:48].std(axis=(0, 1)).max() < 0.5 * photo[40:56, 32:48].std(axis=(0, 1)).min()
    middle, ground = drawn[48, 40].astype(int), drawn[8, 8].astype(int)
    assert middle[0] > middle[2] + 60
    if not STYLES[style].light:
        assert ground[2] > ground[0] + 30
    assert middle.sum() > ground.sum() + 100


def test_light_colours_paint_and_keeps_its_lightness() -> None:
    paint = np.full((1, 3, 3), 0.5, np.float32)
    paint[0, 1], paint[0, 2] = (0.2, 0.5, 0.3), (0.9, 0.9, 0.9)
    style = TargetStyle(light=((0.2, 0.1, 0.4), (1.0, 0.8, 0.5)), light_strength=0.5)
    lit = in_light(paint, style)
    before, after = (cv2.cvtColor(each, cv2.COLOR_RGB2LAB)[0] for each in (paint, lit))
    np.testing.assert_allclose(after[:2, 0], before[:2, 0], atol=0.5)
    assert lit[0, 0, 2] != pytest.approx(lit[0, 0, 0], abs=0.01), "grey takes the colour of the light"
    assert lit[0, 1, 1] - lit[0, 1, 0] < 0.6 * 0.3, "green loses half of its own"
    assert in_light(paint, TargetStyle(light=style.light, light_strength=0)) == pytest.approx(paint, abs=0.01)


def test_smoothing_keeps_a_flat_picture() -> None:
    flat = np.full((32, 24, 3), 0.4, np.float32)
    assert np.allclose(smooth_l0(flat, 0.01), flat, atol=1e-4)
    assert np.allclose(kuwahara(flat, 3), flat, atol=1e-4)


def test_lines_lie_on_the_dark_side_of_edges() -> None:
    step = np.full((40, 40, 3), 0.3, np.float32)
    step[:, 20:] = 0.8
    ink = ink_lines(step, TargetStyle())
    assert ink[10:30, 17:20].max() > 0.9
    assert ink[10:30, 21:].max() == 0


def test_tone_steps_keep_grey_grey() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[:, None, None].repeat(3, 2)
    stepped = tone_steps(ramp, 5, 0.6)
    assert np.allclose(stepped[..., 0], stepped[..., 2])
    assert np.abs(stepped - ramp).max() < 0.06
