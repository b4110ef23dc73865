"""A ``senga`` that is warm: each command runs in a copy of one process that has imported everything already.

To start Python and to import what a command needs takes most of the time of tests that call the real program. The warm
one takes the same words, streams, signals, folder and environment, and ends in the same way; so do the painters that
it starts. What a fresh interpreter imports, the seed of hashes and the limits of its caller it cannot show, and its
process is another than the one that its caller knows: tests of those call the real program.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

REAL = Path(sys.executable).with_name("senga")
HERE = Path(__file__).parent
EARLY = ("LANG", "LC_", "LD_PRELOAD", "MALLOC_", "NUMBA_", "OMP_", "OPENBLAS_", "OPENCV_", "PYTHON")
"""Beginnings of variables that are read while Python and its libraries start; of PYTHONPATH the copies know."""


class Warm:
    """The process, and the program that asks it; where processes are not copied, the real program.

    Attributes:
        program: to call in place of the real one.
    """

    def __init__(self) -> None:
        self.program = str(REAL)
        if sys.platform != "linux":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="warm"))
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(str(self._folder / "line"))
            line.listen(64)
            python = self._client("python", sys.executable)
            command = [sys.executable, str(HERE / "server.py"), str(line.fileno()), str(REAL), python]
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, pass_fds=(line.fileno(),), start_new_session=True, env=_environment()
            )
        self.program = self._client("senga", str(REAL))

    def _client(self, name: str, real: str) -> str:
        program = self._folder / name
        early = {name: value for name, value in _environment().items() if name.startswith(EARLY)}
        facts = f"LINE, REAL, STARTS, EARLY = {str(self._folder / 'line')!r}, {real!r}, {EARLY}, {early}\n"
        code = (HERE / "client.py").read_text("utf-8").replace('LINE, REAL, STARTS, EARLY = "", "", (), {}\n', facts)
        program.write_text(f"#!{os.path.realpath(sys.executable)} -IS\n{code}", "utf-8")
        program.chmod(0o755)
        return str(program)

    def end(self) -> None:
        """End the process, and remove what it left."""
        if self.program != str(REAL):
            self._server.communicate(timeout=60)
            shutil.rmtree(self._folder)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
