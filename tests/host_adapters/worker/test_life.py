"""A worker from start to end: found, started, replaced, lost, left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import sys
import sysconfig
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from senga.host_adapters.worker.client import Canvas, Worker, WorkerError, connect

from .conftest import Site, canvases, running, until

ROOT = Path(__file__).parents[3]


def canvas() -> Canvas:
    made = Canvas(16, 12, 3, "u8")
    made.write_band(0, os.urandom(16 * 12 * 3))
    return made


def works(worker: Worker) -> bool:
    with canvas() as pixels:
        return worker.run({"filter": "posterize"}, pixels).changed


def test_a_worker_is_started_once_and_found_again(site: Site) -> None:
    with connect(site.manifest()) as first, connect(site.manifest(), start=False) as second:
        assert first.pid == second.pid
        assert works(first)
        assert works(second)


def test_without_start_nothing_is_started(site: Site) -> None:
    with pytest.raises(WorkerError, match="does not run"):
        connect(site.manifest(), start=False)


def test_clients_that_start_at_the_same_moment_get_one_worker(site: Site, den: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        workers = list(pool.map(lambda _: connect(site.manifest()), range(4)))
    assert len({worker.pid for worker in workers}) == 1
    for worker in workers:
        worker.close()


def test_everything_is_private(site: Site, den: Path) -> None:
    with connect(site.manifest()) as worker:
        folder = Path(worker.folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        for name in ("secret", "socket", "lock", "log"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_nothing_of_the_host_gets_into_the_worker(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PYTHONHOME", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "GI_TYPELIB_PATH"):
        monkeypatch.setenv(name, "/nowhere")
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        with connect(site.manifest()) as worker:
            process = Path(f"/proc/{worker.pid}")
            names = {entry.partition(b"=")[0] for entry in (process / "environ").read_bytes().split(b"\0")}
            files = {str(path.readlink()) for path in (process / "fd").iterdir()}
            assert os.getsid(worker.pid) == worker.pid
    assert not {b"PYTHONHOME", b"PYTHONSTARTUP", b"LD_LIBRARY_PATH", b"GI_TYPELIB_PATH"} & names
    assert held.name not in files


def test_an_idle_worker_leaves_and_nothing_stays(site: Site, den: Path) -> None:
    with connect(site.manifest("--idle", "0.5")) as worker:
        time.sleep(0.8)
        assert works(worker)  # a client that is there keeps it
    assert until(lambda: not running(worker.pid), 30)
    assert sorted(path.name for path in Path(worker.folder).iterdir()) == ["lock", "log"]
    assert not canvases(den)


@pytest.mark.parametrize("way", ["kill", "crash"])
def test_a_worker_lost_in_mid_job_is_told_and_replaced(site: Site, den: Path, way: str) -> None:
    with connect(site.manifest()) as worker, canvas() as pixels:
        lost = worker.pid
        before = pixels.read_band(0, 12)
        with pytest.raises(WorkerError, match="was lost while it worked"):
            worker.run({"filter": "broken", "settings": {"way": way}}, pixels)
        assert pixels.read_band(0, 12) == before
        assert works(worker)
        assert worker.pid != lost
    assert not canvases(den)
    if way == "crash":
        assert "Segmentation fault" in (Path(worker.folder) / "log").read_text()


def test_a_worker_lost_between_jobs_is_not_even_noticed(site: Site) -> None:
    with connect(site.manifest()) as worker:
        os.kill(worker.pid, signal.SIGKILL)
        assert works(worker)


def test_sigterm_ends_job_and_worker_cleanly(site: Site, tmp_path: Path) -> None:
    witness, ends = tmp_path / "witness", []
    order = {"filter": "patient", "settings": {"witness": str(witness)}}

    def run() -> None:
        try:
            worker.run(order, pixels)
        except Exception as error:
            ends.append(type(error).__name__)

    with connect(site.manifest()) as worker, canvas() as pixels:
        thread = threading.Thread(target=run)
        thread.start()
        assert until(witness.exists)
        os.kill(worker.pid, signal.SIGTERM)
        assert until(lambda: not running(worker.pid), 30)
        thread.join()
        assert ends == ["Cancelled"]
        assert not (Path(worker.folder) / "socket").exists()


@pytest.mark.parametrize("package", ["senga", "trials"])
def test_a_new_version_gets_a_new_worker_and_the_old_one_ends_its_job(site: Site, tmp_path: Path, package: str) -> None:
    witness = tmp_path / "witness"
    order = {"filter": "patient", "settings": {"steps": 25, "witness": str(witness)}}
    with connect(site.manifest()) as old, canvas() as pixels:
        thread = threading.Thread(target=old.run, args=(order, pixels))
        thread.start()
        assert until(witness.exists)
        site.install(package, "99.5", "[senga]\ntrials = trials\n" if package == "trials" else "")
        with connect(site.manifest()) as new:
            assert new.pid != old.pid
            assert works(new)
            if package == "senga":
                assert new.version == "99.5"
            thread.join()
            assert len(witness.read_text()) == 25
            assert until(lambda: not running(old.pid), 30)
            assert works(new)


def test_a_worker_that_cannot_start_says_why(site: Site) -> None:
    (site.folder / "numpy.py").write_text("raise ImportError('numpy is ill')")
    with pytest.raises(WorkerError, match="does not start: .*numpy is ill"):
        connect(site.manifest())


def test_an_environment_that_is_deleted_under_a_warm_worker_is_named(site: Site) -> None:
    """The old worker cannot tell its version any more; the client must not wait for it."""
    packages = site.folder / "packages"
    shutil.copytree(ROOT / "core", packages / "senga")
    for room in ("plugins", "host_adapters"):
        shutil.copytree(ROOT / room, packages / "senga" / room)
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("senga", "__editable__")) and path.suffix != ".pth":
            (packages / path.name).symlink_to(path)
    info = packages / "senga-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: senga\nVersion: 1\n")
    base = sys._base_executable  # type: ignore[attr-defined]
    Path(site.python).write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{base}" -S "$@"\n')
    with connect(site.manifest()) as worker:
        assert worker.version == "1"
    shutil.rmtree(packages)
    Path(site.python).unlink()
    start = time.monotonic()
    with pytest.raises(WorkerError, match=f"{site.python} .*senga gimp install"):
        connect(site.manifest())
    assert time.monotonic() - start < 20


def test_a_python_that_is_gone_is_named() -> None:
    with pytest.raises(WorkerError, match="/nowhere/python .*senga gimp install"):
        connect({"python": "/nowhere/python"})


@pytest.mark.parametrize("text", [None, "{", "[1]", "\xff"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text, "latin-1")
    with pytest.raises(WorkerError, match="manifest.json.*senga gimp install"):
        connect(str(path))


def test_a_worker_that_hangs_is_told(site: Site) -> None:
    with connect(site.manifest()) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerError, match="senga worker stop"):
        connect(site.manifest(), timeout=0.5)


def test_what_a_killed_worker_left_is_no_hindrance(site: Site) -> None:
    with connect(site.manifest()) as worker:
        os.kill(worker.pid, signal.SIGKILL)
        assert until(lambda: not running(worker.pid))
        assert (Path(worker.folder) / "socket").exists()
    with connect(site.manifest()) as another:
        assert works(another)


def test_the_log_does_not_grow_without_end(site: Site) -> None:
    with connect(site.manifest()) as worker:
        log = Path(worker.folder) / "log"
        worker.stop()
    log.write_bytes(b"x" * (1 << 20) + b"y")
    with connect(site.manifest()) as worker:
        assert works(worker)
        assert log.stat().st_size < 1000
        assert log.with_name("log.old").stat().st_size > 1 << 20


def test_a_warm_worker_paints_with_a_network_and_still_ends_cleanly(site: Site) -> None:
    with connect({"python": site.python}) as worker, canvas() as pixels:
        loaded = Path(f"/proc/{worker.pid}/maps")
        assert until(
            lambda: re.search("onnxruntime|openvino|mindspore", loaded.read_text()), 30
        )  # before anybody asked
        before = pixels.read_band(0, 12)
        assert worker.run({"filter": "anime"}, pixels).changed
        assert pixels.read_band(0, 12) != before
        os.kill(worker.pid, signal.SIGTERM)
        assert until(lambda: not running(worker.pid), 30)
    assert (Path(worker.folder) / "log").read_text().endswith("Worker ends\n")


def test_where_there_are_no_unix_sockets_it_listens_on_this_machine_alone(site: Site) -> None:
    with connect(site.manifest("--loopback")) as worker:
        folder = Path(worker.folder)
        assert not (folder / "socket").exists()
        assert stat.S_IMODE((folder / "port").stat().st_mode) == 0o600
        listens = [line.split()[1] for line in Path(f"/proc/{worker.pid}/net/tcp").read_text().splitlines()[1:]]
        assert f"0100007F:{int((folder / 'port').read_text()):04X}" in listens
        assert works(worker)
        worker.stop()
    assert until(lambda: not (folder / "port").exists())
