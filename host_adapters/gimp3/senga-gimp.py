#!/usr/bin/env python3
# ruff: noqa: N999 - GIMP starts a file only when it is named like its folder
"""Senga's filters in GIMP 3. GIMP starts this file; everything else lies in ``senga_gimp`` beside it."""

import sys

from senga_gimp.plug_in import main  # type: ignore[import-not-found]  # lies beside it once installed

main(sys.argv)
