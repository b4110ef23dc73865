"""What is said when a file of a training cannot be written."""

from __future__ import annotations

import errno
from pathlib import Path

from senga.errors import WriteError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def unwritable(file: Path, error: OSError, advice: str = "") -> WriteError:
    """The error for a file that could not be written.

    Args:
        file: which.
        error: why.
        advice: the end of the sentence, beginning with “; ”.
    """
    mend = "free some space" if error.errno in _FULL else "give a folder with --out that you may write to"
    return WriteError(f"“{file}” cannot be written ({error.strerror}): {mend}{advice or '.'}", file)
