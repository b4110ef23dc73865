# -*- coding: utf-8 -*-
"""A temporary folder without room for the pixels."""

from __future__ import absolute_import, division, unicode_literals

from bench import picture, refused
from gimpfu import *


def check_full():
    image, _ = picture()
    pdb.gimp_image_scale(image, 3000, 2000)
    refused("bench", image, image.layers[0], says="is full: make room there, or set TMPDIR")
