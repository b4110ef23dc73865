#!/usr/bin/env python3
"""Senga's filters in GIMP 3. GIMP starts this file; everything else lies in ``senga_gimp`` beside it."""

import sys

from senga_gimp.plug_in import main

main(sys.argv)
