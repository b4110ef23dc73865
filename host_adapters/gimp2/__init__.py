"""The plug-in for GIMP 2.10's Python-Fu.

``senga_gimp2/`` and ``senga-gimp2.py`` run inside GIMP, on Python 2.7: they import the standard library, ``gimpfu`` and
the worker's client, nothing else. ``gimp/`` installs them. ``gimpfu-stubs/`` is a distribution of its own with the
types of ``gimpfu`` and its modules.
"""
