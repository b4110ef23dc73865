"""A short job after that one."""

from __future__ import absolute_import, unicode_literals

from bench import call, near, picture, values


def check_afterwards():
    image, layer = picture()
    call("bench", image, layer)
    assert near(values(layer)[0][:2], (0, 0), 0.003)
