"""What stood here is ``senga.neural.stroke_scale`` now, for networks of any family."""

from __future__ import annotations

from senga.moved import moved

__getattr__ = moved(__name__, {name: f"senga.neural.stroke_scale.{name}" for name in ("finished", "reduced")})
