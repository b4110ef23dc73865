"""Generator weights as safetensors files with a description in the header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from training.network import Generator

FIRST, PUBLISHED_CHANNELS = "block_a.0.1.weight", 32


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Float32 tensors of a safetensors or npz file."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: torch.from_numpy(arrays[name]).float() for name in arrays.files}
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def load_generator(path: Path, eps: float = 1e-5) -> Generator:
    """A generator with the weights of a file; the width follows from their shapes."""
    state = read_state(path)
    network = Generator(state[FIRST].shape[0] / PUBLISHED_CHANNELS, eps)
    network.load_state_dict(state)
    return network.eval()


def save_generator(network: Generator, path: Path, description: dict[str, str]) -> None:
    """Writes the weights in float16, with what the runner must know added to the description."""
    facts = {"architecture": "animeganv2", "width": f"{network.width:g}", "upsample": "tf1", "eps": f"{network.eps:g}"}
    tensors = {name: tensor.detach().cpu().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path, metadata={**facts, **description})


def read_description(path: Path) -> dict[str, str]:
    """The description in the header of a safetensors file."""
    with safe_open(path, framework="pt") as handle:
        return dict(handle.metadata() or {})
