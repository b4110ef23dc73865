"""Writes down what a finder takes for faces where there is none: `python -m training.faces_alarms --data D --out O`.

Of the pictures of a set without labels of faces, which the training may see; it then looks at these places often.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from senga.faces import detector
from senga.faces.cuts import reduced
from senga.faces.frame import Frame
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.networks.faces import face_finder
from training.faces_bank import is_for_choosing, is_held_back
from training.faces_samples import frames_of
from training.pictures import Picture, read_rgb

ODDS = 0.3
"""Share of certainty from which on a place counts as a false alarm."""
MOST = 8
"""Of one photograph."""

Weights = dict[str, NDArray[Any]]


def alarms_in(picture: Picture, finder: Weights) -> Iterator[tuple[Frame, Picture, float]]:
    """The frames of the surest, each with the reduced picture that it was found in, and the scale of that."""
    found = []
    sheet = detector.Sheet.of(picture)
    cells = evaluate(face_finder(), finder, {"photo": sheet.photo}, Job(threads=1))["cells"]
    for long, (rows, columns) in zip(detector.LONG, sheet.places, strict=True):
        small, scale = np.asarray(reduced(picture, long), np.uint8), long / max(picture.shape[:2])
        frames = detector.candidates(cells[rows, columns], ODDS)
        found += [(score, frame, small, scale) for frame, score in frames]
    for _, frame, small, scale in sorted(found, key=lambda each: -each[0])[:MOST]:
        yield frame, small, scale


def main() -> None:
    """Writes them beside the labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of finder.safetensors")
    parser.add_argument("--set", default="photos")
    options = parser.parse_args()
    finder = {name: value.astype(np.float32) for name, value in load_file(options.out / "finder.safetensors").items()}
    labels = dict(np.load(options.data / f"labels-{options.set}.npz"))
    paths, alarms = [], []
    for line in (options.data / f"{options.set}.txt").read_text("utf-8").splitlines():
        path = Path(line)
        if not line or is_held_back(path) or is_for_choosing(path) or any(frames_of(labels, path, 1.0)):
            continue
        for frame, _, scale in alarms_in(read_rgb(path), finder):
            paths.append(line)
            alarms.append((frame.x / scale, frame.y / scale, frame.size / scale))
    np.savez(options.data / f"alarms-{options.set}.npz", alarm_path=np.array(paths), alarm=np.array(alarms))
    print(f"{len(paths)} alarms in {len(set(paths))} pictures")


if __name__ == "__main__":
    main()
