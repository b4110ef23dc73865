"""Networks that paint in one pass: against public weights and written computations, styles that share one, mixes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.engine import run
from senga.neural.networks import johnson as one_pass
from senga.neural.networks import stylebank as bank
from senga.neural.training.initial import first_weights
from senga.plugins.fast_style import FastStyle
from senga.plugins.fast_style.network import network_of, shape_of, to_cin, to_johnson, to_stylebank
from senga.registry import plugins
from senga.store.several import joined_styles, picked
from senga.testing import sample

Plane = NDArray[np.float64]
SMALL = one_pass.Shape((4, 6, 8), (), 2, 3)
CARD = {"architecture": "cin", "down": "4,6,8", "blocks": "2", "kernel": "3", "form": "senga"}


def style_of(seed: int, network: str = "senga.plugins.fast_style.network:network_of") -> Weights:
    """A style of a small network: convolutions are the same for all, norms are not."""
    arrays = first_weights(one_pass.johnson(SMALL), "he", 3)
    rng = np.random.default_rng(seed)
    own = {name: array + rng.normal(0, 0.3, array.shape) for name, array in arrays.items() if ".norm." in name}
    return Weights({name: np.asarray(a, np.float32) for name, a in (arrays | own).items()}, CARD, network)


def several(*names: str) -> Weights:
    """A file of such styles."""
    styles = {name: style_of(seed) for seed, name in enumerate(names)}
    return joined_styles(styles, {name for name in styles[names[0]].arrays if ".norm." in name})


def job_of(weights: Weights) -> Job:
    """A job whose styles are those of a file; ``other`` is of another network."""
    other = replace(style_of(9), arrays=first_weights(one_pass.johnson(SMALL), "he", 11))
    return Job(weights=lambda name: other if name == "other" else picked(weights, name), threads=2)


def painted(job: Job, image: Image, **settings: Any) -> NDArray[Any]:
    """The filter's result."""
    act = FastStyle(**{"style": "a", "stroke_scale": 1, **settings})
    return act(image, job).pixels


# ---- styles that share a network


def test_a_style_among_others_is_the_same_as_alone() -> None:
    file = several("a", "b", "c")
    for seed, name in enumerate("abc"):
        alone, one = style_of(seed), picked(file, name)
        assert one.card["style"] == name
        assert "styles" not in one.card
        assert {*one.arrays} == {*alone.arrays}
        assert all(np.array_equal(array, alone.arrays[key]) for key, array in one.arrays.items())


def test_a_style_that_joins_changes_no_picture_of_the_others() -> None:
    picture = sample(40, 56)
    before, after = several("a", "b"), several("a", "b", "new")
    for name in "ab":
        assert painted(job_of(before), picture, style=name).tobytes() == (
            painted(job_of(after), picture, style=name).tobytes()
        )
    assert painted(job_of(after), picture, style="new").tobytes() != painted(job_of(after), picture).tobytes()


def test_styles_without_a_common_network_are_not_joined() -> None:
    first, second = style_of(0), style_of(1)
    second = replace(second, arrays={**second.arrays, "first.conv.weight": first.arrays["first.conv.weight"] * 2})
    with pytest.raises(ModelError, match="share no network"):
        joined_styles({"a": first, "b": second}, {name for name in first.arrays if ".norm." in name})


@pytest.mark.parametrize("styles", ["a,b,c", "a", "a,a", "../a,b", "a,,b,c"])
def test_a_card_that_names_others_than_there_are_picks_nothing(styles: str) -> None:
    file = several("a", "b")
    file = replace(file, card={**file.card, "styles": styles})
    if len({*filter(None, styles.split(","))}) != len([*filter(None, styles.split(","))]) or "/" in styles:
        assert picked(file, "a") is file
        return
    with pytest.raises(ModelError, match="but the card names"):
        picked(file, "a")


# ---- two styles


def test_a_mix_of_one_network_lies_between_its_styles_and_ends_at_them() -> None:
    job, picture = job_of(several("a", "b")), sample(40, 56)
    ends = [painted(job, picture, style=name) for name in "ab"]
    mixes = [painted(job, picture, second_style="b", mix=mix).astype(float) for mix in (0, 0.5, 1)]
    assert np.array_equal(mixes[0], ends[0])
    assert np.abs(mixes[2] - ends[1]).max() <= 1
    both = [np.abs(mixes[1] - end.astype(float)).mean() for end in ends]
    apart = np.abs(ends[0].astype(float) - ends[1]).mean()
    assert max(both) < apart


def test_styles_of_two_networks_are_mixed_as_pictures() -> None:
    job, picture = job_of(several("a", "b")), sample(40, 56)
    ends = [painted(job, picture, style=name).astype(float) for name in ("a", "other")]
    mix = painted(job, picture, second_style="other", mix=0.25)
    assert np.abs(mix - (0.75 * ends[0] + 0.25 * ends[1])).max() <= 1


def test_a_mask_says_where_the_second_style_is() -> None:
    job, picture = job_of(several("a", "b")), sample(40, 56)
    mask = np.zeros((40, 56, 3), np.uint8)
    mask[:, 28:] = 255
    ends = [painted(job, picture, style=name) for name in "ab"]
    both = painted(job, picture, second_style="b", second_mask=Image(mask), mix=0)
    assert np.array_equal(both[:, :28], ends[0][:, :28])
    assert np.array_equal(both[:, 28:], ends[1][:, 28:])
    hidden = Image(mask, alpha=np.zeros((40, 56), np.uint8))
    assert np.array_equal(painted(job, picture, second_style="b", second_mask=hidden), ends[0])


def test_broader_brushwork_is_that_of_a_smaller_picture() -> None:
    job, picture = job_of(several("a", "b")), sample(96, 128)
    fine, broad = (painted(job, picture, stroke_scale=scale).astype(float) for scale in (1, 1.5))
    assert fine.shape == broad.shape
    assert np.abs(fine - broad).mean() > 1


def test_what_comes_with_senga_are_twelve_styles_of_one_small_network() -> None:
    store = plugins().store()
    mine = [entry for entry in store.entries(["cin"]) if entry.shipped]
    assert len(mine) >= 12
    assert len({entry.file for entry in mine}) == 1
    assert mine[0].file is not None
    assert mine[0].file.stat().st_size < 2_000_000
    assert all(entry.title and entry.title != entry.name and entry.commercial == "yes" for entry in mine)
    weights = [store.load(entry.full_name) for entry in mine]
    assert all(one.arrays["first.conv.weight"] is weights[0].arrays["first.conv.weight"] for one in weights)
    picture = sample(64, 96)
    made = [FastStyle(style=f"cin/{entry.name}")(picture, plugins().equip(Job())).float() for entry in mine]
    for i, one in enumerate(made):
        assert one.std() > 0.05
        assert all(np.abs(one - other).mean() > 0.03 for other in made[:i]), mine[i].name


# ---- files


def test_a_network_of_many_is_known_by_its_own_names_and_keeps_those_of_its_styles() -> None:
    file = several("a", "b")
    found = to_cin(Checkpoint("safetensors", dict(file.arrays), {"styles": "a,b", "titles": "A|B"}, ()))
    assert {key: found.card[key] for key in CARD} == CARD
    assert found.card["styles"] == "a,b"
    with pytest.raises(ModelError, match="family cin"):
        to_johnson(Checkpoint("safetensors", dict(file.arrays), {}, ()))
    with pytest.raises(ModelError, match="no styles"):
        to_cin(Checkpoint("safetensors", dict(style_of(0).arrays), {}, ()))


def pytorch_names(shape: one_pass.Shape) -> dict[str, NDArray[np.float32]]:
    """Random weights under the exact names of PyTorch's example."""
    rng = np.random.default_rng(5)
    sizes: dict[str, tuple[int, ...]] = {}
    a, b, c = shape.channels
    convs = [("conv1", a, 3, 9), ("conv2", b, a, 3), ("conv3", c, b, 3)]
    convs += [(f"res{i}.conv{j}", c, c, 3) for i in range(1, 6) for j in (1, 2)]
    convs += [("deconv1", b, c, 3), ("deconv2", a, b, 3), ("deconv3", 3, a, 9)]
    norms = [("in1", a), ("in2", b), ("in3", c), *((f"res{i}.in{j}", c) for i in range(1, 6) for j in (1, 2))]
    norms += [("in4", b), ("in5", a)]
    for name, outputs, inputs, kernel in convs:
        sizes |= {
            f"{name}.conv2d.weight": (outputs, inputs, kernel, kernel),
            f"{name}.conv2d.bias": (outputs,),
        }
    for name, channels in norms:
        sizes |= {f"{name}.weight": (channels,), f"{name}.bias": (channels,), f"{name}.running_mean": (channels,)}
    return {name: rng.normal(0, 0.1, size).astype(np.float32) for name, size in sizes.items()}


def test_the_example_of_pytorch_is_known_by_its_names() -> None:
    arrays = pytorch_names(one_pass.Shape((8, 12, 16)))
    found = to_johnson(Checkpoint("pt", arrays, {}, ()))
    assert found.card["form"] == "pytorch"
    assert shape_of(found.card) == one_pass.Shape((8, 12, 16), form="pytorch")
    assert found.arrays["res3.second.norm.bias"] is arrays["res3.in2.bias"]
    x = sample(20, 24).float()
    made = run(network_of(found.card), found.arrays, x, Job())
    assert made.shape == x.shape
    assert made.std() > 0
    missing = {name: array for name, array in arrays.items() if name != "deconv2.conv2d.bias"}
    with pytest.raises(ModelError, match="missing"):
        to_johnson(Checkpoint("pt", missing, {}, ()))


def test_a_full_network_has_the_published_size() -> None:
    assert one_pass.johnson(one_pass.Shape(form="pytorch")).parameter_count == 1_679_235
    assert len(one_pass.johnson(one_pass.Shape(form="magenta")).parameters) == 48
    shared, own = 0, 0
    for name, shape in one_pass.johnson(one_pass.Shape(form="magenta")).parameters.items():
        own += int(np.prod(shape)) * (".norm." in name)
        shared += int(np.prod(shape)) * (".norm." not in name)
    assert own == 3206
    assert shared > 1_600_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "vgg"},
        {"form": "x"},
        {"down": "1,2"},
        {"down": "4,x,8"},
        {"down": "4,0,8"},
        {"blocks": "999"},
        {"kernel": "4"},
        {"up": "3"},
    ],
)
def test_a_card_that_makes_no_sense_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ModelError):
        network_of(CARD | wrong)


def test_quantised_and_broken_numbers_are_refused() -> None:
    arrays = dict(style_of(0).arrays)
    for broken in (arrays["last.conv.bias"].astype(np.int8), arrays["last.conv.bias"] * np.nan):
        with pytest.raises(ModelError, match="no usable numbers"):
            to_johnson(Checkpoint("npz", {**arrays, "last.conv.bias": broken}, {}, ()))


def test_magentas_many_styles_paint_as_the_published_graph(shared: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    source = shared / "weights/cin26/multistyle26.onnx"
    if not source.is_file():
        pytest.skip("no public weights here")
    weights, x = to_cin(read_checkpoint(source)), sample(50, 70).float()[:48, :68]
    assert to_cin(read_checkpoint(source.with_suffix(".npz"))).card == weights.card
    session = ort.InferenceSession(str(source), providers=["CPUExecutionProvider"])
    for styles, job in (({4: 1.0}, job_of(weights)), ({2: 0.7, 11: 0.3}, job_of(weights))):
        shares = np.zeros(26, np.float32)
        shares[[*styles]] = [*styles.values()]
        given = {"image": x.transpose(2, 0, 1)[None], "style_weights": shares}
        wanted = session.run(None, given)[0][0].transpose(1, 2, 0)
        first, *more = (f"{i + 1:02d}" for i in styles)
        settings = {"second_style": more[0], "mix": 0.3} if more else {}
        assert np.abs(painted(job, Image(x), style=first, **settings) - wanted).max() < 0.1 / 255


class Engstrom:
    """The TensorFlow program's network in float64, straight from its variables."""

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "manifest.json").read_text())
        self.arrays = {
            name: np.fromfile(folder / fact["filename"], "<f4").reshape(fact["shape"]) for name, fact in facts.items()
        }

    def variable(self, i: int) -> Plane:
        return self.arrays[f"Variable_{i}" if i else "Variable"].astype(np.float64)

    def __call__(self, x: Plane) -> Plane:
        self.at = 0
        x = self.layer(self.layer(self.layer(x), 2), 2)
        for _ in range(5):
            x = x + self.layer(self.layer(x), relu=False)
        x = self.layer(self.layer(x, 0), 0)
        return np.asarray(np.clip(np.tanh(self.layer(x, relu=False)) * 150 + 127.5, 0, 255))

    def layer(self, x: Plane, stride: int = 1, *, relu: bool = True) -> Plane:
        kernel, shift, scale = (self.variable(self.at + i) for i in range(3))
        self.at += 3
        y = self.convolved(x, kernel, stride) if stride else self.doubled(x, kernel)
        y = (y - y.mean((0, 1))) / np.sqrt(y.var((0, 1)) + 1e-3) * scale + shift
        return y.clip(0) if relu else y

    @staticmethod
    def convolved(x: Plane, kernel: Plane, stride: int) -> Plane:
        size = kernel.shape[0]
        rows, columns = (-(-n // stride) for n in x.shape[:2])
        spare = [max((made - 1) * stride + size - n, 0) for made, n in zip((rows, columns), x.shape, strict=False)]
        x = np.pad(x, (*((n // 2, n - n // 2) for n in spare), (0, 0)))
        y = np.zeros((rows, columns, kernel.shape[3]))
        for i, j in np.ndindex(size, size):
            y += x[i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride] @ kernel[i, j]
        return y

    @staticmethod
    def doubled(x: Plane, kernel: Plane) -> Plane:
        rows, columns = x.shape[:2]
        y = np.zeros((2 * rows + 1, 2 * columns + 1, kernel.shape[2]))
        for i, j in np.ndindex(3, 3):
            y[i : i + 2 * rows : 2, j : j + 2 * columns : 2] += x @ kernel[i, j].T
        return y[:-1, :-1]


@pytest.mark.parametrize("name", ["la_muse", "rain_princess"])
def test_johnsons_public_weights_paint_as_their_program(name: str, shared: Path) -> None:
    folder = shared / "weights/johnson_full" / name
    if not folder.is_dir():
        pytest.skip("no public weights here")
    program, x = Engstrom(folder), sample(32, 44).float()
    weights = to_johnson(read_checkpoint(folder / "manifest.json"))
    made = run(network_of(weights.card), weights.arrays, x, Job())
    assert np.abs(made * 255 - program(x * 255.0)).max() < 0.1


# ---- StyleBank


def bank_weights(styles: int) -> Weights:
    """A small StyleBank with random filters."""
    shape = bank.Shape((4, 6, 8), 1, 3)
    models = {f"s{seed}": Weights(bank_style(shape, seed), {"architecture": "stylebank"}) for seed in range(styles)}
    own = {name for name in models["s0"].arrays if name.startswith(bank.BANK)}
    found = joined_styles(models, own)
    stated = {"styles": found.card["styles"]}
    return replace(to_stylebank(Checkpoint("npz", dict(found.arrays), stated, ())), network="")


def bank_style(shape: bank.Shape, seed: int) -> dict[str, NDArray[np.float32]]:
    arrays, own = (first_weights(bank.stylebank(shape), "he", each) for each in (1, 50 + seed))
    return {name: own[name] if name.startswith(bank.BANK) else array for name, array in arrays.items()}


def test_a_filter_that_joins_a_bank_changes_no_picture_of_the_others() -> None:
    picture = sample(40, 56)
    before, after = bank_weights(2), bank_weights(3)
    assert after.card["down"] == "4,6,8"
    assert after.card["filters"] == "1"
    for name in ("s0", "s1"):
        assert painted(job_of(before), picture, style=name).tobytes() == (
            painted(job_of(after), picture, style=name).tobytes()
        )


def test_without_its_filters_a_bank_is_one_network_for_all_styles() -> None:
    shape = bank.Shape((4, 6, 8), 1, 3)
    plain = bank.stylebank(shape, styled=False)
    assert not any(name.startswith(bank.BANK) for name in plain.parameters)
    assert {*bank.stylebank(shape).parameters} > {*plain.parameters}
