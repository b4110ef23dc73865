"""The model store: what each model is, whose it is, and where its weights lie on this machine."""

from __future__ import annotations

from .store import Store, default_store
from .verdict import Verdict

__all__ = ["Store", "Verdict", "default_store"]
