"""Everything about GIMP that happens outside of it: ``senga gimp install``, ``uninstall`` and ``doctor``.

What runs inside GIMP lies in ``gimp3/`` and ``gimp2/``, and is read here as files, never imported.
"""
