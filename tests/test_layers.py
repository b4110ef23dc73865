"""Pictures in layers: how they are put together, and what becomes of them on the way to a host."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree as Xml

import numpy as np
import PIL.Image
import PIL.ImageChops
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import senga
from senga import Filter, Image, Job, Layer, Recipe, SengaError, Step, files, setting
from senga.layers import added, merged
from senga.registry import Plugins
from senga.testing import sample

PHOTO = sample(60, 80)
LIKE = Image(np.zeros((60, 80, 3), np.uint8))


def gap(first: Image, second: Image) -> int:
    """By how many of 255 levels two pictures differ at most."""
    return int(np.abs(first.u8().astype(int) - second.u8()).max())


def rebuilt(picture: Image) -> Image:
    return merged(picture.layers, picture)


def ramp(height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    return np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width)).copy()


# --- Putting together ---


@given(st.integers(0, 2**32 - 1))
def test_normal_layers_are_laid_on_as_pillow_does_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures = [Image.of(rng.integers(0, 256, (9, 7, 4), np.uint8)) for _ in range(3)]
    ours = merged([Layer(str(number), picture) for number, picture in enumerate(pictures)], pictures[0])
    theirs = PIL.Image.new("RGBA", (7, 9))
    for picture in pictures:
        theirs = PIL.Image.alpha_composite(theirs, picture.pil())
    wanted = np.asarray(theirs).astype(int)
    alpha = np.full((9, 7), 255) if ours.alpha is None else ours.alpha.astype(int)
    assert np.abs(alpha - wanted[..., 3]).max() <= 2
    shown = wanted[..., 3] > 60
    assert np.abs(ours.pixels.astype(int) - wanted[..., :3])[shown].max(initial=0) <= 6, "Pillow rounds at every step"


def test_multiplying_opaque_layers_is_multiplication() -> None:
    first, second = sample(20, 30, 1), sample(20, 30, 2)
    ours = merged([Layer("a", first), Layer("b", second, "multiply")], first)
    theirs = np.asarray(PIL.ImageChops.multiply(first.pil(), second.pil()))
    assert np.abs(ours.pixels.astype(int) - theirs).max() <= 1


def test_places_opacity_and_gaps() -> None:
    white = Image(np.full((10, 10, 3), 255, np.uint8))
    made = merged([Layer("black", LIKE), Layer("white", white, opacity=0.5, left=75, top=-4)], LIKE)
    assert made.alpha is None
    assert (made.pixels[:6, 75:] == 128).all()
    assert made.pixels.astype(int).sum() == 128 * 3 * 6 * 5
    alone = merged([Layer("white", white, left=200)], LIKE)
    assert alone.alpha is not None
    assert not alone.alpha.any()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_every_depth_gives_the_same(depth: Any) -> None:
    base, top = sample(30, 20, 1, depth), replace(sample(30, 20, 2, depth), alpha=ramp(30, 20))
    made = merged([Layer("a", base), Layer("b", top)], base)
    assert made.depth == np.dtype(depth)
    plain = merged([Layer("a", sample(30, 20, 1)), Layer("b", replace(top, pixels=top.u8()))], sample(30, 20))
    assert gap(made, plain) <= 1


def test_who_changes_the_pixels_leaves_the_layers_out() -> None:
    picture = merged([Layer("a", PHOTO)], PHOTO)
    assert picture.with_pixels(PHOTO.pixels).layers == ()
    assert picture.crop(0, 0, 5, 5).layers == ()


# --- What core makes of a filter's layers ---


class Ink(Filter):
    """Paper below, ink above."""

    name: ClassVar[str] = "ink-test"
    title: ClassVar[str] = "Ink"
    summary: ClassVar[str] = "Ink on paper."
    shade: int = setting(40, "Grey of the ink.", ge=0, le=255)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        paper = Layer("Paper", image.with_pixels(np.full((image.height, image.width), 240, np.uint8)))
        ink = image.with_pixels(np.full((image.height, image.width), self.shade, np.uint8))
        return merged([paper, Layer("Ink", replace(ink, alpha=255 - image.u8()[:, :, 1]))], image)


@pytest.fixture
def known() -> Plugins:
    collection = Plugins(third_party=False)
    collection.filters["ink-test"] = Ink
    return collection


def disc() -> NDArray[np.uint8]:
    y, x = np.mgrid[:60, :80]
    return ((y - 30) ** 2 + (x - 30) ** 2 < 300).astype(np.uint8) * np.uint8(255)


def test_a_plain_result_keeps_its_layers(known: Plugins) -> None:
    made = senga.apply("ink-test", PHOTO, collection=known)
    assert [layer.name for layer in made.layers] == ["Paper", "Ink"]
    assert gap(rebuilt(made), made) <= 1
    assert added(made) == made.layers


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("blend", [{"strength": 0.4}, {"selection": disc()}, {"selection": disc(), "feather": 9.0}])
def test_selection_and_strength_are_a_group_above_the_original(
    known: Plugins, depth: Any, blend: dict[str, Any]
) -> None:
    photo = sample(60, 80, depth=depth)
    made = senga.apply("ink-test", photo, collection=known, **blend)
    original, group = made.layers
    assert original.is_source
    assert np.array_equal(original.picture.pixels, photo.pixels)
    assert (group.name, group.opacity) == ("Ink", blend.get("strength", 1.0))
    assert group.picture.depth == np.dtype(depth)
    assert gap(rebuilt(made), made) <= 1
    inside = merged(group.picture.layers, replace(group.picture, alpha=None))
    assert gap(inside, replace(group.picture, alpha=None)) <= 1
    assert added(made) == (group,)


def test_alpha_is_that_of_the_whole(known: Plugins) -> None:
    photo = replace(PHOTO, alpha=ramp())
    made = senga.apply("ink-test", photo, collection=known)
    assert np.array_equal(made.alpha, photo.alpha)
    assert gap(rebuilt(made), made) <= 1


def test_a_grey_picture_has_grey_layers(known: Plugins) -> None:
    grey = Image(np.repeat(PHOTO.pixels[:, :, :1], 3, axis=2), grey=True)
    made = senga.apply("sketch", grey, separate_layers=True, collection=known)
    assert made.grey
    for layer in made.layers:
        assert (layer.picture.pixels == layer.picture.pixels[:, :, :1]).all()


def test_layers_cannot_keep_the_colours(known: Plugins) -> None:
    with pytest.raises(SengaError, match="one or the other"):
        senga.apply("ink-test", PHOTO, keep_colors=True, collection=known)


def test_the_last_step_of_a_recipe_gives_the_layers(known: Plugins) -> None:
    steps = (Step(filter="ink-test", settings={"shade": 90}), Step(filter="ink-test", strength=0.5))
    made = senga.apply(Recipe(steps=steps), PHOTO, collection=known)
    assert [layer.name for layer in made.layers] == ["Original", "Ink"]
    assert not any(layer.is_source for layer in made.layers), "what the first step made is nothing that a host has"
    assert gap(rebuilt(made), made) <= 1
    made = senga.apply(Recipe(steps=steps[:1]), PHOTO, selection=disc(), collection=known)
    assert [layer.is_source for layer in made.layers] == [True, False]
    assert gap(rebuilt(made), made) <= 1


# --- OpenRaster ---


def opened(data: bytes) -> tuple[zipfile.ZipFile, Xml.Element]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return archive, Xml.fromstring(archive.read("stack.xml"))  # noqa: S314 - our own


def shown(archive: zipfile.ZipFile, stack: Xml.Element, size: tuple[int, int]) -> PIL.Image.Image:
    """What another reader makes of the stack, with Pillow's compositing."""
    canvas = PIL.Image.new("RGBA", size)
    for item in reversed(list(stack)):
        if item.tag == "stack":
            picture, place = shown(archive, item, size), (0, 0)
        else:
            picture = PIL.Image.open(io.BytesIO(archive.read(item.attrib["src"]))).convert("RGBA")
            place = int(item.attrib["x"]), int(item.attrib["y"])
        assert item.attrib["composite-op"] == "svg:src-over"
        alpha = np.asarray(picture.getchannel("A")) * float(item.attrib["opacity"])
        picture.putalpha(PIL.Image.fromarray(np.rint(alpha).astype(np.uint8)))
        whole = PIL.Image.new("RGBA", size)
        whole.paste(picture, place)
        canvas = PIL.Image.alpha_composite(canvas, whole)
    return canvas


@pytest.mark.parametrize("blend", [{}, {"strength": 0.4}, {"selection": disc()}, {"selection": disc(), "feather": 9.0}])
@pytest.mark.parametrize("name", ["sketch", "color-pencil"])
def test_another_reader_sees_the_same_picture(name: str, blend: dict[str, Any]) -> None:
    made = senga.apply(name, PHOTO, separate_layers=True, **blend)
    archive, root = opened(files.encode(made, "ora"))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert archive.read("mimetype") == b"image/openraster"
    assert (root.attrib["w"], root.attrib["h"]) == ("80", "60")
    seen = np.asarray(shown(archive, root[0], (80, 60)))
    assert (seen[:, :, 3] == 255).all()
    assert np.abs(seen[:, :, :3].astype(int) - made.pixels).max() <= 3, "Pillow rounds at every step"
    merged_image = PIL.Image.open(io.BytesIO(archive.read("mergedimage.png")))
    assert np.array_equal(np.asarray(merged_image.convert("RGB")), made.pixels)


def test_a_hard_selection_leaves_the_layers_apart() -> None:
    made = senga.apply("sketch", PHOTO, separate_layers=True, selection=disc())
    _, root = opened(files.encode(made, "ora"))
    names = [(item.tag, item.attrib["name"]) for item in root[0].iter() if item is not root[0]]
    assert names == [
        ("stack", "Pencil sketch"), ("layer", "Outlines"), ("layer", "Strokes"), ("layer", "Paper"),
        ("layer", "Original"),
    ]  # fmt: skip


def test_transparency_is_cut_out_of_every_layer() -> None:
    alpha = disc()
    made = senga.apply("sketch", replace(PHOTO, alpha=alpha), separate_layers=True)
    archive, root = opened(files.encode(made, "ora"))
    seen = np.asarray(shown(archive, root[0], (80, 60)))
    assert np.array_equal(seen[:, :, 3], alpha)


def test_openraster_goes_there_and_back(tmp_path: Path) -> None:
    made = senga.apply("sketch", replace(PHOTO, alpha=ramp()), separate_layers=True)
    again = senga.open(made.save(tmp_path / "drawing.ora"))
    assert isinstance(again, Image)
    assert np.array_equal(again.pixels, made.pixels)
    assert again.alpha is not None
    assert np.array_equal(again.alpha, made.alpha)
    assert (again.info.format, again.layers) == ("ORA", ())


def test_thumbnails_show_the_colours_that_are_seen() -> None:
    """Red stripes beside green ones that nobody sees become a veil of red."""
    pixels = np.zeros((8, 1024, 3), np.uint8)
    pixels[:, ::2, 0] = pixels[:, 1::2, 1] = 255
    alpha = np.where(np.arange(1024) % 2, 0, 255).astype(np.uint8) * np.ones((8, 1), np.uint8)
    archive, _ = opened(files.encode(Image(pixels, alpha), "ora"))
    with PIL.Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png"))) as small:
        assert (small.mode, small.size) == ("RGBA", (256, 2))
        assert set(small.get_flattened_data()) == {(255, 0, 0, 128)}


def test_names_are_in_the_painters_language() -> None:
    from senga.language import speaking

    made = senga.apply("sketch", PHOTO, separate_layers=True)
    with speaking("ja"):
        _, root = opened(files.encode(made, "ora"))
    assert not any(layer.attrib["name"].isascii() for layer in root[0])


def test_a_swollen_archive_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", b"image/openraster")
        archive.writestr("mergedimage.png", bytes(1 << 23), zipfile.ZIP_DEFLATED)
    with pytest.raises(SengaError, match="damaged"):
        senga.open(stream.getvalue())
    with pytest.raises(SengaError, match="damaged"):
        senga.open(stream.getvalue()[:100])
