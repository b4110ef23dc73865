"""What trainings on drawings and their lines share: what is held back, options, steps whose squares are made ahead."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2

from senga.neural.training.batches import prefetching
from senga.neural.training.drawings import drawings, read_drawing
from senga.neural.training.inked import Pair
from training.running import Checkpoint, begin, run

T = TypeVar("T")


def held_back(given: Sequence[T], every: int, first: int = 0) -> tuple[list[T], list[T]]:
    """What is learned from, and what is held back: one of so many, from ``first`` on."""
    learned = [each for index, each in enumerate(given) if index % every != first]
    return learned, list(given[first::every])


def parser_of(text: str | None, width: float = 1.0, **defaults: Any) -> argparse.ArgumentParser:
    """Options of every training on drawings; ``width`` says which kind of number it is, ``defaults`` replace others."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of drawings, with their lines or without")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--width", type=type(width), default=width, help="share, or number, of the channels")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints, weights and sheets")
    parser.add_argument("--batch", type=int, default=8, help="squares in a step")
    parser.add_argument("--size", type=int, default=128, help="side of the squares")
    parser.add_argument("--threads", type=int, default=2)
    parser.set_defaults(**defaults)
    return parser


def start(options: argparse.Namespace, prepared: Callable[[Pair], Pair] = lambda pair: pair) -> list[Pair]:
    """Begins a training; all its drawings."""
    begin(options)
    cv2.setNumThreads(1)
    return [prepared(Pair.of(*read_drawing(*both))) for both in drawings(options.pairs).items()]


def run_ahead(
    checkpoint: Checkpoint,
    options: Any,
    batch: Callable[[int, int, int], T],
    step: Callable[[T, float], dict[str, float]],
    *acts: tuple[int, Callable[[], object]],
) -> None:
    """Goes on until so many steps are taken.

    Args:
        checkpoint: is read, not written.
        options: how many ``steps``, and ``batch`` squares of which ``size`` in each.
        batch: makes what a step sees, of its number and of both.
        step: takes one, of that and the share of the training.
        acts: each is done after every so many steps, and at the end.
    """
    checkpoint.read()
    trainer = checkpoint.trainer

    def one(progress: float) -> tuple[str, dict[str, float]]:
        return f"{options.batch}x{options.size}", step(ahead.get(trainer.steps), progress)

    with prefetching(lambda number: batch(number, options.batch, options.size), trainer.steps) as ahead:
        run(checkpoint, options.steps, one, *acts)
