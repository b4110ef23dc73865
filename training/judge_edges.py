"""How well edges are found: `python -m training.judge_edges --photos LIST`.

The F-measure at the best threshold for the whole set (ODS), with a tolerance of two pixels: of the learned edges, and
of Canny with the best of several smoothings, on rendered scenes and on photographs that the training did not see.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from senga.image import Image
from senga.job import Job
from senga.plugins.effects.edge_lines import learned_share
from training.edge_labels import Example, agreed, counts, f_measure, ridges_of, slopes, surfaces
from training.edge_scenes import scene
from training.pictures import Picture, list_pictures, read_rgb, resize_long

SIGMAS = (0.7, 1.0, 1.4, 2.0, 2.8)
STEPS = (2, 3, 4, 6, 8, 11, 15, 20, 28, 40)
SHARES = tuple(np.linspace(0.05, 0.95, 19))


def best(seen: Callable[[Picture], Any], lines: Callable[[Any, float], Any], levels: Any, kind: list[Example]) -> float:
    """The F-measure at the best level for all examples; the second channel of the labels is what many agree on."""
    sums = np.zeros((len(levels), 4), np.int64)
    for picture, wanted, sure in kind:
        found = seen(picture)
        for index, level in enumerate(levels):
            sums[index] += counts(lines(found, level) > 0, wanted[:, :, 1] > 0, sure[:, :, 1] > 0)
    return max(f_measure(each) for each in sums)


def _shares(picture: Picture) -> Any:
    return learned_share(Image(picture), 1.0, Job())[1]


def main() -> None:
    """Prints both figures for both kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--scenes", type=int, default=40)
    options = parser.parse_args()
    photos = [resize_long(read_rgb(path), 512) for path in list_pictures(options.photos)]
    rng = np.random.default_rng(1)
    kinds: dict[str, list[Example]] = {
        "rendered": [scene(photos, 224, rng) for _ in range(options.scenes)],
        "photographs, borders of regions": [(photo, *surfaces(photo)) for photo in photos],
        "photographs, what Canny and regions agree on": [(photo, *agreed(photo)) for photo in photos],
    }
    for name, kind in kinds.items():
        rivals = {sigma: best(partial(slopes, sigma=sigma), ridges_of, STEPS, kind) for sigma in SIGMAS}
        sigma = max(rivals, key=lambda each: rivals[each])
        learned = best(_shares, np.greater, SHARES, kind)
        print(f"{name}: learned {learned:.3f}, Canny {rivals[sigma]:.3f} (sigma {sigma:g})", flush=True)


if __name__ == "__main__":
    main()
