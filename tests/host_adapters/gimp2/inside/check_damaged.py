# -*- coding: utf-8 -*-
"""The manifest is no JSON: GIMP keeps one entry, which says so."""

from __future__ import absolute_import, division, unicode_literals

from bench import picture, refused
from gimpfu import *


def check_damaged():
    assert not pdb.gimp_procedural_db_proc_exists(b"python-fu-senga-bench")
    image, layer = picture()
    refused("run-recipe", image, layer, says="run “senga gimp install” again")
