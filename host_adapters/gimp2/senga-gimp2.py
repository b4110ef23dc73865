#!/usr/bin/env python2
# ruff: noqa: N999 - GIMP wants the name of the folder
"""Senga's filters in GIMP 2.10. GIMP starts this file; everything else lies in ``senga_gimp2`` beside it."""

from __future__ import absolute_import  # noqa: UP010 - Python 2.7

from senga_gimp2.plug_in import main

main()
