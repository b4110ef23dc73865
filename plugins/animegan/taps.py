"""Which layers of the perceptual network the losses of a preset look at."""

from __future__ import annotations

from senga.neural.training.features import Features
from senga.neural.training.perceptual import Encoder

from .presets import Preset


def _present(layers: tuple[str, ...], encoder: Encoder) -> tuple[str, ...]:
    """The layers of a preset, the deepest one that the network has in place of those that it lacks."""
    return tuple(dict.fromkeys(name if name in encoder.kernels else encoder.deepest for name in layers))


def content_taps(preset: Preset, features: Features) -> tuple[str, ...]:
    """Those that compare what is shown."""
    return _present(preset.content_layers, features.encoder)


def style_taps(preset: Preset, features: Features) -> tuple[str, ...]:
    """Those that compare how it is painted."""
    return _present(preset.style_layers, features.encoder)


def all_taps(preset: Preset, encoder: Encoder) -> tuple[str, ...]:
    """All of them, each once."""
    return tuple(dict.fromkeys((*_present(preset.content_layers, encoder), *_present(preset.style_layers, encoder))))
