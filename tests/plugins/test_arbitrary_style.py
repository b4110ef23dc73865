"""Networks that paint like whatever they are shown: against the published graphs, and against networks of one style."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import MissingExtraError, ModelError, SengaError, SettingsError
from senga.exemplars import gallery
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.checkpoints import Checkpoint, read_checkpoint
from senga.neural.engine import run
from senga.neural.networks import johnson as one_pass
from senga.neural.networks.mobilenet import NUMBERS, SIDE, style_observer
from senga.neural.training.initial import first_weights
from senga.plugins.fast_style import FastStyle
from senga.plugins.fast_style.arbitrary import in_style, looked_at, spelt, to_arbitrary
from senga.plugins.fast_style.network import network_of
from senga.testing import sample

SMALL = one_pass.Shape((4, 6, 8), (), 2, 9, "arbitrary", NUMBERS)
NETWORK = "senga.plugins.fast_style.network:network_of"
RNG = np.random.default_rng(3)


def published(rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """A small painter under the names of Magenta's files, and what else lies in these."""
    narrow, half, wide = SMALL.channels
    kernels = {
        "contract/conv1": (9, 9, 3, narrow), "contract/conv2": (3, 3, narrow, half),
        "contract/conv3": (3, 3, half, wide),
        **{f"residual/residual{i}/conv{j}": (3, 3, wide, wide) for i in (1, 2) for j in (1, 2)},
        "expand/conv1/conv": (3, 3, wide, half), "expand/conv2/conv": (3, 3, half, narrow),
        "expand/conv3/conv": (9, 9, narrow, 3),
    }  # fmt: skip
    arrays = {"transformer/contract/MirrorPad/paddings": np.zeros((4, 2))}
    for place, shape in kernels.items():
        arrays[f"transformer/{place}/weights"] = rng.normal(0, 0.2, shape)
        arrays[f"transformer/{place}/Conv2D_bias"] = rng.normal(0, 0.2, shape[3:])
        for leaf in () if "contract" in place else ("Conv", "Conv_1"):
            style = f"style_params/transformer/{place}/StyleNorm/{leaf}"
            arrays[f"{style}/weights/read"] = rng.normal(0, 0.1, (1, 1, NUMBERS, shape[3]))
            arrays[f"{style}/Conv2D_bias"] = rng.normal(0, 0.1, shape[3:])
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def painter() -> Weights:
    return replace(to_arbitrary(Checkpoint("tflite", published(np.random.default_rng(3)))), network=NETWORK)


def observer() -> Weights:
    arrays = first_weights(style_observer(), "he", 5)
    return Weights({name: np.asarray(a, np.float32) for name, a in arrays.items()}, {"architecture": "style-observer"})


def job_of(**models: Weights) -> Job:
    known = {"any": painter(), "magenta-look": observer(), **models}
    return Job(weights=known.__getitem__, threads=2)


def painted(image: Image, painting: Image | None, job: Job | None = None, **settings: Any) -> Image:
    return FastStyle(**{"style": "any", "painting": painting, "stroke_scale": 1, **settings})(image, job or job_of())


# ---- files


def test_a_style_is_the_network_of_many_with_its_numbers() -> None:
    weights, numbers, picture = painter(), RNG.normal(size=NUMBERS).astype(np.float32), sample(40, 48).float()
    assert network_of(weights.card) == one_pass.johnson(SMALL, "arbitrary")
    whole = run(network_of(weights.card), weights.arrays, picture, Job(threads=2), given={one_pass.STYLE: numbers})
    style = in_style(weights, numbers)
    alone = run(network_of(style.card), style.arrays, picture, Job(threads=2))
    assert np.abs(whole - alone).max() < 1e-4
    assert whole.std() > 0.01


def test_what_was_imported_is_known_again() -> None:
    for weights in (painter(), observer()):
        again = to_arbitrary(Checkpoint("safetensors", dict(weights.arrays), dict(weights.card)))
        assert again.card == weights.card
        assert again.arrays.keys() == weights.arrays.keys()


def test_files_of_others_parts_and_broken_numbers_are_refused() -> None:
    whole = published(RNG)
    with pytest.raises(ModelError, match="neither"):
        to_arbitrary(Checkpoint("tflite", {"conv1.weight": np.zeros((3, 3, 3, 3), np.float32)}))
    for name in ("transformer/expand/conv2/conv/weights", "transformer/contract/conv2/Conv2D_bias"):
        with pytest.raises(ModelError):
            to_arbitrary(Checkpoint("tflite", {key: array for key, array in whole.items() if key != name}))
        with pytest.raises(ModelError, match="no usable numbers"):
            to_arbitrary(Checkpoint("tflite", {**whole, name: whole[name] * np.nan}))


def test_the_published_graphs_paint_the_same(shared: Path) -> None:
    from senga.neural.openvino_runtime import openvino

    folder = shared / "weights/magenta_arbitrary"
    if not folder.is_dir():
        pytest.skip("no public weights here")
    try:
        core = openvino().Core()
    except MissingExtraError as error:
        pytest.skip(str(error))

    def answer(name: str, **given: NDArray[Any]) -> NDArray[Any]:
        model = core.compile_model(core.read_model(str(folder / name)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return np.asarray(model({key.replace("__", "/"): value[None] for key, value in given.items()})[0][0])

    painting, photo = gallery.picture_of(gallery.find("scream")), sample(384, 384).float()
    file = "style_transfer_f16_384.tflite"
    weights, look = (
        to_arbitrary(read_checkpoint(folder / name)) for name in (file, "style_predict_quantized_256.tflite")
    )
    numbers = looked_at(painting, look, Job(threads=2))
    wanted = answer(file, content_image=photo, mobilenet_conv__Conv__BiasAdd=numbers[None, None])
    style = in_style(weights, numbers)
    assert np.abs(run(network_of(style.card), style.arrays, photo, Job(threads=2)) - wanted).max() < 0.1 / 255

    side = min(painting.height, painting.width)
    top, left = (painting.height - side) // 2, (painting.width - side) // 2
    square = painting.pixels[top : top + side, left : left + side]
    small = cv2.resize(to_depth(square, np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    theirs = answer("style_predict_quantized_256.tflite", style_image=small).ravel()
    assert np.linalg.norm(numbers - theirs) < 0.03 * np.linalg.norm(theirs), "it rounds what it computes to 8 bits"
    whole = answer(file, content_image=photo, mobilenet_conv__Conv__BiasAdd=theirs[None, None])
    assert np.abs(wanted - whole).mean() < 2 / 255
    for other in ("style_transfer_quantized_dynamic.tflite", "style_transfer_quantized_384.tflite"):
        rounded = in_style(to_arbitrary(read_checkpoint(folder / other)), numbers)
        drawn = run(network_of(rounded.card), rounded.arrays, photo, Job(threads=2))
        assert np.abs(drawn - wanted).mean() < 8 / 255


# ---- paintings


def test_two_paintings_are_two_styles_and_the_middle_is_looked_at() -> None:
    image, first = sample(40, 48), sample(60, 60)
    other = Image(255 - first.u8())
    assert not np.array_equal(painted(image, first).pixels, painted(image, other).pixels)
    framed = np.zeros((60, 100, 3), np.uint8)
    framed[:, 20:80] = first.u8()
    assert np.array_equal(painted(image, Image(framed)).pixels, painted(image, first).pixels)


@pytest.mark.parametrize(("size", "depth"), [((1, 1), np.uint8), ((3, 700), np.uint16), ((300, 2), np.float32)])
def test_paintings_of_any_size_and_depth(size: tuple[int, int], depth: Any) -> None:
    painting = Image(to_depth(RNG.random((*size, 3)).astype(np.float32), depth))
    assert painted(sample(12, 16), painting).pixels.shape == (12, 16, 3)


def test_a_painting_of_the_gallery_is_looked_at_once() -> None:
    act, job = FastStyle(style="any", exemplar="scream"), job_of()
    prepared = act.prepare(job)
    assert prepared.shape == (NUMBERS,)
    blind = replace(job_of(**{"magenta-look": painter()}), prepared=prepared)
    assert np.array_equal(act(sample(12, 16), blind).pixels, act(sample(12, 16), job).pixels)


def test_it_mixes_with_an_ordinary_style() -> None:
    plain = replace(in_style(painter(), np.ones(NUMBERS, np.float32)), network=NETWORK)
    image, painting, job = sample(24, 32), sample(50, 50), job_of(plain=plain)
    ends = [painted(image, painting, job, style=name).pixels.astype(float) for name in ("any", "plain")]
    mixed = painted(image, painting, job, second_style="plain", mix=0.5).pixels.astype(float)
    assert max(np.abs(mixed - end).mean() for end in ends) < np.abs(ends[0] - ends[1]).mean()


def test_what_is_missing_is_said() -> None:
    with pytest.raises(SettingsError, match="give one as “painting”"):
        painted(sample(8, 8), None)
    with pytest.raises(SettingsError, match="no exemplar"):
        painted(sample(8, 8), None, exemplar="screm")
    with pytest.raises(SettingsError, match="name it as “observer”"):
        painted(sample(8, 8), None, style="magenta-look")
    with pytest.raises(SengaError, match="does not look at paintings"):
        painted(sample(8, 8), sample(9, 9), observer="any")


def test_names_that_are_nearly_theirs_are_not_theirs() -> None:
    odd = (
        "transformer/contract/conv4/weights",
        "MobilenetV2/expanded_conv/project/weights_extra",
        "transformer/expand",
    )
    assert spelt(dict.fromkeys(odd, np.zeros((1, 1, 1, 1), np.float32))) == {}
