"""How the picture grows: from small to large, some steps at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import senga
from senga.image import Image, to_depth
from senga.job import Job
from senga.neural.executor import Array
from senga.neural.optimising.canvas import MARGIN, UNSEEN, Canvas, Pixels, View, Waves, pixels, planes, resized
from senga.neural.optimising.descent import Slope, descent
from senga.neural.optimising.eye import Aim, Eye, variation
from senga.neural.training.perceptual import Encoder, load_encoder, shipped_encoder
from senga.ops import transfer

from .recipes import RECIPES, as_in_the_article

if TYPE_CHECKING:
    from . import OptimiseStyle

CHUNK = 5
"""Steps after which what is there is shown."""
LEAST = 64
"""Side below which no picture is optimised, in pixels."""
SHORT = 448
"""Short side of paintings at which `any-style` has brushwork of the size 1, in pixels."""
_NOISE = 20.0
_RATE = 4.0
"""How far pixels of 0..255 move in a step: the first of L-BFGS, each of Adam."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What does not depend on the size at which is worked.

    Attributes:
        act: the settings.
        photo: (H, W, 3) in 0..1, at the largest size.
        style: (h, w, 3) in 0..1.
        eye: what looks at both.
        job: for progress and cancel.
    """

    act: OptimiseStyle
    photo: Array
    style: Array
    eye: Eye
    job: Job


def eye_of(act: OptimiseStyle) -> Eye:
    """The perceptual network that is asked for."""
    encoder: Encoder = load_encoder(Path(act.network) if act.network else shipped_encoder())
    if act.recipe == "article" and encoder.original:
        encoder = as_in_the_article(encoder)
    return Eye(encoder, RECIPES[act.recipe], UNSEEN if act.recipe == "senga" else 0)


def grown(scene: Scene) -> Iterator[Array]:
    """The picture, (h, w, 3) in 0..1, whenever some steps more are done; the last one is the result."""
    act, begun = scene.act, scene.act.picture("begun")
    end = time.monotonic() + 60 * act.minutes if act.minutes else float("inf")
    picture = None if begun is None else to_depth(begun.pixels, np.float32)
    if picture is None and _starts_painted(act):
        picture = _at_once(scene)
    sizes = _sizes(scene.photo.shape, levels_of(act))
    for level, size in enumerate(sizes):
        part = scene.job.part(level / len(sizes), (level + 1) / len(sizes))
        for picture in _level(replace(scene, job=part), size, picture):  # noqa: B020 - it goes on from what is there
            yield picture
            if time.monotonic() > end:
                return


def levels_of(act: OptimiseStyle) -> int:
    """At how many sizes is worked: what is painted already is worked on at the full size at once."""
    return 1 if act.picture("begun") or _starts_painted(act) else act.levels


def _starts_painted(act: OptimiseStyle) -> bool:
    """Whether it begins with what `any-style` paints: small networks bring no large strokes about by themselves."""
    return act.start == "any-style" or (act.start == "auto" and act.recipe == "senga" and not act.network)


def _at_once(scene: Scene) -> Array:
    """(h, w, 3) in 0..1, painted by a network that needs one pass."""
    height, width = scene.photo.shape[:2]
    short = min(_style_size(scene.style.shape, (height, width), scene.act.brushwork))
    brushwork = min(max(short / SHORT, 0.25), 4.0)
    job = scene.job
    quiet = Job(cancelled=job.cancelled, memory=job.memory, device=job.device, engine=job.engine, threads=job.threads)
    settings: dict[str, Any] = {"painting": Image(scene.style), "brushwork": brushwork, "stroke_scale": 1}
    return to_depth(senga.apply("any-style", Image(scene.photo), job=quiet, **settings).pixels, np.float32)


def _level(scene: Scene, size: tuple[int, int], before: Any) -> Iterator[Array]:
    """(h, w, 3) in 0..1 at one size."""
    act, own = scene.act, scene.act.recipe == "senga"
    margin = MARGIN if own else 0
    photo = planes(resized(scene.photo, *size), margin)
    picture = _start(act, photo, scene.style, scene.job) if before is None else planes(resized(before, *size), margin)
    canvas: Canvas = Waves(*photo.shape[1:]) if own else Pixels()
    way = descent(act.method, canvas.length(1.0 if act.recipe == "article" else _RATE))
    places, done, rng = canvas.places(picture), 0, scene.job.rng(act.seed, 2)
    look = _looks(scene, photo, size)
    while done < act.steps:
        scene.job.progress(done / act.steps, "Optimising")
        some, slope = min(CHUNK, act.steps - done), look(canvas, View.somewhere(rng) if own else View())
        places, done = way.go(places, slope, some), done + some
        yield pixels(canvas.picture(places), margin)


def _looks(scene: Scene, photo: Array, size: tuple[int, int]) -> Callable[[Canvas, View], Slope]:
    """What is to become less, for what is looked at."""
    act, eye = scene.act, scene.eye
    eye.calibrate(photo)
    looks = eye.looks(planes(resized(scene.style, *_style_size(scene.style.shape, size, act.brushwork))))
    dyed = _dyed(photo, scene.style) if act.recipe == "senga" else photo
    smooth = act.smooth * _smooth_weight(act.recipe, photo[0].size)

    def look(canvas: Canvas, view: View) -> Slope:
        content = eye.content(view.of(photo)) | eye.content_of_pixels(view.of(dyed))
        aim = Aim(content, looks, None, act.content, act.style)

        def slope(x: Array) -> tuple[float, Array]:
            scene.job.check()
            seen = view.of(canvas.picture(x))
            (value, gradient), (rough, step) = eye.slope(seen, aim), variation(seen)
            return value + smooth * rough, canvas.slope(view.back(gradient + np.float32(smooth) * step))

        return slope

    return look


def _smooth_weight(recipe: str, count: int) -> float:
    """What the squared steps of a picture in 0..255 count: a tenth of their mean in 0..1, or as for VGG-19."""
    return {"senga": 0.1 / (count * 255**2), "paper": 1e-3, "article": 0.0}[recipe]


def _start(act: OptimiseStyle, photo: Array, style: Array, job: Job) -> Array:
    if act.start == "painting":
        return planes(resized(style, *photo.shape[1:]))
    noise = job.rng(act.seed).uniform(-_NOISE, _NOISE, photo.shape).astype(np.float32)
    if act.start in ("auto", "photo"):
        return _dyed(photo, style) if act.recipe == "senga" else photo.copy()
    return 128 + 0.5 * noise + 0.5 * (photo - 128) if act.start == "both" else 128 + noise


def _dyed(photo: Array, style: Array) -> Array:
    """The photograph in the colours of the painting."""
    own = photo.reshape(3, -1).T / np.float32(255)
    found = np.clip(like(own, style.reshape(-1, 3)), 0, 1) * np.float32(255)
    return np.ascontiguousarray(found.T.reshape(photo.shape), np.float32)


def like(colours: Array, others: Array) -> Array:
    """(N, 3) colours with mean and covariance of (M, 3) others."""
    source, aim = (transfer.Moments.of(each, np.ones(len(each), np.float32)) for each in (colours, others))
    return transfer.whitened_and_coloured(source, aim, 0.01)(colours)


def _sizes(shape: tuple[int, ...], levels: int) -> list[tuple[int, int]]:
    """Each twice as large as the one before, the last that of the picture; none too small, all even."""
    found = [(shape[0] >> level & ~1, shape[1] >> level & ~1) for level in reversed(range(levels))]
    return [size for size in found[:-1] if min(size) >= LEAST] + found[-1:]


def _style_size(shape: tuple[int, ...], size: tuple[int, int], brushwork: float) -> tuple[int, int]:
    """The painting with as many pixels as the picture, its brushwork so much larger."""
    factor = brushwork * (size[0] * size[1] / (shape[0] * shape[1])) ** 0.5
    height, width = (max(LEAST, round(side * factor)) for side in shape[:2])
    return height, width


def canvas_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """The size at which is worked: the longer side as asked, no side below what the network needs, both even."""
    factor = min(1.0, longest / max(height, width))
    rows, columns = (max(LEAST, round(side * factor / 2) * 2) for side in (height, width))
    return rows, columns
