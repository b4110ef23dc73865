"""What stood here is ``senga.neural.training.pictures`` now; what a step sees is beside the losses."""

from __future__ import annotations

from senga.moved import moved

_SHARED = ("PENALTY", "PHOTOS", "STYLE", "TINT", "Pictures", "rng_of", "tinted")

__getattr__ = moved(
    __name__,
    {
        "Batch": "senga.plugins.animegan.training.Batch",
        **{name: f"senga.neural.training.pictures.{name}" for name in _SHARED},
    },
)
