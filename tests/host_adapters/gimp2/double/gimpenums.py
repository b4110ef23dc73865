"""The constants of GIMP 2.10, read from the types that describe it."""

import os
import re

_HERE = os.path.dirname(os.path.abspath(__file__))
_TYPES = "../../../../host_adapters/gimp2/gimpfu-stubs/gimpenums-stubs/__init__.pyi"

with open(os.path.join(_HERE, _TYPES)) as _file:
    globals().update({_name: int(_value) for _name, _value in re.findall(r"(?m)^(\w+): Final = (\d+)$", _file.read())})
