"""From every public spelling of the AnimeGAN weights to our names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from senga.errors import ModelError
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.graph import Network
from senga.plugins.animegan.convert import to_senga
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite, tf_axes, tf_names

Arrays = dict[str, NDArray[Any]]


def random(network: Network, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.parameters.items()}


@pytest.fixture(scope="module")
def half() -> Arrays:
    return random(animeganv2(0.5))


def agree(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("prefix", ["", "module.", "module.generator."])
def test_our_own_names(half: Arrays, prefix: str) -> None:
    found = to_senga(Checkpoint("pytorch", {prefix + name: array for name, array in half.items()}))
    assert agree(found.arrays, half)
    assert found.card == {"architecture": "animeganv2", "width": "0.5"}


def test_what_the_file_says_of_itself_is_kept(half: Arrays) -> None:
    stated = {"upsample": "align_corners", "eps": "1e-6", "licence": "CC0-1.0"}
    card = to_senga(Checkpoint("safetensors", half, stated)).card
    assert (card["upsample"], card["eps"]) == ("align_corners", "1e-6")


def test_mindspore_calls_norms_otherwise(half: Arrays) -> None:
    spelled = {}
    for name, array in half.items():
        norm = array.ndim == 1 and not name.endswith("layers.1.1.bias")
        other = name.replace(".weight", ".gamma").replace(".bias", ".beta")
        spelled[other if norm else name] = array
    assert sum(name.endswith("gamma") for name in spelled) == 24
    assert agree(to_senga(Checkpoint("mindspore", spelled)).arrays, half)


@pytest.mark.parametrize("width", [0.0625, 0.1, 0.125, 0.15, 0.2, 0.21875, 0.25, 0.3, 0.333, 0.5, 0.75, 0.9, 1.0, 1.5])
def test_the_width_is_recognised(width: float) -> None:
    arrays = {name: np.zeros(shape, np.float32) for name, shape in animeganv2(width).parameters.items()}
    assert to_senga(Checkpoint("npz", arrays)).card["width"] == str(width)


@given(st.floats(1 / 32, 1.5))
@settings(max_examples=60, deadline=None)
def test_any_width_gives_a_network_of_these_shapes(width: float) -> None:
    arrays = {name: np.zeros(shape, np.float32) for name, shape in animeganv2(width).parameters.items()}
    found = to_senga(Checkpoint("npz", arrays))
    assert animeganv2(float(found.card["width"])).parameters == animeganv2(width).parameters


NETWORKS = {"v2": lambda: animeganv2(0.5), "lite": animeganv2_lite, "v1": animeganv1}


@pytest.mark.parametrize("spelling", ["{}", "{}:0", "{}/read:0"])
@pytest.mark.parametrize("name", NETWORKS)
def test_tensorflow_names_and_axes(name: str, spelling: str) -> None:
    network = NETWORKS[name]()
    arrays, axes = random(network), tf_axes(network)
    theirs = {}
    for tf, ours in tf_names(network).items():
        back = np.argsort(axes[ours]) if ours in axes else None
        theirs[spelling.format(tf)] = arrays[ours] if back is None else arrays[ours].transpose(back)
    theirs["beta1_power"] = np.float32(0.5)
    found = to_senga(Checkpoint("npz", theirs))
    assert agree(found.arrays, arrays)
    assert found.card["architecture"] == network.name
    assert (found.card["upsample"], found.card["eps"]) == ("tf1", "1e-12")


def test_some_tensorflow_names_written_out(half: Arrays) -> None:
    names = tf_names(animeganv2(0.5))
    scope = "generator/G_MODEL/"
    assert names[f"{scope}A/Conv/weights"] == "block_a.0.1.weight"
    assert names[f"{scope}C/r2/r2/w"] == "block_c.2.layers.1.1.weight"
    assert names[f"{scope}C/r2/r2/bias"] == "block_c.2.layers.1.1.bias"
    assert names[f"{scope}C/r4/1/beta"] == "block_c.4.layers.1.2.bias"
    assert names[f"{scope}E/LayerNorm_2/gamma"] == "block_e.2.2.weight"
    assert names[f"{scope}out_layer/Conv/weights"] == "out_layer.0.weight"


def test_two_public_files_of_one_model_agree(shared: Path) -> None:
    """The same weights with decorated TensorFlow names, and without any names in the order of a graph."""
    named = to_senga(read_checkpoint(shared / "weights/animegan/animeganv2_hayao_dequant.npz"))
    graph = to_senga(read_checkpoint(shared / "weights/animegan/animeganv2_hayao_dequant.onnx"))
    assert agree(named.arrays, graph.arrays)
    assert named.card == graph.card
    assert named.card == {"architecture": "animeganv2", "width": "1.0", "upsample": "tf1", "eps": "1e-12"}


def test_a_trial_of_ours(shared: Path) -> None:
    path = shared / "weights/own/hokusai-trial.npz"
    assert agree(to_senga(read_checkpoint(path)).arrays, read_checkpoint(path).arrays)


class Graph:
    """Writes the ONNX graph of an AnimeGANv2 generator the way different exporters do."""

    def __init__(self, arrays: Arrays, *, tensorflow: bool, named: bool) -> None:
        self.arrays, self.tensorflow, self.named = arrays, tensorflow, named
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []
        self.last = "in"
        for conv in [name for name, array in arrays.items() if array.ndim == 4]:
            self.layer(conv.removesuffix(".weight"))

    def constant(self, array: NDArray[Any], name: str = "") -> str:
        name = name if name and self.named else f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        out = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def layer(self, conv: str) -> None:
        kernel = self.arrays[f"{conv}.weight"]
        stride = 2 if conv in ("block_a.1.1", "block_b.0.1") else 1
        group = len(kernel) if conv.endswith("layers.1.1") else 1
        if conv in ("block_d.0.1", "block_e.0.1"):
            mode = "asymmetric" if self.tensorflow else "align_corners"
            self.last = self.op("Resize", self.last, coordinate_transformation_mode=mode, mode="linear")
        if self.tensorflow:
            weight = self.op("Transpose", self.constant(kernel.transpose(2, 3, 1, 0)), perm=[3, 2, 0, 1])
        else:
            weight = self.constant(kernel, f"{conv}.weight")
        self.last = self.op("Conv", self.last, weight, strides=[stride, stride], group=group)
        if f"{conv}.bias" in self.arrays:
            self.last = self.op("Add", self.last, self.constant(self.arrays[f"{conv}.bias"].reshape(1, -1, 1, 1)))
        head, _, tail = conv.rpartition(".")
        norm = f"{head}.{int(tail) + 1}"
        if f"{norm}.weight" in self.arrays:
            self.norm(self.arrays[f"{norm}.weight"][:, None, None], self.arrays[f"{norm}.bias"][:, None, None])

    def norm(self, gamma: NDArray[Any], beta: NDArray[Any]) -> None:
        if self.tensorflow:
            spread = self.op("Sqrt", self.op("Add", self.last, self.constant(np.float32([1e-12]))))
            scale = self.op("Mul", self.op("Reciprocal", spread), self.constant(gamma))
            shift = self.op("Sub", self.constant(beta), self.op("Mul", self.last, scale))
            self.last = self.op("Add", self.op("Mul", self.last, scale), shift)
        else:
            one, zero = self.constant(np.float32([1])), self.constant(np.float32([0]))
            flat = self.op("InstanceNormalization", self.last, one, zero, epsilon=1e-5)
            self.last = self.op("Add", self.op("Mul", flat, self.constant(gamma)), self.constant(beta))

    def save(self, path: Path) -> Path:
        value = helper.make_tensor_value_info
        ends = [value("in", TensorProto.FLOAT, None)], [value(self.last, TensorProto.FLOAT, None)]
        onnx.save(helper.make_model(helper.make_graph(self.nodes, "g", *ends, self.constants)), path)
        return path


@pytest.mark.parametrize(("tensorflow", "named"), [(True, False), (False, False), (False, True)])
def test_the_order_of_an_onnx_graph(half: Arrays, tmp_path: Path, tensorflow: bool, named: bool) -> None:
    path = Graph(half, tensorflow=tensorflow, named=named).save(tmp_path / "x.onnx")
    found = to_senga(read_checkpoint(path))
    assert agree(found.arrays, half)
    assert found.card["upsample"] == ("tf1" if tensorflow else "align_corners")
    assert float(found.card["eps"]) == pytest.approx(1e-12 if tensorflow else 1e-5)


def test_a_graph_with_other_strides_is_another_network(half: Arrays, tmp_path: Path) -> None:
    model = onnx.load(Graph(half, tensorflow=False, named=False).save(tmp_path / "x.onnx"))
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    strides = next(attribute for attribute in convs[4].attribute if attribute.name == "strides")
    strides.ints[:] = [2, 2]
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(ModelError, match="It has .* arrays"):
        to_senga(read_checkpoint(tmp_path / "x.onnx"))


def test_the_order_of_shapes(half: Arrays) -> None:
    assert agree(to_senga(Checkpoint("mindspore", {f"p{i}": a for i, a in enumerate(half.values())})).arrays, half)


def test_an_order_that_contradicts_the_names_is_refused(half: Arrays) -> None:
    swapped = {f"p{i}.{'beta' if i % 3 == 1 else 'gamma'}": array for i, array in enumerate(half.values())}
    with pytest.raises(ModelError, match="It has 77 arrays, from “p0.gamma” on, but animeganv2 has 77"):
        to_senga(Checkpoint("mindspore", swapped))


DAMAGE: dict[str, tuple[Callable[[Arrays], Any], str]] = {
    "missing": (lambda a: a.pop("block_c.3.layers.2.weight"), "“block_c.3.layers.2.*” is missing"),
    "shape": (lambda a: a.update({"block_d.0.1.weight": np.zeros((1, 2, 3, 4))}), r"shape \(1, 2, 3, 4\) instead of"),
    "infinite": (lambda a: a["block_d.0.2.bias"].fill(np.nan), "“block_d.0.2.bias” holds infinite values"),
    "whole": (lambda a: a.update({k: v.astype(np.int8) for k, v in a.items()}), "holds int8 numbers: quantised"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_half_a_network_is_refused_and_the_gap_is_named(half: Arrays, kind: str) -> None:
    damage, said = DAMAGE[kind]
    arrays = {name: array.copy() for name, array in half.items()}
    damage(arrays)
    with pytest.raises(ModelError, match=f"It looks like animeganv2, but .*{said}"):
        to_senga(Checkpoint("pytorch", arrays))


def test_other_networks_are_named_by_what_was_found_and_expected(shared: Path) -> None:
    with pytest.raises(
        ModelError, match=r"It has 106 arrays, from “module\.fnet.*animeganv2 has 77.*animeganv1 has 129"
    ):
        to_senga(read_checkpoint(shared / "weights/flow/raft-small.pth"))


def test_the_network_of_the_mindspore_zoo_is_told_apart() -> None:
    arrays = {"generator.0.conv.weight": np.zeros((32, 3, 7, 7)), "generator.5.conv_block.conv.weight": np.zeros(1)}
    with pytest.raises(ModelError, match="MindSpore's own model zoo"):
        to_senga(Checkpoint("mindspore", arrays))
