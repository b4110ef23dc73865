"""What can be had of memory, read from trees like those of the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from senga import memory
from senga.memory import MB, known_available

UNLIMITED = 9223372036854771712


def kernel(root: Path, free: int = 8000, own: str = "0::/", **groups: dict[str, str | int]) -> Path:
    """A machine with ``free`` MB, and files of control groups by folder (``_`` is the mount, ``__`` a slash)."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {free * 1024} kB\n")
    (root / "proc/self/cgroup").write_text(own + "\n")
    for name, files in groups.items():
        folder = root / "sys/fs/cgroup" / name.strip("_").replace("__", "/")
        folder.mkdir(parents=True, exist_ok=True)
        for file, value in files.items():
            (folder / f"memory.{file}").write_text(f"{value * MB if isinstance(value, int) else value}\n")
    return root


def cache(megabytes: int, names: str = "inactive_file") -> str:
    return f"anon {5 * MB}\n{names} {megabytes * MB}\nfile_mapped 3\nstrange\n"


CASES = [
    ("no container", {}, 8000),
    ("no limit", {"_": {"max": "max", "current": 500}}, 8000),
    ("a limit", {"_": {"max": 2000, "current": 500}}, 1500),
    ("full of cache", {"_": {"max": 2000, "current": 1990, "stat": cache(1900)}}, 1910),
    ("of used files", {"_": {"max": 2000, "current": 1990, "stat": cache(1900, "active_file")}}, 1910),
    ("cache counted twice", {"_": {"max": 2000, "current": 100, "stat": cache(1900)}}, 2000),
    ("over the limit", {"_": {"max": 2000, "current": 2100}}, 0),
    ("slowed down earlier", {"_": {"max": "max", "high": 1000, "current": 400}}, 600),
    ("more than the machine", {"_": {"max": 64000, "current": 1}}, 8000),
    ("nobody tells what is used", {"_": {"max": 2000}}, 8000),
    ("damaged", {"_": {"max": "many", "current": "some", "stat": "inactive_file x"}}, 8000),
    ("a hybrid", {"unified": {"max": 700, "current": 100}}, 600),
    ("version 1", {"memory": {"limit_in_bytes": 3000, "usage_in_bytes": 1000}}, 2000),
    ("version 1 with cache", {"memory": {"limit_in_bytes": 3000, "usage_in_bytes": 2900,
                                         "stat": cache(2000, "total_inactive_file")}}, 2100),
    ("version 1 without limit", {"memory": {"limit_in_bytes": str(UNLIMITED), "usage_in_bytes": 9000}}, 8000),
]  # fmt: skip


@pytest.mark.parametrize(("groups", "free"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_container_leaves(groups: dict[str, dict[str, str | int]], free: int, tmp_path: Path) -> None:
    assert known_available(kernel(tmp_path, **groups)) == free * MB


NESTED = {"max": "max", "current": 100}


@pytest.mark.parametrize(("own", "groups", "free"), [
    ("0::/user/job", {"_": {}, "user": {"max": 900, "current": 100}, "user__job": NESTED}, 800),
    ("0::/user/job", {"user": NESTED, "user__job": {"max": 900, "current": 200}}, 700),
    ("0::/docker/abc", {"_": {"max": 900, "current": 300}}, 600),
    ("0::/../../elsewhere", {"_": {"max": 900, "current": 300}}, 600),
    ("4:memory:/docker/abc", {"memory": {"limit_in_bytes": 900, "usage_in_bytes": 400}}, 500),
    ("4:cpu,memory:/a/b", {"memory__a__b": {"limit_in_bytes": 900, "usage_in_bytes": 500}}, 400),
    ("nonsense", {"_": {"max": 900, "current": 600}}, 300),
])  # fmt: skip
def test_the_tightest_group_counts(
    own: str, groups: dict[str, dict[str, str | int]], free: int, tmp_path: Path
) -> None:
    assert known_available(kernel(tmp_path, own=own, **groups)) == free * MB


def test_where_the_system_does_not_tell_nothing_is_refused_and_something_is_planned_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory.sys, "platform", "win32")
    assert known_available(tmp_path) is None
    monkeypatch.setattr(memory, "known_available", lambda: None)
    assert memory.available() == 2048 * MB


def test_this_machine_has_memory() -> None:
    assert memory.available() > 0
    assert memory.resident() > MB
