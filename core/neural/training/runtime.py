"""MindSpore and its device, brought up once when training is imported."""

from __future__ import annotations

from typing import Any

from senga.neural.device import start

ms: Any
ms, DEVICE = start()
"""The mindspore module, and ``cpu``, ``gpu`` or ``ascend``."""

Cell: Any = ms.nn.Cell
