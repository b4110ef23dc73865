"""The battery that every filter must pass; plug-in authors run it on theirs.

>>> from senga.testing import check_filter
>>> from my_plugin import Posterize            # doctest: +SKIP
>>> check_filter(Posterize(levels=4))          # doctest: +SKIP
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compose import Blend, compose
from .errors import Cancelled
from .filter import Filter
from .image import Animation, Image, to_depth
from .interpreters import OWN
from .job import Job
from .layers import merged
from .registry import Plugins

SIZES = ((1, 1), (3, 70), (48, 64), (65, 33))
"""Heights and widths that the battery tries."""

HEAVY = ("mindspore", "onnxruntime", "torch", "tensorflow", "cv2", "scipy")
"""Modules that must not be loaded to list a filter."""


def check_filter(filter: Filter | type[Filter], *, job: Job | None = None, plugins: Plugins | None = None) -> None:  # noqa: A002
    """Ask everything that a host relies on of one filter.

    Args:
        filter: a filter with settings, or a class (then its defaults are used).
        job: where a neural filter gets its weights from; by default the installed model store.
        plugins: the plug-ins to run it with; by default all that are installed.

    Raises:
        AssertionError: with the sentence that tells which promise is broken.
    """
    act = filter if isinstance(filter, Filter) else filter()
    bench = _Bench(act, plugins or Plugins(), job or Job())
    for check in CHECKS:
        check(bench)


class _Bench:
    """A filter, and how to run it the way a host does."""

    def __init__(self, act: Filter, plugins: Plugins, job: Job) -> None:
        self.act, self.plugins, self.job = act, plugins, plugins.equip(job)

    def run(self, image: Image, job: Job | None = None, blend: Blend | None = None) -> list[Image]:
        """The result as a list: one picture, or the frames of an animation."""
        return _pictures(compose(self.act, self.plugins, image, job or self.job, blend))

    def raw(self, image: Image) -> list[Image]:
        """What the filter itself gives, before core brings it into shape."""
        return _pictures(self.plugins.run(self.act, image, self.job))


def _pictures(result: Image | Animation) -> list[Image]:
    return [frame.image for frame in result.frames()] if isinstance(result, Animation) else [result]


def sample(height: int, width: int, seed: int = 0, depth: Any = np.uint8) -> Image:
    """A picture with smooth shades, edges and grain: what photographs have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(7 * x + 3 * y), np.cos(5 * y - 2 * x), np.sin(9 * x * y)]
    shade = 0.5 + 0.3 * np.dstack(waves) + 0.02 * rng.standard_normal((height, width, 3))
    shade[(x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.04] *= 0.3
    full = np.iinfo(depth).max if np.issubdtype(depth, np.integer) else 1
    return Image((np.clip(shade, 0, 1) * full).astype(depth))


def _declares(bench: _Bench) -> None:
    kind = type(bench.act)
    assert kind.title and kind.summary, f"{kind.__name__} needs a title and a summary"
    schema = json.loads(json.dumps(kind.model_json_schema()))
    for name, facts in schema.get("properties", {}).items():
        assert facts.get("description"), f"the setting “{name}” has no description"
        assert "default" in facts, f"the setting “{name}” has no default"
    again = kind.model_validate_json(bench.act.model_dump_json())
    assert again == bench.act, "settings change on their way through JSON"


def _imports_light(bench: _Bench) -> None:
    module = type(bench.act).__module__
    if module == "__main__" or getattr(sys.modules.get(module), "__file__", None) is None:
        return
    path = [place for place in sys.path if place]
    code = f"import sys, importlib; sys.path[:] = {path!r}; importlib.import_module({module!r}); print(*sys.modules)"
    done = subprocess.run([*OWN, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    loaded = [name for name in HEAVY if name in done.stdout.split()]
    assert not loaded, f"importing {module} loads {', '.join(loaded)}: import them inside __call__"


def _any_size(bench: _Bench) -> None:
    for height, width in SIZES:
        image = sample(height, width)
        before = image.pixels.copy()
        results = bench.raw(image)
        assert results, f"{width} x {height}: no picture came back"
        for result in results:
            assert np.isfinite(result.pixels).all(), f"{width} x {height}: the result is not finite"
        assert np.array_equal(before, image.pixels), "the filter wrote into its input"


def _repeats(bench: _Bench) -> None:
    image = sample(48, 64)
    one, four = (bench.run(image, replace(bench.job, threads=count)) for count in (1, 4))
    assert _equal(one, four), "the same settings gave other pixels on another number of threads, or in a second run"


def _keeps_alpha(bench: _Bench) -> None:
    image = sample(48, 64)
    alpha = (np.arange(64)[None, :] * np.ones((48, 1)) * 4).astype(np.uint8)
    alpha[:20, :20] = 0
    other = image.pixels.copy()
    other[alpha == 0] = (255, 0, 255)
    first, second = bench.run(replace(image, alpha=alpha)), bench.run(Image(other, alpha))
    for a, b in zip(first, second, strict=True):
        if a.pixels.shape == image.pixels.shape:
            assert a.alpha is not None, "alpha was lost"
            assert np.array_equal(a.alpha, alpha), "alpha came back changed"
        shown = slice(None) if a.alpha is None else a.alpha > 0
        assert np.array_equal(a.pixels[shown], b.pixels[shown]), (
            "colours under transparent pixels bleed into the result"
        )


def _keeps_depth(bench: _Bench) -> None:
    for depth in (np.uint8, np.uint16, np.float32):
        for result in bench.run(sample(32, 40, depth=depth)):
            assert result.depth == np.dtype(depth), f"{np.dtype(depth)} came back as {result.depth}"


def _keeps_grey(bench: _Bench) -> None:
    image = sample(32, 40)
    shade = Image(np.repeat(image.pixels[:, :, :1], 3, axis=2), grey=True)
    if bench.act.paints_color():
        return
    for result in bench.run(shade):
        same = (result.pixels == result.pixels[:, :, :1]).all()
        assert same, "a grey picture came back coloured, but paints_color() says no"


def _bears_wide_colours(bench: _Bench) -> None:
    """Linear and wide-gamut pictures hold more than 0..1, damaged ones no numbers; core shows a filter neither."""
    image = sample(48, 64, depth=np.float32)
    wide = np.array(image.pixels)
    wide[:8], wide[-8:], wide[20:28, 20:28] = 0, 1, (1, 0, 0)
    for seen in bench.raw(Image(wide.copy())):
        values = to_depth(seen.pixels, np.float32)
        assert np.isfinite(values).all(), "black, white or a pure colour gives a result that is not finite"
        assert -0.5 <= values.min() <= values.max() <= 1.5, "the result is not in the range of its depth"
    wide[20:24, 20:24], wide[24:28, 24:28] = (1.4, -0.6, -0.2), 30
    wide[30, 30], wide[31, 40, 1], wide[32, 50] = np.nan, np.inf, -np.inf
    for result in bench.run(Image(wide)):
        assert np.isfinite(result.pixels).all(), "one broken number in the picture spoils the result"


def _layers_agree(bench: _Bench) -> None:
    for height, width in SIZES:
        for result in bench.raw(sample(height, width)):
            assert bench.act.makes() in ("", "animation") or bool(result.layers) == (bench.act.makes() == "layers"), (
                "makes() says something else than the result about its layers"
            )
            if result.layers:
                _check_layers(result)


def _check_layers(result: Image) -> None:
    names = [layer.name for layer in result.layers]
    assert all(names), "a layer has no name"
    assert len(set(names)) == len(names), f"two layers have the same name: {', '.join(names)}"
    whole = merged(result.layers, result)
    assert whole.alpha is None, "the layers leave gaps: begin with one that covers everything"
    gap = float(np.abs(to_depth(whole.pixels, np.float32) - to_depth(result.pixels, np.float32)).max())
    assert gap <= 1.01 / 255, f"the layers make another picture than the result: {255 * gap:.0f} of 255 levels apart"


def _strength(bench: _Bench) -> None:
    image = sample(32, 40)
    nothing = bench.run(image, blend=Blend(strength=0))
    assert _equal(nothing, [image]), "strength 0 changed the picture"
    none = bench.run(image, blend=Blend(selection=np.zeros((32, 40), np.uint8)))
    assert _equal(none, [image]), "an empty selection changed the picture"


def _reports(bench: _Bench) -> None:
    shares: list[float] = []
    bench.run(sample(48, 64), replace(bench.job, on_progress=lambda share, _: shares.append(share)))
    assert shares, "the filter never reports progress, so it cannot be cancelled"
    assert all(0 <= share <= 1 for share in shares), "progress leaves 0..1"
    assert shares == sorted(shares), "progress runs backwards"


def _cancels(bench: _Bench) -> None:
    asked = iter(range(1_000_000_000))
    job = replace(bench.job, cancelled=lambda: next(asked) >= 1)
    started = time.monotonic()
    try:
        bench.run(sample(48, 64), job)
    except Cancelled:
        return
    finally:
        assert time.monotonic() - started < 30, "cancel took longer than half a minute"
    raise AssertionError("the filter went on although it was cancelled at its second question")


def _equal(first: list[Image], second: list[Image]) -> bool:
    pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = (
        (a.pixels, b.pixels) for a, b in zip(first, second, strict=False)
    )
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in pairs)


CHECKS: tuple[Callable[[_Bench], None], ...] = (
    _declares,
    _imports_light,
    _any_size,
    _repeats,
    _keeps_alpha,
    _keeps_depth,
    _keeps_grey,
    _bears_wide_colours,
    _layers_agree,
    _strength,
    _reports,
    _cancels,
)
"""The questions, in the order they are asked."""
