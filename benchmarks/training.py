"""Seconds of a generator step and of a discriminator step, here and in PyTorch: `python benchmarks/training.py`.

Batch 4 at 128 pixels, VGG-19's structure with random weights, AnimeGANv2's losses. Both run in processes of their own,
in turns. `--torch PYTHON` names an interpreter that has torch and Senga; without torch only our own steps are
measured. Processor seconds are shown beside wall seconds: on a machine that others use they are the better comparison.
The last line tells how long steps waited for their pictures.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BATCH, SIDE = 4, 128
ROOT = Path(__file__).resolve().parent.parent
Figures = dict[str, list[tuple[float, float]]]


def timed(act: Callable[[], Any], figures: list[tuple[float, float]]) -> Any:
    wall, processor = time.perf_counter(), time.process_time()
    result = act()
    figures.append((time.perf_counter() - wall, time.process_time() - processor))
    return result


def vgg_shapes() -> dict[str, tuple[int, int]]:
    counts, shapes, inputs = ((64, 2), (128, 2), (256, 4), (512, 4)), {}, 3
    for block, (channels, count) in enumerate(counts, 1):
        for i in range(1, count + 1):
            shapes[f"conv{block}_{i}"] = channels, inputs
            inputs = channels
    return shapes


def random_encoder(rng: np.random.Generator) -> Any:
    from senga.neural.training.perceptual import Encoder

    kernels = {
        name: ((rng.standard_normal((o, i, 3, 3)) * (2 / 9 / i) ** 0.5).astype(np.float32), np.zeros(o, np.float32))
        for name, (o, i) in vgg_shapes().items()
    }
    return Encoder(kernels, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), original=True)


def ours(width: float, rounds: int, threads: int) -> Figures:
    from senga.neural.device import start

    start("cpu", threads)
    from senga.plugins.animegan.presets import PRESETS
    from senga.plugins.animegan.training import Batch, Training

    rng = np.random.default_rng(0)
    preset = PRESETS["hayao"].model_copy(update={"width": width, "batch": BATCH, "crop": SIDE, "start_epochs": 0})
    pictures = [rng.uniform(-1, 1, (BATCH, 3, SIDE, SIDE)).astype(np.float32) for _ in range(5)]
    training = Training.of_parts(preset, random_encoder(rng), epoch=100)
    batch, figures = Batch(*pictures), Figures(judge=[], generator=[])
    for step in range(rounds + 1):
        drawing = training.drawer.predict(batch.photo)
        timed(lambda step=step, drawing=drawing: training.train_judge(step, batch, drawing), figures["judge"])
        timed(
            lambda step=step: training.train_drawer(step, batch, *training.drawer.record(batch.photo)),
            figures["generator"],
        )
    return {name: values[1:] for name, values in figures.items()}


def loader(width: float, rounds: int, threads: int) -> Figures:
    """Steps of the preset `own` with crops from files: the whole steps, the waiting in them, batches by themselves."""
    from senga.neural.device import start

    start("cpu", threads)
    import cv2

    from senga.neural.training.album import make_album
    from senga.neural.training.batches import prefetching
    from senga.neural.training.pictures import Pictures
    from senga.plugins.animegan.presets import PRESETS
    from senga.plugins.animegan.training import Training

    rng = np.random.default_rng(0)
    figures, preset = (
        Figures(step=[], waiting=[], batch=[]),
        PRESETS["own"].model_copy(update={"width": width, "start_steps": 0}),
    )
    with tempfile.TemporaryDirectory() as folder:
        for number in range(24):
            coarse = rng.integers(0, 256, (30, 40, 3)).astype(np.uint8)
            cv2.imwrite(f"{folder}/{number:02}.png", cv2.resize(coarse, (640, 480)))
        album = make_album(Path(folder), Path(folder) / "album.raw", round(preset.crop * preset.zoom), preset.crop)
        training = Training(preset, Pictures(album, album, album), random_encoder(rng))
        for step in range(rounds + 1):
            timed(lambda step=step: training.batch(step), figures["batch"])
        with prefetching(training.batch, 0) as batches:
            for step in range(rounds + 1):
                batch = timed(lambda step=step: batches.get(step), figures["waiting"])
                timed(lambda step=step, batch=batch: training.train(step, batch), figures["step"])
    return {name: values[1:] for name, values in figures.items()}


def theirs(width: float, rounds: int, threads: int) -> Figures:
    sys.path.insert(0, str(ROOT))
    import torch
    from torch.nn import functional as F  # noqa: N812 - its usual name

    from training.losses import colour_loss, fool_loss, gram, judge_loss
    from training.network import Generator
    from training.train import new_judge

    torch.set_num_threads(threads)
    last = torch.channels_last
    drawer, judge = Generator.near_identity(width).to(memory_format=last), new_judge(64).to(memory_format=last)
    kernels = {
        name: torch.randn(o, i, 3, 3).mul((2 / 9 / i) ** 0.5).to(memory_format=last)
        for name, (o, i) in vgg_shapes().items()
    }

    def features(x: torch.Tensor) -> torch.Tensor:
        for name, kernel in kernels.items():
            x = F.max_pool2d(x, 2) if name.endswith("_1") and name != "conv1_1" else x
            y = F.conv2d(x, kernel, padding=1)
            x = F.relu(y)
        return y

    photo, style, grey, smooth = (
        torch.rand(BATCH, 3, SIDE, SIDE).mul(2).sub(1).to(memory_format=last) for _ in range(4)
    )
    first, second = (torch.optim.Adam(net.parameters(), 1e-5, (0.5, 0.999)) for net in (drawer, judge))

    def judge_step(drawing: torch.Tensor) -> None:
        judge.requires_grad_(True)
        judge.follow()
        second.zero_grad()
        verdict = judge(torch.cat((style, drawing, grey, smooth)))
        judge_loss(verdict[:BATCH], verdict[BATCH:]).backward()
        second.step()

    def drawer_step() -> None:
        judge.requires_grad_(False)
        first.zero_grad()
        drawing = drawer(photo)
        with torch.no_grad():
            wanted = features(torch.cat((photo, grey)))
        seen = features(drawing)
        loss = (
            F.l1_loss(seen, wanted[:BATCH]) + F.l1_loss(gram(seen), gram(wanted[BATCH:])) + colour_loss(drawing, photo)
        )
        loss = (
            loss + fool_loss(judge(drawing)) + drawing.diff(dim=2).square().mean() + drawing.diff(dim=3).square().mean()
        )
        loss.backward()
        first.step()

    figures = Figures(judge=[], generator=[])
    for _ in range(rounds + 1):
        drawing = drawer(photo).detach()
        timed(lambda drawing=drawing: judge_step(drawing), figures["judge"])
        timed(drawer_step, figures["generator"])
    return {name: values[1:] for name, values in figures.items()}


def child(python: str, role: str, width: float, options: argparse.Namespace) -> Figures:
    words = [python, __file__, "--role", role, "--width", str(width), "--rounds", str(options.rounds)]
    done = subprocess.run([*words, "--threads", str(options.threads)], check=True, capture_output=True, text=True)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def middle(values: list[tuple[float, float]], which: int) -> float:
    return statistics.median(value[which] for value in values)


def compare(options: argparse.Namespace) -> None:
    for width in (1.0, 0.5):
        roles = {"ours": sys.executable} | ({"theirs": options.torch} if options.torch else {})
        found = {role: Figures(judge=[], generator=[]) for role in roles}
        for _ in range(options.turns):
            for role, python in roles.items():
                for name, values in child(python, role, width, options).items():
                    found[role][name] += values
        for name in ("generator", "judge"):
            for which, unit in ((0, "wall"), (1, "processor")):
                seconds = {role: middle(figures[name], which) for role, figures in found.items()}
                shown = "  ".join(f"{role} {value:6.2f} s" for role, value in seconds.items())
                ratio = f"  ratio {seconds['ours'] / seconds['theirs']:.2f}" if options.torch else ""
                print(f"width {width}  {name:9}  {unit:9}  {shown}{ratio}")


def show_loader(options: argparse.Namespace) -> None:
    found = child(sys.executable, "loader", 0.5, options)
    step, waiting, batch = (middle(found[name], 0) for name in ("step", "waiting", "batch"))
    print(f"own preset  step {step:.2f} s wall, of it waiting for pictures {waiting:.4f} s; a batch {batch:.3f} s")


def main() -> None:
    here = sys.executable if importlib.util.find_spec("torch") else None
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", default=here, help="an interpreter that has torch and Senga")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--role", choices=["ours", "theirs", "loader"])
    options = parser.parse_args()
    roles = {"ours": ours, "theirs": theirs, "loader": loader}
    if options.role:
        print(json.dumps(roles[options.role](options.width, options.rounds, options.threads)))
    else:
        compare(options)
        show_loader(options)


if __name__ == "__main__":
    main()
