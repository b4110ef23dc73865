"""Install the plug-in into a profile: ``install.py PROFILE PYTHON``; PYTHON is what the plug-in shall start."""

from __future__ import annotations

import sys
from pathlib import Path

from senga.host_adapters.gimp2.installer import install
from senga.host_adapters.gimp3.manifest import make_manifest

if __name__ == "__main__":
    install(Path(sys.argv[1]), make_manifest() | {"python": sys.argv[2]})
