# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Recipes as files."""

from __future__ import absolute_import, division, unicode_literals

import io
import os
import stat

from .words import Trouble, plain

LIMIT = 1 << 20
"""Bytes of the longest recipe that Senga reads."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path):
    # type: (str) -> str
    """The text of a recipe, in UTF-8 or UTF-16, with or without a mark at its beginning.

    Raises:
        Trouble: it cannot be read; what is no file (a device, a pipe) is not touched, for it may never end.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise Trouble("The recipe {} cannot be read: it is no file.".format(path))
        with io.open(path, "rb") as file:
            data = file.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise Trouble("The recipe {} cannot be read: it is too large.".format(path))
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except (IOError, OSError, UnicodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Trouble("The recipe {} cannot be read: {}.".format(path, plain(reason)))
