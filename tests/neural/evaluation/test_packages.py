"""Agreement with torch-fidelity, pytorch-fid and lpips on the same random weights and the same pictures.

``make test-oracles`` installs them and runs what is skipped otherwise. torchvision need not be there: nothing of it is
computed with.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from senga.job import Job
from senga.neural.evaluation import inception
from senga.neural.evaluation.lpips import Perceptual
from senga.neural.evaluation.measures import Reading, class_score, fid, kid
from senga.neural.evaluation.preparation import Convention
from senga.testing import sample

torch = pytest.importorskip("torch", reason="PyTorch is not installed, so its packages cannot be compared with")
pytestmark = pytest.mark.filterwarnings("ignore")

COUNT = 12
AGREEMENT = 1e-3


class Torchvision(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets the packages be imported where torchvision is not: its names are empty classes and modules."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        found = name.partition(".")[0] == "torchvision"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)

        def empty(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return importlib.import_module(f"{spec.name}.{name}") if name.islower() else type(name, (), {})

        module.__getattr__ = empty  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


@pytest.fixture(scope="module")
def torchvision() -> Iterator[None]:
    finder = Torchvision()
    sys.meta_path.append(finder)
    yield
    sys.meta_path.remove(finder)


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory, inception_weights: Any) -> Path:
    """As PyTorch writes them, counters of the batch norms included."""
    state = {name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in inception_weights.items()}
    counters = [name.replace("running_var", "num_batches_tracked") for name in state if "running_var" in name]
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(state | {name: torch.tensor(0) for name in counters}, path)
    return path


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path]]:
    """Two sets of pictures of several sizes."""
    folder, rng, found = tmp_path_factory.mktemp("sides"), np.random.default_rng(1), []
    for name, gain in (("real", 1.0), ("generated", 0.6)):
        paths = [folder / f"{name}{number:02}.png" for number in range(COUNT)]
        for path in paths:
            pixels = np.roll(sample(int(rng.integers(60, 400)), int(rng.integers(60, 400))).u8(), rng.integers(99), 1)
            tint = rng.integers(0, 60, 3)
            PIL.Image.fromarray(np.clip(pixels * gain + tint, 0, 255).astype(np.uint8)).save(path)
        found.append(paths)
    return found[0], found[1]


Extract = Callable[[list[Path], Convention], tuple[Any, Any]]


@pytest.fixture(scope="module")
def theirs(torchvision: None, weights_file: Path) -> Extract:
    """Features and logits by torch-fidelity's network; for pytorch-fid with that package's input."""
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3", reason="no torch-fidelity")
    names = ["2048", "logits_unbiased"]
    network = module.FeatureExtractorInceptionV3("i", names, feature_extractor_weights_path=str(weights_file))
    as_tensorflow = module.interpolate_bilinear_2d_like_tensorflow1x

    def as_pytorch_fid(x: Any, size: Any, align_corners: bool) -> Any:
        """What becomes ``2 x - 1`` after the network's own ``(x - 128) / 128``."""
        return 256 * torch.nn.functional.interpolate(x / 255, size=size, mode="bilinear", align_corners=False)

    def extract(paths: list[Path], convention: Convention) -> tuple[Any, Any]:
        fidelity = convention is Convention.FIDELITY
        module.interpolate_bilinear_2d_like_tensorflow1x = as_tensorflow if fidelity else as_pytorch_fid
        pictures = [np.asarray(PIL.Image.open(path).convert("RGB")).transpose(2, 0, 1)[None] for path in paths]
        with torch.no_grad():
            results = [network(torch.from_numpy(each.copy())) for each in pictures]
        return torch.cat([each[0] for each in results]), torch.cat([each[1] for each in results])

    return extract


@pytest.fixture(scope="module")
def ours(weights_file: Path) -> inception.Inception:
    return inception.load(weights_file, "cpu")


def told(what: str, mine: float, other: float) -> None:
    """Compare, and leave the figures for ``pytest -s``."""
    sys.stdout.write(f"\n{what}: {mine:.9g} here, {other:.9g} there, {abs(mine - other) / abs(other):.1e} apart")
    assert mine == pytest.approx(other, rel=AGREEMENT)


def test_torch_fidelity(theirs: Extract, ours: Any, sides: Any) -> None:
    from torch_fidelity import metric_fid, metric_isc, metric_kid

    extracted = [theirs(side, Convention.FIDELITY) for side in sides]
    features, (logits, _) = [each[0] for each in extracted], [each[1] for each in extracted]
    reading = Reading(ours, batch=5)
    mine = np.concatenate(list(reading.features(sides[0], Job())))
    told("largest feature difference + 1", 1 + float(np.abs(mine - features[0].numpy()).max()), 1.0)
    statistics = [metric_fid.fid_features_to_statistics(each) for each in features]
    other = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    told("FID", fid(*sides, reading, Job()).value, other)
    how = {"kid_subsets": 20, "kid_subset_size": 8, "rng_seed": 5, "verbose": False, "kid_kernel": "poly"}
    how |= {"kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1}
    other_kid = metric_kid.kid_features_to_metric(*features, **how)
    my_kid = kid(*sides, reading, Job(), subsets=20, size=8, seed=5)
    told("KID", my_kid.value, other_kid["kernel_inception_distance_mean"])
    told("KID spread", my_kid.spread or 0, other_kid["kernel_inception_distance_std"])
    other_is = metric_isc.isc_features_to_metric(logits, splits=3, rng_seed=2020)
    my_is = class_score(sides[0], reading, Job(), splits=3)
    told("IS", my_is.value, other_is["inception_score_mean"])
    told("IS spread", my_is.spread or 0, other_is["inception_score_std"])


def test_pytorch_fid(theirs: Extract, ours: Any, sides: Any) -> None:
    package = pytest.importorskip("pytorch_fid.fid_score", reason="no pytorch-fid")
    features = [theirs(side, Convention.PYTORCH_FID)[0].numpy() for side in sides]
    statistics = [part for each in features for part in (each.mean(0), np.cov(each, rowvar=False))]
    other = package.calculate_frechet_distance(*statistics)
    told("FID", fid(*sides, Reading(ours, Convention.PYTORCH_FID), Job()).value, other)


def test_lpips(torchvision: None, lpips_weights: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("lpips", reason="no lpips")
    trunk = types.SimpleNamespace(features=squeezenet(lpips_weights))
    monkeypatch.setattr(package.pretrained_networks.tv, "squeezenet1_1", lambda **_: trunk, raising=False)
    network = package.LPIPS(net="squeeze", pretrained=False, verbose=False)
    heads = {name: torch.from_numpy(values) for name, values in lpips_weights.items() if name.startswith("lin")}
    network.load_state_dict(heads, strict=False)
    for size in ((64, 64), (101, 150)):
        photo = sample(*size).u8()
        pair = [torch.from_numpy(each.transpose(2, 0, 1)[None] / 127.5 - 1).float() for each in (photo, 255 - photo)]
        with torch.no_grad():
            other = float(network(*pair))
        told(f"LPIPS {size}", Perceptual(lpips_weights, "cpu").distance(photo, 255 - photo), other)


def squeezenet(weights: Any) -> Any:
    """SqueezeNet 1.1 as torchvision numbers its layers."""
    nn = torch.nn

    def conv(name: str, **how: int) -> Any:
        outputs, inputs, size, _ = weights[f"{name}.weight"].shape
        layer = nn.Conv2d(inputs, outputs, size, **how)
        layer.load_state_dict({part: torch.from_numpy(weights[f"{name}.{part}"]) for part in ("weight", "bias")})
        return layer

    class Fire(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, place: int) -> None:
            super().__init__()
            self.squeeze = conv(f"features.{place}.squeeze")
            self.narrow = conv(f"features.{place}.expand1x1")
            self.wide = conv(f"features.{place}.expand3x3", padding=1)

        def forward(self, x: Any) -> Any:
            x = self.squeeze(x).relu()
            return torch.cat([self.narrow(x).relu(), self.wide(x).relu()], 1)

    layers = [conv("features.0", stride=2), nn.ReLU()]
    for place in range(2, 13):
        layers.append(nn.MaxPool2d(3, 2, ceil_mode=True) if place in (2, 5, 8) else Fire(place))
    return nn.Sequential(*layers)
