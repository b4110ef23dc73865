"""Portraits painted at once: the network, how large it sees faces, and what it does without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from senga.errors import ModelError
from senga.faces import Face
from senga.faces.face import width_of
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.engine import run
from senga.plugins.portrait_patches import painting
from senga.plugins.portrait_patches.network import generator, judge, network_of, passing_weights, to_senga
from senga.registry import plugins
from senga.testing import check_filter, sample

from .given_faces import frontal, shares

OWN = "metzinger"
CARD = {"architecture": "patches", "width": "0.25", "blocks": "1", "face": "40"}
NETWORK = network_of(CARD)


def negative() -> dict[str, Any]:
    """Weights with which light and dark change places, nearly."""
    weights = passing_weights(NETWORK, 3)
    return {**weights, "last.weight": -weights["last.weight"]}


def a_job(**more: Any) -> Job:
    reference = "senga.plugins.portrait_patches.network:network_of"
    return Job(weights=lambda _: Weights(negative(), CARD, reference), threads=2, **more)


def painted(image: Image, **settings: Any) -> Any:
    return plugins().make("portrait-patches", settings)(image, a_job()).pixels


@pytest.mark.parametrize("background", ["painted", "photograph"])
def test_the_filter_keeps_every_promise(background: str) -> None:
    check_filter(plugins().make("portrait-patches", {"background": background}), plugins=plugins())


def test_first_weights_pass_the_photograph_on() -> None:
    network = generator(0.75)
    x = np.asarray(cv2.GaussianBlur(sample(64, 64, 3).float(), (0, 0), 2) * 1.6 - 0.8, np.float32)
    found = run(network, passing_weights(network, 0), (x + 1) / 2, Job(threads=2))
    assert np.abs(found * 2 - 1 - np.tanh(x)).mean() < 0.12


def test_runtimes_agree() -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("mindspore")
    x = sample(48, 56, 3).float()
    found = [run(NETWORK, negative(), x, Job(threads=2, engine=engine)) for engine in ("onnx", "mindspore")]
    np.testing.assert_allclose(*found, atol=2e-3)


def test_a_network_is_told_by_the_shapes_of_its_weights() -> None:
    arrays = passing_weights(generator(0.75, 2), 0)
    found = to_senga(Checkpoint("safetensors", arrays, {"face": "90", "grain": "0.05"}))
    told = {"architecture": "patches", "width": "0.75", "blocks": "2", "face": "90", "grain": "0.05"}
    assert dict(found.card) == told
    network_of(found.card).check(found.arrays)
    with pytest.raises(ModelError, match="full"):
        to_senga(Checkpoint("npz", {"other": np.zeros(3, np.float32)}))
    with pytest.raises(ModelError, match="no usable numbers"):
        to_senga(Checkpoint("npz", {**arrays, "last.bias": np.full(3, np.nan, np.float32)}))
    for wrong in ({"width": "wide"}, {"width": "1e9"}, {"blocks": "1000"}):
        with pytest.raises(ModelError, match="width or blocks"):
            network_of(wrong)


def test_one_of_the_size_that_ships_takes_two_megabytes_at_most() -> None:
    assert sum(2 * np.prod(shape) for shape in generator(0.75).parameters.values()) <= 2_000_000
    assert judge(16).parameters["layer0.weight"][1] == 3


def test_the_grain_of_a_card_is_on_what_the_network_is_shown_and_nothing_else() -> None:
    flat = Image(np.full((60, 60, 3), 128, np.uint8))
    style = Weights(negative(), {**CARD, "grain": "0.1"}, a_job().weights("x").network)
    act = plugins().make("portrait-patches", {})
    grainy, plain = (act(flat, replace(a_job(), weights=lambda _, w=w: w)) for w in (style, a_job().weights("x")))
    assert plain.pixels.std() < 2
    assert grainy.pixels.std() > 10
    assert grainy.pixels.dtype == np.uint8
    again = act(flat, replace(a_job(), weights=lambda _: style))
    np.testing.assert_array_equal(again.pixels, grainy.pixels, "the same grain every time")


@pytest.mark.parametrize("wide", [20.0, 100.0, 400.0])
def test_faces_are_brought_to_the_width_that_was_learned(wide: float) -> None:
    points = frontal()
    face = Face.of_points(points * wide / width_of(points))
    scale = painting.scale_for([face], (1000, 1000), 100.0)
    assert wide / scale == pytest.approx(100.0)


def test_without_a_face_the_size_of_the_picture_says_how_large_one_would_be() -> None:
    assert painting.scale_for([], (80, 4000), 112.0) == 1.0
    assert painting.scale_for([], (3000, 4000), 112.0) == pytest.approx(0.36 * 3000 / 112)


def test_small_faces_are_painted_in_an_enlarged_picture() -> None:
    image = sample(48, 40, 3)
    seen: list[tuple[int, ...]] = []

    def spy(network: Any, weights: Any, pixels: Any, job: Any, scale: float, grain: float) -> Any:
        seen.append((*pixels.shape[:2], round(scale)))
        return pixels

    own = painting.paint
    painting.paint = spy  # type: ignore[assignment]
    try:
        found = painted(image, points=shares(0.3, 0.3, 0.4, 0.5))
    finally:
        painting.paint = own
    ((tall, wide, scale),) = seen
    assert tall > 2 * 48
    assert wide > 2 * 40
    assert scale == 1
    assert found.shape == image.pixels.shape


def test_with_the_photograph_left_heads_alone_are_painted() -> None:
    image = Image(np.asarray(cv2.GaussianBlur(sample(120, 160, 3).pixels, (0, 0), 3)))
    places = shares(0.1, 0.3, 0.25, 0.5)
    whole = painted(image, points=places)
    heads = painted(image, points=places, background="photograph")
    changed = (heads != image.pixels).any(axis=2)
    assert changed[60:80, 25:45].mean() > 0.9, "the face is painted"
    assert not changed[:, 110:].any(), "what is far from it is not"
    assert (whole != image.pixels).any(axis=2)[:, 110:].mean() > 0.9


def test_without_a_face_everything_is_painted_whatever_was_asked_for() -> None:
    image = Image(np.full((40, 50, 3), 60, np.uint8))
    whole, heads = (painted(image, background=each) for each in ("painted", "photograph"))
    np.testing.assert_array_equal(whole, heads)
    assert whole.mean() > 120, "light and dark have changed places"


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("background", ["painted", "photograph"])
def test_every_depth_and_a_single_pixel(depth: Any, background: str) -> None:
    for size in ((1, 1), (37, 41)):
        image = sample(*size, 3, depth)
        found = painted(image, background=background, points=shares(0.2, 0.2, 0.6, 0.6))
        assert found.shape == image.pixels.shape
        assert found.dtype == image.pixels.dtype


def test_both_heads_of_a_picture_are_painted() -> None:
    image = Image(np.asarray(cv2.GaussianBlur(sample(100, 260, 3).pixels, (0, 0), 3)))
    places = [*shares(0.08, 0.3, 0.2, 0.5), *shares(0.7, 0.3, 0.2, 0.5)]
    changed = (painted(image, points=places, background="photograph") != image.pixels).any(axis=2)
    assert changed[50:70, 35:55].mean() > 0.9
    assert changed[50:70, 200:220].mean() > 0.9
    assert not changed[:, 110:150].any()


def test_a_file_of_landmarks_that_is_not_there_is_told(tmp_path: Path) -> None:
    from senga.errors import SengaError

    with pytest.raises(SengaError, match="nowhere"):
        painted(sample(40, 40, 3), landmarks=str(tmp_path / "nowhere.json"))


def test_the_style_that_comes_with_senga_paints_faces_in_its_colours_and_strokes_where_nothing_is() -> None:
    store = plugins().store()
    entry = next(entry for entry in store.entries(["patches"]) if entry.name == OWN)
    assert entry.shipped
    weights = store.load(f"patches/{OWN}")
    assert sum(array.nbytes for array in weights.arrays.values()) < 4_000_000
    assert float(weights.card["grain"]) > 0
    assert "public domain" in weights.card["training_data"]
    photo = np.full((360, 300, 3), 150, np.uint8)
    cv2.ellipse(photo, (150, 180), (56, 75), 0, 0, 360, (224, 180, 160), -1)
    for across in (125, 175):
        cv2.ellipse(photo, (across, 165), (11, 6), 0, 0, 360, (60, 40, 35), -1)
    cv2.ellipse(photo, (150, 222), (22, 7), 0, 0, 360, (170, 60, 70), -1)
    act = plugins().make("portrait-patches", {"stroke_scale": 1.0})
    made = act(Image(cv2.GaussianBlur(photo, (0, 0), 1.5)), Job(weights=lambda _: weights, threads=2)).pixels
    forehead = made[125:150, 130:170].reshape(-1, 3).astype(int)
    assert (forehead[:, 1] - forehead[:, 2]).mean() > 15, "yellow"
    beside = made[20:90, 20:280].astype(float)
    local = beside - cv2.GaussianBlur(beside, (0, 0), 6)
    assert local.std() > 5, "strokes, of the grain"
