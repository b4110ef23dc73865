"""Labels faces by published models: `python -m training.faces_labels --pictures LIST --weights FOLDER --out FILE`.

YuNet finds the faces and MediaPipe's mesh their 468 points; both are used for labels alone. It runs in an environment
of its own with `ai-edge-litert` and OpenCV 4 (the first wants NumPy 2), so nothing of Senga is imported here.

References:
    Wu et al., YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 2023,
    doi:10.1007/s11633-023-1423-y.
    Kartynnik et al., Real-time facial surface geometry from monocular video on mobile GPUs, 2019, arXiv:1907.06724.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Predict = Callable[[Array], tuple[Array, float]]
"""From (192, 192, 3) in 0..1 to (468, 3) points in its pixels, and the logarithm of the odds that it is a face."""

SIDE = 192
LONG = (320, 640, 1280)
"""Longer sides at which faces are looked for."""
SURE = 0.6
WAYS = ((1.5, 0.0), (1.4, 8.0), (1.6, -8.0))
"""Sides of the crop in those of the mesh, and degrees it is turned by: the mean of all is the label."""
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)


def mesh_model(path: Path) -> Predict:
    """The mesh, as a function."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found, unused-ignore]

    model = Interpreter(model_path=str(path), num_threads=1)
    model.allocate_tensors()
    given = model.get_input_details()[0]["index"]
    points, score = (each["index"] for each in model.get_output_details())

    def predict(crop: Array) -> tuple[Array, float]:
        model.set_tensor(given, crop[None].astype(np.float32))
        model.invoke()
        return model.get_tensor(points).reshape(468, 3), float(model.get_tensor(score).ravel()[0])

    return predict


def finder(path: Path) -> Callable[[Array], Array]:
    """YuNet as a function: from a BGR picture to (faces, 15), x, y, width, height, five points, score."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    names = [output.name for output in session.get_outputs()]

    def find(picture: Array) -> Array:
        low, across = (-side % 32 for side in picture.shape[:2])
        padded = cv2.copyMakeBorder(picture, 0, low, 0, across, cv2.BORDER_CONSTANT)
        given = {"input": padded.transpose(2, 0, 1)[None].astype(np.float32)}
        made = dict(zip(names, session.run(None, given), strict=True))
        return np.concatenate([_decoded(made, step, padded.shape[1] // step) for step in (8, 16, 32)])

    return find


def _decoded(made: dict[str, Array], step: int, width: int) -> Array:
    """The faces of one size of grid."""
    score, seen, box, points = (made[f"{name}_{step}"][0] for name in ("cls", "obj", "bbox", "kps"))
    odds = np.sqrt(np.clip(score, 0, 1) * np.clip(seen, 0, 1))[:, 0]
    (sure,) = np.nonzero(odds > SURE)
    corner = np.c_[sure % width, sure // width]
    size = np.exp(box[sure, 2:])
    places = points[sure].reshape(-1, 5, 2) + corner[:, None]
    flat = np.c_[box[sure, :2] + corner - size / 2, size, places.reshape(-1, 10)]
    return np.c_[flat * step, odds[sure]]


def boxes(picture: Array, find: Callable[[Array], Array]) -> Array:
    """Those of all scales, in pixels of the picture; doubles are gone."""
    found = [np.zeros((0, 15))]
    for long in LONG:
        scale = long / max(picture.shape[:2])
        if scale <= 3:
            faces = find(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
            found.append(faces / np.r_[np.full(14, scale), 1])
    several = np.concatenate(found)
    kept = cv2.dnn.NMSBoxes(several[:, :4].tolist(), several[:, 14].tolist(), SURE, 0.4) if len(several) else ()
    return several[np.array(kept, int)]


def crop_matrix(middle: Array, side: float, degrees: float) -> Array:
    """(2, 3) from the picture to a square crop."""
    turn = np.deg2rad(degrees)
    scale = SIDE / side
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.c_[linear, SIDE / 2 - linear @ middle]


def looked_at(picture: Array, matrix: Array, predict: Predict) -> tuple[Array, float]:
    """(468, 3) points in pixels of the picture, through one crop."""
    crop = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    points, score = predict(crop[:, :, ::-1] / np.float32(255))
    back = np.linalg.inv(matrix[:, :2])
    flat = (points[:, :2] - matrix[:, 2]) @ back.T
    return np.c_[flat, points[:, 2] * np.sqrt(abs(np.linalg.det(back)))], score


def tilt(points: Array) -> tuple[Array, float, float]:
    """Middle, size, and degrees by which the face is turned."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    eyes = points[list(RIGHT_EYE), :2].mean(0) - points[list(LEFT_EYE), :2].mean(0)
    return (low + high) / 2, float((high - low).max()), float(np.rad2deg(np.arctan2(eyes[1], eyes[0])))


def mesh(picture: Array, face: Array, predict: Predict) -> tuple[Array, float]:
    """The mean of several looks at one face, and the least of their scores."""
    right, left = face[4:6], face[6:8]
    slope = float(np.rad2deg(np.arctan2(*(left - right)[::-1])))
    first = crop_matrix(face[:2] + face[2:4] / 2, 1.5 * max(face[2:4]), slope)
    points, score = looked_at(picture, first, predict)
    middle, side, slope = tilt(points)
    several, scores = [], [score]
    for scale, turn in WAYS:
        found, score = looked_at(picture, crop_matrix(middle, scale * side, slope + turn), predict)
        several.append(found)
        scores.append(score)
    return np.mean(several, axis=0), min(scores)


def labelled(pictures: Iterable[Path], weights: Path) -> Iterator[dict[str, Any]]:
    """One record for each face."""
    predict = mesh_model(weights / "face_landmark.tflite")
    find = finder(weights / "yunet_n_dynamic.onnx")
    for path in pictures:
        picture = cv2.imread(str(path))
        for face in boxes(picture, find):
            points, score = mesh(picture, face, predict)
            yield {
                "path": str(path),
                "box": face[:4],
                "five": face[4:14],
                "sure": face[14],
                "mesh": points,
                "score": score,
            }


def main() -> None:
    """Writes the labels of all pictures into one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="text file with one path a line")
    parser.add_argument(
        "--weights", type=Path, required=True, help="folder of face_landmark.tflite and yunet_n_dynamic.onnx"
    )
    parser.add_argument("--out", type=Path, required=True, help="file that is written, .npz")
    options = parser.parse_args()
    paths = [Path(line) for line in options.pictures.read_text("utf-8").splitlines() if line]
    found = list(labelled(paths, options.weights))
    np.savez_compressed(options.out, **{name: np.array([each[name] for each in found]) for name in found[0]})
    print(f"{len(found)} faces in {len(paths)} pictures")


if __name__ == "__main__":
    main()
