"""The plug-in inside GIMP 3: standard library, ``gi`` and the worker's client, on Python 3.9 or later."""
