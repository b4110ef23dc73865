"""MindSpore needs the Python form of Protocol Buffers, which must be chosen before anything imports them."""

from __future__ import annotations

import os

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
