"""Registration of plug-ins, and their parameter dialog."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NoReturn

import gimp as gimp
from gimpenums import *

pdb: gimp.PDB

class error(RuntimeError): ...
class CancelError(RuntimeError): ...

PF_INT8: Final = 2
PF_INT16: Final = 1
PF_INT32: Final = 0
PF_INT: Final = 0
PF_FLOAT: Final = 3
PF_STRING: Final = 4
PF_VALUE: Final = 4
PF_COLOR: Final = 10
PF_COLOUR: Final = 10
PF_ITEM: Final = 11
PF_DISPLAY: Final = 12
PF_IMAGE: Final = 13
PF_LAYER: Final = 14
PF_CHANNEL: Final = 15
PF_DRAWABLE: Final = 16
PF_VECTORS: Final = 19
PF_TOGGLE: Final = 1000
PF_BOOL: Final = 1000
PF_SLIDER: Final = 1001
PF_SPINNER: Final = 1002
PF_ADJUSTMENT: Final = 1002
PF_FONT: Final = 1003
PF_FILE: Final = 1004
PF_BRUSH: Final = 1005
PF_PATTERN: Final = 1006
PF_GRADIENT: Final = 1007
PF_RADIO: Final = 1008
PF_TEXT: Final = 1009
PF_PALETTE: Final = 1010
PF_FILENAME: Final = 1011
PF_DIRNAME: Final = 1012
PF_OPTION: Final = 1013

def register(
    proc_name: str,
    blurb: str,
    help: str,
    author: str,
    copyright: str,
    date: str,
    label: str,
    imagetypes: str,
    params: list[tuple[Any, ...]],
    results: Iterable[tuple[Any, ...]],
    function: Callable[..., Any],
    menu: str | None = None,
    domain: str | tuple[str, str] | None = None,
    on_query: Callable[[], object] | None = None,
    on_run: Callable[[], object] | None = None,
    run_mode_param: bool = True,
) -> None: ...
def main() -> None: ...
def fail(msg: str) -> NoReturn: ...
def N_(message: str) -> str: ...

# What main() gives to gimp.main(), and what remembers the last values.
def _query() -> None: ...
def _run(proc_name: str, params: Sequence[Any]) -> Any: ...
def _get_defaults(proc_name: str) -> Sequence[Any]: ...
def _set_defaults(proc_name: str, defaults: Sequence[Any]) -> None: ...
