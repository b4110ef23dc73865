"""U-GAT-IT: generators and judges against a computation written from the paper, and files with the published names."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.families import described
from senga.job import Job
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.engine import evaluate
from senga.plugins.face_drawing.network import Shape, generator, judge
from senga.plugins.face_drawing.published import network_of, to_senga

pytest.importorskip("onnxruntime")
Wide = NDArray[np.float64]
SMALL = Shape(channels=4, blocks=2)


def numbers(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in shapes.items():
        spread = 0.5 / np.sqrt(max(shape)) if len(shape) == 2 else 0.2
        made[name] = (rng.random(shape) if name.endswith("rho") else rng.normal(0, spread, shape)).astype(np.float32)
    return made


# --- The network from the paper and the authors' programs, in numpy, channels first ---


def conv(x: Wide, kernel: Any, bias: Any = None, stride: int = 1, margin: tuple[int, int] = (0, 0)) -> Wide:
    padded = np.pad(x, ((0, 0), margin, margin), "reflect")
    windows = sliding_window_view(padded, kernel.shape[2:], (1, 2))[:, ::stride, ::stride]
    made = np.einsum("chwij,ocij->ohw", windows, kernel.astype(np.float64), optimize=True)
    return made if bias is None else made + np.asarray(bias, np.float64)[:, None, None]


def normed(x: Wide, axes: tuple[int, ...], ddof: int) -> Wide:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, ddof=ddof, keepdims=True) + 1e-5)


def mixed(x: Wide, ddof: int, rho: Any, gamma: Any, beta: Any) -> Wide:
    rho, gamma, beta = (np.asarray(each, np.float64).reshape(-1, 1, 1) for each in (rho, gamma, beta))
    both = rho * normed(x, (1, 2), ddof) + (1 - rho) * normed(x, (0, 1, 2), ddof)
    return np.asarray(both * gamma + beta)


def relu(x: Wide) -> Wide:
    return np.maximum(x, 0)


def doubled(x: Wide) -> Wide:
    return x.repeat(2, 1).repeat(2, 2)


def pytorch(arrays: dict[str, Any], photo: Wide, shape: Shape) -> tuple[Wide, Wide, Wide]:
    """The generator as the authors' PyTorch program has it."""
    x = photo
    for place, stride, margin in (("1", 1, (3, 3)), ("5", 2, (1, 1)), ("9", 2, (1, 1))):
        x = relu(normed(conv(x, arrays[f"DownBlock.{place}.weight"], None, stride, margin), (1, 2), 0))
    for block in range(shape.blocks):
        y, name = x, f"DownBlock.{12 + block}.conv_block"
        y = relu(normed(conv(y, arrays[f"{name}.1.weight"], margin=(1, 1)), (1, 2), 0))
        x = x + normed(conv(y, arrays[f"{name}.5.weight"], margin=(1, 1)), (1, 2), 0)
    means, maxima = arrays["gap_fc.weight"][0].astype(float), arrays["gmp_fc.weight"][0].astype(float)
    verdict = np.array([means @ x.mean((1, 2)), maxima @ x.max((1, 2))])
    both = np.concatenate([x * means[:, None, None], x * maxima[:, None, None]])
    x = relu(conv(both, arrays["conv1x1.weight"], arrays["conv1x1.bias"]))
    attention = x.sum(0, keepdims=True)
    seen = x.mean((1, 2)) if shape.light else x.reshape(-1)
    for name in ("FC.0", "FC.2"):
        seen = relu(arrays[f"{name}.weight"].astype(float) @ seen)
    gamma, beta = (arrays[f"{name}.weight"].astype(float) @ seen for name in ("gamma", "beta"))
    for block in range(1, shape.blocks + 1):
        name = f"UpBlock1_{block}"
        y = conv(x, arrays[f"{name}.conv1.weight"], margin=(1, 1))
        y = relu(mixed(y, 1, arrays[f"{name}.norm1.rho"], gamma, beta))
        y = conv(y, arrays[f"{name}.conv2.weight"], margin=(1, 1))
        x = x + mixed(y, 1, arrays[f"{name}.norm2.rho"], gamma, beta)
    for place in (2, 7):
        own = [arrays[f"UpBlock2.{place + 1}.{kind}"] for kind in ("rho", "gamma", "beta")]
        x = relu(mixed(conv(doubled(x), arrays[f"UpBlock2.{place}.weight"], margin=(1, 1)), 1, *own))
    return np.tanh(conv(x, arrays["UpBlock2.12.weight"], margin=(3, 3))), attention, verdict


def tensorflow(arrays: dict[str, Any], photo: Wide, shape: Shape) -> tuple[Wide, Wide]:
    """The generator as the authors' TensorFlow program has it."""
    prefix = "generator_B"

    def layer(x: Wide, name: str, stride: int = 1, margin: tuple[int, int] = (1, 1)) -> Wide:
        kernel = arrays[f"{prefix}/{name}/conv2d/kernel"].transpose(3, 2, 0, 1)
        return conv(x, kernel, arrays[f"{prefix}/{name}/conv2d/bias"], stride, margin)

    def instance(x: Wide, name: str) -> Wide:
        gamma, beta = (arrays[f"{prefix}/{name}/{kind}"][:, None, None] for kind in ("gamma", "beta"))
        return np.asarray(normed(x, (1, 2), 0) * gamma + beta)

    def dense(x: Wide, name: str) -> Wide:
        return np.asarray(x @ arrays[f"{prefix}/MLP/{name}/dense/kernel"] + arrays[f"{prefix}/MLP/{name}/dense/bias"])

    x = relu(instance(layer(photo, "conv", margin=(3, 3)), "ins_norm"))
    for i in range(2):
        x = relu(instance(layer(x, f"conv_{i}", 2, (1, 0)), f"ins_norm_{i}"))
    for i in range(shape.blocks):
        name = f"resblock_{i}"
        y = relu(instance(layer(x, f"{name}/res1/conv_0"), f"{name}/res1/instance_norm"))
        x = x + instance(layer(y, f"{name}/res2/conv_0"), f"{name}/res2/instance_norm")
    weigh = (arrays[f"{prefix}/CAM_logit/kernel"] + arrays[f"{prefix}/CAM_logit/bias"])[:, :1, None].astype(float)
    x = relu(layer(np.concatenate([x * weigh, x * weigh]), "conv_1x1", margin=(0, 0)))
    attention = x.sum(0, keepdims=True)
    seen = x.mean((1, 2)) if shape.light else x.transpose(1, 2, 0).reshape(-1)
    seen = relu(dense(relu(dense(seen, "linear_0")), "linear_1"))
    gamma, beta = dense(seen, "gamma"), dense(seen, "beta")
    for i in range(shape.blocks):
        y = x
        for half in ("res1", "res2"):
            name = f"adaptive_resblock{i}/{half}"
            rho = np.clip(arrays[f"{prefix}/{name}/instance_layer_norm/rho"] - 0.1, 0, 1)
            y = mixed(layer(y, f"{name}/conv_0"), 0, rho, gamma, beta)
            y = relu(y) if half == "res1" else y
        x = x + y
    for i in range(2):
        own = [arrays[f"{prefix}/layer_ins_norm_{i}/{kind}"] for kind in ("rho", "gamma", "beta")]
        x = relu(mixed(layer(doubled(x), f"up_conv_{i}"), 0, *own))
    return np.tanh(layer(x, "G_logit", margin=(3, 3))), attention


# --- The names and shapes of published files ---


def pytorch_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    first, half, quarter = (shape.channels << i for i in range(3))
    seen = quarter if shape.light else quarter * 64 * 64
    found: dict[str, tuple[int, ...]] = {
        "DownBlock.1.weight": (first, 3, 7, 7),
        "DownBlock.5.weight": (half, first, 3, 3),
        "DownBlock.9.weight": (quarter, half, 3, 3),
        "gap_fc.weight": (1, quarter),
        "gmp_fc.weight": (1, quarter),
        "conv1x1.weight": (quarter, 2 * quarter, 1, 1),
        "conv1x1.bias": (quarter,),
        "FC.0.weight": (quarter, seen),
        "FC.2.weight": (quarter, quarter),
        "gamma.weight": (quarter, quarter),
        "beta.weight": (quarter, quarter),
        "UpBlock2.2.weight": (half, quarter, 3, 3),
        "UpBlock2.7.weight": (first, half, 3, 3),
        "UpBlock2.12.weight": (3, first, 7, 7),
    }
    for place, channels in ((3, half), (8, first)):
        found |= {f"UpBlock2.{place}.{kind}": (1, channels, 1, 1) for kind in ("gamma", "beta", "rho")}
    for block in range(shape.blocks):
        found |= {f"DownBlock.{12 + block}.conv_block.{i}.weight": (quarter, quarter, 3, 3) for i in (1, 5)}
        found |= {f"UpBlock1_{block + 1}.conv{i}.weight": (quarter, quarter, 3, 3) for i in (1, 2)}
        found |= {f"UpBlock1_{block + 1}.norm{i}.rho": (1, quarter, 1, 1) for i in (1, 2)}
    return found


def tensorflow_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    first, half, quarter = (shape.channels << i for i in range(3))
    found: dict[str, tuple[int, ...]] = {"CAM_logit/kernel": (quarter, 1), "CAM_logit/bias": (1,)}

    def layer(name: str, size: int, inputs: int, outputs: int) -> None:
        found[f"{name}/conv2d/kernel"], found[f"{name}/conv2d/bias"] = (size, size, inputs, outputs), (outputs,)

    def norm(name: str, channels: int, kinds: tuple[str, ...] = ("gamma", "beta")) -> None:
        found.update({f"{name}/{kind}": (channels,) for kind in kinds})

    layer("conv", 7, 3, first)
    norm("ins_norm", first)
    for i, (inputs, outputs) in enumerate(((first, half), (half, quarter))):
        layer(f"conv_{i}", 3, inputs, outputs)
        norm(f"ins_norm_{i}", outputs)
    for i in range(shape.blocks):
        for half_block in ("res1", "res2"):
            layer(f"resblock_{i}/{half_block}/conv_0", 3, quarter, quarter)
            norm(f"resblock_{i}/{half_block}/instance_norm", quarter)
            layer(f"adaptive_resblock{i}/{half_block}/conv_0", 3, quarter, quarter)
            norm(f"adaptive_resblock{i}/{half_block}/instance_layer_norm", quarter, ("rho",))
    layer("conv_1x1", 1, 2 * quarter, quarter)
    seen = quarter if shape.light else quarter * 64 * 64
    for name, inputs in (("linear_0", seen), ("linear_1", quarter), ("gamma", quarter), ("beta", quarter)):
        found[f"MLP/{name}/dense/kernel"], found[f"MLP/{name}/dense/bias"] = (inputs, quarter), (quarter,)
    for i, (inputs, outputs) in enumerate(((quarter, half), (half, first))):
        layer(f"up_conv_{i}", 3, inputs, outputs)
        norm(f"layer_ins_norm_{i}", outputs, ("rho", "gamma", "beta"))
    layer("G_logit", 7, first, 3)
    return {f"generator_B/{name}": shape for name, shape in found.items()}


def painted(weights: Any, photo: Wide) -> dict[str, Wide]:
    given = {"photo": photo.transpose(1, 2, 0).astype(np.float32)}
    found = evaluate(network_of(weights.card), weights.arrays, given, Job(device="cpu", engine="onnx"))
    return {name: value.transpose(2, 0, 1) if value.ndim == 3 else value for name, value in found.items()}


def photo(height: int, width: int) -> Wide:
    return np.random.default_rng(5).uniform(-1, 1, (3, height, width)).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("shape", [SMALL, Shape(4, 1, light=False)], ids=["light", "full"])
def test_the_pytorch_form(shape: Shape) -> None:
    arrays, given = numbers(pytorch_shapes(shape)), photo(256, 256) if not shape.light else photo(24, 32)
    weights = to_senga(Checkpoint("pytorch", dict(arrays)))
    assert weights.card["form"] == "pytorch"
    painting, attention, verdict = pytorch(arrays, given, shape)
    found = painted(weights, given)
    assert abs(found["painting"] - painting).max() < 1e-4
    assert abs(found["attention"] - attention).max() < 1e-4 * attention.max()
    assert np.allclose(found["verdict"], verdict, atol=1e-4)


@pytest.mark.parametrize("shape", [Shape(4, 2, True, True), Shape(4, 1, False, True)], ids=["light", "full"])
def test_the_tensorflow_form(shape: Shape) -> None:
    arrays, given = numbers(tensorflow_shapes(shape)), photo(256, 256) if not shape.light else photo(24, 32)
    weights = to_senga(Checkpoint("tensorflow", {**arrays, "generator_A/conv/conv2d/bias": np.zeros(4, np.float32)}))
    assert weights.card["form"] == "tensorflow"
    painting, attention = tensorflow(arrays, given, shape)
    found = painted(weights, given)
    assert abs(found["painting"] - painting).max() < 1e-4
    assert abs(found["attention"] - attention).max() < 1e-4 * attention.max()


@pytest.mark.parametrize("layers", [5, 7])
@pytest.mark.parametrize("form", ["pytorch", "tensorflow"])
def test_judges(layers: int, form: str) -> None:
    network = judge(layers, 4, tensorflow=form == "tensorflow")
    weights, x = numbers(network.parameters, 3), photo(128, 128)
    found = evaluate(network, weights, {"photo": x.transpose(1, 2, 0).astype(np.float32)}, Job(device="cpu"))
    slow = (1, 2) if form == "tensorflow" else (1, 1)

    def leaky(x: Wide) -> Wide:
        return np.where(x > 0, x, 0.2 * x)

    for name in [f"down{i}" for i in range(1, layers - 1)] + ["same"]:
        stride = 2 if name != "same" else 1
        margin = (1, 1) if stride == 2 else slow
        x = leaky(conv(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, margin))
    means, maxima = (weights[f"{name}.weight"].reshape(-1).astype(float) for name in ("means", "maxima"))
    assert np.allclose(found["verdict"], [means @ x.mean((1, 2)), maxima @ x.max((1, 2))], atol=1e-4)
    both = np.concatenate([x * means[:, None, None], x * maxima[:, None, None]])
    x = leaky(conv(both, weights["attended.weight"], weights["attended.bias"]))
    x = conv(x, weights["judged.weight"], weights.get("judged.bias"), margin=slow)
    assert found["verdicts"].shape[:2] == x.shape[1:]
    assert abs(found["verdicts"][..., 0] - x[0]).max() < 1e-4 * max(1, abs(x).max())


def test_the_published_sizes() -> None:
    assert generator(Shape()).parameter_count == 10_589_888
    assert generator(Shape(light=False)).parameter_count == 278_959_808
    assert [judge(layers).parameter_count for layers in (7, 5)] == [53_130_176, 3_290_560]


def test_of_six_networks_the_one_that_paints_faces() -> None:
    arrays = numbers(pytorch_shapes(SMALL))
    weights = to_senga(Checkpoint("pytorch", {f"genA2B.{name}": array for name, array in arrays.items()}))
    assert np.array_equal(weights.arrays["last.weight"], arrays["UpBlock2.12.weight"])
    assert described("senga.plugins.face_drawing.published:network_of", weights.card) == generator(SMALL)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_file_of_paddle(protocol: int, tmp_path: Path) -> None:
    arrays = numbers(pytorch_shapes(SMALL))
    theirs: dict[str, Any] = {name: array.T if array.ndim == 2 else array for name, array in arrays.items()}
    theirs["DownBlock.2.scale"] = np.ones(4, np.float32)
    theirs["StructuredToParameterName@@"] = {"FC.0.weight": "linear_0.w_0"}
    file = tmp_path / "ugatit_light.pdparams"
    other = {"DownBlock.1.weight": ("conv2d_0.w_0", np.zeros((4, 3, 7, 7), np.float32))}
    file.write_bytes(pickle.dumps({"genB2A": other, "genA2B": theirs}, protocol))
    weights, wish = to_senga(read_checkpoint(file)), to_senga(Checkpoint("pytorch", dict(arrays)))
    assert weights.card == wish.card
    assert all(np.array_equal(weights.arrays[name], array) for name, array in wish.arrays.items())


def test_what_is_no_generator_is_said() -> None:
    arrays = numbers(pytorch_shapes(SMALL))
    del arrays["UpBlock1_2.norm2.rho"]
    with pytest.raises(ModelError, match="“drawn2.second.norm.rho” is missing"):
        to_senga(Checkpoint("pytorch", dict(arrays)))
    with pytest.raises(ModelError, match="no generator of U-GAT-IT"):
        to_senga(Checkpoint("pytorch", {"weight": np.zeros((3, 3), np.float32)}))
    with pytest.raises(ModelError, match="must be u-gat-it"):
        network_of({"architecture": "animegan"})
