"""White-box Cartoonization: its networks against the published model, the finish, and what its settings do."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga import ops
from senga.errors import ModelError
from senga.families import network_of
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.engine import evaluate
from senga.ops.guided import guided_filter
from senga.ops.superpixels import patched
from senga.plugins.cartoon import Cartoon
from senga.plugins.cartoon.first import passing_weights
from senga.plugins.cartoon.network import generator, judge, to_senga
from senga.plugins.cartoon.painting import Parts, automatic_scale, composed, paint, represented
from senga.plugins.cartoon.presets import PRESETS

RNG = np.random.default_rng(8)
CARD = {"architecture": "whitebox", "width": "0.25"}


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Weights of a narrow network that about passes the photo on."""
    return Weights(passing_weights(generator(0.25), 3), CARD)


@pytest.fixture(scope="module")
def grainy() -> NDArray[np.float32]:
    """(72, 104, 3): two flat halves under grain."""
    values = np.full((72, 104, 3), 0.3, np.float32)
    values[:, 52:] = (0.8, 0.5, 0.4)
    return values + RNG.normal(0, 0.02, values.shape).astype(np.float32)


def test_sizes_are_those_of_the_publication() -> None:
    assert generator().parameter_count == 1_467_075
    assert len(generator().parameters) == 36
    assert (judge(3).parameter_count, judge(1).parameter_count) == (287_137, 286_561)
    assert judge(3).sizes(256, 256)["verdict"] == (32, 32)


def test_the_published_model_paints_the_same(shared: Path) -> None:
    """The original graph with its guided filter, run by OpenVINO; it takes blue, green and red."""
    openvino = pytest.importorskip("openvino")
    file = shared / "weights" / "whitebox" / "whitebox_cartoon_gan_fp16.tflite"
    if not file.is_file():
        pytest.skip(f"the published weights are not at {file}")
    photo = cv2.resize(cv2.imread(str(shared / "photos/budgie_cc0/012_egg-basket.jpg")), (224, 224))[..., ::-1]
    core = openvino.Core()
    model = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = np.ascontiguousarray(photo[..., ::-1], np.float32)[None] / np.float32(127.5) - 1
    expected = np.clip((model(given)[0][0][..., ::-1] + 1) * 127.5, 0, 255)
    weights = to_senga(read_checkpoint(file))
    found = paint(weights, np.ascontiguousarray(photo), Job(), 1.0, Parts(), "picture")
    assert np.abs(found - expected).max() < 0.6
    assert np.abs(found - photo.astype(np.float32)).mean() > 4, "it paints"


def test_tensorflow_names_turn_the_colours_round() -> None:
    ours = passing_weights(generator(0.25), 0)
    theirs = {}
    for name, array in ours.items():
        layer, _, leaf = name.rpartition(".")
        kernel = leaf == "weight"
        theirs[f"generator/{layer}/{'weights' if kernel else 'biases'}"] = (
            array.transpose(2, 3, 1, 0) if kernel else array
        )
    found = to_senga(Checkpoint("tensorflow", theirs))
    assert found.card["width"] == "0.25"
    np.testing.assert_array_equal(found.arrays["Conv.weight"], ours["Conv.weight"][:, ::-1])
    np.testing.assert_array_equal(found.arrays["Conv_9.bias"], ours["Conv_9.bias"][::-1])
    np.testing.assert_array_equal(found.arrays["Conv_4.weight"], ours["Conv_4.weight"])
    same = to_senga(Checkpoint("safetensors", ours))
    np.testing.assert_array_equal(same.arrays["Conv.weight"], ours["Conv.weight"])
    with pytest.raises(ModelError):
        to_senga(Checkpoint("npz", {"generator/Conv/weights": np.zeros((7, 7, 3, 32), np.float32)}))


def test_first_weights_pass_the_photo_on(weights: Weights, grainy: NDArray[np.float32]) -> None:
    """A narrow network about does; what is wanted is that colours and edges are there from the first step."""
    smooth = cv2.GaussianBlur(grainy, (0, 0), 2) * 2 - 1
    for width in (0.25, 0.75):
        network = generator(width)
        found = evaluate(network, passing_weights(network, 3), {"photo": smooth}, Job())["painting"]
        assert np.corrcoef(found.ravel(), smooth.ravel())[0, 1] > 0.8


def test_the_guided_filter_counts_what_is_in_its_windows() -> None:
    guide, picture = RNG.random((2, 9, 7, 3), np.float32)
    radius, eps = 2, 0.01

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.empty_like(values)
        for y in range(9):
            for x in range(7):
                rows, columns = (slice(max(at - radius, 0), at + radius + 1) for at in (y, x))
                found[y, x] = values[rows, columns].mean(axis=(0, 1))
        return found

    g, p = guide.astype(np.float64), picture.astype(np.float64)
    slope = (mean(g * p) - mean(g) * mean(p)) / (mean(g * g) - mean(g) ** 2 + eps)
    expected = mean(slope) * g + mean(mean(p) - slope * mean(g))
    np.testing.assert_allclose(guided_filter(guide, picture, radius, eps, Job()), expected, atol=2e-5)


def test_the_guided_filter_is_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    guide, picture = RNG.random((2, 160, 40, 3), np.float32)
    whole = guided_filter(guide, picture, 3, 0.01, Job(threads=1))
    monkeypatch.setattr(
        "senga.ops.banded.parts_of", lambda height, _, **__: [slice(i, i + 16) for i in range(0, height, 16)]
    )
    np.testing.assert_allclose(guided_filter(guide, picture, 3, 0.01, Job(threads=3)), whole, atol=1e-6)


def test_neutral_settings_give_what_is_published(weights: Weights, grainy: NDArray[np.float32]) -> None:
    network = network_of(weights)
    painted = (evaluate(network, weights.arrays, {"photo": grainy * 2 - 1}, Job())["painting"] + 1) / 2
    expected = np.clip(guided_filter(grainy, painted, 1, 5e-3 / 4, Job()), 0, 1)
    np.testing.assert_allclose(paint(weights, grainy, Job(), 0.0, Parts(), "picture"), expected, atol=1e-5)


def grain_of(picture: NDArray[np.float32]) -> float:
    """Deviation inside the right half, whose colour is one."""
    return float(picture[10:-10, 62:-10].std(axis=(0, 1)).mean())


def test_settings_do_what_their_names_say(grainy: NDArray[np.float32]) -> None:
    def made(**parts: float) -> NDArray[np.float32]:
        return composed(grainy.copy(), Parts(**parts), Job())

    plain = grain_of(made())
    assert plain > grain_of(made(surface=0.5)) > grain_of(made(surface=1.0))
    assert grain_of(made(surface=1.0)) < 0.3 * plain
    assert plain > grain_of(made(structure=0.5)) > grain_of(made(structure=1.0))
    light = [grain_of(np.repeat(ops.luma(made(texture=t))[..., None], 3, 2)) for t in (0.0, 0.5, 1.0, 2.0)]
    assert light == sorted(light)
    assert light[3] > 1.6 * light[2] > 3 * light[0]
    step = made(surface=1.0)[30, 51:53].mean(axis=1)
    assert step[1] - step[0] > 0.15, "edges stay"


def test_representations(grainy: NDArray[np.float32]) -> None:
    surface, structure, texture = (represented(grainy, name, Job()) for name in ("surface", "structure", "texture"))
    assert grain_of(surface) < 0.5 * grain_of(grainy)
    assert len(np.unique(structure.reshape(-1, 3), axis=0)) < 12
    assert np.ptp(texture, axis=2).max() == 0
    np.testing.assert_array_equal(represented(grainy, "picture", Job()), grainy)


def test_patches_are_flat_and_few(grainy: NDArray[np.float32]) -> None:
    assert len(np.unique(patched(np.clip(grainy, 0, 1), 6, 60, Job()).reshape(-1, 3), axis=0)) == 1


def test_large_pictures_are_painted_at_the_published_size() -> None:
    assert automatic_scale(3000, 4000) == pytest.approx(3000 / 720)
    assert automatic_scale(720, 9000) == automatic_scale(100, 50) == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 130), (65, 66), (33, 2)])
def test_any_size(weights: Weights, shape: tuple[int, int]) -> None:
    pixels = RNG.integers(0, 255, (*shape, 3), np.uint8)
    for shown in ("picture", "surface", "structure", "texture"):
        found = paint(weights, pixels, Job(), 0.0, Parts(0.3, 0.3, 1.3), shown)
        assert found.shape == pixels.shape
        assert found.dtype == np.uint8
    assert paint(weights, pixels, Job(), 3.0, Parts(), "picture").shape == pixels.shape


def test_the_filter_paints_with_its_own_family(weights: Weights) -> None:
    pixels = RNG.integers(0, 255, (40, 48, 3), np.uint8)
    job = Job(weights=lambda _name: weights)
    found = Cartoon(style="any")(Image(pixels), job).pixels
    np.testing.assert_array_equal(found, paint(weights, pixels, job, 0.0, Parts(), "picture"))
    assert Cartoon.families == ("whitebox",)
    assert Cartoon(structure=0.1).reach(100, 100) is None
    assert Cartoon().reach(100, 100)


def test_presets_hold_the_published_weights() -> None:
    published = PRESETS["published"]
    weights = published.weights
    assert (weights.surface, weights.texture, weights.structure, weights.content) == (0.1, 1, 200, 200)
    assert (weights.variation, published.batch, published.crop, published.faces_every) == (1e4, 16, 256, 5)
    assert published.rates[0] == 2e-4
