"""What describes networks, and what is described."""

from __future__ import annotations

from .blocks import Size
from .builder import Builder
from .network import Network, Node, Output

__all__ = ["Builder", "Network", "Node", "Output", "Size"]
