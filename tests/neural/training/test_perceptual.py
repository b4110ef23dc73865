"""Perceptual networks: every spelling of VGG-19 is the same network, and gradients are right."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ms = pytest.importorskip("mindspore")

from safetensors.numpy import save_file  # noqa: E402

from senga.errors import ModelError  # noqa: E402
from senga.neural.executor import Array  # noqa: E402
from senga.neural.networks.vgg import layers, vgg  # noqa: E402
from senga.neural.training import perceptual  # noqa: E402
from senga.neural.training.cell import gradient_of, to_tensor  # noqa: E402
from senga.neural.training.features import Features  # noqa: E402
from senga.neural.training.perceptual import LAYERS, REFERENCE_LEVEL, Encoder, load_encoder  # noqa: E402

NUMBERS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)


@pytest.fixture
def kernels(rng: np.random.Generator) -> dict[str, tuple[Array, Array]]:
    """VGG-19's layers with four to eight channels."""
    found, inputs = {}, 3
    for name in LAYERS:
        channels = 3 + int(name[4])
        kernel = rng.standard_normal((channels, inputs, 3, 3)) * (2 / 9 / inputs) ** 0.5
        found[name] = kernel.astype(np.float32), rng.normal(0, 0.1, channels).astype(np.float32)
        inputs = channels
    return found


def reference(kernels: Mapping[str, tuple[Array, Array]], x: Array, last: str, names: Sequence[str] = LAYERS) -> Array:
    """Features in front of the activation, for (3, H, W) as the network wants it, in float64."""
    y = x.astype(np.float64)
    for name in names[: names.index(last) + 1]:
        if name != names[0]:
            y = np.maximum(y, 0)
            if name.endswith("_1"):
                y = y.reshape(len(y), y.shape[1] // 2, 2, y.shape[2] // 2, 2).max((2, 4))
        padded = np.pad(y, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        y = np.einsum("ihwyx,oiyx->ohw", windows, kernels[name][0]) + kernels[name][1][:, None, None]
    return y


@pytest.mark.parametrize("depth", [16, 19])
def test_both_depths_to_their_last_layer(depth: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    names = layers(depth)
    assert (len(names), names[-1]) == (depth - 3, "conv5_3" if depth == 16 else "conv5_4")
    arrays, inputs, place = {}, 3, 0
    for before, name in zip((names[0], *names), names, strict=False):
        place += before[4] != name[4]  # of the pool
        kernel = rng.normal(0, (2 / 9 / inputs) ** 0.5, (int(name[4]) + 3, inputs, 3, 3))
        arrays |= {f"features.{place}.weight": kernel.astype(np.float32)}
        arrays |= {f"features.{place}.bias": rng.normal(0, 0.1, len(kernel)).astype(np.float32)}
        inputs, place = len(kernel), place + 2
    save_file(arrays, tmp_path / "vgg.safetensors")
    encoder = load_encoder(tmp_path / "vgg.safetensors")
    assert (encoder.depth, tuple(encoder.kernels)) == (depth, names)
    taps = ("relu4_1", names[-1])
    picture = rng.uniform(-1, 1, (3, 32, 32)).astype(np.float32)
    found = Features(encoder, taps).of(picture[None])
    last = reference(encoder.kernels, imagenet(picture), names[-1], names)
    early = np.maximum(reference(encoder.kernels, imagenet(picture), "conv4_1", names), 0)
    for tap, expected in zip(taps, (early, last), strict=True):
        assert np.abs(found[tap][0] - expected).max() < 1e-3 * np.abs(expected).max() + 1e-4, tap


def test_the_described_network_has_the_published_parameters() -> None:
    mix = 12
    assert vgg(("relu5_3",), 16).parameter_count == 14_714_688 + mix
    assert vgg(("relu5_4",), 19).parameter_count == 20_024_384 + mix


def caffe(picture: Array) -> Array:
    bgr = (picture[::-1] + 1) / 2 * 255
    return bgr - np.array([103.939, 116.779, 123.68], np.float32)[:, None, None]


def imagenet(picture: Array) -> Array:
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)[..., None, None]
    return ((picture + 1) / 2 - mean) / deviation


def test_spellings_of_vgg(kernels: dict[str, tuple[Array, Array]], tmp_path: Path, rng: np.random.Generator) -> None:
    numbered = {f".{n}.weight": kernels[name][0] for n, name in zip(NUMBERS, LAYERS, strict=True)}
    numbered |= {f".{n}.bias": kernels[name][1] for n, name in zip(NUMBERS, LAYERS, strict=True)}
    save_file({f"features{name}": array for name, array in numbered.items()}, tmp_path / "torchvision.safetensors")
    save_file({f"layers{name}": array for name, array in numbered.items()}, tmp_path / "mindspore.safetensors")
    turned = {name: (kernel.transpose(2, 3, 1, 0), bias) for name, (kernel, bias) in kernels.items()}
    np.savez(
        tmp_path / "caffe.npz",
        **{f"{n}_W": k for n, (k, _) in turned.items()},
        **{f"{n}_b": b for n, (_, b) in turned.items()},
    )
    np.save(tmp_path / "caffe.npy", np.array({name: list(pair) for name, pair in turned.items()}), allow_pickle=True)
    picture = rng.uniform(-1, 1, (3, 16, 16)).astype(np.float32)
    for name, prepare, original in (
        ("torchvision.safetensors", imagenet, False),
        ("mindspore.safetensors", imagenet, False),
        ("caffe.npz", caffe, True),
        ("caffe.npy", caffe, True),
    ):
        encoder = load_encoder(tmp_path / name)
        assert encoder.original is original, name
        assert encoder.deepest == "conv4_4"
        found = Features(encoder, ("conv2_2", "conv4_4")).of(picture[None])
        for tap in ("conv2_2", "conv4_4"):
            expected = reference(kernels, prepare(picture), tap)
            assert np.abs(found[tap][0] - expected).max() < 1e-3 * np.abs(expected).max() + 1e-4, (name, tap)


def small(kernels: dict[str, tuple[Array, Array]], *, mirrored: bool = False, original: bool = False) -> Encoder:
    return Encoder(kernels, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), mirrored, original)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("taps", [("conv3_1",), ("conv1_2", "conv4_4")])
def test_gradient_of_features(
    kernels: dict[str, tuple[Array, Array]], taps: tuple[str, ...], mirrored: bool, rng: np.random.Generator
) -> None:
    features = Features(small(kernels, mirrored=mirrored), taps)
    x = rng.uniform(-1, 1, (2, 3, 16, 16)).astype(np.float32)
    wishes = {tap: rng.standard_normal(found.shape).astype(np.float32) for tap, found in features.of(x).items()}
    slope, _ = gradient_of(lambda t: {tap: (f * to_tensor(wishes[tap])).sum() for tap, f in features(t).items()}, x)
    along = slope / np.linalg.norm(slope)
    values = [
        sum(float((f.astype(np.float64) * wishes[tap]).sum()) for tap, f in features.of(x + s * 5e-3 * along).items())
        for s in (1, -1)
    ]
    assert (values[0] - values[1]) / 1e-2 == pytest.approx(np.linalg.norm(slope), rel=0.03)


def test_stand_ins_are_scaled_to_the_reference_and_the_original_is_not(
    kernels: dict[str, tuple[Array, Array]], rng: np.random.Generator
) -> None:
    x = rng.uniform(-1, 1, (2, 3, 16, 16)).astype(np.float32)
    features = Features(small(kernels), ("conv2_1", "conv4_4"))
    features.calibrate(x)
    for found in features.of(x).values():
        assert np.abs(found).mean() == pytest.approx(REFERENCE_LEVEL, rel=1e-3)
    before = features.calibrate(x)
    assert features.calibrate(x) == pytest.approx(before, rel=1e-4), "scaling again changes nothing"
    assert features.gram_share("conv4_4") == pytest.approx(7 / 512)
    assert set(Features(small(kernels, original=True), ("conv4_4",)).calibrate(x).values()) == {1.0}


def test_the_compressed_network(shared: Path, rng: np.random.Generator) -> None:
    encoder = load_encoder(shared / "weights" / "wct_vgg19_16x" / "small16x_ae_base" / "e5_base.pth")
    assert (encoder.deepest, encoder.mirrored, encoder.original) == ("conv4_4", True, False)
    picture = rng.uniform(-1, 1, (3, 4, 4)).astype(np.float32)
    prepared = np.einsum("oi,ihw->ohw", encoder.scale, picture) + encoder.shift[:, None, None]
    np.testing.assert_allclose(prepared, caffe(picture), atol=1e-3)
    shallow = load_encoder(shared / "weights" / "wct_vgg19_16x" / "small16x_ae_base" / "e4_base.pth")
    assert shallow.deepest == "conv4_1"


class Spy:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("code ran",)


def test_files_that_are_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_encoder(tmp_path / "missing.npz")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(ModelError, match="no perceptual network"):
        load_encoder(tmp_path / "other.npz")
    save_file({"features.0.weight": np.zeros((4, 3, 3, 3), np.float32)}, tmp_path / "short.safetensors")
    with pytest.raises(ModelError, match="no perceptual network"):
        load_encoder(tmp_path / "short.safetensors")
    squeezed = {f"features.{name}.weight": np.zeros((4, 3, 3, 3), np.float32) for name in ("0", "3.squeeze")}
    save_file(squeezed, tmp_path / "squeezenet.safetensors")
    with pytest.raises(ModelError, match="no perceptual network"):
        load_encoder(tmp_path / "squeezenet.safetensors")
    first = {"conv1_1_W": np.zeros((3, 3, 3, 4), np.float32), "conv1_1_b": np.zeros(4, np.float32)}
    np.savez(tmp_path / "part.npz", **first)
    with pytest.raises(ModelError, match=r"without conv1_2.*reaches conv4_1"):
        load_encoder(tmp_path / "part.npz")
    np.save(tmp_path / "evil.npy", np.array({"conv1_1": [Spy(), 0]}), allow_pickle=True)
    with pytest.raises(ModelError, match="contains code"):
        load_encoder(tmp_path / "evil.npy")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "evil.npy").read_bytes()[:100] + pickle.dumps(3)[:2])
    with pytest.raises(ModelError, match="damaged"):
        load_encoder(tmp_path / "cut.npy")
    assert "code ran" not in capsys.readouterr().out


OWN_CHANNELS = (16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128)
OWN_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def own_arrays(rng: np.random.Generator) -> dict[str, Any]:
    """Random weights of a network such as the one that ships, in half precision."""
    arrays, inputs = {}, 3
    for layer, outputs in zip(layers(16), OWN_CHANNELS, strict=False):
        kernel = rng.standard_normal((outputs, inputs, 3, 3)) * (2 / 9 / inputs) ** 0.5
        arrays |= {f"{layer}.weight": kernel.astype(np.float16), f"{layer}.bias": np.zeros(outputs, np.float16)}
        inputs = outputs
    return arrays


def test_our_own_network(tmp_path: Path, rng: np.random.Generator) -> None:
    path, arrays = tmp_path / "perceptual.safetensors", own_arrays(rng)
    save_file(arrays, path, {"architecture": "senga-perceptual"})
    assert path.stat().st_size <= 2_000_000
    encoder = load_encoder(path)
    assert (encoder.depth, encoder.mirrored, encoder.original) == (16, True, False)
    assert list(encoder.kernels) == list(layers(16)[: len(OWN_CHANNELS)])
    picture = rng.uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    found = Features(encoder, OWN_TAPS).of(picture)
    assert [found[tap].shape[1:] for tap in OWN_TAPS] == [
        (16, 32, 32), (32, 16, 16), (64, 8, 8), (128, 4, 4), (128, 2, 2)
    ]  # fmt: skip
    padded = np.pad(picture[0], ((0, 0), (1, 1), (1, 1)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    first = np.einsum("cyxkl,ockl->oyx", windows, arrays["conv1_1.weight"].astype(np.float32))
    np.testing.assert_allclose(found["relu1_1"][0], np.maximum(first, 0), atol=1e-4)


def test_losses_that_ask_too_deep_take_the_deepest_there_is(tmp_path: Path, rng: np.random.Generator) -> None:
    save_file(own_arrays(rng), tmp_path / "own.safetensors", {"architecture": "senga-perceptual"})
    encoder = load_encoder(tmp_path / "own.safetensors")
    asked = ("conv4_4", "relu4_4", "conv5_4", "conv3_1", "relu5_1", "conv5_1")
    assert [encoder.nearest(tap) for tap in asked] == [
        "conv4_3", "relu4_3", "conv4_3", "conv3_1", "relu5_1", "conv5_1"
    ]  # fmt: skip


def test_the_network_that_ships_is_taken_or_missed_in_a_sentence(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perceptual, "SHIPPED", tmp_path / "perceptual.safetensors")
    with pytest.raises(ModelError, match="give the file of one with --vgg"):
        perceptual.shipped_encoder()
    save_file(own_arrays(rng), tmp_path / "perceptual.safetensors", {"architecture": "senga-perceptual"})
    assert load_encoder(perceptual.shipped_encoder()).depth == 16


def test_what_states_to_be_ours_and_is_not(tmp_path: Path, rng: np.random.Generator) -> None:
    arrays = own_arrays(rng)
    for broken in ({"conv2_1.weight": arrays["conv1_1.weight"]}, {"conv1_1.weight": np.zeros(3, np.float16)}):
        save_file({**arrays, **broken}, tmp_path / "own.safetensors", {"architecture": "senga-perceptual"})
        with pytest.raises(ModelError, match="does not fit"):
            load_encoder(tmp_path / "own.safetensors")
    save_file({}, tmp_path / "own.safetensors", {"architecture": "senga-perceptual"})
    with pytest.raises(ModelError):
        load_encoder(tmp_path / "own.safetensors")
