"""Questions about one picture: what a filter declares, gives back, tells, and how it stops."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from senga.errors import Cancelled
from senga.image import Image, as_rgb, to_depth
from senga.interpreters import OWN
from senga.layers import merged

from .bench import Bench, distance, is_equal, sample

Check = Callable[[Bench], None]

SIZES = ((1, 1), (3, 70), (48, 64), (65, 33))
"""Heights and widths that the battery tries."""

HEAVY = ("mindspore", "onnxruntime", "torch", "tensorflow", "cv2", "scipy")
"""Modules that must not be loaded to list a filter."""

TINT = 0.1
"""Mean difference of the channels from which on a picture is called coloured."""


def _declares(bench: Bench) -> None:
    kind = type(bench.act)
    assert kind.title and kind.summary, f"{kind.__name__} needs a title and a summary"
    schema = json.loads(json.dumps(kind.model_json_schema()))
    for name, facts in schema.get("properties", {}).items():
        assert facts.get("description"), f"the setting “{name}” has no description"
        assert "default" in facts, f"the setting “{name}” has no default"


def _imports_light(bench: Bench) -> None:
    module = type(bench.act).__module__
    if module == "__main__" or getattr(sys.modules.get(module), "__file__", None) is None:
        return
    loaded = [name for name in HEAVY if name in _loaded_by(module, tuple(place for place in sys.path if place))]
    assert not loaded, f"importing {module} loads {', '.join(loaded)}: import them inside __call__"


@lru_cache(maxsize=64)
def _loaded_by(module: str, path: tuple[str, ...]) -> list[str]:
    """What importing a module loads: found in a fresh process, once for all filters of the module."""
    code = f"import sys, importlib; sys.path[:] = {path!r}; importlib.import_module({module!r}); print(*sys.modules)"
    done = subprocess.run([*OWN, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    return done.stdout.split()


def _any_size(bench: Bench) -> None:
    for height, width in SIZES:
        image = sample(height, width)
        before = image.pixels.copy()
        results = bench.raw(image)
        assert results, f"{width} x {height}: no picture came back"
        for result in results:
            assert np.isfinite(result.pixels).all(), f"{width} x {height}: the result is not finite"
        assert np.array_equal(before, image.pixels), "the filter wrote into its input"


def _repeats(bench: Bench) -> None:
    image = sample(48, 64)
    one, four = (bench.raw(image, job=replace(bench.job, threads=count)) for count in (1, 4))
    assert is_equal(one, four), "the same settings gave other pixels on another number of threads, or in a second run"


def _leaves_alpha(bench: Bench) -> None:
    """Core carries alpha, so what a filter makes itself would change it unasked."""
    image = sample(48, 64)
    for result in bench.raw(image):
        same_size = result.pixels.shape == image.pixels.shape
        unasked = same_size and result.alpha is not None and not bench.act.cuts
        assert not unasked, "the result has an alpha, but the class does not say “cuts”: say so, or give layers"


def _bears_depths(bench: Bench) -> None:
    """The same samples in 8 bits, 16 bits and floating point are the same picture."""
    image = sample(32, 40)
    first = bench.raw(image)
    for depth in (np.uint16, np.float32):
        second = bench.raw(replace(image, pixels=to_depth(image.pixels, depth)))
        assert len(first) == len(second), f"{np.dtype(depth)} gives another number of pictures"
        for a, b in zip(first, second, strict=True):
            gap = distance(a.pixels, b.pixels)
            assert gap <= 2.01 / 255, f"the same picture as {np.dtype(depth)} gives another result ({gap:.2f} apart)"


def _says_whether_it_colours(bench: Bench) -> None:
    """A grey picture is one plane seen three times; colours on it are kept where ``paints_color`` says so."""
    says = bench.act.paints_color()
    assert isinstance(says, bool), f"paints_color() gives {says!r}, but it is yes or no"
    plane = sample(32, 40).pixels[:, :, 0]
    for result in bench.raw(Image(as_rgb(plane), grey=True)):
        spread = float(np.ptp(to_depth(result.pixels, np.float32), axis=2).mean())
        assert says or spread <= TINT, "a grey picture comes back coloured, but paints_color() says no"


def _bears_wide_colours(bench: Bench) -> None:
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


def _layers_agree(bench: Bench) -> None:
    for height, width in SIZES[2:]:
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


def _keeps_its_size(bench: Bench) -> None:
    """Selection and strength need results of one size: a filter that keeps it in some pictures must do so in all."""
    kept = {}
    for height, width in ((48, 64), (65, 33), (37, 50)):
        results = bench.raw(sample(height, width))
        kept[f"{width} x {height}"] = all((each.height, each.width) == (height, width) for each in results)
    assert len(set(kept.values())) == 1, f"pictures of some sizes come back in another: {_first(kept, False)}"


def _first(kept: dict[str, bool], wanted: bool) -> str:
    return next(size for size, value in kept.items() if value is wanted)


def _reports(bench: Bench) -> None:
    shares: list[float] = []
    bench.run(sample(48, 64), replace(bench.job, on_progress=lambda share, _: shares.append(share)))
    assert shares, "the filter never reports progress, so it cannot be cancelled"
    assert all(0 <= share <= 1 for share in shares), "progress leaves 0..1"
    assert shares == sorted(shares), "progress runs backwards"


def _cancels(bench: Bench) -> None:
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


PROMISES: dict[str, Check] = {
    "declarations": _declares,
    "light import": _imports_light,
    "sizes": _any_size,
    "repeats": _repeats,
    "alpha": _leaves_alpha,
    "depths": _bears_depths,
    "grey": _says_whether_it_colours,
    "wide colours": _bears_wide_colours,
    "layers": _layers_agree,
    "one size": _keeps_its_size,
    "progress": _reports,
    "cancel": _cancels,
}
