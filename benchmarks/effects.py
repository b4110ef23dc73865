"""The effects beside what one would use instead: seconds, ratio and peak memory, alternated in one run.

    apt-get install gegl gmic            # Debian's packages; rows of what is missing are left out
    pip install color-matcher colortrans # the same
    python benchmarks/effects.py         # 12 megapixels; a number after it takes another size in megapixels
    python benchmarks/effects.py 12 kuwahara gmic    # only the rows with one of these words

Senga's times are those of the filter alone; what it prepares once for many pictures is done before. The programs are
run as a user runs them; what the same run takes with an operation that does nothing, which is mostly reading and
writing the file, is taken off. So that both runs read and write the same number of bytes, whatever is in them, files
are not compressed (PPM), and G'MIC, whose results have other numbers of channels, writes the original after the
operation. What is left is told as "noise" where it is less than a tenth of what was taken off: no ratio can be told
then. Each runs ``REPEATS`` times by turns, and the best counts. Radii are the same on both sides, in pixels. Memory
is what a filter adds, in a process of its own, in units of the picture in float. Previews are drafts, as in GIMP's
dialogs.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

REPEATS = 3
PREVIEWS = (512, 512), (267, 400)
"""Height and width."""
ROOT = Path(__file__).parents[1]

GOALS: dict[str, tuple[str, dict[str, Any], float]] = {
    "find-edges": ("find-edges", {}, 0.35),
    "find-edges learned": ("find-edges", {"method": "learned"}, float("nan")),
    "trace-contour": ("trace-contour", {}, 0.35),
    "emboss": ("emboss", {}, 0.35),
    "ripple": ("ripple", {}, 0.5),
    "extrude": ("extrude", {}, 2),
    "oil-paint classic": ("oil-paint", {"method": "classic"}, 3),
    "oil-paint classic, radius 20": ("oil-paint", {"method": "classic", "radius": 20}, 3),
    "oil-paint kuwahara": ("oil-paint", {"method": "kuwahara"}, 2),
    "oil-paint anisotropic": ("oil-paint", {"method": "anisotropic"}, 8),
    "oil-paint strokes": ("oil-paint", {}, 8),
    "flat-cartoon": ("flat-cartoon", {}, 8),
    "photo-style": ("photo-style", {}, 2),
    "photo-style, segments 4": ("photo-style", {"segments": 4}, 2),
    "photo-style distribution": ("photo-style", {"method": "distribution"}, 2),
}
"""Filter, settings, and seconds at 12 megapixels on two cores."""

PIXELS = {"size_unit": "pixels"}
RIVALS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "gegl:edge-sobel": ("find-edges", PIXELS, ["gegl", "gegl:edge-sobel"]),
    "gegl:difference-of-gaussians": (
        "find-edges", {"method": "dog", "line_width": 2, **PIXELS},
        ["gegl", "gegl:difference-of-gaussians", "radius1=2", "radius2=3.2"],
    ),
    "gegl:emboss": ("emboss", PIXELS, ["gegl", "gegl:emboss"]),
    "gegl:ripple": ("ripple", PIXELS, ["gegl", "gegl:ripple", "amplitude=1.6", "period=20"]),
    "gegl:oilify, radius 4": (
        "oil-paint", {"method": "classic", **PIXELS},
        ["gegl", "gegl:oilify", "mask-radius=4", "intensities=20"],
    ),
    "gegl:oilify, radius 14": (
        "oil-paint", {"method": "classic", "radius": 14, **PIXELS},
        ["gegl", "gegl:oilify", "mask-radius=14", "intensities=20"],
    ),
    "gegl:cartoon": ("flat-cartoon", {}, ["gegl", "gegl:cartoon"]),
    "gmic gradient_norm": ("find-edges", PIXELS, ["gmic", "gradient_norm"]),
    "gmic isophotes": ("trace-contour", {"levels": 8, **PIXELS}, ["gmic", "isophotes", "8"]),
    "gmic kuwahara 9": ("oil-paint", {"method": "kuwahara", **PIXELS}, ["gmic", "kuwahara", "9"]),
    "gmic cartoon": ("flat-cartoon", {}, ["gmic", "cartoon", "3"]),
    "cv2.stylization": ("oil-paint", {"method": "anisotropic"}, ["cv2", "stylization"]),
    "cv2.edgePreservingFilter": ("oil-paint", {"method": "kuwahara"}, ["cv2", "edgePreservingFilter"]),
    "cv2.xphoto.oilPainting": ("oil-paint", {"method": "classic", **PIXELS}, ["cv2", "oilPainting"]),
    "color-matcher mkl": ("photo-style", {}, ["color_matcher", "mkl"]),
    "color-matcher hm-mkl-hm": ("photo-style", {"method": "distribution"}, ["color_matcher", "hm-mkl-hm"]),
    "colortrans lhm": ("photo-style", {"method": "coral"}, ["colortrans", "lhm"]),
    "colortrans reinhard": ("photo-style", {"method": "reinhard"}, ["colortrans", "reinhard"]),
}  # fmt: skip
"""A filter with settings, and what it is compared with."""


def picture(height: int, width: int) -> np.ndarray:
    """(height, width, 3) RGB bytes: a photograph enlarged, with grain as a camera's."""
    photo = cv2.imread(str(ROOT / "examples" / "summer-palace.jpg"))[:, :, ::-1]
    large = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    grain = np.random.default_rng(0).normal(0, 3, (height, width, 1)).astype(np.int16)
    return np.clip(large + grain, 0, 255).astype(np.uint8)


def senga(name: str, settings: dict[str, Any], precision: str = "full") -> Callable[[np.ndarray], Any]:
    from senga.image import Image
    from senga.job import Job
    from senga.registry import plugins

    act = plugins().make(name, settings)
    if name == "photo-style":
        act = act.with_pictures({"reference": Image(reference())})
    job = Job(threads=2, precision=precision)
    job = replace(job, prepared=act.prepare(job))
    return lambda pixels: act(Image(pixels), job)


def reference() -> np.ndarray:
    """(H, W, 3) RGB bytes: the picture whose colours others get."""
    return np.ascontiguousarray(cv2.imread(str(ROOT / "examples" / "astronaut.png"))[:, :, ::-1])


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def opencv(name: str) -> Callable[[np.ndarray], Any] | None:
    if name == "oilPainting":
        return (lambda pixels: cv2.xphoto.oilPainting(pixels, 4, 1)) if hasattr(cv2, "xphoto") else None
    found: Callable[[np.ndarray], Any] = getattr(cv2, name)
    return found


def package(name: str, method: str) -> Callable[[np.ndarray], Any] | None:
    """A transfer of colours by a package of Python, if that is installed."""
    if importlib.util.find_spec(name) is None:
        return None
    given, module = reference(), importlib.import_module(name)
    if name == "colortrans":
        return lambda pixels: getattr(module, f"transfer_{method}")(pixels, given)
    return lambda pixels: module.ColorMatcher().transfer(src=pixels, ref=given, method=method)


def words_of(rival: list[str], source: Path, target: Path) -> list[str]:
    """The command line of a program of Debian."""
    program, operation, *rest = rival
    if program == "gegl":
        return ["gegl", str(source), "-o", str(target), "--", operation, *rest]
    return ["gmic", "-v", "0", str(source), *(["+" + operation, *rest, "rm."] if operation else []), "-o", str(target)]


NOTHING = {"gegl": ["gegl", "gegl:nop"], "gmic": ["gmic", ""]}
LEAST = 0.1
"""Share of the time of the empty run below which a difference is noise."""


def compared(label: str, pixels: np.ndarray, folder: Path) -> dict[str, Any] | None:
    """Seconds of both, the best of some runs by turns."""
    name, settings, rival = RIVALS[label]
    mine = senga(name, settings)
    other: list[Callable[[], Any]]
    if rival[0] in ("cv2", "color_matcher", "colortrans"):
        call = opencv(rival[1]) if rival[0] == "cv2" else package(*rival)
        if call is None:
            return None
        other = [lambda: call(pixels), lambda: None]
    elif shutil.which(rival[0]) is None:
        return None
    else:
        source = folder / "in.ppm"
        lines = [words_of(each, source, folder / "out.ppm") for each in (rival, NOTHING[rival[0]])]
        other = [lambda line=line: subprocess.run(line, check=True, capture_output=True) for line in lines]  # type: ignore[misc]
    times: list[list[float]] = []
    for _ in range(REPEATS):
        times.append([seconds(lambda: mine(pixels)), *(seconds(each) for each in other)])
    ours, with_file, file = np.min(times, axis=0)
    theirs = with_file - file
    ratio = ours / theirs if theirs > LEAST * file else None
    return {"filter": name, "senga": ours, "other": theirs, "ratio": ratio}


def memory(label: str, height: int, width: int) -> float:
    """What a filter adds at its peak, in pictures of float, in a process of its own."""
    words = [sys.executable, __file__, "--memory", label, str(height), str(width)]
    return float(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


def _measure_memory(label: str, height: int, width: int) -> None:
    name, settings, _ = GOALS[label]
    pixels, act = picture(height, width), senga(name, settings)
    act(pixels[:64, :64].copy())
    with Path("/proc/self/clear_refs").open("w") as file:
        file.write("5")  # the peak begins anew
    held = _now()
    act(pixels)
    print((_peak() - held) / (height * width * 12))


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def _now() -> int:
    return _status("VmRSS:")


def _peak() -> int:
    return _status("VmHWM:") if sys.platform == "linux" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def is_asked(label: str) -> bool:
    return not sys.argv[2:] or any(word in label for word in sys.argv[2:])


def _show_goal(label: str, pixels: np.ndarray, small: list[np.ndarray]) -> None:
    name, settings, goal = GOALS[label]
    act, draft = senga(name, settings), senga(name, settings, "draft")
    for each in small:
        draft(each)
    wall, busy = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        wall.append(seconds(lambda: act(pixels)))
        busy.append((time.process_time() - start) / 2)
    previews = [min(seconds(lambda one=each: draft(one)) for _ in range(3 * REPEATS)) for each in small]  # type: ignore[misc]
    used = memory(label, *pixels.shape[:2])
    cells = "".join(f"{preview:8.3f}" for preview in previews)
    print(f"{label:30}{min(wall):8.2f}{min(busy):8.2f}{goal:8.2f}{cells}{used:8.2f} x float", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--memory"]:
        _measure_memory(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    megapixels = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(1.5 * height)
    pixels, small = picture(height, width), [picture(*size) for size in PREVIEWS]
    told = "wall and processor seconds (of two cores), goal, previews of 512 x 512 and 400 x 267, memory"
    print(f"{width} x {height}: {told}")
    for label in filter(is_asked, GOALS):
        _show_goal(label, pixels, small)
    print(f"\n{'against':32}{'filter':16}{'senga s':>10}{'other s':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(str(Path(folder) / "in.ppm"), pixels[:, :, ::-1])
        for label in filter(is_asked, RIVALS):
            row = compared(label, pixels, Path(folder))
            if row is None:
                print(f"{label:32}not installed")
                continue
            ratio = "   noise" if row["ratio"] is None else f"{row['ratio']:8.2f}"
            cells = f"{row['senga']:10.2f}{row['other']:10.2f}{ratio}"
            print(f"{label:32}{row['filter']:16}{cells}", flush=True)


if __name__ == "__main__":
    main()
