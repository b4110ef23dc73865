"""Labels of edges: known ones of rendered scenes, and what detectors agree on."""

from __future__ import annotations

import numpy as np
import pytest

from senga.plugins.effects.edge_network import PARTS, bank, edges
from training.edge_labels import agreed, canny, counts, f_measure, surfaces
from training.edge_scenes import scene
from training.pictures import Picture


def disc() -> tuple[Picture, np.ndarray]:
    """A bright disc on dark grain, and its rim."""
    y, x = np.mgrid[0:96, 0:96]
    far = np.hypot(x - 48, y - 48)
    grain = np.random.default_rng(0).normal(0, 6, (96, 96, 1))
    picture = np.where(far < 25, 200, 60)[:, :, None] + grain
    return np.repeat(np.clip(picture, 0, 255), 3, 2).astype(np.uint8), np.abs(far - 25) < 2.5


def test_labels_are_thin_lines_on_what_both_kinds_see() -> None:
    picture, rim = disc()
    for labels, sure in (agreed(picture), surfaces(picture)):
        line = labels[:, :, 1] > 0
        assert 100 < line.sum() < 320
        assert (line & rim).sum() > 0.95 * line.sum()
        assert sure[:, :, 1][line].all()


def test_a_scene_knows_its_edges() -> None:
    rng = np.random.default_rng(5)
    photo = rng.integers(0, 255, (64, 80, 3)).astype(np.uint8)
    for _ in range(3):
        picture, lines, sure = scene([photo], 96, rng)
        assert picture.shape == lines.shape == sure.shape == (96, 96, 3)
        assert 0.001 < lines.mean() < 0.3
        assert (sure[lines > 0] == 1).all()


def test_the_measure_tells_found_from_wanted() -> None:
    picture, rim = disc()
    labels, sure = surfaces(picture)
    found = canny(picture, 1.4, 20) > 0
    sums = np.array(counts(found, labels[:, :, 1] > 0, sure[:, :, 1] > 0))
    assert f_measure(sums) > 0.9
    everything = np.array(counts(np.ones_like(rim), labels[:, :, 1] > 0, sure[:, :, 1] > 0))
    assert f_measure(everything) < 0.3


def test_the_network_is_its_bank_and_its_votes() -> None:
    """The first convolution in parts and early is that of the whole bank."""
    torch = pytest.importorskip("torch")
    from training.edges import MIXED, WEIGHED, _apart, derivatives
    from training.module import NetworkModule

    torch.manual_seed(0)
    layers = [torch.nn.Linear(len(PARTS) * 24, MIXED), torch.nn.Linear(MIXED, WEIGHED), torch.nn.Linear(WEIGHED, 3)]
    written = {f"steps{scale}.weight": derivatives() for scale in (1, 2, 4)}
    weights = written | {name: value.numpy() for name, value in _apart(*layers).items()}
    photo = torch.rand(1, 3, 48, 64) * 2 - 1
    given = NetworkModule(bank(), written)(photo).permute(0, 2, 3, 1)
    act = torch.nn.functional.leaky_relu
    expected = layers[2](act(layers[1](act(layers[0](given), 0.2)), 0.2)).tanh()
    found = NetworkModule(edges(), weights)(photo).permute(0, 2, 3, 1)
    assert torch.allclose(found, expected, atol=1e-5)
