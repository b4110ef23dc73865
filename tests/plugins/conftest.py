"""What several tests of trainings need."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from senga.neural.training.perceptual import LAYERS


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few pictures of each kind, and a perceptual network of few channels."""
    root, rng = tmp_path_factory.mktemp("material"), np.random.default_rng(4)
    for name, count in (("photos", 3), ("style", 2), ("faces", 2), ("drawn_faces", 2)):
        (root / name).mkdir()
        for i in range(count):
            cells = rng.integers(0, 255, (5, 7, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{i}.png"), cv2.resize(cells, (64, 48), interpolation=cv2.INTER_CUBIC))
    arrays, inputs = {}, 3
    for layer in LAYERS:
        channels = 3 + int(layer[4])
        kernel = rng.standard_normal((channels, inputs, 3, 3)) * (2 / 9 / inputs) ** 0.5
        arrays |= {f"{layer}_W": kernel.astype(np.float32), f"{layer}_b": np.zeros(channels, np.float32)}
        inputs = channels
    np.savez(root / "vgg.npz", **arrays)
    return root
