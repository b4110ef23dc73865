"""Every block in strips of any height against onnxruntime on the written graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.job import Job
from senga.neural import blocks, engine, memory
from senga.neural.blocks import BLOCKS, Block, Padding
from senga.neural.engine import evaluate, run
from senga.neural.executors import installed
from senga.neural.graph import Builder, Network, Node
from senga.neural.onnx.graph_file import inner_model

onnxruntime = pytest.importorskip("onnxruntime")
Floats = NDArray[np.float32]
ROOMY = 1 << 40
CHANNELS = 8


def answers(network: Network, weights: dict[str, Floats], given: dict[str, Floats]) -> dict[str, Floats]:
    """What onnxruntime computes."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    model = inner_model(network, weights)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {name: value[None] if value.ndim == 1 else value.transpose(2, 0, 1)[None] for name, value in given.items()}
    made = session.run([output.name for output in network.outputs], feeds)
    found = {}
    for output, value in zip(network.outputs, made, strict=True):
        found[output.name] = value[0] if value.ndim == 2 else value[0].transpose(1, 2, 0)
    return found


def weights_of(network: Network) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    made = {}
    for name, shape in network.parameters.items():
        values = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:]) or 1), shape)
        made[name] = (abs(values) + 0.1 if name.endswith(("var", "rho")) else values).astype(np.float32)
        made[name] = np.minimum(made[name], 0.9) if name.endswith("rho") else made[name]
    return made


def given_to(network: Network, height: int, width: int) -> dict[str, Floats]:
    rng = np.random.default_rng(2)
    shapes = {name: () if block.vector else (height, width) for name, block in network.inputs.items()}
    return {
        name: rng.normal(0.3, 1, (*shape, network.by_name[name].channels)).astype(np.float32)
        for name, shape in shapes.items()
    }


def in_strips(
    network: Network, weights: Any, given: Any, strip: int, room: int, executor: Any = None, threads: int = 1
) -> dict[str, Floats]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "allot", lambda *_: engine.Share(strip, room, threads))
        patch.setattr(memory, "free_scratch", lambda: 0)
        return evaluate(network, weights, given, Job(device="cpu", engine="onnx", threads=threads), executor=executor)


Write = Callable[[Builder, str], str]
ZERO, EDGE = Padding(1, 1, 1, 1, "zero"), Padding(2, 1, 0, 3, "edge")
KINDS: dict[str, Write] = {
    "conv": lambda net, x: net.conv(x, "c", 5, 3, bias=True),
    "conv-zero": lambda net, x: net.conv(x, "c", 5, 3, pad_mode="zero"),
    "conv-edge": lambda net, x: net.conv(x, "c", 5, 3, padding=EDGE),
    "conv-5-edge": lambda net, x: net.conv(x, "c", 5, 5, pad_mode="edge"),
    "conv-stride-tf": lambda net, x: net.conv(x, "c", 5, 3, 2, padding=Padding.tf_same(3, 2)),
    "conv-stride-3": lambda net, x: net.conv(x, "c", 5, 5, 3, padding=Padding.same(5, "zero")),
    "conv-tall": lambda net, x: net.conv(x, "c", 5, (7, 1), pad_mode="zero", bias=True),
    "conv-wide": lambda net, x: net.conv(x, "c", 5, (1, 7), pad_mode="zero"),
    "conv-groups": lambda net, x: net.conv(x, "c", 6, 3, groups=2, bias=True),
    "conv-groups-stride": lambda net, x: net.conv(x, "c", 12, 3, 2, groups=4, padding=EDGE),
    "conv-apart": lambda net, x: net.conv(net.relu(x), "c", 5, 3, dilation=2, bias=True),
    "conv-apart-zero": lambda net, x: net.conv(x, "c", 5, 3, pad_mode="zero", dilation=3),
    "conv-apart-stride": lambda net, x: net.conv(x, "c", 5, (3, 1), 2, padding=EDGE, dilation=2),
    "conv-apart-groups": lambda net, x: net.conv(x, "c", 8, 3, groups=4, dilation=2),
    "depthwise-apart": lambda net, x: net.conv(x, "c", 8, 3, groups=8, pad_mode="edge", dilation=2),
    "conv-apart-doubled": lambda net, x: net.conv(
        net.double(x, "tf1"), "c", 5, 3, padding=Padding(1, 1, 1, 1), dilation=2
    ),
    "depthwise": lambda net, x: net.depthwise(x, "c", bias=True, padding=ZERO),
    **{
        f"transposed-{kernel}-{stride}-{crop}": lambda net, x, k=kernel, s=stride, c=crop: net.transposed(  # type: ignore[misc]
            x, "c", 5, k, s, crop=Padding(*c)
        )
        for kernel, stride, crop in (
            (2, 2, (0, 0, 0, 0)),
            (3, 2, (1, 1, 0, 0)),
            (4, 2, (1, 1, 1, 1)),
            (3, 1, (1, 1, 1, 1)),
            (5, 3, (1, 2, 1, 0)),
            (1, 2, (0, 0, -1, -1)),
            (3, 2, (0, 0, 1, 1)),
        )
    },
    "leaky-conv": lambda net, x: net.conv(net.leaky_relu(x, 0.3), "c", 5, 3),
    "leaky-conv-zero": lambda net, x: net.conv(net.leaky_relu(x, 0.3), "c", 5, 3, pad_mode="zero"),
    "leaky-transposed": lambda net, x: net.transposed(net.leaky_relu(x, 0.3), "c", 5, 4, crop=Padding(1, 1, 1, 1)),
    "norm-conv-zero": lambda net, x: net.conv(net.relu(net.instance_norm(x, "n", 1e-5)), "c", 5, 3, pad_mode="zero"),
    "norm-transposed": lambda net, x: net.transposed(net.layer_norm(x, "n", 1e-5), "c", 5, 3),
    "concat-leaky-conv": lambda net, x: net.conv(net.concat(net.leaky_relu(x), net.add(x, net.tanh(x))), "c", 5, 3),
    "norm-picture": lambda net, x: net.norm(x, "n", "picture", 1e-5),
    "norm-channel-unbiased": lambda net, x: net.norm(x, "n", "channel", 1e-5, unbiased=True, affine=False),
    "norm-mixed": lambda net, x: net.norm(x, "n", "mixed", 1e-5),
    "norm-mixed-unbiased": lambda net, x: net.norm(x, "n", "mixed", 1e-5, unbiased=True, affine=False),
    "norm-picture-unbiased": lambda net, x: net.norm(x, "n", "picture", 1e-5, unbiased=True),
    "norm-of-vectors": lambda net, x: net.norm(
        x, "n", "mixed", 1e-5, gamma=net.linear(net.mean(x), "g", CHANNELS), beta=net.maximum(x)
    ),
    "norm-given": lambda net, x: net.norm(
        x, "n", "channel", 1e-5, gamma=net.vector("gamma", CHANNELS), beta=net.vector("beta", CHANNELS)
    ),
    "batch-norm": lambda net, x: net.batch_norm(x, "b"),
    "batch-norm-folded": lambda net, x: net.relu(net.batch_norm(net.conv(x, "c", 5, 3, bias=True), "b")),
    "batch-norm-folded-bare": lambda net, x: net.batch_norm(net.conv(x, "c", 5, 3, 2), "b", affine=False),
    "leaky": lambda net, x: net.leaky_relu(x, 0.3),
    "relu": lambda net, x: net.relu(x),
    "prelu": lambda net, x: net.prelu(x, "p"),
    "tanh": lambda net, x: net.tanh(x),
    "sigmoid": lambda net, x: net.sigmoid(x),
    "swish": lambda net, x: net.swish(x),
    "gelu": lambda net, x: net.gelu(x),
    "gelu-tanh": lambda net, x: net.gelu(x, tanh=True),
    "add": lambda net, x: net.add(x, net.tanh(x)),
    "add-vector": lambda net, x: net.add(net.mean(x), x),
    "product": lambda net, x: net.product(x, net.sigmoid(x)),
    "product-vector": lambda net, x: net.product(x, net.sigmoid(net.linear(net.mean(x), "l", CHANNELS, bias=False))),
    "affine": lambda net, x: net.affine(x, "a", (2.0,), tuple(float(i) for i in range(CHANNELS))),
    "concat": lambda net, x: net.concat(x, net.tanh(x), x),
    "split": lambda net, x: net.split(x, 2, 5),
    "shuffle": lambda net, x: net.shuffle(x),
    "shuffle-pixel": lambda net, x: net.shuffle(x, order="pixel"),
    "interleave": lambda net, x: net.interleave(x, 2),
    "unshuffle": lambda net, x: net.unshuffle(x, 2),
    "unshuffle-pixel": lambda net, x: net.unshuffle(x, 2, "pixel"),
    **{
        f"{kind}-{sampling}-{up}-{down}": lambda net, x, u=up, d=down, k=kind, s=sampling: net.resize(  # type: ignore[misc]
            x, u, d, kind=k, sampling=s
        )
        for kind in ("nearest", "bilinear")
        for sampling in ("tf1", "half_pixel", "align_corners")
        for up, down in ((2, 1), (3, 1), (1, 2))
    },
    "double": lambda net, x: net.double(x, "tf1"),
    "double-conv": lambda net, x: net.conv(net.double(x, "tf1"), "c", 5, 3, bias=True),
    "double-conv-norm": lambda net, x: net.batch_norm(net.conv(net.double(x, "tf1"), "c", 5, 3), "b"),
    "halve": lambda net, x: net.halve(x, "half_pixel"),
    "max-pool": lambda net, x: net.max_pool(x),
    "max-pool-ceil": lambda net, x: net.max_pool(x, 3, 2, ceil=True),
    "max-pool-margin": lambda net, x: net.max_pool(x, 3, 1, padding=ZERO),
    "average-pool": lambda net, x: net.average_pool(x, 3, 1, padding=ZERO),
    "average-pool-counts": lambda net, x: net.average_pool(x, 3, 2, padding=ZERO, counts_margins=True),
    "mean": lambda net, x: net.mean(x),
    "deviation": lambda net, x: net.deviation(x),
    "deviation-unbiased": lambda net, x: net.deviation(x, 1e-3, unbiased=True),
    "maximum": lambda net, x: net.maximum(x),
    "total": lambda net, x: net.total(net.relu(x)),
    "total-of-vectors": lambda net, x: net.total(net.conv(net.maximum(x), "c", 8, 1, groups=8)),
    "linear": lambda net, x: net.linear(net.relu(net.linear(net.mean(x), "a", 7)), "b", 3, bias=False),
    "vector-norm": lambda net, x: net.norm(net.mean(x), "n", "picture", 1e-5),
}


def one(kind: str) -> Network:
    net = Builder(CHANNELS)
    KINDS[kind](net, net.input)
    return net.build(kind, multiple=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(13, 10), (4, 9), (3, 3), (2, 3), (1, 1), (1, 7)], ids=str)
def test_strips_of_any_height_give_what_onnxruntime_gives(
    kind: str, size: tuple[int, int], numpy_executor: Any
) -> None:
    if kind.startswith("unshuffle"):
        size = size[0] + size[0] % 2, size[1] + size[1] % 2
    if kind.startswith("max-pool") and size[0] == 1:
        pytest.skip("smaller than a window")
    network = one(kind)
    weights, given = weights_of(network), given_to(network, *size)
    try:
        theirs = answers(network, weights, given)
    except Exception:  # it mirrors no more than there is, and takes no empty results
        assert min(size) < 4
        theirs = {}
    if not theirs or any(0 in value.shape for value in theirs.values()):
        pytest.skip("nothing to compare with")
    for strip in (1, 3000, ROOMY):
        ours = in_strips(network, weights, given, strip, ROOMY, numpy_executor)
        for name, value in theirs.items():
            assert ours[name].shape == value.shape
            assert ours[name].dtype == np.float32
            assert np.allclose(ours[name], value, atol=1e-4 if size == (1, 1) else 2e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if "conv" in kind or kind.startswith(("transposed", "batch")) or "-transposed" in kind],
)
def test_the_runtime_that_ships_gives_the_same(kind: str) -> None:
    network = one(kind)
    weights, given = weights_of(network), given_to(network, 23, 18)
    theirs = answers(network, weights, given)
    ours = in_strips(network, weights, given, 3000, ROOMY, threads=2)
    for name, value in theirs.items():
        assert np.allclose(ours[name], value, atol=2e-5, rtol=1e-4)


@pytest.mark.skipif(not installed("openvino"), reason="no OpenVINO here")
@pytest.mark.parametrize("kind", KINDS)
def test_openvino_gives_the_same(kind: str) -> None:
    network = one(kind)
    for size in ((24, 18), (12, 10)):
        weights, given = weights_of(network), given_to(network, *size)
        theirs, ours = answers(network, weights, given), evaluate(network, weights, given, Job(engine="openvino"))
        for name, value in theirs.items():
            assert ours[name].shape == value.shape
            assert ours[name].dtype == np.float32
            assert np.allclose(ours[name], value, atol=2e-5, rtol=1e-4)


def test_all_blocks_are_tried() -> None:
    tried = {type(node.block) for kind in KINDS for node in one(kind).nodes} | {blocks.Flatten}
    assert tried == set(BLOCKS)


class Foreign(Block):
    """A block of somebody else."""


def test_an_unknown_block_is_named() -> None:
    with pytest.raises(ValueError, match="'odd' is of an unknown block, .*Foreign"):
        Network("strange", (Node("odd", Foreign(), (), 3),), 1)
    with pytest.raises(ValueError, match="'odd' is of an unknown block, 'nothing'"):
        Network("strange", (Node("odd", "nothing", (), 3),), 1)  # type: ignore[arg-type]


# --- Inputs and outputs ---


def exemplar_network() -> Network:
    """A content picture gets the statistics of another one, which may have another size; three results."""
    net = Builder(3)
    other = net.picture("style", 3)
    strength = net.vector("strength", 6)
    x = net.relu(net.conv(net.input, "c", 6, 3))
    y = net.relu(net.conv(other, "d", 6, 3))
    z = net.norm(x, "adain", "channel", 1e-5, gamma=net.deviation(y, unbiased=True), beta=net.mean(y), unbiased=True)
    net.output(x, "features")
    net.output(net.conv(net.add(net.product(z, strength), x), "last", 4, 1), "result")
    net.output(net.linear(net.maximum(y), "tell", 2), "told")
    return net.build("exemplar", multiple=1)


@pytest.mark.parametrize("strip", [1, 2000, ROOMY])
@pytest.mark.parametrize("room", [0, ROOMY])
def test_several_inputs_of_different_sizes_and_several_results(strip: int, room: int, numpy_executor: Any) -> None:
    network = exemplar_network()
    weights, given = weights_of(network), given_to(network, 17, 12)
    given["style"] = given["style"][:9, :11]
    theirs, ours = answers(network, weights, given), in_strips(network, weights, given, strip, room, numpy_executor)
    if installed("openvino") and strip == room == ROOMY:
        ours = evaluate(network, weights, given, Job(engine="openvino"))
    assert set(ours) == set(theirs) == {"features", "result", "told"}
    for name, value in theirs.items():
        assert ours[name].shape == value.shape
        assert np.allclose(ours[name], value, atol=1e-5)


def test_a_picture_is_painted_with_a_style_beside_it(numpy_executor: Any) -> None:
    net = Builder(3, range=(0.0, 255.0))
    style, strength = net.picture("style", 3), net.vector("strength", 3)
    x = net.norm(net.conv(net.input, "c", 3, 3), "n", "channel", 1e-5, gamma=net.deviation(style), beta=net.mean(style))
    net.output(net.product(x, strength), "painted", (0.0, 255.0))
    network = net.build("styled", multiple=4)
    weights, rng = weights_of(network), np.random.default_rng(3)
    pixels = rng.random((16, 12, 3), np.float32)
    others = {"style": 255 * rng.random((8, 20, 3), np.float32), "strength": np.float32([1, 0.5, 0.25])}
    found = run(network, weights, pixels, Job(), given=others, executor=numpy_executor)
    theirs = answers(network, weights, {"photo": 255 * pixels, **others})["painted"]
    assert np.allclose(found, np.clip(theirs / 255, 0, 1), atol=1e-5)
    if installed("openvino"):
        whole = run(network, weights, pixels, Job(engine="openvino"), given=others)
        assert np.allclose(whole, found, atol=1e-5)
    odd = run(network, weights, (255 * pixels[:15, :11]).astype(np.uint8), Job(), given=others, executor=numpy_executor)
    assert odd.shape == (15, 11, 3)
    assert odd.dtype == np.uint8
    with pytest.raises(ModelError, match="styled needs “strength”; give it"):
        run(network, weights, pixels, Job(), given={"style": others["style"]})
    with pytest.raises(ModelError, match="evaluate it instead"):
        run(exemplar_network(), weights_of(exemplar_network()), pixels, Job())


def test_a_network_of_one_size(numpy_executor: Any) -> None:
    net = Builder(3)
    x = net.relu(net.conv(net.input, "c", 4, 3))
    net.linear(net.flatten(x, 5, 6), "l", 7)
    network = net.build("fixed", multiple=1, fixed=(5, 6))
    weights, given = weights_of(network), given_to(network, 5, 6)
    theirs = answers(network, weights, given)
    for strip in (1, ROOMY):
        ours = in_strips(network, weights, given, strip, ROOMY, numpy_executor)
        assert np.allclose(ours["painting"], theirs["painting"], atol=1e-5)
    with pytest.raises(ModelError, match="takes pictures of 6 x 5 pixels only; resize “photo” first"):
        evaluate(network, weights, given_to(network, 6, 5), Job())


def test_inputs_that_do_not_fit_are_named(numpy_executor: Any) -> None:
    network = exemplar_network()
    weights, given = weights_of(network), given_to(network, 8, 8)
    wrong: list[tuple[str, Any, str]] = [
        ("style", None, "needs “style”"),
        ("style", np.zeros((4, 4, 2)), r"“style” of exemplar is \(height, width, 3\), not \(4, 4, 2\)"),
        ("strength", np.zeros(5), "“strength” of exemplar has 6 numbers"),
    ]
    for name, value, sentence in wrong:
        with pytest.raises(ModelError, match=sentence):
            evaluate(network, weights, {k: v for k, v in (given | {name: value}).items() if v is not None}, Job())


def test_a_picture_that_is_too_small_is_refused(numpy_executor: Any) -> None:
    net = Builder(3)
    net.max_pool(net.max_pool(net.max_pool(net.input)))
    network = net.build("pools", multiple=1)
    with pytest.raises(ModelError, match="too small for pools"):
        evaluate(network, {}, {"photo": np.zeros((7, 9, 3))}, Job(), executor=numpy_executor)


def steps_network() -> Network:
    """Results of the size of the picture, of half of it and three times it, and one that follows another picture."""
    net = Builder(3, range=(0.0, 1.0))
    style = net.picture("style", 3)
    small = net.output(net.conv(net.input, "down", 4, 3, 2, padding=Padding.tf_same(3, 2)), "small")
    x = net.conv(net.resize(net.conv(small, "lower", 4, 3, 2, padding=Padding.tf_same(3, 2)), 4), "up", 3, 3)
    x = net.norm(x, "look", "channel", 1e-5, gamma=net.deviation(style), beta=net.mean(style))
    net.output(x, "same")
    net.output(net.resize(x, 3, kind="nearest"), "large")
    net.output(net.conv(style, "other", 2, 3, 2, padding=Padding.tf_same(3, 2)), "other")
    return net.build("steps", multiple=4)


ENGINES = [name for name, package in (("onnx", "onnxruntime"), ("openvino", "openvino")) if installed(package)]


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("size", [(16, 12), (13, 10), (1, 1), (3, 18)])
def test_pictures_of_any_size_are_evaluated(engine_name: Any, size: tuple[int, int]) -> None:
    network, (height, width) = steps_network(), size
    weights, given = weights_of(network), given_to(network, *size)
    given["style"] = given_to(network, 9, 8)["style"]
    found = evaluate(network, weights, given, Job(engine=engine_name, device="cpu"))
    shapes = {name: values.shape[:2] for name, values in found.items()}
    half = -(-height // 2), -(-width // 2)
    assert shapes == {"small": half, "same": size, "large": (3 * height, 3 * width), "other": (5, 4)}
    whole = {
        name: (max(-(-each.shape[0] // 4), 2) * 4, max(-(-each.shape[1] // 4), 2) * 4) for name, each in given.items()
    }
    whole["photo"] = whole["photo"] if any(side % 4 for side in size) else size
    mirrored = {
        name: np.pad(each, ((0, whole[name][0] - len(each)), (0, whole[name][1] - each.shape[1]), (0, 0)), "reflect")
        for name, each in given.items()
    }
    theirs = answers(network, weights, mirrored)
    for name, values in found.items():
        assert np.allclose(values, theirs[name][: values.shape[0], : values.shape[1]], atol=2e-5, rtol=1e-4)


def test_pictures_are_evaluated_as_they_are_painted(numpy_executor: Any) -> None:
    net = Builder(range=(0.0, 1.0))
    net.output(net.conv(net.resize(net.max_pool(net.input), 2), "c", 3, 3), "painted", (0.0, 1.0))
    network = net.build("painter", multiple=2)
    pixels = np.random.default_rng(0).random((7, 5, 3), np.float32)
    weights = {name: 0.1 * values for name, values in weights_of(network).items()}
    values = evaluate(network, weights, {"photo": pixels}, Job(), executor=numpy_executor)["painted"]
    assert np.allclose(np.clip(values, 0, 1), run(network, weights, pixels, Job(), executor=numpy_executor), atol=1e-6)


def test_results_that_cannot_be_cropped_ask_for_whole_steps(numpy_executor: Any) -> None:
    def told(write: Write) -> None:
        net = Builder(CHANNELS)
        net.output(write(net, net.input), "found")
        network = net.build("steps", multiple=4)
        weights = weights_of(network)
        evaluate(network, weights, given_to(network, 8, 12), Job(), executor=numpy_executor)
        sentence = "sides of “photo” must be multiples of 4 for steps: its result “found” cannot be cropped"
        with pytest.raises(ModelError, match=sentence):
            evaluate(network, weights, given_to(network, 8, 13), Job(), executor=numpy_executor)

    told(lambda net, x: net.linear(net.mean(x), "l", 2))
    told(lambda net, x: net.conv(x, "c", 2, 3, padding=Padding()))
    network = steps_network()
    with pytest.raises(ModelError, match="has no pixels"):
        evaluate(network, weights_of(network), given_to(network, 0, 8), Job(), executor=numpy_executor)


def test_other_pictures_beside_the_painted_one_have_any_size(numpy_executor: Any) -> None:
    net = Builder(3)
    style = net.picture("style", 3)
    net.output(
        net.norm(net.input, "look", "channel", 1e-5, gamma=net.deviation(style), beta=net.mean(style)), "painted"
    )
    network, rng = net.build("styled", multiple=4), np.random.default_rng(3)
    photo, other = rng.random((8, 8, 3), np.float32), rng.random((8, 7, 3), np.float32)
    mirrored = np.pad(other, ((0, 0), (0, 1), (0, 0)), "reflect")
    found, expected = (
        run(network, {}, photo, Job(), given={"style": each}, executor=numpy_executor) for each in (other, mirrored)
    )
    assert np.array_equal(found, expected)


@pytest.mark.needs_mindspore
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "apart" in kind or "groups" in kind])
def test_mindspore_gives_the_same(kind: str) -> None:
    pytest.importorskip("mindspore")
    network = one(kind)
    weights, given = weights_of(network), given_to(network, 23, 18)
    theirs, ours = answers(network, weights, given), evaluate(network, weights, given, Job(engine="mindspore"))
    for name, value in theirs.items():
        assert np.allclose(ours[name], value, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("wrong", [{"groups": 3}, {"groups": 0}, {"dilation": 0}, {"stride": 0}])
def test_a_convolution_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    net = Builder(CHANNELS)
    with pytest.raises(ValueError, match="convolution 'c.weight' has"):
        net.conv(net.input, "c", 8, 3, **wrong)  # type: ignore[arg-type] # whole numbers all
