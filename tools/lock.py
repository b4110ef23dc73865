"""Renew the constraint files: ``make lock``, which needs uv.

For each Python one file says which version of every package ``make`` installs, tools included: the newest that allow
each other and have wheels on every platform named here. ``lowest.txt`` holds the lowest versions that pyproject.toml
allows, and ``oracles.txt`` all that the comparison with PyTorch needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "constraints"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINUX = "x86_64-manylinux_2_28"
PLATFORMS = {
    LINUX: "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "aarch64-manylinux_2_28": "sys_platform == 'linux' and platform_machine == 'aarch64'",
    "aarch64-apple-darwin": "sys_platform == 'darwin' and platform_machine == 'arm64'",
    "x86_64-apple-darwin": "sys_platform == 'darwin' and platform_machine == 'x86_64'",
    "x86_64-pc-windows-msvc": "sys_platform == 'win32'",
}
"""What uv calls a platform, and how an installation knows it."""
IMPOSSIBLE = {("3.14", "x86_64-apple-darwin")}
"""Where packages have no wheels."""
EXTRAS = ("fast", "compiled", "heic", "cluster", "test", "lint", "lock")
"""What ``make`` installs, and what painters may; those who train choose a build of PyTorch for their card."""
ORACLES = "torch==2.13.0\ntorch-fidelity\npytorch-fid\nlpips\nscikit-image\nh5py\n"
UNWANTED = ("nvidia-", "cuda-", "triton", "torchvision")
"""What the oracles do without, because PyTorch computes on the processor there."""
HEAD = "# Made by tools/lock.py. Renew it with: make lock\n"

Pins = dict[str, str]


def resolve(python: str, platform: str, *words: str, more: str = "pip") -> Pins:
    """The version of each package; ``more`` are requirements beside those of pyproject.toml."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--upgrade"]
    command += ["--python-version", python, "--python-platform", platform, "--only-binary", ":all:"]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(  # noqa: S603 - our own words
        [*command, *words, "pyproject.toml", "-"],
        cwd=ROOT, input=more, stdout=subprocess.PIPE, text=True, check=True, env=environment,
    )  # fmt: skip
    return dict(line.split("==") for line in done.stdout.splitlines())


def merged(found: Mapping[str, Pins]) -> str:
    """The lines of a constraint file; a package whose versions differ has a line for each, with its platforms."""
    lines = []
    for name in sorted({name for pins in found.values() for name in pins}):
        platforms: dict[str, list[str]] = {}
        for platform, pins in found.items():
            if name in pins:
                platforms.setdefault(pins[name], []).append(PLATFORMS[platform])
        for version, markers in platforms.items():
            only = f" ; {' or '.join(f'({marker})' for marker in markers)}" if len(platforms) > 1 else ""
            lines.append(f"{name}=={version}{only}\n")
    return HEAD + "".join(lines)


def newest(python: str) -> str:
    """The constraints of a Python."""
    platforms = [platform for platform in PLATFORMS if (python, platform) not in IMPOSSIBLE]
    extras = [word for name in EXTRAS for word in ("--extra", name)]
    return merged({platform: resolve(python, platform, *extras) for platform in platforms})


def lowest() -> str:
    """The lowest versions of what pyproject.toml names for painting, with the newest tools that go with them."""
    direct = resolve(
        PYTHONS[0], LINUX, "--resolution", "lowest-direct", "--extra", "fast", "--extra", "cluster", more=""
    )
    fixed = "".join(f"{name}=={version}\n" for name, version in direct.items())
    return merged({LINUX: resolve(PYTHONS[0], LINUX, "--extra", "fast", "--extra", "test", more=f"pip\n{fixed}")})


def oracles() -> str:
    """What the oracles need; on Linux a build of PyTorch for the processor, as the other is several GB of CUDA."""
    pins = resolve(PYTHONS[0], LINUX, "--extra", "fast", "--extra", "test", more=f"pip\n{ORACLES}")
    kept = {name: version for name, version in pins.items() if not name.startswith(UNWANTED)}
    torch = kept.pop("torch")
    lines = f"torch=={torch}+cpu ; sys_platform == 'linux'\ntorch=={torch} ; sys_platform != 'linux'\n"
    return merged({LINUX: kept}) + lines


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for python in PYTHONS:
        (FOLDER / f"{python}.txt").write_text(newest(python), "utf-8")
    (FOLDER / "lowest.txt").write_text(lowest(), "utf-8")
    (FOLDER / "oracles.txt").write_text(oracles(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
