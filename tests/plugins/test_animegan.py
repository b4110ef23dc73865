"""The AnimeGAN networks against onnxruntime, and the filter that paints with them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.blocks import Sampling
from senga.neural.canvas import automatic_scale, match_luma, mean_luma
from senga.neural.engine import run
from senga.neural.graph import Network
from senga.neural.stroke_scale import finished, reduced
from senga.plugins.animegan import Anime
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite, tf_axes, tf_names
from senga.plugins.animegan.painting import network_of, official_size

CARD = {"architecture": "animeganv2", "width": "0.25", "upsample": "tf1", "eps": "1e-5"}


@pytest.mark.parametrize(
    ("network", "count", "tensors"),
    [
        (animeganv2(), 2_143_552, 77),
        (animeganv2(0.5), 544_416, 77),
        (animeganv2_lite(), 698_240, 68),
        (animeganv1(), 3_956_096, 129),
    ],
)
def test_parameter_counts(network: Network, count: int, tensors: int) -> None:
    assert network.parameter_count == count
    assert len(network.parameters) == tensors


@pytest.mark.parametrize("network", [animeganv2(), animeganv2_lite(), animeganv1()], ids=lambda network: network.name)
def test_every_parameter_has_one_tensorflow_name(network: Network) -> None:
    names = tf_names(network)
    assert sorted(names.values()) == sorted(network.parameters)
    for theirs, ours in names.items():
        kernel = len(network.parameters[ours]) > 1
        assert kernel == theirs.endswith(("/weights", "_weights", "/w")), theirs
        assert kernel == (ours in tf_axes(network))


def test_spelling_of_tensorflow_names() -> None:
    v2, lite, v1 = (tf_names(network) for network in (animeganv2(), animeganv2_lite(), animeganv1()))
    root = "generator/G_MODEL/"
    assert v2[root + "C/r3/r3/w"] == "block_c.3.layers.1.1.weight"
    assert v2[root + "C/r3/r3/bias"] == "block_c.3.layers.1.1.bias"
    assert v2[root + "C/r2/2/beta"] == "block_c.2.layers.3.bias"
    assert v2[root + "E/LayerNorm_2/gamma"] == "block_e.2.2.weight"
    assert lite[root + "Conv_19/weights"] == "up_2.0.conv.weight"
    assert lite[root + "res2_1/gamma"] == "res_2.0.norm.weight"
    assert v1[root + "b2/SeparableConv2d_2/pointwise_weights"] == "b2.2.half.pointwise.weight"
    assert v1[root + "m/r8/r8/w"] == "m.r8.1.depthwise.weight"


def tensorflow_name(stored: str) -> str:
    """The TensorFlow name of an array in the public npz, whose names are those of graph nodes."""
    name = re.sub(r"^\d+\|(MUL\||SUB\|)?", "", stored)
    name = re.sub(r"/(r\d)/r\d1?\|bias$", r"/\1/bias", name)
    name = re.sub(r"/(r\d)/r\d1?$", r"/\1/w", name)
    return re.sub(r"/Conv2D1?$", "/weights", name)


@pytest.fixture(scope="module")
def hayao(shared: Path) -> tuple[dict[str, NDArray[np.float32]], Any]:
    """The public Hayao weights in our names, and the public graph."""
    runtime = pytest.importorskip("onnxruntime")
    folder = shared / "weights" / "animegan"
    names = tf_names(animeganv2())
    with np.load(folder / "animeganv2_hayao_dequant.npz") as arrays:
        weights = {names[tensorflow_name(name)]: arrays[name] for name in arrays.files}
    return weights, runtime.InferenceSession(folder / "animeganv2_hayao_dequant.onnx")


@pytest.fixture(scope="module")
def photograph(shared: Path) -> NDArray[np.uint8]:
    with PIL.Image.open(shared / "bench" / "kodak" / "kodim01.png") as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (256, 256)])
def test_against_the_public_graph(hayao: Any, photograph: NDArray[np.uint8], size: tuple[int, int]) -> None:
    weights, session = hayao
    pixels = photograph[: size[0], : size[1]].astype(np.float32) / 255
    theirs = session.run(None, {session.get_inputs()[0].name: (pixels * 2 - 1).transpose(2, 0, 1)[None]})[0]
    ours = run(animeganv2(eps=1e-12), weights, pixels, Job())
    difference = abs(ours - (theirs[0].transpose(1, 2, 0) + 1) / 2) * 255
    assert difference.max() < 2
    assert difference.mean() < 0.05


def test_strips_of_a_photograph_show_no_seam(hayao: Any, photograph: NDArray[np.uint8]) -> None:
    from senga.neural import engine

    weights, _ = hayao
    pixels = photograph[:96, :128].astype(np.float32) / 255
    whole = run(animeganv2(eps=1e-12), weights, pixels, Job())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "allot", lambda *given: engine.Share(1 << 21, 1 << 20, given[-1]))
        strips = run(animeganv2(eps=1e-12), weights, pixels, Job())
    difference = abs(strips - whole) * 255
    assert difference.mean() < 0.1
    assert difference.mean(axis=(1, 2)).max() < 0.2


@pytest.fixture
def job() -> Job:
    network = animeganv2(0.25)
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in network.parameters.items()}
    return Job(weights=lambda style: Weights(arrays, CARD | {"style": style}))


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (33, 21)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_filter_keeps_size_and_depth(job: Job, size: tuple[int, int], dtype: Any) -> None:
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = (np.random.default_rng(1).random((*size, 3)) * full).astype(dtype)
    before = pixels.copy()
    painted = Anime()(Image(pixels), job)
    assert painted.pixels.shape == pixels.shape
    assert painted.pixels.dtype == dtype
    assert np.array_equal(pixels, before)


def test_brightness_is_matched(job: Job) -> None:
    pixels = (np.random.default_rng(1).random((32, 32, 3)) * 120).astype(np.uint8)
    matched = Anime(match_brightness=True)(Image(pixels), job).pixels
    plain = Anime(match_brightness=False)(Image(pixels), job).pixels
    assert abs(mean_luma(matched) - mean_luma(pixels)) < 1
    assert abs(mean_luma(plain) - mean_luma(pixels)) > 5


def test_luma_of_black_stays() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    match_luma(black, black + 9)
    assert not black.any()


@pytest.mark.parametrize("sampling", get_args(Sampling))
def test_the_upsampling_can_be_chosen(job: Job, sampling: Sampling) -> None:
    pixels = np.random.default_rng(1).random((16, 16, 3), np.float32)
    same = np.array_equal(Anime(upsample=sampling)(Image(pixels), job).pixels, Anime()(Image(pixels), job).pixels)
    assert same == (sampling == "tf1")


def test_stroke_scale_is_chosen_by_the_size_of_the_whole_picture(job: Job) -> None:
    assert automatic_scale((700, 1000)) == 1
    assert automatic_scale((3000, 4000)) == pytest.approx(2.83, abs=0.01)
    pixels = np.random.default_rng(1).random((80, 90, 3), np.float32)
    crop = Anime()(Image(pixels), replace(job, full_size=(3000, 4000))).pixels
    assert not np.array_equal(crop, Anime()(Image(pixels), job).pixels)


def test_broad_strokes_keep_the_edges_of_the_photo() -> None:
    """Painting with the identity gives the photo back, far sharper than enlarging alone would."""
    rng = np.random.default_rng(2)
    photo = np.kron(rng.random((8, 8, 3)), np.ones((25, 25, 1))).astype(np.float32)
    small = reduced(photo, 2.5)
    assert small is not None
    assert small.shape == (80, 80, 3)
    sharp = finished(photo, small, small, Job())
    soft = finished(np.zeros_like(photo) + photo.mean(), small, small, Job())
    assert abs(sharp - photo).mean() < 0.35 * abs(soft - photo).mean()


def test_flat_paint_stays_flat() -> None:
    """Where the painting has no detail, none of the photo's comes back."""
    photo = np.random.default_rng(2).random((90, 120, 3), np.float32)
    small = reduced(photo, 3)
    assert small is not None
    result = finished(photo, small, np.full_like(small, 0.5), Job())
    assert abs(result - 0.5).max() < 1e-4


def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    from senga.neural import stroke_scale

    photo = np.random.default_rng(2).random((90, 120, 3), np.float32)
    small = reduced(photo, 2)
    assert small is not None
    whole = finished(photo, small, 1 - small, Job())
    monkeypatch.setattr(stroke_scale, "_BAND_PIXELS", 120 * 7)
    assert abs(finished(photo, small, 1 - small, Job()) - whole).max() < 0.02


def test_official_size() -> None:
    assert official_size(1080, 1921) == (1056, 1920)
    assert official_size(100, 300) == (256, 288)


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ({"architecture": "cyclegan"}, "“cyclegan”; this filter paints with animeganv2"),
        ({}, "architecture = “”"),
        (CARD | {"width": "wide"}, "width = “wide”; it must be a positive number"),
        (CARD | {"eps": "-1"}, "eps = “-1”"),
        (CARD | {"upsample": "cubic"}, "“cubic”; it must be one of tf1, half_pixel, align_corners"),
    ],
)
def test_wrong_cards_are_named(card: dict[str, str], sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        network_of(card)


def test_the_card_chooses_the_network() -> None:
    assert network_of(CARD) == animeganv2(0.25, 1e-5, "tf1")
    assert network_of({"architecture": "animeganv2-lite", "eps": "1e-12"}) == animeganv2_lite(1e-12)
    assert network_of({"architecture": "animeganv1"}, "half_pixel") == animeganv1(upsample="half_pixel")


def test_weights_of_another_width_are_refused(job: Job) -> None:
    weights = job.weights("any")
    wrong = replace(job, weights=lambda _: Weights(weights.arrays, CARD | {"width": "1.0"}))
    with pytest.raises(
        ModelError, match=r"“block_a.0.1.weight” has the shape \(8, 3, 7, 7\) instead of \(32, 3, 7, 7\)"
    ):
        Anime()(Image(np.zeros((8, 8, 3), np.uint8)), wrong)
