"""What a network paints as flat colours and shades: within lines, exact at hints, the same in layers as in one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga import Image, Job, SengaError
from senga.job import Weights
from senga.layers import merged
from senga.neural.networks.colour_hints import hint_unet
from senga.neural.networks.paints_chainer import hint_painter
from senga.neural.training.initial import first_weights
from senga.plugins.colorize import Colorize, drawing, hint_network, networks, shading
from senga.plugins.colorize.colouring import Colouring
from senga.plugins.colorize.families import COLOUR_HINTS
from senga.prepared import SHELF
from senga.store.store import default_store

from .test_colorize import BOTH, RED, dots, paper, two_boxes

LEFT, RIGHT = np.s_[48:192, 48:152], np.s_[48:192, 168:272]


def made_of(lines: Any) -> drawing.Drawing:
    return drawing.drawing_of(Image.of(lines), 6, 0.3, Job())


def soft_seen() -> Any:
    """Red to the left, blue to the right, darker below, and so soft that both run over the wall."""
    seen = np.zeros((60, 80, 3), np.float32)
    seen[:, :40] = 0.9, 0.3, 0.2
    seen[:, 40:] = 0.2, 0.3, 0.9
    seen[:10] = seen[50:] = seen[:, :10] = seen[:, 70:] = 0.98
    seen[38:50, 10:70] *= 0.7
    return cv2.GaussianBlur(seen, (0, 0), 1.5)


def random_network(name: str, width: int = 2) -> Weights:
    network = hint_painter(width) if name == "paints-chainer" else hint_unet(width)
    card = {"architecture": name, "width": str(width)}
    return Weights(first_weights(network, "he", 3), card, "senga.plugins.colorize.hint_network:network_of")


def a_job(name: str = "hint-painter") -> Job:
    weights = random_network(name)
    return replace(Job(), weights=lambda _: weights)


def test_every_region_gets_the_colour_that_most_of_it_has() -> None:
    made = shading.coloured_by(made_of(two_boxes()), soft_seen())
    flats = made.palette.colours[made.numbers] / 255
    for box, colour in ((LEFT, (0.9, 0.3, 0.2)), (RIGHT, (0.2, 0.3, 0.9))):
        assert len(np.unique(made.numbers[box])) == 1
        assert np.abs(flats[box][0, 0] - colour).max() < 0.05
    assert (flats[5, 5] == 1).all(), "nearly white is white"


def test_shades_are_what_is_darker_and_end_at_lines() -> None:
    lines = made_of(two_boxes())
    seen = cv2.resize(soft_seen(), (320, 240))
    seen[:, 162:] *= 0.5
    shade = shading.coloured_by(lines, seen).shade
    assert shade is not None
    assert shade[60:120, 60:150].min() > 0.99, "no shade"
    assert 0.6 < shade[175, 100] < 0.85
    halves = np.where(np.arange(320) < 162, 1, 0.5).astype(np.float32) * np.ones((240, 1), np.float32)
    smooth = shading.smoothed(halves, np.ones((240, 320), np.float32), lines.labels, 64)
    assert np.abs(smooth[60:180, 60:158] - 1).max() < 1e-5, "nothing of the darker region comes over the line"
    assert np.abs(smooth[60:180, 166:270] - 0.5).max() < 1e-5


def test_large_regions_are_divided_where_colours_clearly_differ() -> None:
    labels = np.ones((200, 300), np.int32)
    colours = np.full((200, 300, 3), (0.8, 0.6, 0.5), np.float32)
    colours[:, 150:] = 0.4, 0.6, 0.8
    parts = shading.divided(labels, colours)
    assert len(np.unique(parts[:, :140])) == 1
    assert len(np.unique(parts[:, 160:])) == 1
    assert parts[0, 0] != parts[0, 299]
    lit = np.full((200, 300, 3), (0.8, 0.6, 0.5), np.float32)
    lit[:, 150:] *= 0.7
    assert len(np.unique(shading.divided(labels, lit))) == 1, "a shade is no other thing"
    small = labels.copy()
    small[:, 6:] = 0
    assert len(np.unique(shading.divided(small, colours))) == 2


@pytest.mark.parametrize("name", ["hint-painter", "paints-chainer"])
def test_hints_are_exact_and_layers_give_the_picture(name: str) -> None:
    lines = Image.of(two_boxes())
    result = Colorize(mode="shaded", hints=BOTH, style="any", separate_layers=True)(lines, a_job(name))
    assert isinstance(result, Image)
    assert [layer.name for layer in result.layers] == ["Paper", "Flat colours", "Shading", "Lines"]
    assert [layer.mode for layer in result.layers] == ["normal", "normal", "multiply", "multiply"]
    flats = result.layers[1].picture.pixels
    assert (flats[LEFT] == RED).all()
    assert np.abs(merged(result.layers, lines).pixels.astype(int) - result.pixels).max() <= 1
    bare = Colorize(mode="shaded", hints=BOTH, style="any", shading=0)(lines, a_job(name))
    assert (bare.pixels[LEFT] == RED).all()


def test_published_files_paint_in_two_passes(tmp_path: Path) -> None:
    """Files in Chainer's names, with random numbers, are imported; each pass takes the network that it should."""
    names = {"weight": "W", "bias": "b", "norm.weight": "gamma", "norm.bias": "beta", "norm.running_mean": "avg_mean"}
    names |= {"norm.running_var": "avg_var"}
    store, found = default_store([COLOUR_HINTS], root=tmp_path / "store"), {}
    for seed, name in enumerate(("unet-128", "unet-512")):
        arrays = {}
        for ours, array in first_weights(hint_painter(2), "he", seed).items():
            layer, _, kind = ours.partition(".")
            arrays[f"{'bn' * kind.startswith('norm')}{layer}/{names[kind]}"] = array
        np.savez(tmp_path / f"{name}.npz", **arrays)
        store.import_file((tmp_path / f"{name}.npz").rename(tmp_path / f"{name}_standard"), name)
        found[name] = store.load(name, ("colour-hints",))
    asked: list[str] = []
    job = replace(Job(), weights=lambda name: asked.append(name) or found[name])
    act = Colorize(mode="shaded", hints=BOTH, style="unet-128", second_style="unet-512", shading=1)
    two = act(Image.of(two_boxes()), job)
    one = act.model_copy(update={"second_style": None})(Image.of(two_boxes()), job)
    assert asked == ["unet-128", "unet-512", "unet-128", "unet-128"]
    assert isinstance(two, Image)
    assert isinstance(one, Image)
    assert not np.array_equal(two.pixels, one.pixels)


def test_what_is_behind_everything_has_no_shade() -> None:
    lines = made_of(two_boxes())
    seen = np.full((240, 320, 3), 0.8, np.float32)
    seen[200:] = seen[150:190] = 0.4
    shade = shading.coloured_by(lines, seen).shade
    assert shade is not None
    assert shade[220, 160] > 0.99
    assert shade[170, 100] < 0.7, "what is in front has"
    assert shading.behind(np.array([[1, 1, 2], [3, 1, 2], [1, 1, 1]])) == [1]


def test_shades_are_measured_by_each_colour_of_a_divided_region() -> None:
    """Two colours in one region, each painted evenly by the network: none of them is the shade of the other."""
    lines = two_boxes()
    lines[43:197, 155:166] = 255
    seen = np.ones((240, 320, 3), np.float32)
    seen[:, :160], seen[:, 160:] = (0.9, 0.8, 0.7), (0.3, 0.2, 0.2)
    numbers = np.where(np.arange(320) < 160, 1, 2) * np.ones((240, 1), np.int32)
    hinted = Colouring.of(np.array([RED, (20, 60, 220)], np.uint8), numbers)
    shade = shading.coloured_by(made_of(lines), seen, hinted, guesses=False).shade
    assert shade is not None
    assert shade[60:180, 60:150].min() > 0.98
    assert shade[60:180, 170:260].min() > 0.98
    labels = np.array([[0, 1, 1, 2]], np.int32)
    assert shading.apart(labels, np.array([[3, 0, 3, 0]], np.int32)).tolist() == [[0, 1, 3, 2]]


def test_it_guesses_only_where_it_is_asked() -> None:
    one = dots((100, 120, RED))
    bare = Colorize(mode="shaded", style="any", hints=one)(Image.of(two_boxes()), a_job())
    assert isinstance(bare, Image)
    assert (bare.pixels[RIGHT] == 255).all(), "and has no shade either"
    with pytest.raises(SengaError, match="There are no hints"):
        Colorize(mode="shaded", style="any")(Image.of(two_boxes()), a_job())
    result = Colorize(mode="shaded", style="any", separate_layers=True, without_hint="network")(
        Image.of(two_boxes()), a_job()
    )
    assert isinstance(result, Image)
    flats = result.layers[1].picture.pixels
    assert len(np.unique(flats[LEFT].reshape(-1, 3), axis=0)) == 1


def test_large_scans_have_shades_as_far_as_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = two_boxes(scale=4)
    monkeypatch.setattr(drawing, "LARGEST", 150_000)
    SHELF.clear()
    made = made_of(lines)
    assert made.factor == 4
    halves = np.where(np.arange(320) < 160, 1, 0.5) * np.ones((240, 1))
    numbers = np.where(np.arange(1280) < 638, 1, 2) * np.ones((960, 1), np.int32)
    small = np.where(np.arange(320) < 160, 1, 2) * np.ones((240, 1), np.int32)
    large = shading.enlarged(halves.astype(np.float32), small, numbers, slice(100, 200), 4)
    assert np.array_equal(large > 0.75, numbers[100:200] == 1)
    assert np.abs(np.abs(large - 0.75) - 0.25).max() < 1e-4, "there is nothing between both"


@pytest.mark.parametrize(("style", "architecture", "said"), [
    ("other", "lines", "is no network for the mode “shaded”"),
])  # fmt: skip
def test_a_network_that_does_not_fit_is_said_in_a_sentence(style: str, architecture: str, said: str) -> None:
    job = replace(Job(), weights=lambda _: Weights({}, {"architecture": architecture}))
    with pytest.raises(SengaError, match=said):
        Colorize(mode="shaded", hints=BOTH, style=style)(Image.of(two_boxes()), job)


def test_a_mode_without_a_network_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(networks.OURS, "shaded", "")
    with pytest.raises(SengaError, match=r"No network for the mode “shaded” comes with Senga"):
        Colorize(mode="shaded", hints=BOTH)(Image.of(two_boxes()), Job())


def test_networks_see_dark_lines_and_every_hint() -> None:
    from senga.plugins.colorize.shaded import from_yuv, reduced_hints, to_yuv

    faint = np.where(two_boxes() < 128, np.uint8(200), np.uint8(255))
    lines = networks.lines_of(made_of(faint), 80 * 60, 16)
    assert lines.shape == (64, 80)
    assert lines.min() < 0.6
    assert lines[30, 25] > 0.95
    marks = np.zeros((240, 320), np.int32)
    marks[100, 101] = 1
    hints, there = reduced_hints(np.array([(255, 255, 255), RED], np.uint8), marks, (64, 80))
    assert there.sum() == 1
    assert (hints[26, 25] == RED).all()
    colours = np.random.default_rng(0).uniform(0, 255, (5, 3)).astype(np.float32)
    assert np.abs(from_yuv(to_yuv(colours)) - colours).max() < 0.01
    bytes_ = np.rint(colours)[None].astype(np.uint8)
    theirs = cv2.cvtColor(bytes_, cv2.COLOR_RGB2YCrCb)[0].astype(int)
    assert np.abs(to_yuv(bytes_[0].astype(np.float32))[:, [0, 2, 1]] - theirs).max() < 1.5


def test_files_of_both_networks_are_told_apart() -> None:
    from senga.neural.checkpoints import Checkpoint

    ours = first_weights(hint_unet(2), "he", 0)
    assert hint_network.to_senga(Checkpoint("safetensors", ours)).card == {"architecture": "hint-painter", "width": "2"}
    with pytest.raises(SengaError, match="does not hold the network of PaintsChainer"):
        hint_network.to_senga(Checkpoint("npz", {"x": np.zeros(3, np.float32)}))


def test_the_shipped_network_shades_what_hints_colour_and_nothing_else() -> None:
    lines = paper(320, 320)
    cv2.circle(lines, (160, 160), 110, 0, 3, cv2.LINE_AA)
    layer = dots((160, 160, (240, 180, 120)), size=(320, 320))
    flat, bare, shaded = (
        senga.apply("colorize", lines, hints=layer, mode=mode, shading=strength).pixels.astype(int)
        for mode, strength in (("hints", 1), ("shaded", 0), ("shaded", 1))
    )
    assert np.array_equal(flat, bare)
    assert np.array_equal(flat[:40], shaded[:40]), "paper stays paper"
    darker = (flat - shaded).sum(axis=2)
    assert darker.min() >= 0
    assert darker[215:235, 215:235].mean() > 20, "the right lower side is away from the light"
    assert darker[90:120, 90:120].mean() < 15
