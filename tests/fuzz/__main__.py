"""``make fuzz``: give every reader damaged files for a while; exit 1 if one raises, hangs, crashes or takes all memory.

    python tests/fuzz --seconds 60 --seed 1 --readers checkpoints onnx
    python tests/fuzz --readers checkpoints --replay build/fuzz/checkpoints-raw-1-4711.bin

Each reader runs in a process of its own. The same seed gives the same files; the first finding of each kind is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from child import limit_memory, reader_of, trouble_of  # noqa: E402 - the folder is no package
from readers import READERS  # noqa: E402 - see above

ENVIRONMENT = {"SENGA_OFFLINE": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
_STARTING = 60.0
"""Seconds that imports and valid files may take."""


@dataclass
class Run:
    """One reader under fire."""

    name: str
    seed: int
    seconds: float
    patience: float
    extra: str
    kept: Path
    findings: dict[tuple[str, str, str], Path] = field(default_factory=dict)
    """Kind, error and place -> the file that shows it."""

    def find(self, number: int, kind: str, content: bytes, error: str = "", where: str = "") -> None:
        """Note a finding; of its like only the first is kept."""
        key = kind, error.partition(":")[0], where
        if key not in self.findings:
            self.kept.mkdir(parents=True, exist_ok=True)
            self.findings[key] = self.kept / f"{self.name}-{kind}-{self.seed}-{max(number, 0)}.bin"
            self.findings[key].write_bytes(content)
            tell(f"  {self.name}: {kind} {error} {where}, seed {self.seed}, number {number}")
            tell(f"    python tests/fuzz --readers {self.name} --replay {self.findings[key]}")

    def fire(self) -> int:
        """Until the time is over, with a new process after each that died; how many files were read."""
        first, until = 0, time.time() + self.seconds
        while True:
            first = self._process(first, until)
            if time.time() >= until:
                return first

    def _process(self, first: int, until: float) -> int:
        """One process; the number of the next input."""
        with (
            tempfile.NamedTemporaryFile() as note,
            tempfile.TemporaryFile("w+") as told,
            tempfile.TemporaryFile() as log,
        ):
            words = [str(word) for word in (self.name, self.seed, first, until, note.name, self.extra)]
            command = [sys.executable, "-X", "faulthandler", str(HERE / "child.py"), *words]
            process = subprocess.Popen(command, stdout=told, stderr=log, env={**os.environ, **ENVIRONMENT})
            hung = self._watch(process, Path(note.name))
            told.seek(0)
            for line in filter(lambda line: line.startswith("{"), told):
                facts = json.loads(line)
                self.find(**{**facts, "content": bytes.fromhex(facts["content"])})
            noted = Path(note.name).read_bytes()
            number, content = int.from_bytes(noted[:8], "big"), noted[16 : 16 + int.from_bytes(noted[8:16], "big")]
            if not hung and not process.returncode:
                return number
            log.seek(0)
            last = log.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            error = "" if hung else f"exit {process.returncode}: {''.join(last)[:200]}"
            self.find(number if noted else first - 1, "time" if hung else "crash", content, error)
            return number + 1

    def _watch(self, process: subprocess.Popen[bytes], note: Path) -> bool:
        """Wait for the process; whether it had to be ended because one input took too long."""
        seen, since = b"", time.time()
        while process.poll() is None:
            time.sleep(0.05)
            with note.open("rb") as file:
                now = file.read(8)
            if now != seen:
                seen, since = now, time.time()
            elif time.time() - since > (self.patience if seen else _STARTING):
                process.kill()
                process.wait()
                return True
        return False


def tell(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def replay(name: str, file: Path, extra: str) -> int:
    """Read one kept file in this process, and show what it raises."""
    reader = reader_of(name, extra)
    limit_memory(reader.memory)
    trouble = trouble_of(reader, file.read_bytes())
    tell(str(trouble or "no trouble"))
    if trouble:
        reader.read(file.read_bytes())
    return 1 if trouble else 0


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--readers", nargs="*", default=[], help=", ".join(READERS))
    parser.add_argument("--patience", type=float, default=20.0, help="seconds that one file may take")
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"), help="where the files are kept")
    parser.add_argument("--extra", default="", help="a module with other READERS")
    parser.add_argument("--replay", type=Path, help="a file that was kept")
    return parser.parse_args()


def main() -> int:
    """The command."""
    given, found = options(), 0
    if given.replay:
        return replay(given.readers[0], given.replay, given.extra)
    for name in given.readers or READERS:
        run = Run(name, given.seed, given.seconds, given.patience, given.extra, given.findings)
        count = run.fire()
        tell(f"{name}: {count} files, seed {given.seed}, {len(run.findings)} findings")
        found += len(run.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
