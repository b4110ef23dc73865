"""Written models against the onnx package, onnxruntime and our own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import helper, numpy_helper

from senga.neural.checkpoints import read_checkpoint, wire
from senga.neural.onnx.wire import model, node, tensor, value

LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(width=32, allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
ARRAYS = st.sampled_from(KINDS).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0)))


@given(LONGS)
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    (field,) = wire.fields(memoryview(wire.write_integer(5, number)))
    assert (field.number, field.integer()) == (5, number)


@given(st.integers(0, (1 << 64) - 1))
def test_a_varint_ends_where_it_says(number: int) -> None:
    written = wire.write_varint(number)
    assert wire.varint(memoryview(written + b"\x01"), 0) == (number, len(written))
    assert len(written) == max(1, -(-number.bit_length() // 7))


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        wire.write_varint(1 << 64)


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        LONGS
        | FLOATS
        | TEXTS
        | st.lists(LONGS, min_size=1)
        | st.lists(FLOATS, min_size=1)
        | st.lists(TEXTS, min_size=1),
    )
)
def test_attributes_mean_the_same_to_onnx(attributes: dict[str, Any]) -> None:
    proto = onnx.NodeProto.FromString(node("Anything", ["x", ""], ["y", "z"], "name", **attributes))
    assert (proto.op_type, proto.name, list(proto.input), list(proto.output)) == (
        "Anything",
        "name",
        ["x", ""],
        ["y", "z"],
    )
    found = {each.name: helper.get_attribute_value(each) for each in proto.attribute}
    assert found == {key: _encoded(each) for key, each in attributes.items()}
    expected = {key: helper.make_attribute(key, each).type for key, each in attributes.items()}
    assert {each.name: each.type for each in proto.attribute} == expected


def _encoded(content: Any) -> Any:
    if isinstance(content, list):
        return [_encoded(item) for item in content]
    return content.encode() if isinstance(content, str) else content


@given(ARRAYS)
def test_tensors_mean_the_same_to_onnx(array: np.ndarray[Any, Any]) -> None:
    found = numpy_helper.to_array(onnx.TensorProto.FromString(tensor("name", array)))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array, equal_nan=True)


@pytest.mark.parametrize("array", [np.arange(6, dtype=">f4").reshape(2, 3), np.arange(12.0).reshape(3, 4).T])
def test_order_in_memory_does_not_matter(array: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(numpy_helper.to_array(onnx.TensorProto.FromString(tensor("name", array))), array)


def test_an_attribute_can_be_a_tensor() -> None:
    proto = onnx.NodeProto.FromString(node("Constant", [], ["c"], value=np.array([1.5, 2.5], np.float32)))
    onnx.checker.check_node(proto, onnx.checker.DEFAULT_CONTEXT)
    assert numpy_helper.to_array(proto.attribute[0].t).tolist() == [1.5, 2.5]
    assert proto.name == "c"


@pytest.mark.parametrize("wrong", [[], [1, "a"], None, {}])
def test_other_attributes_are_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        node("Anything", [], ["y"], wrong=wrong)


def test_numpy_numbers_count_as_numbers() -> None:
    proto = onnx.NodeProto.FromString(
        node("A", [], ["y"], i=np.int64(3), f=np.float32(0.5), many=[np.int32(1), 2], mixed=[1, 0.5])
    )
    assert {each.name: helper.get_attribute_value(each) for each in proto.attribute} == {
        "i": 3,
        "f": 0.5,
        "many": [1, 2],
        "mixed": [1.0, 0.5],
    }  # fmt: skip


def test_texts_are_no_tensors() -> None:
    with pytest.raises(TypeError, match="hold no"):
        tensor("name", np.array(["text"]))


@pytest.mark.parametrize("opset", [13, 17, 18, 19, 21])
def test_a_model_passes_the_checker_and_runs(tmp_path: Path, opset: int) -> None:
    kernel = np.random.default_rng(opset).normal(size=(4, 3, 3, 3)).astype(np.float32)
    written = model(
        [node("Conv", ["x", "kernel"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]), node("Relu", ["y"], ["z"])],
        [tensor("kernel", kernel)],
        [value("x", np.float32, (1, 3, "height", "width"))],
        [value("z", np.float32, (1, 4, "rows", "columns"))],
        opset=opset,
        metadata={"licence": "CC0-1.0", "author": "Zoë"},
    )
    onnx.checker.check_model(written, full_check=True)
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, "height", "width"]
    assert session.get_modelmeta().custom_metadata_map == {"licence": "CC0-1.0", "author": "Zoë"}
    for size in ((8, 6), (5, 10)):
        (found,) = session.run(None, {"x": np.ones((1, 3, *size), np.float32)})
        inner = np.maximum(kernel.sum((1, 2, 3)), 0)
        assert np.allclose(found[0, :, 1, 1], inner, atol=1e-5)
        assert found.shape == (1, 4, -(-size[0] // 2), -(-size[1] // 2))
    (tmp_path / "x.onnx").write_bytes(written)
    read = read_checkpoint(tmp_path / "x.onnx")
    assert np.array_equal(read.arrays["kernel"], kernel)
    assert read.metadata == {"producer": "senga", "licence": "CC0-1.0", "author": "Zoë"}
    assert [(each.kind, each.attributes.get("strides")) for each in read.nodes] == [("Conv", [2, 2]), ("Relu", None)]
