"""Any style: statistics do what settings say, and published networks give what PyTorch gives."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import senga
from senga import ops
from senga.errors import SengaError
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint
from senga.neural.engine import evaluate, run
from senga.neural.memory import retained
from senga.neural.networks import any_style
from senga.neural.training.initial import first_weights
from senga.neural.training.perceptual import load_encoder, shipped_encoder
from senga.ops.grain import grained
from senga.plugins.any_style import network, styles
from senga.plugins.any_style.painting import scale_of
from senga.prepared import Shelf
from senga.registry import plugins
from senga.store import Store
from senga.testing import check_filter, sample

CARD = {"architecture": "any-style"}


@cache
def made_up() -> Weights:
    """Weights that nobody trained, with the encoder that comes with Senga."""
    encoder = load_encoder(shipped_encoder()).weights()
    drawn = first_weights(any_style.whole(), "he", 0)
    return Weights({name: np.ascontiguousarray(encoder.get(name, array)) for name, array in drawn.items()}, CARD)


def painted(photo: Any, **settings: Any) -> Any:
    """The result as float32 in 0..1."""
    result = senga.apply("any-style", photo, **settings)
    assert isinstance(result, Image)
    return to_depth(result.pixels, np.float32)


@pytest.fixture(scope="module")
def photo() -> Any:
    """(72, 104, 3)."""
    return sample(72, 104, 3).float()


def gap(x: Any, y: Any) -> float:
    return float(np.abs(x - y).mean())


def test_every_way_keeps_every_promise() -> None:
    settings = {"second": "scream", "mix": 0.3, "others": "demon 0.5, harvest", "styling": 0.6, "colours": "photo"}
    check_filter(plugins().make("any-style", {**settings, "mask": sample(40, 56, 2)}), plugins=plugins())


def test_styling_goes_from_the_photograph_to_the_painting(photo: Any) -> None:
    steps = [gap(painted(photo, styling=share), painted(photo)) for share in (0.0, 0.5, 0.9)]
    assert steps[0] > steps[1] > steps[2] > 0


def test_the_mix_ends_at_both_paintings(photo: Any) -> None:
    first, second = painted(photo, exemplar="scream"), painted(photo, exemplar="demon")
    assert gap(first, second) > 0.02, "the check cannot fail"
    ends = [painted(photo, exemplar="scream", second="demon", mix=mix) for mix in (0, 1)]
    assert np.array_equal(ends[0], first)
    assert np.array_equal(ends[1], second)


def test_further_paintings_count_by_their_weights(photo: Any) -> None:
    alone = painted(photo, exemplar="scream")
    assert np.array_equal(painted(photo, exemplar="scream", others="demon 0"), alone)
    halves = painted(photo, exemplar="scream", second="demon", mix=0.5)
    assert gap(painted(photo, exemplar="scream", others="demon"), halves) < 1e-5
    assert gap(halves, alone) > 0.01, "the check cannot fail"


def test_a_mask_says_where_the_second_painting_is(photo: Any) -> None:
    mask = np.zeros((72, 104, 3), np.float32)
    mask[:, 60:] = 1
    result = painted(photo, exemplar="scream", second="demon", mask=mask)
    assert np.array_equal(result[:, :60], painted(photo, exemplar="scream")[:, :60])
    assert gap(result[:, 60:], painted(photo, exemplar="demon")[:, 60:]) < 1e-6


def test_colours_stay_as_asked(photo: Any) -> None:
    painting = painted(photo, exemplar="scream")
    assert gap(painted(photo, exemplar="scream", colours="photo").mean((0, 1)), photo.mean((0, 1))) < gap(
        painting.mean((0, 1)), photo.mean((0, 1))
    )
    exact = painted(photo, exemplar="scream", colours="luminance")
    inside = (exact > 0.001).all(2) & (exact < 0.999).all(2)
    steps = (exact - photo)[inside]
    assert np.abs(steps - steps.mean(1, keepdims=True)).max() < 1e-5
    assert gap(ops.luma(exact)[inside], ops.luma(painting)[inside]) < 1e-5


def test_a_larger_brushwork_is_another_one(photo: Any) -> None:
    assert gap(painted(photo, brushwork=3), painted(photo)) > 0.005


def test_small_pictures_are_painted_enlarged_and_none_beyond_what_is_usual() -> None:
    assert [scale_of(0, (side, side)) for side in (1, 300, 500)] == [2 / 3] * 3
    assert scale_of(0, (1000, 1400)) == pytest.approx(2**0.5)
    assert (scale_of(0.5, (100, 100)), scale_of(0.5, (3000, 4000)), scale_of(2, (100, 100))) == (0.5, 1, 2)
    assert 0.5 < scale_of(0.5, (700, 700)) < 1


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.0])
def test_what_is_not_seen_does_not_colour_a_picture(monkeypatch: pytest.MonkeyPatch, scale: float) -> None:
    seen: list[Any] = []
    measured = styles.colours_of
    monkeypatch.setattr(
        "senga.plugins.any_style.painting.colours_of", lambda *given: seen.append(measured(*given)) or measured(*given)
    )
    pixels, alpha = sample(96, 128).float().copy(), np.ones((96, 128), np.float32)
    pixels[:, 64:], alpha[:, 64:] = (0, 1, 0), 0
    painted(Image(pixels, alpha), colours="photo", stroke_scale=scale)
    assert np.allclose(seen[0].mean, pixels[:, :64].mean((0, 1)), atol=0.01)


def test_a_style_is_its_statistics() -> None:
    """Those of its colours, and its manner; mixed by weight."""
    pair = network.pair_of(made_up(), None)
    seen = styles.observed(sample(64, 80, 3).pixels, pair, Job())
    assert set(seen) == set(any_style.STYLE)
    assert np.allclose(seen["mean0"], 2 * sample(64, 80, 3).float().mean((0, 1)) - 1, atol=1e-5)
    assert (seen["deviation0"] > 0).all()
    quarter = styles.mixed([(1.0, seen), (3.0, {name: 0 * value for name, value in seen.items()})])
    assert np.allclose(quarter["manner"], seen["manner"] / 4)


def test_the_whole_network_is_both_of_its_parts() -> None:
    """What is exported takes two pictures, and paints as observer and painter do."""
    arrays, photo, style = made_up().arrays, sample(64, 80, 3).float() * 2 - 1, sample(48, 56, 5).float() * 2 - 1
    pair = network.pair_of(made_up(), None)
    seen = styles.observed(sample(48, 56, 5).pixels, pair, Job())
    parts = evaluate(pair.painter, arrays, {"photo": photo, **seen}, Job())["painted"]
    found = evaluate(any_style.whole(), arrays, {"photo": photo, "painting": style}, Job())["painted"]
    assert np.abs(found - parts).max() < 2e-3 * np.abs(parts).max()
    assert np.abs(found).max() > 0.1, "the check cannot fail"


def test_grain_is_the_same_in_every_depth_and_goes_on_over_its_borders() -> None:
    flat = np.full((1100, 30, 3), 0.5, np.float32)
    found = grained(flat, 0.05, Job())
    assert 0.04 < (found[..., 0] - 0.5).std() < 0.06
    assert np.array_equal(found[:400], found[509:909]), "one square, repeated"
    lines = np.abs(np.diff(found[..., 0], axis=0)).mean(1)
    assert lines[508] < 2 * np.median(lines), "no seam"
    eight = (flat * 255).astype(np.uint8)
    for depth in (np.uint8, np.uint16):
        made = grained(to_depth(eight, depth), 0.05, Job())
        assert made.dtype == np.uint16
        apart = to_depth(made, np.float32) - grained(to_depth(eight, np.float32), 0.05, Job())
        assert np.abs(apart).max() < 1e-5
    assert grained(np.zeros((60, 60, 3), np.uint8), 0.2, Job()).min() == 0, "what is beyond black is black"


def test_paintings_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from senga.plugins.any_style import painting

    looked = []
    real = painting.style_of
    monkeypatch.setattr(painting, "style_of", lambda *given: looked.append(1) or real(*given))
    act, shelf, job = plugins().make("any-style", {"second": "demon"}), Shelf(), Job(weights=plugins().store().load)
    assert shelf.take(act, job) is shelf.take(act, job)
    assert len(looked) == 2


def test_a_second_picture_in_the_style_measures_no_painting_again(monkeypatch: pytest.MonkeyPatch, photo: Any) -> None:
    from senga.plugins.any_style import painting

    looked = []
    real = painting.style_of
    monkeypatch.setattr(painting, "style_of", lambda *given: looked.append(1) or real(*given))
    for turned in (photo, photo[::-1]):
        senga.apply("any-style", turned, exemplar="harvest", brushwork=0.37)
    assert len(looked) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"exemplar": "haystacks"}, "haystacks"),
        ({"others": "demon much"}, "much"),
        ({"others": "demon -1"}, "-1"),
        ({"mask": sample(20, 30)}, "second"),
    ],
)
def test_what_does_not_go_together_is_said(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SengaError, match=said):
        senga.apply("any-style", sample(20, 30), **settings)


def test_a_network_that_is_not_there_is_said(tmp_path: Path) -> None:
    job = Job(weights=Store([], tmp_path).load)
    with pytest.raises(SengaError, match="painterly"):
        plugins().make("any-style", {})(sample(20, 30), job)
    with pytest.raises(SengaError, match="no-such"):
        plugins().make("any-style", {"network": "no-such"})(sample(20, 30), job)


def test_strips_paint_what_the_whole_is(photo: Any) -> None:
    """Statistics of the whole picture reach every strip: within a rounding, in the least memory."""
    pair = network.pair_of(made_up(), None)
    given = styles.observed(sample(64, 80, 3).pixels, pair, Job())
    wide = np.tile(photo, (12, 8, 1))

    def painted_in(memory: int) -> Any:
        return run(pair.painter, pair.arrays, wide, Job(engine="onnx", memory=memory), given=given)

    whole = painted_in(8 << 30)
    strips = painted_in(retained.occupied() + (160 << 20))  # beside what the first one left
    assert np.abs(whole - strips).max() < 1 / 255


# ---- published networks

VGG = (64, 64, 128, 128, 256, 256, 256, 256, 512)
UP = (256, 256, 256, 256, 128, 128, 64, 64, 3)


def published(seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays under the names and in the shapes of vgg_normalised.pth, up to a layer beyond, and of decoder.pth."""
    rng = np.random.default_rng(seed)

    def sequence(places: tuple[str, ...], widths: tuple[int, ...], inputs: int, first: int) -> dict[str, Any]:
        found = {}
        for place, width in zip(places, widths, strict=True):
            size = first if place == "0" else 3
            found[f"{place}.weight"] = rng.normal(0, (2 / inputs / size**2) ** 0.5, (width, inputs, size, size))
            found[f"{place}.bias"] = rng.normal(0, 0.1, width)
            inputs = width
        return {name: array.astype(np.float32) for name, array in found.items()}

    encoder = sequence((*network._ENCODER, "32"), (3, *VGG, 512), 3, 1)
    return encoder, sequence(network._DECODER, UP, 512, 3)


def both(seed: int = 0) -> tuple[Weights, Weights]:
    encoder, decoder = (network.to_senga(Checkpoint("npz", arrays)) for arrays in published(seed))
    return decoder, encoder


def test_published_files_are_known_by_their_layers() -> None:
    decoder, encoder = both()
    assert (decoder.card["architecture"], encoder.card["architecture"]) == ("adain-decoder", "adain-encoder")
    assert network.network_of(encoder.card).parameter_count == 3_505_740
    assert network.network_of(decoder.card).parameter_count == 3_505_219
    arrays = published()[0]
    arrays["9.weight"] = arrays["9.weight"][:, :32]
    with pytest.raises(SengaError):
        network.to_senga(Checkpoint("npz", arrays))


def test_they_are_imported_and_paint(tmp_path: Path) -> None:
    store = Store([], tmp_path / "store", families=plugins().families.values())
    for name, arrays in zip(("eyes", "hand"), published(), strict=True):
        np.savez(tmp_path / f"{name}.npz", **arrays)
        assert store.import_file(tmp_path / f"{name}.npz", name).family == "any-style"
    act = plugins().make("any-style", {"network": "hand", "encoder": "eyes"})
    image = sample(24, 32)
    assert act(image, Job(weights=store.load)).pixels.shape == image.pixels.shape
    with pytest.raises(SengaError, match="encoder"):
        plugins().make("any-style", {"network": "hand"})(image, Job(weights=store.load))


def test_the_published_network_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    def layers(arrays: dict[str, Any], kinds: str) -> Any:
        """c: convolution after a mirrored margin; 0: without; r: ReLU; p: pool; u: nearest upsampling."""
        made: list[Any] = []
        for kind in kinds:
            if kind in "c0":
                made += [nn.ReflectionPad2d(1)] * (kind == "c")
                weight, bias = (torch.from_numpy(arrays[f"{len(made)}.{leaf}"]) for leaf in ("weight", "bias"))
                conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2])
                conv.weight.data, conv.bias.data = weight, bias
                made.append(conv)
            else:
                made.append(
                    {"r": nn.ReLU(), "p": nn.MaxPool2d(2, 2, 0, ceil_mode=True), "u": nn.Upsample(scale_factor=2)}[kind]
                )
        return nn.Sequential(*made)

    arrays = published(3)
    eyes = layers(arrays[0], "0crcrpcrcrpcrcrcrcrpcr")
    hand = layers(arrays[1], "crucrcrcrcrucrcrucrc")
    photo, style = (sample(48, 64, 3).float(), sample(40, 56, 5).float() ** 2)
    with torch.inference_mode():
        content, aim = (
            eyes(torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None]) for x in (photo, style)
        )
        moments = [((x.var((2, 3), keepdim=True) + 1e-5).sqrt(), x.mean((2, 3), keepdim=True)) for x in (content, aim)]
        (spread, mean), (wanted, middle) = moments
        expected = hand((content - mean) / spread * wanted + middle)[0].numpy().transpose(1, 2, 0)
    pair = network.pair_of(*both(3))
    statistics = styles.observed(style, pair, Job())
    found = evaluate(pair.painter, pair.arrays, {"photo": photo, **statistics}, Job())["painted"]
    assert np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()
