"""Models of TensorFlow Lite, written by Google's library for FlatBuffers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.neural.checkpoints import read, read_checkpoint

flatbuffers = pytest.importorskip("flatbuffers")

DATA = Path(__file__).with_name("data")

RNG = np.random.default_rng(2)
KERNEL = RNG.standard_normal((4, 3, 5, 2)).astype(np.float32)  # (outputs, height, width, inputs)
ARRAYS = {"first": KERNEL, "half": KERNEL.astype(np.float16), "bias": np.arange(4, dtype=np.float32)}


KINDS = {"float32": 0, "float16": 1, "int32": 2, "int8": 9}


Scales = Mapping[str, tuple[NDArray[np.float32], NDArray[np.int64], int]]


def tflite(
    arrays: Mapping[str, NDArray[np.generic]], kernels: tuple[str, ...] = (), scales: Scales = MappingProxyType({})
) -> bytes:
    """A model whose tensors are these; ``kernels`` are taken by convolutions, those of two bytes dequantised before."""
    made = flatbuffers.Builder(1024)
    codes = _tables(made, [[(0, "Int8", code), (3, "Int32", code)] for code in (3, 6)])
    buffers = [[]] + [[(0, "UOffsetTRelative", _vector(made, array))] for array in arrays.values()]
    tensors, operators, extra = [], [], []
    for index, (name, array) in enumerate(arrays.items()):
        tensors.append(_tensor(made, name, list(array.shape), KINDS[array.dtype.name], index + 1))
        if name in scales:
            tensors[-1].append((4, "UOffsetTRelative", _scales(made, *scales[name])))
        if name in kernels:
            taken = index
            if array.dtype == np.float16:
                taken = len(arrays) + len(extra)
                extra.append(_tensor(made, f"{name}_dequantize", list(array.shape), 0, 0))
                operators.append(_operator(made, 1, [index], [taken]))
            operators.append(_operator(made, 0, [0, taken, 0], [0]))
    graph = [(0, "UOffsetTRelative", _tables(made, tensors + extra))]
    graph.append((3, "UOffsetTRelative", _tables(made, operators)))
    model = [(1, "UOffsetTRelative", codes), (2, "UOffsetTRelative", _tables(made, [graph]))]
    model.append((4, "UOffsetTRelative", _tables(made, buffers)))
    made.Finish(_table(made, model), file_identifier=b"TFL3")
    return bytes(made.Output())


Fields = list[tuple[int, str, int]]


def _tensor(made: Any, name: str, shape: list[int], kind: int, buffer: int) -> Fields:
    sizes = made.CreateNumpyVector(np.array(shape, np.int32))
    text = made.CreateString(name)
    return [(0, "UOffsetTRelative", sizes), (1, "Int8", kind), (2, "Uint32", buffer), (3, "UOffsetTRelative", text)]


def _scales(made: Any, factors: NDArray[np.float32], zeros: NDArray[np.int64], axis: int) -> int:
    vectors = [made.CreateNumpyVector(each) for each in (factors, zeros)]
    return _table(made, [(2, "UOffsetTRelative", vectors[0]), (3, "UOffsetTRelative", vectors[1]), (6, "Int32", axis)])


def _operator(made: Any, code: int, inputs: list[int], outputs: list[int]) -> Fields:
    places = [made.CreateNumpyVector(np.array(each, np.int32)) for each in (inputs, outputs)]
    return [(0, "Uint32", code), (1, "UOffsetTRelative", places[0]), (2, "UOffsetTRelative", places[1])]


def _vector(made: Any, array: NDArray[np.generic]) -> int:
    return int(made.CreateByteVector(array.tobytes()))


def _tables(made: Any, several: list[Fields]) -> int:
    places = [_table(made, fields) for fields in several]
    made.StartVector(4, len(places), 4)
    for place in reversed(places):
        made.PrependUOffsetTRelative(place)
    return int(made.EndVector())


def _table(made: Any, fields: Fields) -> int:
    made.StartObject(8)
    for slot, kind, value in fields:
        getattr(made, f"Prepend{kind}Slot")(slot, value, 0)
    return int(made.EndObject())


def test_constants_are_read_with_the_axes_of_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(tflite(ARRAYS, kernels=("first", "half")))
    found = read_checkpoint(tmp_path / "x.tflite")
    assert found.format == "tflite"
    assert list(found.arrays) == ["first", "half", "bias"]
    np.testing.assert_array_equal(found.arrays["first"], KERNEL.transpose(1, 2, 3, 0))
    np.testing.assert_array_equal(found.arrays["half"], ARRAYS["half"].transpose(1, 2, 3, 0))
    np.testing.assert_array_equal(found.arrays["bias"], ARRAYS["bias"])


def test_whole_numbers_are_read_as_what_they_stand_for(tmp_path: Path) -> None:
    """For each channel of its own, or all alike; kernels then get the axes of TensorFlow."""
    whole, bias = RNG.integers(-127, 128, KERNEL.shape).astype(np.int8), np.array([-9, 0, 7, 300], np.int32)
    each, ones = np.array([0.5, 0.25, 2, 0.1], np.float32), np.zeros(1, np.int64)
    scales = {
        "kernel": (each, np.zeros(4, np.int64), 0),
        "bias": (np.array([0.01], np.float32), ones, 0),
        "moved": (each, np.array([1, 2, 3, 4]), 0),
    }
    arrays = {"kernel": whole, "bias": bias, "moved": bias, "plain": bias}
    (tmp_path / "x.tflite").write_bytes(tflite(arrays, ("kernel",), scales))
    found = read(tmp_path / "x.tflite")
    wanted = (whole * each[:, None, None, None]).transpose(1, 2, 3, 0)
    np.testing.assert_allclose(found["kernel"], wanted, rtol=1e-6)
    np.testing.assert_allclose(found["bias"], bias * 0.01, rtol=1e-6)
    np.testing.assert_allclose(found["moved"], (bias - [1, 2, 3, 4]) * each, rtol=1e-6)
    assert (found["kernel"].dtype, found["plain"].dtype) == (np.float32, np.int32)


@pytest.mark.parametrize(("count", "axis"), [(3, 0), (4, 4), (4, -1), (4, 1)])
def test_scales_that_do_not_fit_are_refused(count: int, axis: int, tmp_path: Path) -> None:
    scales = {"kernel": (np.ones(count, np.float32), np.zeros(1, np.int64), axis)}
    (tmp_path / "x.tflite").write_bytes(tflite({"kernel": np.ones(KERNEL.shape, np.int8)}, (), scales))
    with pytest.raises(ModelError, match="scales"):
        read(tmp_path / "x.tflite")


def test_what_no_convolution_takes_keeps_its_axes(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(tflite(ARRAYS))
    np.testing.assert_array_equal(read(tmp_path / "x.tflite")["first"], KERNEL)


def test_damage_is_one_sentence(tmp_path: Path) -> None:
    whole, path = tflite(ARRAYS, kernels=("half",)), tmp_path / "x.tflite"
    for length in range(8, len(whole), 7):
        path.write_bytes(whole[:length])
        _never_more_than_refused(path)
    for place in RNG.integers(0, len(whole), 400):
        changed = bytearray(whole)
        changed[place] = RNG.integers(256)
        path.write_bytes(changed)
        _never_more_than_refused(path)


def _never_more_than_refused(path: Path) -> None:
    try:
        read(path)
    except ModelError as error:
        assert "\n" not in str(error)


def test_the_small_file_is_one_of_these() -> None:
    np.testing.assert_array_equal(read(DATA / "small.tflite")["first"], KERNEL.transpose(1, 2, 3, 0))
