"""One value says what to do: second pictures go along with the picture, and every host gets the same pixels."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from senga import hookimpl
from senga.compose import Blend
from senga.errors import Cancelled, SengaError, SettingsError
from senga.face import apply
from senga.filter import Filter
from senga.image import Animation, Frame, Image
from senga.job import Job, Moment
from senga.prepared import Shelf, digest_of
from senga.recipe import Recipe, Step
from senga.registry import Plugins
from senga.settings import File, Mask, Picture, Seed, setting
from senga.work import Resources, Work

Make = Callable[..., Image]


class Add(Filter):
    """Adds an aligned picture, and notes where it was."""

    name: ClassVar[str] = "add"
    title: ClassVar[str] = "Add"
    summary: ClassVar[str] = "Adds."
    seen: ClassVar[list[tuple[Any, ...]]] = []

    layer: Picture | None = setting(None, "A layer.", aligned=True)
    where: Mask | None = setting(None, "A mask.")
    whole: Picture | None = setting(None, "An exemplar.")
    extra: File | None = setting(None, "A file.")
    margin: int = setting(3, "Reach.", ge=-1)
    dice: Seed = setting(1, "A seed.")

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0)
        layer, where, whole = (self.picture(name) for name in ("layer", "where", "whole"))
        size = None if whole is None else (whole.height, whole.width)
        Add.seen.append((job.offset, job.full_size, (image.height, image.width), size))
        result = image.pixels if layer is None else layer.pixels
        return image.with_pixels(result if where is None else np.where(where.pixels > 127, result, image.pixels))

    def reach(self, height: int, width: int) -> int | None:
        return None if self.margin < 0 else self.margin


class Count(Filter):
    """Prepares once from its exemplar."""

    name: ClassVar[str] = "count"
    title: ClassVar[str] = "Count"
    summary: ClassVar[str] = "Counts."
    made: ClassVar[list[float]] = []

    whole: Picture | None = setting(None, "An exemplar.")
    size: int = setting(10, "Numbers to prepare.")
    fails: bool = setting(False, "Fails.")

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0)
        assert job.prepared.shape == (self.size,)
        return image

    def prepare(self, job: Job) -> Any:
        if self.fails:
            raise Cancelled
        whole = self.picture("whole")
        Count.made.append(0.0 if whole is None else float(whole.pixels.mean()))
        return np.zeros(self.size)


class Trail(Filter):
    """Half of the last result, half of this frame."""

    name: ClassVar[str] = "trail"
    title: ClassVar[str] = "Trail"
    summary: ClassVar[str] = "A trail."
    wants_before: ClassVar[bool] = True
    moments: ClassVar[list[Moment | None]] = []

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0)
        Trail.moments.append(job.moment)
        if job.moment is None or job.moment.before is None:
            return image
        return image.with_pixels((image.pixels // 2 + job.moment.before.pixels // 2).astype(np.uint8))


class Halve(Filter):
    """A result of half the size."""

    name: ClassVar[str] = "halve"
    title: ClassVar[str] = "Halve"
    summary: ClassVar[str] = "Half."

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0)
        return image.with_pixels(image.pixels[::2, ::2])


class Module:
    @hookimpl
    def senga_filters(self) -> list[type[Filter]]:
        return [Add, Count, Trail, Halve]


@pytest.fixture
def known() -> Plugins:
    found = Plugins(builtin=False, third_party=False)
    found.register(Module(), "module")
    for noted in (Add.seen, Count.made, Trail.moments):
        noted.clear()
    return found


def test_an_aligned_picture_is_cropped_with_the_selection(known: Plugins, picture: Make) -> None:
    image, layer = picture(40, 60), picture(40, 60, seed=1)
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 30:40] = 255
    work = Work.of(known, Add(layer=layer, whole=picture(7, 9)), blend=Blend(mask))
    result = work.run(known, image)
    assert isinstance(result, Image)
    assert Add.seen == [((7, 27), (40, 60), (16, 16), (7, 9))]
    assert np.array_equal(result.pixels[10:20, 30:40], layer.pixels[10:20, 30:40])
    untouched = mask == 0
    assert np.array_equal(result.pixels[untouched], image.pixels[untouched])


def test_a_mask_says_where_in_a_recipe_too(known: Plugins, picture: Make) -> None:
    image, layer = picture(30, 30), picture(30, 30, seed=1)
    where = Image(np.zeros((30, 30, 3), np.uint8), grey=True)
    where.pixels[5:9] = 255
    mask = np.zeros((30, 30), np.uint8)
    mask[4:12, 4:12] = 255
    recipe = Recipe(steps=(Step(filter="trail"), Step(filter="add", strength=0.5)))
    work = Work.of(known, recipe, blend=Blend(mask)).with_pictures({"2.layer": layer, "2.where": where})
    result = work.run(known, image)
    assert isinstance(result, Image)
    changed = (result.pixels != image.pixels).any(axis=2)
    assert changed[5:9, 4:12].any()
    assert not changed[9:].any()
    assert not changed[:, 12:].any()


@pytest.mark.parametrize(("margins", "reach"), [((3,), 3), ((3, 4), 7), ((3, -1), None)])
def test_the_reach_of_a_chain_is_the_sum_of_its_steps(
    known: Plugins, margins: tuple[int, ...], reach: int | None
) -> None:
    steps = tuple(Step(filter="add", settings={"margin": margin}) for margin in margins)
    assert Work.of(known, Recipe(steps=steps)).reach(100, 100) == reach


def test_without_a_bound_the_whole_picture_is_seen(known: Plugins, picture: Make) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[20, 20] = 255
    apply(Add(margin=-1), picture(40, 60), selection=mask, collection=known)
    assert Add.seen[0][2] == (40, 60)


@pytest.mark.parametrize("size", [(41, 60), (60, 40), (1, 1)])
def test_an_aligned_picture_of_another_size_is_refused_before_any_work(
    known: Plugins, picture: Make, size: tuple[int, int]
) -> None:
    for name in ("layer", "where"):
        with pytest.raises(
            SettingsError, match=rf"“{name}” is {size[1]} x {size[0]} pixels, but the picture is 60 x 40"
        ):
            apply("add", picture(40, 60), collection=known, **{name: picture(*size)})
    assert not Add.seen


def test_a_second_picture_may_be_tiny_but_not_huge(known: Plugins, picture: Make) -> None:
    apply("add", picture(8, 8), whole=picture(1, 1), collection=known)
    huge = Image(np.broadcast_to(np.uint8(0), (10_001, 10_000, 3)))
    with pytest.raises(SettingsError, match="10000 x 10001 pixels: reduce it"):
        apply("add", picture(8, 8), whole=huge, collection=known)


def test_it_cannot_go_along_with_what_changes_the_size(known: Plugins, picture: Make) -> None:
    recipe = Recipe(steps=(Step(filter="halve"), Step(filter="add")))
    with pytest.raises(SettingsError, match="cannot go along after a filter that changes the size"):
        Work.of(known, recipe).with_pictures({"2.layer": picture(9, 9)}).run(known, picture(9, 9))


def test_second_pictures_come_from_paths(known: Plugins, picture: Make, tmp_path: Path) -> None:
    layer = picture(20, 20, seed=3)
    layer.save(tmp_path / "layer.png")
    result = apply("add", picture(20, 20), layer=tmp_path / "layer.png", collection=known)
    assert np.array_equal(result.pixels, layer.pixels)
    with pytest.raises(SengaError, match="no file"):
        apply("add", picture(20, 20), layer="nowhere.png", collection=known)


def test_a_strange_name_is_told(known: Plugins, picture: Make) -> None:
    with pytest.raises(SettingsError, match="“glaze”"):
        Work.of(known, "add").with_pictures({"glaze": picture(2, 2)})


# ---- recipes


def test_paths_in_a_recipe_start_at_its_folder(known: Plugins, picture: Make, tmp_path: Path) -> None:
    layer = picture(20, 20, seed=3)
    (tmp_path / "sub").mkdir()
    layer.save(tmp_path / "sub" / "layer.png")
    chain = tmp_path / "chain.toml"
    chain.write_text("[[steps]]\nfilter = 'add'\nsettings = {layer = 'sub/layer.png'}\n")
    assert np.array_equal(apply(Recipe.read(chain), picture(20, 20), collection=known).pixels, layer.pixels)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/secret.png", "sub/../../secret.png", "link/secret.png"])
@pytest.mark.parametrize("name", ["layer", "extra"])
def test_paths_in_a_recipe_do_not_lead_out_of_its_folder(
    known: Plugins, picture: Make, tmp_path: Path, path: str, name: str
) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    picture(20, 20).save(tmp_path / "secret.png")
    (home / "link").symlink_to(tmp_path)
    (home / "chain.toml").write_text(f"[[steps]]\nfilter = 'add'\nsettings = {{{name} = '{path}'}}\n")
    with pytest.raises(SettingsError, match=f"step 1: the setting “{name}” leads to .*outside"):
        Recipe.read(home / "chain.toml").check(known)


def test_a_seed_goes_into_what_is_a_seed(known: Plugins) -> None:
    assert [stage.act.dice for stage in Work.of(known, "add", seed=7).stages] == [7]  # type: ignore[attr-defined]
    chain = Recipe(steps=(Step(filter="add"), Step(filter="trail")))
    assert chain.seeded(7, known).steps[0].settings == {"dice": 7}
    assert Work.of(known, chain, seed=7).stages[0].act == Add(dice=7)


def test_settings_beside_a_recipe_are_refused(known: Plugins) -> None:
    with pytest.raises(SettingsError, match="holds its own settings"):
        Work.of(known, Recipe(steps=(Step(filter="add"),)), {"dice": 1})


def test_resources_take_the_place_of_the_jobs(known: Plugins) -> None:
    job = Resources(threads=3, memory=5).given_to(Job(threads=9, device="cpu"))
    assert (job.threads, job.memory, job.device) == (3, 5, "cpu")


# ---- what is prepared


def test_what_is_prepared_serves_many_pictures(known: Plugins, picture: Make) -> None:
    painting, again = picture(5, 5, seed=8), picture(5, 5, seed=8)
    for _ in range(3):
        apply("count", picture(8, 8), whole=painting, collection=known)
    apply("count", picture(8, 8), whole=again, collection=known)
    assert len(Count.made) == 1
    apply("count", picture(8, 8), whole=picture(5, 5, seed=9), collection=known)
    apply("count", picture(8, 8), whole=painting, size=11, collection=known)
    assert len(Count.made) == 3


def test_the_shelf_has_bounds_and_keeps_nothing_of_a_failure(picture: Make) -> None:
    Count.made.clear()
    shelf = Shelf(room=1000)
    first, second = Count(size=80), Count(size=81)  # 640 bytes each
    for act in (first, first, second, second, first):
        shelf.take(act, Job())
    assert len(Count.made) == 3
    shelf.clear()
    shelf.take(first, Job())
    assert len(Count.made) == 4
    with pytest.raises(Cancelled):
        shelf.take(Count(fails=True), Job())
    assert shelf.take(Add(), Job()) is None


def test_a_digest_sees_every_pixel_and_ends_with_its_picture(picture: Make) -> None:
    image = picture(6, 6)
    other = np.array(image.pixels)
    other[5, 5, 2] ^= 1
    assert digest_of(image) == digest_of(picture(6, 6))
    assert digest_of(image) != digest_of(Image(other))
    assert digest_of(image) != digest_of(replace(image, alpha=np.zeros((6, 6), np.uint8)))
    gc.collect()


# ---- films


def film(pictures: list[Image]) -> Animation:
    def frames() -> Iterator[Frame]:
        yield from (Frame(image, 0.1) for image in pictures)

    return Animation(frames, pictures[0].height, pictures[0].width, len(pictures))


def test_a_filter_gets_the_last_result_of_a_film(known: Plugins, picture: Make) -> None:
    pictures = [picture(9, 9, seed=number) for number in range(3)]
    for _ in range(2):  # frames can be asked for again
        Trail.moments.clear()
        frames = [frame.image for frame in apply("trail", film(pictures), collection=known).frames()]
        assert [moment.number for moment in Trail.moments if moment] == [0, 1, 2]
        assert np.array_equal(frames[0].pixels, pictures[0].pixels)
        assert np.array_equal(frames[1].pixels, pictures[1].pixels // 2 + frames[0].pixels // 2)
        assert np.array_equal(frames[2].pixels, pictures[2].pixels // 2 + frames[1].pixels // 2)


def test_the_last_result_is_cropped_with_the_selection(known: Plugins, picture: Make) -> None:
    mask = np.zeros((300, 300), np.uint8)
    mask[0:2, 0:2] = 255
    frames = apply("trail", film([picture(300, 300, seed=n) for n in range(2)]), selection=mask, collection=known)
    assert len(list(frames.frames())) == 2
    moment = Trail.moments[1]
    assert moment
    assert moment.before
    assert moment.before_source
    assert moment.before.pixels.shape == moment.before_source.pixels.shape == (66, 66, 3)


def test_frames_of_other_filters_are_not_kept(known: Plugins, picture: Make) -> None:
    work = Work.of(known, "add")
    assert not work.wants_before
    assert Work.of(known, Recipe(steps=(Step(filter="add"), Step(filter="trail")))).wants_before
