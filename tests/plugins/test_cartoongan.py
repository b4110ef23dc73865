"""CartoonGAN: the networks against what is written of them and against public weights, its files, its training."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Job
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.engine import evaluate
from senga.neural.training.initial import first_weights
from senga.plugins.animegan import Anime
from senga.plugins.cartoongan.family import CARTOONGAN
from senga.plugins.cartoongan.network import cartoongan, cartoongan_light, judge, network_of, to_senga
from senga.plugins.cartoongan.presets import PRESETS

Plane = NDArray[np.float64]


def test_sizes_are_those_that_are_known() -> None:
    kernels = sum(np.prod(shape) for shape in cartoongan().parameters.values() if len(shape) == 4)
    assert kernels == pytest.approx(11.12e6, rel=2e-3)
    assert judge().sizes(256, 256)["verdict"] == (64, 64)


class Light:
    """The light generator as its program runs it, in float64: every norm has one mean and deviation."""

    def __init__(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        names = (name.replace("|.ATTRIBUTES|VARIABLE_VALUE", "").replace("|", "/") for name in arrays)
        self.w = {name: array.astype(np.float64) for name, array in zip(names, arrays.values(), strict=True)}

    def __call__(self, x: Plane) -> Plane:
        """A picture, (H, W, 3) in [-1, 1]."""
        x = self.norm(self.conv(x, "flat_conv1/model/layer-1", 2), "flat_conv1/model/layer-2").clip(0)
        for name in ("down_conv1", "down_conv2"):
            left = self.norm(self.depthwise(x, f"{name}/l_model/layer-0", 2), f"{name}/l_model/layer-1")
            right = self.norm(self.conv(x, f"{name}/r_model/layer-0"), f"{name}/r_model/layer-1").clip(0)
            right = self.norm(self.depthwise(right, f"{name}/r_model/layer-3", 2), f"{name}/r_model/layer-4")
            both = self.conv(left, f"{name}/l_model/layer-2"), self.conv(right, f"{name}/r_model/layer-5")
            x = self.turns(self.norm(np.concatenate(both, 2), f"{name}/bn_act/layer-0").clip(0))
        for i in range(8):
            x = self.unit(x, f"residual_blocks/layer-{i}/model")
        for name in ("up_conv1", "up_conv2"):
            x = self.unit(self.conv(self.twice(x), f"{name}/model/layer-0"), f"{name}/model/layer-1/model")
        return np.tanh(self.conv(x, "final_conv/layer-1", 2))

    def unit(self, x: Plane, name: str) -> Plane:
        left, right = np.split(x, 2, axis=2)
        right = self.norm(self.conv(right, f"{name}/layer-0"), f"{name}/layer-1").clip(0)
        right = self.norm(self.depthwise(right, f"{name}/layer-3"), f"{name}/layer-4")
        right = self.norm(self.conv(right, f"{name}/layer-5"), f"{name}/layer-6").clip(0)
        return self.turns(np.concatenate([left, right], 2))

    def conv(self, x: Plane, name: str, pad: int = 0) -> Plane:
        kernel = self.w[f"{name}/kernel"]
        x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
        rows, columns = (x.shape[i] - kernel.shape[i] + 1 for i in (0, 1))
        places = np.ndindex(*kernel.shape[:2])
        found = sum(x[i : i + rows, j : j + columns] @ kernel[i, j] for i, j in places)
        return np.asarray(found + self.w.get(f"{name}/bias", 0))

    def depthwise(self, x: Plane, name: str, stride: int = 1) -> Plane:
        kernel, before = self.w[f"{name}/depthwise_kernel"], 2 - stride
        rows, columns = (side // stride for side in x.shape[:2])
        x = np.pad(x, ((before, 1), (before, 1), (0, 0)))
        cut = [x[i:, j:][: rows * stride : stride, : columns * stride : stride] for i in range(3) for j in range(3)]
        return np.asarray(sum(part * kernel[k // 3, k % 3, :, 0] for k, part in enumerate(cut)))

    def norm(self, x: Plane, name: str) -> Plane:
        return (x - x.mean()) / (x.std() + 1e-3) * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]

    @staticmethod
    def turns(x: Plane) -> Plane:
        half = x.shape[2] // 2
        out = np.empty_like(x)
        out[..., 0::2], out[..., 1::2] = x[..., :half], x[..., half:]
        return out

    @staticmethod
    def twice(x: Plane) -> Plane:
        for axis in (0, 1):
            following = np.concatenate([np.delete(x, 0, axis), np.take(x, [-1], axis)], axis)
            out = np.repeat(x, 2, axis)
            places = (slice(None),) * axis + (slice(1, None, 2),)
            out[places] = (x + following) / 2
            x = out
        return x


def test_the_public_light_weights_paint_the_same(shared: Path) -> None:
    file = shared / "weights" / "cartoongan_light" / "light_shinkai.npz"
    if not file.is_file():
        pytest.skip(f"the public weights are not at {file}")
    weights = to_senga(read_checkpoint(file))
    assert (weights.card["architecture"], weights.card["width"]) == ("cartoongan-light", "1")
    photo = cv2.resize(cv2.imread(str(shared / "photos/budgie_cc0/012_egg-basket.jpg")), (96, 72))[..., ::-1]
    x = photo.astype(np.float32) / np.float32(127.5) - 1
    with np.load(file) as arrays:
        expected = Light(dict(arrays))(x.astype(np.float64))
    found = evaluate(network_of(weights.card), weights.arrays, {"photo": x}, Job())["painting"]
    assert np.abs(found - expected).max() * 127.5 < 0.5
    assert np.abs(expected - x).mean() > 0.05, "it paints"


def test_files_of_the_authors_have_their_colours_turned_round() -> None:
    network = cartoongan(0.25)
    ours = first_weights(network, "he", 1)
    norms = {"weight": "scale", "bias": "shift"}
    theirs = {
        f"{name.rpartition('.')[0]}.{norms[name.rpartition('.')[2]]}" if name.startswith("in") else name: array
        for name, array in ours.items()
    }
    found = to_senga(Checkpoint("pytorch", theirs))
    assert (found.card["architecture"], found.card["width"]) == ("cartoongan", "0.25")
    np.testing.assert_array_equal(found.arrays["conv01_1.weight"], ours["conv01_1.weight"][:, ::-1])
    np.testing.assert_array_equal(found.arrays["deconv03_1.weight"], ours["deconv03_1.weight"][::-1])
    np.testing.assert_array_equal(found.arrays["in07_2.weight"], ours["in07_2.weight"])
    same = to_senga(Checkpoint("safetensors", ours))
    np.testing.assert_array_equal(same.arrays["conv01_1.weight"], ours["conv01_1.weight"])
    with pytest.raises(ModelError):
        to_senga(Checkpoint("npz", {"anything": np.zeros(3, np.float32)}))


def test_the_card_names_the_network() -> None:
    assert network_of({"architecture": "cartoongan", "width": "0.5"}) == cartoongan(0.5)
    assert network_of({"architecture": "cartoongan-light"}) == cartoongan_light()
    with pytest.raises(ModelError, match="must be cartoongan"):
        network_of({"architecture": "animeganv2"})


def test_anime_offers_its_styles() -> None:
    assert CARTOONGAN.name in Anime.families


def test_presets_are_the_published_ones() -> None:
    published, comix = PRESETS["cartoongan"], PRESETS["comixgan"]
    assert (published.weights.content, published.start_epochs, published.adversarial) == (10, 10, "gan")
    assert (comix.judge_every, comix.judge_first, comix.adversarial) == (3, True, "gan")
    assert (published.judge_every, published.judge_first) == (1, False)
