"""The battery, asked of every filter that is installed, strangers' included; and proof that it can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from senga import Animation, Filter, Image, Job, Layer, setting
from senga.layers import merged
from senga.registry import Plugins, plugins
from senga.testing import check_filter

BARE = Plugins(builtin=False, third_party=False)


@pytest.mark.parametrize("name", sorted(plugins().filters))
def test_a_filter_keeps_every_promise(name: str) -> None:
    check_filter(plugins().find(name))


@pytest.mark.parametrize("name", ["sketch", "color-pencil"])
def test_a_drawing_in_layers_keeps_every_promise(name: str) -> None:
    check_filter(plugins().make(name, {"separate_layers": True, "aged": 0.5}))


class Good(Filter):
    """Lighter."""

    name = "good"
    title = "Good"
    summary = "Does what it should."

    amount: float = setting(0.1, "How much lighter.", ge=0, le=1)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.0)
        job.progress(0.5)
        return image.with_pixels(image.float() * 0.5 + self.amount)


class Silent(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return image


class Scribbles(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        image.pixels[0] = 0
        return super().__call__(image, job)


class Random(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return result.with_pixels(result.float() * np.random.default_rng().random(dtype=np.float32))


class Threaded(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return result.with_pixels(result.float() / np.float32(job.threads + 1))


class Backwards(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.9)
        return super().__call__(image, job)


class Nan(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return super().__call__(image, job).with_pixels(np.full_like(image.float(), np.nan))


class Divides(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        lights = image.float()
        with np.errstate(all="ignore"):
            hue = lights / lights.max(axis=2, keepdims=True)
        return super().__call__(image, job).with_pixels(hue)


class Bytes(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return super().__call__(image, job).with_pixels(image.float() * 255)


class Big(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        if image.height < 2:
            raise IndexError("too small")
        return super().__call__(image, job)


class Secret(Good):
    hidden: int = 3


class Empty(Good):
    def __call__(self, image: Image, job: Job) -> Animation:
        return Animation(lambda: iter(()), image.height, image.width, 0)


class Layered(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        half = Layer("Half", result, opacity=0.5)
        return merged([Layer("All", image), half, Layer("Same", result, "multiply")], result)


class Apart(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return replace(super().__call__(image, job), layers=(Layer("Old", image),))


class Gaps(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return merged([Layer("Half", result, opacity=0.5)], result)


class Twins(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return merged([Layer("One", image), Layer("One", result)], result)


def test_the_battery_passes_a_good_filter() -> None:
    check_filter(Good(), plugins=BARE)
    check_filter(Good(amount=0.5), plugins=BARE)
    check_filter(Layered(), plugins=BARE)


@pytest.mark.parametrize(("kind", "says"), [
    (Silent, "never reports"),
    (Scribbles, "wrote into its input"),
    (Random, "other pixels"),
    (Threaded, "other pixels"),
    (Backwards, "backwards"),
    (Big, "too small"),
    (Nan, "not finite"),
    (Divides, "black, white or a pure colour"),
    (Bytes, "not in the range"),
    (Empty, "no picture"),
    (Secret, "no description"),
    (Apart, "another picture"),
    (Gaps, "leave gaps"),
    (Twins, "same name"),
])  # fmt: skip
def test_the_battery_names_the_broken_promise(kind: type[Filter], says: str) -> None:
    with pytest.raises(Exception, match=says):
        check_filter(kind(), plugins=BARE)


def test_the_battery_sees_hidden_colours_bleed() -> None:
    class Bleeds(Good):
        def __call__(self, image: Image, job: Job) -> Image:
            job.progress(0.1)
            job.progress(0.5)
            return image.with_pixels(np.full_like(image.pixels, image.pixels.std().astype(image.depth)))

    check_filter(Bleeds(), plugins=BARE)  # core fills what is hidden, so even this filter cannot leak it


def test_the_battery_sees_a_heavy_import(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]  # fixture
    (tmp_path / "heavy_filter.py").write_text(
        "import cv2\nfrom senga import Filter\n\n\nclass Heavy(Filter):\n"
        "    name, title, summary = 'heavy', 'Heavy', 'Loads much.'\n\n"
        "    def __call__(self, image, job):\n        return image\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import heavy_filter

    with pytest.raises(AssertionError, match="loads cv2"):
        check_filter(heavy_filter.Heavy, plugins=BARE)
