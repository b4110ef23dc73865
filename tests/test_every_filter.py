"""The battery, asked of every filter that is installed, strangers' included; and proof that each question can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import field_serializer

from senga import Animation, Colour, Filter, Image, Job, Layer, Picture, SengaError, setting
from senga.errors import Cancelled
from senga.layers import merged
from senga.registry import Plugins, plugins
from senga.testing import CHECKS, check_filter, sample
from senga.testing.bench import Bench

BARE = Plugins(builtin=False, third_party=False)


PORTRAITS: dict[str, dict[str, Any]] = {
    "face-blit": {"background": "painted"},
    "face-style": {"background": "photograph", "fineness": 60, "rounds": 1, "passes": 1},
}
"""Filters that need faces, which no sample has."""
ELSEWHERE = {"face-drawing", "optimise-style", "portrait-patches"}
"""Filters that no network of their own comes with, or that take a minute: their own tests ask the battery, with made-up
weights or few steps."""


@pytest.mark.parametrize("name", sorted(set(plugins().filters) - set(PORTRAITS) - ELSEWHERE))
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
        return image.with_pixels(self.painted(image.float(), job).astype(np.float32))

    def painted(self, lights: Any, job: Job) -> Any:
        return lights * 0.5 + self.amount

    def reach(self, height: int, width: int) -> int | None:
        return 0


class Whole(Good):
    """Sees everything, and says so."""

    def painted(self, lights: Any, job: Job) -> Any:
        return lights * 0.5 + lights.mean() * 0.3

    def reach(self, height: int, width: int) -> int | None:
        return None


class Measures(Whole):
    """Sees its mean beyond its reach, and says so."""

    measures_whole = True

    def reach(self, height: int, width: int) -> int | None:
        return 0


class Hinted(Good):
    """Mixes an aligned picture in, and tints it by an exemplar that is measured once."""

    hints: Picture | None = setting(None, "Hints.", aligned=True)
    exemplar: Picture | None = setting(None, "An exemplar.")
    colour: Colour = setting("#102030", "A colour.")
    weights: tuple[float, ...] = setting((0.1, 1 / 3), "Weights.")

    def __call__(self, image: Image, job: Job) -> Image:
        result, hints = super().__call__(image, job), self.picture("hints")
        return result if hints is None else image.with_pixels((result.float() + self.drawn(hints, job)) / 2)

    def painted(self, lights: Any, job: Job) -> Any:
        return lights * 0.5 + np.float32(0 if job.prepared is None else job.prepared[0] / 4)

    def drawn(self, hints: Image, job: Job) -> Any:
        return hints.float()

    def prepare(self, job: Job) -> Any:
        exemplar = self.picture("exemplar")
        return [0.0 if exemplar is None else float(exemplar.float().mean())]

    def paints_color(self) -> bool:
        return True


class Layered(Good):
    """Gives layers."""

    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        half = Layer("Half", result, opacity=0.5)
        return merged([Layer("All", image), half, Layer("Same", result, "multiply")], result)


class Needs(Hinted):
    """Cannot do without its exemplar."""

    def prepare(self, job: Job) -> Any:
        if self.exemplar is None:
            raise SengaError("No exemplar is chosen.")
        return super().prepare(job)


@pytest.mark.parametrize("good", [
    Good, Good(amount=0.5), Layered, Whole, Measures, Hinted, Hinted(), Needs, Needs(exemplar=sample(9, 9)),
    Hinted(hints=sample(7, 300), exemplar=sample(1, 1), weights=[1e-7, 0.1 + 0.2]),
])  # fmt: skip
def test_the_battery_passes_good_filters(good: Filter | type[Filter]) -> None:
    check_filter(good, plugins=BARE)


def test_the_battery_lets_a_filter_say_what_it_lacks() -> None:
    with pytest.raises(SengaError, match="No exemplar is chosen"):
        check_filter(Needs(), plugins=BARE)


# ---- rude filters: each breaks one promise, and keeps all others


class Secret(Good):
    hidden: int = 3


class Scribbles(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        image.pixels.setflags(write=True)
        image.pixels[0] = 0
        return super().__call__(image, job)


class Large(Good):
    def painted(self, lights: Any, job: Job) -> Any:
        if len(lights) < 2:
            raise IndexError("too small")
        return super().painted(lights, job)


class Threaded(Good):
    def painted(self, lights: Any, job: Job) -> Any:
        return lights / np.float32(job.threads + 1)


class Random(Good):
    """Only where it has several threads: the other questions are asked with one."""

    def painted(self, lights: Any, job: Job) -> Any:
        return lights * (np.random.default_rng().random() if job.threads == 4 else 1)


class Cuts(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return replace(result, alpha=np.full(image.pixels.shape[:2], 128, np.uint8))


class Eighth(Good):
    """Takes every picture for one of 8 bits."""

    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return result.with_pixels(np.clip(image.pixels.astype(np.float32) / 255, 0, 1))


class Sepia(Good):
    def painted(self, lights: Any, job: Job) -> Any:
        return lights.mean(axis=2, keepdims=True) * np.array([1.0, 0.85, 0.6])


class Planes(Good):
    """Wants the channels beside each other in memory, which those of a grey picture are not."""

    def __call__(self, image: Image, job: Job) -> Image:
        assert image.pixels.strides[2] == image.pixels.itemsize
        return super().__call__(image, job)


class Divides(Good):
    def painted(self, lights: Any, job: Job) -> Any:
        with np.errstate(all="ignore"):
            return np.where(lights.max(axis=2, keepdims=True) > 0, lights, np.nan)


class Bright(Good):
    """Leaves the range only where a picture is white."""

    def painted(self, lights: Any, job: Job) -> Any:
        return np.where(lights == 1, 7, lights)


class Apart(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return replace(super().__call__(image, job), layers=(Layer("Old", image),))


class Gaps(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return replace(merged([Layer("Half", result, opacity=0.5)], result), alpha=None)


class Twins(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        result = super().__call__(image, job)
        return merged([Layer("One", image), Layer("One", result)], result)


class Boasts(Good):
    def makes(self) -> Any:
        return "layers"


class Padded(Good):
    """A network that wants sides in fours."""

    def painted(self, lights: Any, job: Job) -> Any:
        height, width = lights.shape[:2]
        return np.pad(lights, ((0, -height % 4), (0, -width % 4), (0, 0)), "edge")


class Backwards(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.9)
        return super().__call__(image, job)


class Swallows(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        try:
            return super().__call__(image, job)
        except Cancelled:
            return image


class Tables(Good):
    table: dict[str, float] = setting({"a": 1.0}, "A table, which nobody can type.")


class Rounds(Good):
    """Its JSON says less than it holds."""

    exact: float = setting(0.123456, "A number.")

    @field_serializer("exact", when_used="json")
    def _short(self, value: float) -> float:
        return round(value, 2)


class Blurs(Good):
    """Sees eight pixels to the right, and says none."""

    def painted(self, lights: Any, job: Job) -> Any:
        return (lights + np.pad(lights, ((0, 0), (0, 8), (0, 0)), "edge")[:, 8:]) / 2


class Mirrors(Measures):
    """Draws what is far away, and says that it only measures it."""

    def painted(self, lights: Any, job: Job) -> Any:
        return (lights + lights[:, ::-1]) / 2


class Dots(Good):
    """A grid that begins anew in every crop."""

    def painted(self, lights: Any, job: Job) -> Any:
        result = np.array(lights)
        result[::7, ::7] = 0
        return result


class Recrops(Hinted):
    """Crops an aligned picture that is cropped already."""

    def drawn(self, hints: Image, job: Job) -> Any:
        return np.roll(hints.float(), [-step for step in job.offset], (0, 1))


class Again(Hinted):
    def painted(self, lights: Any, job: Job) -> Any:
        return super().painted(lights, replace(job, prepared=self.prepare(job)))


class Counts(Hinted):
    """Changes what it prepared, so that every picture gets another one."""

    def painted(self, lights: Any, job: Job) -> Any:
        result = super().painted(lights, job)
        job.prepared[0] += 0.1
        return result


class Stale(Hinted):
    """Prepares from the picture of the day."""

    def prepare(self, job: Job) -> Any:
        hints = self.picture("hints")
        return [0.0 if hints is None else float(hints.float().std())]


class Sized(Hinted):
    """Prepares for the size of one picture."""

    def prepare(self, job: Job) -> Any:
        return [1.0 if job.full_size and job.full_size[0] > 500 else 0.5]


class Spoils(Hinted):
    def prepare(self, job: Job) -> Any:
        exemplar = self.picture("exemplar")
        if exemplar is not None:
            exemplar.pixels[:] = 99 + exemplar.pixels[0, 0, 0] % 2
        return [0.1]


RUDE = [
    (Secret, "declarations", "no description"),
    (Scribbles, "sizes", "wrote into its input"),
    (Large, "sizes", "too small"),
    (Threaded, "repeats", "number of threads"),
    (Random, "repeats", "other pixels"),
    (Cuts, "alpha", "has an alpha"),
    (Eighth, "depths", "as uint16 gives another result"),
    (Sepia, "grey", "paints_color"),
    (Planes, "grey", "Planes|itemsize|failed"),
    (Divides, "wide colours", "black, white or a pure colour"),
    (Bright, "wide colours", "not in the range"),
    (Apart, "layers", "another picture"),
    (Gaps, "layers", "leave gaps"),
    (Twins, "layers", "same name"),
    (Boasts, "layers", "about its layers"),
    (Padded, "one size", "65 x 33|33 x 65"),
    (Backwards, "progress", "backwards"),
    (Swallows, "cancel", "went on"),
    (Tables, "travels", "setting “table”"),
    (Rounds, "travels", "through JSON"),
    (Blurs, "reach", r"farther than reach\(\) \(0\)"),
    (Mirrors, "reach", "draws what lies beyond"),
    (Dots, "selection", "other pixels than the whole picture"),
    (Recrops, "selection", "cropped already"),
    (Again, "prepare", "prepares again"),
    (Counts, "prepare", "changes what was prepared"),
    (Stale, "prepare", "reads an aligned picture"),
    (Sized, "prepare", "takes notice of one picture"),
    (Spoils, "prepare", "wrote into a second picture"),
]


@pytest.mark.parametrize(("kind", "question", "says"), RUDE, ids=[kind.__name__ for kind, *_ in RUDE])
def test_a_rude_filter_fails_exactly_one_question(kind: type[Filter], question: str, says: str) -> None:
    failed = [name for name, check in CHECKS.items() if _fails(check, Bench.of(kind, BARE, Job(threads=1)))]
    assert failed == [question]
    with pytest.raises(Exception, match=says):
        check_filter(kind, plugins=BARE, job=Job(threads=1))


def _fails(check: Any, bench: Bench) -> bool:
    try:
        check(bench)
    except Exception:
        return True
    return False


def test_every_question_has_a_rude_filter() -> None:
    assert {question for _, question, _ in RUDE} | {"light import"} == set(CHECKS)


class Silent(Good):
    def __call__(self, image: Image, job: Job) -> Image:
        return image


class Empty(Good):
    def __call__(self, image: Image, job: Job) -> Animation:
        return Animation(lambda: iter(()), image.height, image.width, 0)


class Nan(Good):
    def painted(self, lights: Any, job: Job) -> Any:
        return np.full_like(lights, np.nan)


@pytest.mark.parametrize(("kind", "says"), [(Silent, "never reports"), (Empty, "no picture"), (Nan, "not finite")])
def test_the_battery_names_the_first_broken_promise(kind: type[Filter], says: str) -> None:
    with pytest.raises(Exception, match=says):
        check_filter(kind(), plugins=BARE)


def test_a_heavy_import_fails_exactly_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_filter.py").write_text(
        "import cv2\nfrom senga import Filter\n\n\nclass Heavy(Filter):\n"
        "    name, title, summary = 'heavy', 'Heavy', 'Loads much.'\n\n"
        "    def __call__(self, image, job):\n        job.progress(0)\n        job.progress(1)\n        return image\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import heavy_filter

    bench = Bench.of(heavy_filter.Heavy, BARE, Job())
    assert [name for name, check in CHECKS.items() if _fails(check, bench)] == ["light import"]
    with pytest.raises(AssertionError, match="loads cv2"):
        check_filter(heavy_filter.Heavy, plugins=BARE)


def test_hidden_colours_cannot_bleed() -> None:
    """Core fills what is hidden, so even a filter that measures everything cannot leak it."""
    seen: list[float] = []

    class Spreads(Good):
        kept: ClassVar[list[float]] = seen

        def painted(self, lights: Any, job: Job) -> Any:
            self.kept.append(float(lights.std()))
            return lights

    image = sample(20, 20)
    alpha = np.full((20, 20), 255, np.uint8)
    alpha[:5] = 0
    other = image.pixels.copy()
    other[:5] = (255, 0, 255)
    for pixels in (image.pixels, other):
        Bench(Spreads(), BARE, Job()).run(Image(pixels, alpha))
    assert seen[0] == seen[1]
