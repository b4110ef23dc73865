"""The lines of the learned edges: what the network votes for, thinned and drawn."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from senga.image import Image
from senga.job import Job
from senga.neural.engine import run
from senga.ops import outlines, reduction, ridges

from .edge_network import MULTIPLE, edges

WEIGHTS = Path(__file__).parent / "weights" / "edges.safetensors"
_SOFT = 0.7
"""Standard deviation by which thin lines are smoothed, in pixels of the reduced picture, and ``_DARK`` their ink."""
_DARK = 3.0


def learned(image: Image, width: float, least: float, amount: float, job: Job) -> tuple[reduction.Grid, Any]:
    """Ink in 0..1 on the picture reduced so far that ``width`` is a pixel, and its grid.

    Args:
        image: the picture.
        width: of the lines, in pixels of it, from 1.
        least: share of the votes from which on an edge gets a line.
        amount: of ink.
        job: of the host.
    """
    grid, share = learned_share(image, width, job)
    faint = np.clip((share - np.float32(least)) / np.float32(max(0.05, 1 - least)), 0, 1)
    ink = np.float32(_DARK * amount) * outlines.blurred(faint, _SOFT)
    return grid, np.minimum(ink, 1)


def learned_share(image: Image, width: float, job: Job) -> tuple[reduction.Grid, Any]:
    """The share of the votes, 0..1, where it is largest across an edge, else 0."""
    grid = reduction.Grid.of(image.pixels, int(width), job)
    small = grid.reduced(image.pixels, job.part(0, 0.05))
    return grid, ridges.thinned(_votes(small, grid, job))


def _votes(small: Any, grid: reduction.Grid, job: Job) -> Any:
    """(H, W) shares; the network halves the picture three times, on the squares of the whole one."""
    lacks = [(place // grid.factor) % MULTIPLE for place in job.offset]
    wide = np.pad(small, [(lacks[0], 0), (lacks[1], 0), (0, 0)], "reflect")
    votes = run(edges(), _weights(), wide, job.part(0.05, 0.9), note="Finding edges")
    share = (votes[:, :, 0] + votes[:, :, 1] + votes[:, :, 2]) / np.float32(3)
    return share[lacks[0] :, lacks[1] :]


@lru_cache(maxsize=1)
def _weights() -> dict[str, Any]:
    from safetensors.numpy import load_file

    return {name: value.astype(np.float32) for name, value in load_file(WEIGHTS).items()}
