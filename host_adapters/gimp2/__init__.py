"""GIMP 2.10: the plug-in for its Python-Fu, and what is written to install it.

``senga_gimp2/`` and ``senga-gimp2.py`` run inside GIMP, on Python 2.7: they import the standard library, ``gimpfu`` and
the worker's client, nothing else. ``gimpfu-stubs/`` is a distribution of its own with the types of ``gimpfu`` and its
modules. All other modules run in Senga's Python.
"""
