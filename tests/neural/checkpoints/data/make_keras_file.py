"""Makes ``small.h5`` as Keras 2 does: ``python make_keras_file.py``, with h5py (written by 3.16)."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

LAYERS = {
    **{f"conv2d_{index}": {"kernel:0": (3, 3, 1, 2), "bias:0": (2,)} for index in range(8, 13)},
    "activation_1": {},
    "batch_normalization_1": dict.fromkeys(("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"), (2,)),
}


def main() -> None:
    """Write it, with numbers that rise."""
    first = 0
    with h5py.File(Path(__file__).with_name("small.h5"), "w") as file:
        file.attrs["keras_version"] = b"2.0.8"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in LAYERS])
        for layer, weights in LAYERS.items():
            within = group.create_group(layer)
            within.attrs["weight_names"] = [f"{layer}/{name}".encode() for name in weights]
            for name, shape in weights.items():
                count = int(np.prod(shape))
                values = np.arange(first, first + count, dtype=np.float32).reshape(shape)
                within.create_dataset(f"{layer}/{name}", data=values)
                first += count
        later = file.create_group("of_any_length")
        later.attrs["layer_names"] = ["b", "a"]
        for name in "ab":
            later[name] = np.zeros(1, np.float16)
        file.create_dataset("optimizer_weights/iterations:0", data=np.int64(7))
        file.create_dataset("big_endian", data=np.array([1, 2], ">f4"))


if __name__ == "__main__":
    main()
