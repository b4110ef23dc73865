from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which running Senga does not")

from training.network import Generator  # noqa: E402
from training.weights import load_generator, read_description, save_generator  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[2] / "plugins" / "animegan" / "weights"


@pytest.mark.parametrize(("width", "count"), [(1.0, 2_143_552), (0.5, 544_416)])
def test_parameters_of_the_published_network(width: float, count: int) -> None:
    network = Generator.near_identity(width)
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    assert len(network.state_dict()) == 77


def test_parameter_names() -> None:
    names = set(Generator.near_identity(0.5).state_dict())
    residual = {"layers.0.1.weight", "layers.0.2.bias", "layers.1.1.bias", "layers.2.weight", "layers.3.weight"}
    assert {f"block_c.{n}.{name}" for n in range(1, 5) for name in residual} <= names
    assert {"block_a.0.1.weight", "block_c.5.2.bias", "block_e.2.1.weight", "out_layer.0.weight"} <= names


def test_the_start_keeps_colours_apart() -> None:
    network = Generator.near_identity(0.5)
    red, green = torch.full((1, 3, 32, 32), -1.0), torch.full((1, 3, 32, 32), -1.0)
    red[:, 0, :, :16], green[:, 1, :, :16] = 1.0, 1.0
    with torch.inference_mode():
        assert (network(red) - network(green)).abs().mean() > 0.05


def test_weights_survive_a_file(tmp_path: Path) -> None:
    network = Generator.near_identity(0.5)
    save_generator(network, tmp_path / "own.safetensors", {"title": "Own"})
    again = load_generator(tmp_path / "own.safetensors")
    assert again.card == network.card
    assert read_description(tmp_path / "own.safetensors")["title"] == "Own"
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor.half().float())


@pytest.mark.parametrize("file", sorted(WEIGHTS.glob("*.safetensors")), ids=lambda file: file.stem)
def test_shipped_weights_draw_in_the_mirror(file: Path) -> None:
    network = load_generator(file)
    facts = read_description(file)
    assert (facts["architecture"], facts["upsample"]) == ("animeganv2", "tf1")
    assert {key: network.card[key] for key in ("architecture", "upsample")} == {
        key: facts[key] for key in ("architecture", "upsample")
    }
    assert float(facts["width"]) == float(network.card["width"])
    photo = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    with torch.inference_mode():
        drawing = network(photo)
    assert drawing.shape == photo.shape
    assert drawing[..., :16].mean() < -0.3
    assert drawing[..., -16:].mean() > 0.3
