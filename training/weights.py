"""Generator weights as safetensors files with a description in the header."""

from __future__ import annotations

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from senga.neural.checkpoints import read_checkpoint
from senga.plugins.animegan import convert as animegan
from senga.plugins.cartoongan import network as cartoongan
from training.network import Generator


def load_generator(path: Path) -> Generator:
    """A generator with the weights of any public file of AnimeGAN or CartoonGAN; the file tells which network it is.

    Raises:
        ModelError: it cannot be read, or holds another network.
    """
    file = read_checkpoint(path)
    theirs = file.metadata.get("architecture", "").startswith("cartoongan")
    found = (cartoongan if theirs else animegan).to_senga(file)
    generator = Generator(found.card, found.arrays)
    generator.eval()
    return generator


def save_generator(generator: Generator, path: Path, description: dict[str, str]) -> None:
    """Writes the weights in float16, with what the runner must know added to the description."""
    tensors = {name: tensor.detach().cpu().half().contiguous() for name, tensor in generator.state_dict().items()}
    save_file(tensors, path, metadata={**generator.card, **description})


def read_description(path: Path) -> dict[str, str]:
    """The description in the header of a safetensors file."""
    with safe_open(path, framework="pt") as handle:
        return dict(handle.metadata() or {})
