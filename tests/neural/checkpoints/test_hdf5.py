"""Files of Keras: ``small.h5`` was written by h5py, see ``data/make_keras_file.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from senga.errors import ModelError
from senga.neural.checkpoints import read, read_checkpoint

FILE = Path(__file__).with_name("data") / "small.h5"


def test_numbers_and_the_order_of_layers() -> None:
    found = read_checkpoint(FILE)
    assert found.format == "hdf5"
    layers = [f"conv2d_{index}" for index in range(8, 13)]
    order = list(dict.fromkeys(name.split("/")[1] for name in found.arrays if name.startswith("model_weights/")))
    assert order == [*layers, "batch_normalization_1"], "not by the alphabet, and without layers that hold nothing"
    first = found.arrays["model_weights/conv2d_8/conv2d_8/kernel:0"]
    assert np.array_equal(first, np.arange(18, dtype=np.float32).reshape(3, 3, 1, 2))
    assert found.arrays["model_weights/batch_normalization_1/batch_normalization_1/beta:0"].tolist() == [102, 103]


def test_other_types_and_texts_of_any_length() -> None:
    found = read(FILE)
    assert found["big_endian"].tolist() == [1, 2]
    assert int(found["optimizer_weights/iterations:0"]) == 7
    assert [name for name in found if name.startswith("of_")] == ["of_any_length/b", "of_any_length/a"]
    assert found["of_any_length/a"].dtype == np.float16


@pytest.mark.parametrize("size", [9, 60, 100, 400, 2000, 9000, 20_000])
def test_a_file_that_ends_too_early(tmp_path: Path, size: int) -> None:
    (tmp_path / "x.h5").write_bytes(FILE.read_bytes()[:size])
    with pytest.raises(ModelError, match="damaged"):
        read(tmp_path / "x.h5")


def test_groups_within_themselves(tmp_path: Path) -> None:
    content = bytearray(FILE.read_bytes())
    at = content.index(b"SNOD")
    content[at + 16 : at + 24] = content[64:72]  # the first name of the first group leads to the group itself
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(ModelError, match="without end"):
        read(tmp_path / "x.h5")


def test_what_keras_does_not_choose_is_refused_in_a_sentence(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.zeros(100, np.float32), compression="gzip")
    with pytest.raises(ModelError, match="compressed"):
        read(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("x", data=np.zeros(100, np.float32), chunks=(10,))
    with pytest.raises(ModelError, match="in chunks"):
        read(tmp_path / "b.h5")
    with h5py.File(tmp_path / "c.h5", "w", libver="latest") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ModelError, match="newer form"):
        read(tmp_path / "c.h5")


def test_many_arrays(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    wanted = {f"g{index % 7}/n{index}": rng.standard_normal((index % 5, 3)) for index in range(400)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in wanted.items():
            file[name] = array
    found = read(tmp_path / "a.h5")
    assert set(found) == set(wanted)
    assert all(np.array_equal(found[name], array) for name, array in wanted.items())
