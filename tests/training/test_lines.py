"""The training of lines with PyTorch: going on exactly, what it writes, and both networks beside PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from senga.job import Job  # noqa: E402
from senga.neural.checkpoints import read_checkpoint  # noqa: E402
from senga.neural.engine import evaluate  # noqa: E402
from senga.neural.networks.lines import lines, sketch_keras  # noqa: E402
from senga.neural.training.initial import first_weights  # noqa: E402
from senga.plugins.line_art.network import network_of, to_senga  # noqa: E402
from training.lines import Drawings, Trainer, agreement, options_from, split, train  # noqa: E402
from training.module import NetworkModule  # noqa: E402

from .circles import check_going_on, some_pairs  # noqa: E402


def run(out: Path, stopped: Any, stop: int | None = None) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    words = ["--pairs", "x", "--out", str(out), "--steps", "4", "--every", "1", "--batch", "2", "--size", "32"]
    options = options_from(words)
    torch.manual_seed(0)
    trainer = Trainer(0.25)
    learned, held = split(some_pairs(10))
    stopped(trainer, stop, lambda: train(trainer, Drawings(learned, ()), held, options))
    return dict(trainer.network.state_dict())


def test_it_goes_on_exactly_where_it_was_stopped(tmp_path: Path, stopped: Any) -> None:
    check_going_on(run, tmp_path, stopped)


def test_what_it_writes_is_a_network_of_the_family(tmp_path: Path, stopped: Any) -> None:
    run(tmp_path / "run", stopped)
    read = to_senga(read_checkpoint(tmp_path / "run" / "step-00004.safetensors"))
    assert dict(read.card) == {"architecture": "lines", "width": "0.25"}
    network_of(read.card).check(read.arrays)
    assert (tmp_path / "run" / "step-00004.png").stat().st_size > 1000


def test_one_drawing_of_ten_is_held_back() -> None:
    learned, held = split(some_pairs(20))
    assert (len(learned), len(held)) == (18, 2)


def test_agreement_forgives_one_pixel_and_no_more() -> None:
    one, aside, far = (np.zeros((1, 20, 20), np.float32) for _ in range(3))
    one[0, :, 5] = aside[0, :, 6] = far[0, :, 9] = 1
    assert agreement(one, one) == agreement(one, aside) == 1
    assert agreement(one, far) == 0


def test_pytorch_and_the_engine_compute_the_same() -> None:
    network = lines(0.5)
    weights = first_weights(network, "he", 1)
    x = np.random.default_rng(2).uniform(-0.9, 0.9, (1, 3, 40, 56)).astype(np.float32)
    with torch.no_grad():
        theirs = NetworkModule(network, weights).eval()(torch.from_numpy(x)).numpy()[0, 0]
    given = {"photo": np.ascontiguousarray(x[0].transpose(1, 2, 0))}
    ours = next(iter(evaluate(network, weights, given, Job(threads=1)).values()))[..., 0]
    assert np.abs(ours - theirs).max() < 1e-4


def test_sketch_keras_is_what_its_port_says() -> None:
    """Beside the same layers written down once more, with made-up numbers."""
    rng = np.random.default_rng(3)
    network = sketch_keras()
    weights = {
        name: rng.uniform(0.5, 1.5, shape).astype(np.float32)
        if name.endswith(("running_var", ".2.weight", ".3.weight", ".7.weight"))
        else (rng.standard_normal(shape) / max(1, np.prod(shape[1:])) ** 0.5).astype(np.float32)
        for name, shape in network.parameters.items()
    }
    x = rng.uniform(-1, 1, (1, 1, 64, 48)).astype(np.float32)
    values = {name: torch.from_numpy(value) for name, value in weights.items()}

    def layer(x: Any, name: str, number: int, stride: int = 1, more: int = 0) -> Any:
        kernel = values[f"{name}.{number}.weight"]
        x = nn.ReflectionPad2d((1, 1 + more, 1, 1 + more))(x)
        x = functional.conv2d(x, kernel, values[f"{name}.{number}.bias"], stride)
        norm = f"{name}.{number + 1}"
        parts = (values[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.relu(functional.batch_norm(x, *parts, eps=1e-3))

    with torch.no_grad():
        y = layer(torch.from_numpy(x), "downblock_1", 1)
        kept = [y]
        for block in (2, 3, 4):
            y = layer(layer(y, f"downblock_{block}", 1, 2), f"downblock_{block}", 5)
            kept.append(y)
        kept.append(layer(y, "downblock_5", 1, 2))
        y = layer(kept[-1], "downblock_6", 1)
        for block in (1, 2, 3, 4):
            y = functional.interpolate(torch.cat((kept.pop(), y), 1), scale_factor=2)
            y = layer(layer(y, f"upblock_{block}", 2, more=1), f"upblock_{block}", 6)
        y = nn.ReflectionPad2d(1)(torch.cat((kept.pop(), y), 1))
        theirs = functional.conv2d(y, values["last_conv.weight"], values["last_conv.bias"])[0, 0].numpy()
    given = {"photo": np.ascontiguousarray(x[0].transpose(1, 2, 0))}
    ours = next(iter(evaluate(network, weights, given, Job(threads=1)).values()))[..., 0]
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()
