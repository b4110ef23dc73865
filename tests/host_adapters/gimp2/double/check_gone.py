# -*- coding: utf-8 -*-
"""The Python that held Senga was removed."""

from __future__ import absolute_import, unicode_literals

from bench import picture, refused
from gimp import state


def check_gone():
    image, layer = picture()
    refused("bench", image, layer)
    assert "/nowhere/python does not start" in state.messages[-1], state.messages
    assert "senga gimp install" in state.messages[-1]
