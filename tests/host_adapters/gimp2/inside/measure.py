# -*- coding: utf-8 -*-
"""Seconds that a call takes on 12 megapixels in GIMP, by precision, when the filter itself does nothing."""

from __future__ import absolute_import, division, unicode_literals

import time

import gimp
from bench import call, picture
from gimpfu import *


def check_twelve_megapixels():
    lines = []
    for depth, linear in (("u8", False), ("u16", False), ("half", True), ("float", True)):
        image, _ = picture("RGB", depth, linear)
        pdb.gimp_image_scale(image, 4000, 3000)
        seconds = []
        for _ in range(2):
            started = time.time()
            call("bench", image, image.layers[0], strength=0.0)
            seconds.append(time.time() - started)
        lines.append("{}{}: {:.1f}".format(depth, " linear" if linear else "", min(seconds)))
        gimp.delete(image)
    return "seconds, " + ", ".join(lines)
