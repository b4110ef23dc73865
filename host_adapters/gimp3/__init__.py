"""GIMP 3: the plug-in, its installer and its doctor.

``senga_gimp/`` and ``senga-gimp.py`` run inside GIMP, with GIMP's own Python: they import the standard library, ``gi``
and the worker's client, nothing else. All other modules run in Senga's Python.
"""
