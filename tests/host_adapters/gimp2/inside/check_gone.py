# -*- coding: utf-8 -*-
"""The Python that held Senga was removed."""

from __future__ import absolute_import, division, unicode_literals

from bench import picture, refused


def check_gone():
    image, layer = picture()
    refused("bench", image, layer, says="/nowhere/python does not start")
    refused("bench", image, layer, says="run “senga gimp install” again")
