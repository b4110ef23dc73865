"""How long the runner takes to answer, beside what the interpreter and its usual imports take anyway.

``python benchmarks/startup.py`` alternates the commands and prints medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RUNNER = str(Path(sys.executable).with_name("senga"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import numpy, pydantic": [sys.executable, "-c", "import numpy, pydantic"],
    "senga --help": [RUNNER, "--help"],
    "senga list": [RUNNER, "list"],
    "senga run sketch --help": [RUNNER, "run", "sketch", "--help"],
    "senga doctor": [RUNNER, "doctor"],
}


def rows(rounds: int = 15) -> list[dict[str, Any]]:
    """One row per command: median seconds, and how much that is of a bare interpreter."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, words in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - started)
    bare = statistics.median(seconds["python -c pass"])
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    return [{"command": name, "seconds": median, "ratio": median / bare} for name, median in medians.items()]


def main() -> None:
    print(f"{'command':<26}{'s':>8}{'x python':>10}")
    for row in rows():
        print(f"{row['command']:<26}{row['seconds']:>8.3f}{row['ratio']:>10.1f}")


if __name__ == "__main__":
    main()
