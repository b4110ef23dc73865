"""What shines in a network for styles, and that it no longer does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from senga.neural.networks.johnson import Shape, johnson  # noqa: E402
from senga.store.model_file import verify_model  # noqa: E402
from training.cin import card, first_weights_of  # noqa: E402
from training.joining import rows  # noqa: E402
from training.shine import Shine, dulled, main, normal, passed  # noqa: E402

SHAPE = Shape((4, 6, 16), (), 2, 3, styles=2)


def shining() -> dict[str, torch.Tensor]:
    """A network whose blocks make more of what is bright."""
    weights = {name: torch.from_numpy(array) for name, array in first_weights_of(johnson(SHAPE, "cin")).items()}
    for name in [name for name in weights if ".second.conv" in name]:
        along = torch.sign(torch.arange(16) % 3 - 0.5)
        weights[name] = 0.02 * weights[name] + (along[:, None] * torch.ones(16))[..., None, None] / 100
    return weights


def pictures() -> torch.Tensor:
    """Noise with a bright square."""
    photos = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(0)) - 0.9
    photos[:, :, 20:44, 30:54] = 0.9
    return photos


def given() -> tuple[torch.Tensor, torch.Tensor]:
    return pictures(), torch.eye(2)[[0, 1, 0]][..., None, None]


def amounts(weights: dict[str, torch.Tensor], found: Shine) -> dict[str, float]:
    """How much of what shines the ends of blocks have, at most."""
    seen: dict[str, float] = {}

    def meet(place: str, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        if place in found.directions:
            along = found.directions[place] / found.deviations[place]
            seen[place] = float(torch.einsum("c,nchw->nhw", along, x - x.mean((2, 3), keepdim=True)).abs().max())
        return scale

    passed(johnson(SHAPE, "cin"), weights, given(), meet)
    return seen


def test_what_shines_is_found_and_taken_out() -> None:
    network, weights = johnson(SHAPE, "cin"), shining()
    found = Shine.of(network, weights, given())
    bright = ~found.plain
    assert bright[:, :, 7:10, 11].all(), "the square shines"
    assert bright.float().mean() < 0.2, "little else does"
    before, after = (amounts(each, found) for each in (weights, dulled(network, weights, given())))
    assert min(before.values()) > 5
    assert max(after.values()) < 1e-3


def test_where_nothing_shone_norms_give_what_they_gave() -> None:
    network, weights = johnson(SHAPE, "cin"), shining()
    found = Shine.of(network, weights, given())
    spreads: dict[str, torch.Tensor] = {}

    def meet(place: str, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        spreads[place] = (normal(x) * scale).var((2, 3)).mean(0)
        return scale

    passed(network, dulled(network, weights, given()), given(), meet)
    for place in ("res1.second", "res2.first"):
        assert spreads[place].mean() < 1.5 * found.spreads[place].mean(), place


def test_pictures_without_anything_bright_are_refused() -> None:
    flat = torch.zeros(2, 3, 64, 64) + 0.01 * torch.rand(2, 3, 64, 64)
    with pytest.raises(ValueError, match="none of these"):
        Shine.of(johnson(SHAPE, "cin"), shining(), (flat, torch.eye(2)[..., None, None]))


def test_a_file_keeps_its_card_and_what_is_not_concerned(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    old, new, photos = tmp_path / "a.safetensors", tmp_path / "b.safetensors", tmp_path / "photos"
    photos.mkdir()
    for number, picture in enumerate(pictures()):
        cv2.imwrite(str(photos / f"{number}.png"), ((picture.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8))
    arrays = {name: tensor.half().contiguous() for name, tensor in rows(shining()).items()}
    save_file(arrays, old, metadata=card(replace(SHAPE, styles=0), ["one", "two"]))
    main([str(old), "--photos", str(photos), "--out", str(new)])
    verify_model(new)
    after = load_file(new)
    assert after.keys() == arrays.keys()
    changed = {name for name in after if not torch.equal(after[name], arrays[name])}
    assert "res1.second.conv.weight" in changed
    assert all(name.endswith("norm.weight") or ".second.conv" in name for name in changed)
