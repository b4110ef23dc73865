"""MindSpore and its device, brought up once when training is imported."""

from __future__ import annotations

from senga.neural.device import start

ms, DEVICE = start()
"""The mindspore module, and ``cpu``, ``gpu`` or ``ascend``."""
