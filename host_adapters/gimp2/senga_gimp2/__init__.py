"""The plug-in for GIMP 2.10: Python 2.7, with types in comments and nothing that Python 3 does not know too."""
