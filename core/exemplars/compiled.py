"""The loops of this room as machine code, where numba is installed (``senga[compiled]``); NumPy does the same without.

Both give the same pixels. What was compiled is kept in Senga's cache folder.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from senga.places import cache_folder


@lru_cache(maxsize=1)
def kernels() -> Any:
    """The module ``kernels``, or None where numba is not installed, or is switched off by ``SENGA_COMPILED=0``."""
    if os.environ.get("SENGA_COMPILED") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    setattr(numba.config, "CACHE_DIR", str(cache_folder() / "compiled"))  # noqa: B010 - its stubs do not know it
    from . import kernels as found

    return found
