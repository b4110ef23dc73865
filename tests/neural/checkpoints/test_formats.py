"""Every format against the library that defines it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from senga.errors import ModelError
from senga.neural.checkpoints import read, read_checkpoint
from senga.neural.device import mindspore

DATA = Path(__file__).parent / "data"
GRID = np.arange(24, dtype=np.float32).reshape(4, 6)


def test_safetensors_with_metadata(tmp_path: Path, rng: np.random.Generator) -> None:
    arrays = {"b": rng.normal(size=(2, 3)).astype(np.float16), "a": rng.normal(size=(4,)), "n": np.arange(3)}
    save_file(arrays, tmp_path / "x.safetensors", {"licence": "CC0-1.0"})
    found = read_checkpoint(tmp_path / "x.safetensors")
    assert (found.format, found.metadata) == ("safetensors", {"licence": "CC0-1.0"})
    assert found.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert np.array_equal(found.arrays[name], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save: Callable[..., None]) -> None:
    save(tmp_path / "x.npz", **{"a|b/c": GRID, "s": np.float32(2)})
    found = read(tmp_path / "x.npz")
    assert np.array_equal(found["a|b/c"], GRID)
    assert found["s"].shape == ()


@pytest.mark.needs_mindspore
@pytest.mark.parametrize("crc", [False, True])
def test_mindspore(tmp_path: Path, crc: bool) -> None:
    values = {"grid": GRID, "half": np.ones(3, np.float16), "scalar": np.float32(3.5), "long": np.arange(3)}
    listed = [{"name": name, "data": mindspore().Tensor(value)} for name, value in values.items()]
    listed.append({"name": "bfloat16", "data": mindspore().Tensor(np.full(2, 1.5), mindspore().bfloat16)})
    path = tmp_path / "x.ckpt"
    mindspore().save_checkpoint(listed, str(path), append_dict={"epoch": 3, "note": "grüße"}, crc_check=crc)
    found = read_checkpoint(path)
    assert found.format == "mindspore"
    assert found.metadata == {"note": "grüße"}
    for name, value in values.items():
        assert np.array_equal(found.arrays[name], value)
        assert found.arrays[name].dtype == np.asarray(value).dtype
    assert found.arrays["bfloat16"].tolist() == [1.5, 1.5]
    assert found.arrays["epoch"] == 3


@pytest.mark.needs_mindspore
def test_mindspore_notices_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    mindspore().save_checkpoint([{"name": "a", "data": mindspore().Tensor(GRID)}], str(path), crc_check=True)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="checksum"):
        read(path)


@pytest.mark.parametrize("kind", ["zip", "plain"])
class TestPyTorch:
    """The files in ``data`` were written by PyTorch itself (``make_pytorch_files.py``)."""

    def test_views_and_types(self, kind: str) -> None:
        found = read_checkpoint(DATA / f"views.{kind}.pt")
        assert found.format == "pytorch"
        wanted = {"t": GRID.T, "row": GRID[1], "column": GRID[:, 2], "scalar": np.float32(2.5), "parameter": GRID[:2],
                  "empty": np.zeros((0, 3), np.float32), "bfloat16": np.full(3, 1.5, np.float32),
                  "half": np.ones(2, np.float16), "long": np.arange(3), "bool": np.array([True, False]),
                  "byte": np.array([200], np.uint8)}  # fmt: skip
        assert found.arrays.keys() == wanted.keys()
        for name, array in wanted.items():
            assert found.arrays[name].dtype == np.asarray(array).dtype, name
            assert np.array_equal(found.arrays[name], array), name

    @pytest.mark.parametrize(("name", "key"), [("training", "state_dict"), ("gan", "generator")])
    def test_the_network_is_found_among_other_things(self, kind: str, name: str, key: str) -> None:
        found = read_checkpoint(DATA / f"{name}.{kind}.pt")
        assert found.metadata == {"state_dict": key}
        assert found.arrays["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert found.arrays["bias"].tolist() == [7, 8]

    def test_a_whole_module_is_refused(self, kind: str) -> None:
        with pytest.raises(ModelError, match=r"code \(torch\.nn\.modules\.linear\.Linear\), not only weights"):
            read(DATA / f"module.{kind}.pt")


@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
def test_tensorflow(ending: str) -> None:
    """The checkpoint in ``data`` was written by TensorFlow itself (``make_tensorflow_files.py``)."""
    found = read_checkpoint(DATA / f"small.ckpt.{ending}")
    assert found.format == "tensorflow"
    scope = "generator/G_MODEL/"
    assert len(found.arrays) == 3 * 12 + 4
    for block in ("A", "B", "C/r1"):
        for i in range(12):
            kernel = found.arrays[f"{scope}{block}/Conv_{i}/weights"]
            assert np.array_equal(kernel, 10 * i + np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3))
    assert found.arrays[f"{scope}half"].dtype == np.float16
    for name, value in {"half": [1.5, -2], "bfloat16": [1.5, -2], "long": [[1, 2, 3]], "step": 7}.items():
        assert found.arrays[scope + name].tolist() == value


def test_a_tensorflow_index_needs_its_data(tmp_path: Path) -> None:
    (tmp_path / "x.ckpt.index").write_bytes((DATA / "small.ckpt.index").read_bytes())
    with pytest.raises(ModelError, match=r"whose “x\.ckpt\.data-00000-of-00001” must lie beside it"):
        read(tmp_path / "x.ckpt.index")


def onnx_file(path: Path, tensors: list[TensorProto], nodes: list[onnx.NodeProto] | None = None) -> Path:
    value = helper.make_tensor_value_info
    nodes = nodes or [helper.make_node("Identity", ["in"], ["out"])]
    inputs, outputs = [value("in", TensorProto.FLOAT, [1])], [value("out", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    onnx.save(helper.make_model(graph, producer_name="test"), path)
    return path


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("kind", ["FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT64", "INT32", "INT8", "UINT8", "BOOL"])
def test_onnx_tensors(tmp_path: Path, kind: str, raw: bool) -> None:
    number = getattr(TensorProto, kind)
    numbers = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0] if kind == "BOOL" else [-1.5, 0.0, 2.0, 3.5, 100.0, 7.0]
    values = np.array(numbers)
    if kind in ("INT64", "INT32", "INT8", "UINT8"):
        values = np.abs(values).astype(kind.lower()) * (1 if kind == "UINT8" else -1)
    plain = helper.make_tensor("w", number, (2, 3), values.tolist())
    if raw and kind != "BFLOAT16":
        plain = numpy_helper.from_array(values.reshape(2, 3).astype(helper.tensor_dtype_to_np_dtype(number)), "w")
    found = read(onnx_file(tmp_path / "x.onnx", [plain]))["w"]
    assert np.array_equal(found.astype(np.float64), values.reshape(2, 3).astype(np.float64))
    if kind != "BFLOAT16":
        assert found.dtype == numpy_helper.to_array(plain).dtype


def test_onnx_nodes_and_constants(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(GRID))
    conv = helper.make_node("Conv", ["in", "k"], ["out"], "a/Conv2D", strides=[2, 2], group=3, auto_pad="VALID")
    relu = helper.make_node("LeakyRelu", ["out"], ["o2"], alpha=0.25)
    path = onnx_file(tmp_path / "x.onnx", [numpy_helper.from_array(GRID[:2], "w")], [constant, conv, relu])
    found = read_checkpoint(path)
    assert found.format == "onnx"
    assert found.metadata == {"producer": "test"}
    assert np.array_equal(found.arrays["k"], GRID)
    assert [node.kind for node in found.nodes] == ["Constant", "Conv", "LeakyRelu"]
    assert found.nodes[1].name == "a/Conv2D"
    assert found.nodes[1].inputs == ("in", "k")
    assert found.nodes[1].attributes == {"strides": [2, 2], "group": 3, "auto_pad": "VALID"}
    assert found.nodes[2].attributes == {"alpha": 0.25}


def test_onnx_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "x.onnx", [numpy_helper.from_array(GRID, "w")])
    model = onnx.load(path)
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "../../etc/passwd")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="in other files"):
        read(path)


def test_real_public_files(shared: Path) -> None:
    raft = read_checkpoint(shared / "weights/flow/raft-small.pth")
    assert raft.format == "pytorch"
    assert sum(array.size for array in raft.arrays.values()) == 990_162  # the count its paper states, in millions: 1.0
    path = shared / "weights/face/yunet_n_dynamic.onnx"
    theirs = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    ours = read_checkpoint(path)
    assert [node.name for node in ours.nodes] == [node.name for node in onnx.load(path).graph.node]
    for name, array in theirs.items():
        assert np.array_equal(ours.arrays[name], array), name


def test_the_content_decides_not_the_ending(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=GRID)
    (tmp_path / "x.onnx").write_bytes(buffer.getvalue())
    assert read_checkpoint(tmp_path / "x.onnx").format == "npz"
