"""The plug-in for GIMP 3.

``senga_gimp/`` and ``senga-gimp.py`` run inside GIMP, with GIMP's own Python: they import the standard library, ``gi``
and the worker's client, nothing else. ``gimp/`` installs them.
"""
