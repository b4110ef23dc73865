"""Line art: where lines are found, what settings do to them, what comes out, and what networks see."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga.compose import Blend, compose_act
from senga.errors import ModelError, ReadError
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.networks.lines import lines, sketch_keras
from senga.neural.training import drawings as pairs
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair
from senga.ops.reduction import Grid
from senga.plugins.line_art import highpass, inking, network, painting
from senga.plugins.line_art.samples import example
from senga.registry import plugins
from senga.testing import check_filter, sample

PAPER = (235, 228, 210)


@cache
def drawing(size: int = 240) -> Image:
    """A circle, a square and a slanting line, three pixels wide, on yellowish paper with a red face."""
    picture = np.full((size, size, 3), PAPER, np.uint8)
    cv2.circle(picture, (size // 3, size // 3), size // 5, (220, 90, 80), -1, cv2.LINE_AA)
    cv2.circle(picture, (size // 3, size // 3), size // 5, (10, 10, 20), 3, cv2.LINE_AA)
    cv2.rectangle(picture, (size // 2, size // 2), (size - 30, size - 30), (10, 10, 20), 3)
    cv2.line(picture, (20, size - 60), (size // 2 - 20, size - 20), (10, 10, 20), 3, cv2.LINE_AA)
    return Image(picture)


def true_ink(image: Image) -> Any:
    return image.pixels.max(axis=2) < 110


def made(image: Any, **settings: Any) -> Any:
    result = senga.apply("line-art", image, **settings)
    assert isinstance(result, Image)
    return result


def ink(image: Any, **settings: Any) -> Any:
    """(H, W) ink in 0..1."""
    return 1 - to_depth(made(image, **settings).pixels[:, :, 0], np.float32)


@cache
def made_up() -> Weights:
    """A network of lines that nobody trained."""
    return Weights(first_weights(lines(0.5), "he", 1), {"architecture": "lines", "width": "0.5"})


def by(weights: Weights, image: Image, job: Job | None = None, **settings: Any) -> Image:
    act = plugins().make("line-art", {"method": "network", "style": "x", **settings})
    result = act(image, job or Job(threads=1, weights=lambda _: weights))
    assert isinstance(result, Image)
    return result


FORMS = {"paper": "transparent", "weight": 1.7, "blacks": 0.3}, {"separate_layers": True}


@pytest.mark.parametrize("settings", FORMS)
def test_every_form_keeps_every_promise(settings: dict[str, Any]) -> None:
    check_filter(plugins().make("line-art", {"method": "pen", **settings}))


METHODS = ["network", "pen"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shade", [255, 128])
def test_an_even_picture_has_no_lines(method: str, shade: int) -> None:
    assert not ink(np.full((64, 90, 3), shade, np.uint8), method=method).any()


@pytest.mark.parametrize("method", METHODS)
def test_drawn_lines_are_found_at_their_place_and_width(method: str) -> None:
    image = drawing()
    wanted, found = true_ink(image), ink(image, method=method) > 0.5
    near = [cv2.dilate(each.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for each in (wanted, found)]
    assert (found & near[0]).sum() / found.sum() > 0.97, "nothing but lines"
    assert (wanted & near[1]).sum() / wanted.sum() > 0.97, "all lines"
    assert 0.7 < found.sum() / wanted.sum() < 1.5, "as broad as they are"


@pytest.mark.parametrize("method", METHODS)
def test_light_that_falls_off_is_no_line(method: str) -> None:
    image = drawing()
    light = np.linspace(0.5, 1, image.width)[None, :, None]
    lit = ink(np.rint(image.pixels * light).astype(np.uint8), method=method) > 0.5
    even = ink(image, method=method) > 0.5
    assert (lit != even).mean() < 0.02


def test_bolder_lines_hold_the_lighter_ones() -> None:
    several = [ink(drawing(), weight=weight) for weight in (0.3, 1, 2, 3.5)]
    for light, bold in pairwise(several):
        assert (bold >= light - 0.01).all()
        assert bold.sum() > 1.15 * light.sum()


def test_cleaning_takes_specks_and_leaves_lines() -> None:
    pixels = drawing().pixels.copy()
    pixels[40:43, 200:203] = 0
    dirty, clean = (ink(pixels, cleaning=cleaning) for cleaning in (0.0, 0.8))
    spot = np.s_[34:50, 190:214]
    assert dirty[spot].max() > 0.9
    assert clean[spot].max() == 0
    dirty[spot] = clean[spot]
    assert (abs(dirty - clean) < 0.02).mean() > 0.995


def test_faint_lines_are_cut_by_sketch_keras_thresholds() -> None:
    faint = np.array([[0.05, 0.12, 0.2, 1.0]], np.float32)
    found = {how: inking.inked(faint, how, 1, 1, 0)[0].tolist() for how in ("kept", "enhanced", "pure")}  # type: ignore[arg-type]
    assert [[value > 0 for value in each] for each in found.values()] == [
        [True] * 4, [False, True, True, True], [False, False, True, True]
    ]  # fmt: skip
    assert inking.inked(faint, "kept", 2, 1, 0)[0, 2] == pytest.approx(0.2**0.5)


@pytest.mark.parametrize("method", METHODS)
def test_sensitivity_finds_a_hard_pencil_and_leaves_out_fur(method: str) -> None:
    faint = np.rint(235 - 0.03 * (235 - drawing().float() * 255)).astype(np.uint8)
    found = [
        np.count_nonzero(ink(faint, method=method, sensitivity=sensitivity)[true_ink(drawing())] > 0.5)
        for sensitivity in (0.3, 1, 5)
    ]
    assert found[0] <= found[1] < found[2]
    assert found[2] > 0.4 * true_ink(drawing()).sum()
    strong = [ink(drawing(), method=method, sensitivity=each)[true_ink(drawing())].sum() for each in (0.3, 1)]
    assert strong[0] > 0.5 * strong[1], "clear lines stay"


def test_dark_places_are_filled_if_one_wants_it() -> None:
    pixels = np.full((80, 80, 3), 240, np.uint8)
    pixels[20:60, 20:60] = 20
    assert ink(pixels)[30:50, 30:50].max() < 0.2
    assert ink(pixels, blacks=0.3)[22:58, 22:58].min() > 0.99
    assert ink(pixels, blacks=0.3)[:10].max() == 0


def test_lines_alone_lie_black_on_nothing() -> None:
    whole, alone = made(drawing()), made(drawing(), paper="transparent")
    assert not alone.pixels.any()
    assert np.array_equal(255 - alone.alpha, whole.pixels[:, :, 0])
    assert whole.alpha is None
    layers = made(drawing(), separate_layers=True).layers
    assert [layer.name for layer in layers] == ["Paper", "Lines"]
    assert np.array_equal(layers[1].picture.alpha, alone.alpha)


def test_transparent_lines_are_written_and_read(tmp_path: Path) -> None:
    made(drawing(), paper="transparent").save(tmp_path / "lines.png")
    again = senga.open(tmp_path / "lines.png")
    assert isinstance(again, Image)
    assert again.alpha is not None
    assert again.alpha.max() > 250
    assert again.alpha.min() == 0


def test_lines_of_large_pictures_are_sharp() -> None:
    large = Image(cv2.resize(drawing(700).pixels, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))
    found = ink(large)
    grey = ((found > 0.1) & (found < 0.9)).sum() / (found > 0.5).sum()
    assert painting.factor_of((2800, 2800), 1.0, None) == 3
    assert grey < 0.35, "most of a line is black"


@pytest.mark.parametrize("kind", ["pen", "network"])
def test_a_part_is_like_the_whole(kind: str) -> None:
    image = sample(300, 420)
    act = plugins().make("line-art", {"method": kind, "style": "x", "cleaning": 0.0})
    job = Job(threads=2, weights=lambda _: made_up())
    selection = np.zeros((300, 420), np.uint8)
    selection[137:170, 203:260] = 255
    whole = act(image, job)
    part = compose_act(act, image, job, Blend(selection=selection), act)
    assert isinstance(whole, Image)
    assert isinstance(part, Image)
    gap = abs(part.pixels.astype(int) - whole.pixels)[137:170, 203:260]
    assert gap.max() <= 2


def test_the_network_sees_all_colours_and_no_light() -> None:
    picture = drawing().float()
    seen = highpass.evened(highpass.highpass(picture))
    assert seen.shape == picture.shape
    assert abs(seen).max() < 1
    lighter = highpass.evened(highpass.highpass(picture + np.float32(0.2)))
    assert np.abs(seen - lighter).max() < 1e-4
    fainter = highpass.evened(highpass.highpass(picture * np.float32(0.2)))
    assert np.abs(fainter).max() > 0.6, "faint lines are brought up"
    assert highpass.at_most_one(highpass.highpass(picture)).max() == pytest.approx(1)
    assert not highpass.at_most_one(np.zeros((3, 3, 3), np.float32)).any()


def test_networks_draw_what_they_give() -> None:
    image = drawing(64)
    small = Grid.of(image.pixels, 1, Job()).reduced(image.pixels, Job())
    found = painting.seen(made_up(), small, Grid.of(image.pixels, 1, Job()), Job(threads=1))
    plain = by(made_up(), image, faint="kept", cleaning=0.0)
    assert np.allclose(plain.pixels[:, :, 0], 255 * (1 - np.clip(found, 0, 1)), atol=0.6)


def test_sketch_keras_takes_the_largest_of_three_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = Weights({}, {"architecture": "sketch-keras"})
    monkeypatch.setattr(painting, "_result", lambda *given: given[2][..., 0] + np.float32(0.25))
    image = drawing(64)
    small = Grid.of(image.pixels, 1, Job()).reduced(image.pixels, Job())
    found = painting.seen(weights, small, Grid.of(image.pixels, 1, Job()), Job())
    wanted = highpass.at_most_one(highpass.highpass(small)).max(axis=2) + 0.25
    assert np.allclose(found, np.clip(wanted, 0, 1), atol=1e-6)
    assert painting.factor_of((1024, 700), 1.0, weights) == 2


def test_files_are_known_by_their_layers() -> None:
    ours = network.to_senga(Checkpoint("npz", dict(made_up().arrays)))
    assert network.network_of(ours.card).parameters == lines(0.5).parameters
    shapes = sketch_keras().parameters
    theirs = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    theirs |= {"downblock_1.2.num_batches_tracked": np.zeros((), np.int64)}
    assert dict(network.to_senga(Checkpoint("pytorch", theirs)).card) == {"architecture": "sketch-keras"}
    del theirs["last_conv.bias"]
    with pytest.raises(ModelError, match=r"last_conv\.bias"):
        network.to_senga(Checkpoint("pytorch", theirs))
    with pytest.raises(ModelError, match="neither"):
        network.to_senga(Checkpoint("npz", {"a": np.zeros(3)}))
    with pytest.raises(ModelError, match="width"):
        network.network_of({"architecture": "lines", "width": "fat"})


NORM = {"weight": "gamma:0", "bias": "beta:0", "running_mean": "moving_mean:0", "running_var": "moving_variance:0"}
CONVOLUTION = {"weight": "kernel:0", "bias": "bias:0"}


def in_keras(arrays: dict[str, Any]) -> dict[str, Any]:
    """The weights of sketchKeras under the names, and with the axes, that Keras gives them."""
    made, numbers = {}, {"conv2d": 0, "batch_normalization": 0}
    for layer in dict.fromkeys(name.rpartition(".")[0] for name in arrays):
        own = {part: arrays[f"{layer}.{part}"] for part in NORM if f"{layer}.{part}" in arrays}
        kind, names = ("batch_normalization", NORM) if "running_mean" in own else ("conv2d", CONVOLUTION)
        numbers[kind] += 1
        path = f"model_weights/{kind}_{numbers[kind]}/{kind}_{numbers[kind]}"
        for part, array in own.items():
            made[f"{path}/{names[part]}"] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
    return made


def test_the_file_of_keras_is_read_layer_by_layer() -> None:
    rng = np.random.default_rng(0)
    shapes = sketch_keras().parameters
    wanted = {name: rng.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()}
    given = in_keras(wanted) | {"optimizer_weights/Adam/iterations:0": np.zeros(())}
    found = network.to_senga(Checkpoint("hdf5", given))
    assert dict(found.card) == {"architecture": "sketch-keras"}
    assert set(found.arrays) == set(wanted)
    assert all(np.array_equal(found.arrays[name], array) for name, array in wanted.items())
    del given["model_weights/conv2d_3/conv2d_3/kernel:0"], given["model_weights/conv2d_3/conv2d_3/bias:0"]
    with pytest.raises(ModelError, match="convolutions and"):
        network.to_senga(Checkpoint("hdf5", given))


def test_ink_is_taken_off_a_drawing() -> None:
    colour = np.full((40, 60, 3), (200, 30, 30), np.uint8)
    colour[:, 30:] = (30, 30, 200)
    line = np.full((40, 60), 255, np.uint8)
    line[:, 28:33] = 0
    drawn = np.minimum(colour, line[:, :, None])
    pair = Pair.of(drawn, line)
    assert np.array_equal(pair.ink, 255 - line)
    gap = (pair.fill != colour).any(axis=2)
    assert not gap[:, :28].any()
    assert not gap[:, 33:].any()
    assert gap.mean() < 0.05, "under the line the nearer colour"


def test_examples_are_new_each_time_and_the_same_again() -> None:
    pair = Pair.of(drawing().pixels, np.where(true_ink(drawing()), np.uint8(0), np.uint8(255)))
    first, other = ([example([pair], (), 48, np.random.default_rng(seed)) for _ in range(2)] for seed in (3, 4))
    again = example([pair], (), 48, np.random.default_rng(3))
    assert np.array_equal(first[0].seen, again.seen)
    assert not np.array_equal(first[0].seen, other[0].seen)
    several = [example([pair], (), 64, np.random.default_rng(seed)) for seed in range(24)]
    for each in several:
        assert each.seen.shape == (64, 64, 3)
        assert 0 <= each.ink.min() <= each.ink.max() <= 1.001
    assert np.mean([each.ink.max() > 0.9 for each in several]) > 0.8, "most show lines"


def test_folders_of_pairs_and_of_coloured_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "drawings"
    folder.mkdir()
    colour = drawing(96).pixels
    for name in ("a_colour", "a_line", "b", "c_line"):
        cv2.imwrite(str(folder / f"{name}.png"), colour if "line" not in name else colour.max(axis=2))
    found = {one.name: other and other.name for one, other in pairs.drawings(folder).items()}
    assert found == {"a_colour.png": "a_line.png", "b.png": None, "c_line.png": None}
    picture, inked = pairs.read_drawing(folder / "b.png", None)
    assert picture.shape == (96, 96, 3)
    assert (inked < 100)[true_ink(Image(picture[:, :, ::-1]))].mean() > 0.5
    cv2.imwrite(str(folder / "a_line.png"), colour[:50])
    with pytest.raises(ReadError, match="size"):
        pairs.read_drawing(folder / "a_colour.png", folder / "a_line.png")
