# -*- coding: utf-8 -*-
"""The manifest is no JSON: GIMP keeps one entry, which says so."""

from __future__ import absolute_import, unicode_literals

from bench import picture, refused
from gimp import state


def check_damaged():
    assert list(state.procedures) == [b"python-fu-senga-run-recipe"]
    image, layer = picture()
    refused("run-recipe", image, layer)
    assert "run “senga gimp install” again" in state.messages[-1], state.messages
