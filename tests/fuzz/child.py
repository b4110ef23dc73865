"""A process that reads damaged files one after the other, within a limit of memory, and tells what went wrong.

Before each it notes its number where the parent sees it, so that the parent knows which one killed or stopped it.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import readers
from mutation import damaged
from readers import Reader

_MARGIN = 64 << 20


def reader_of(name: str, extra: str) -> Reader:
    """A reader of the project, or of a module that a test wrote."""
    if extra:
        spec = importlib.util.spec_from_file_location("extra_readers", extra)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.READERS[name]
    return readers.READERS[name]


def limit_memory(size: int) -> None:
    """No more than so many bytes beyond what the process has by now."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + size + _MARGIN
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def trouble_of(reader: Reader, content: bytes) -> dict[str, str] | None:
    """What reading raised that it may not raise."""
    from senga.errors import SengaError

    try:
        reader.read(content)
    except SengaError as error:
        return _told("memory", error) if _is_short_of_memory(error) else None
    except MemoryError as error:
        return _told("memory", error)
    except Exception as error:
        return _told("raw", error)
    return None


def _is_short_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError) and not type(error).__module__.startswith("av."):
            return True  # what libav calls so is a size that it does not even try to get
        error = error.__cause__ or error.__context__
    return False


def _told(kind: str, error: BaseException) -> dict[str, str]:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/senga/" in f.filename or "/core/" in f.filename
              or "/plugins/" in f.filename or "/host_adapters/" in f.filename]  # fmt: skip
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return {"kind": kind, "error": f"{type(error).__name__}: {str(error)[:200]}", "where": where}


def main(name: str, seed: int, first: int, until: float, note: Path, extra: str) -> None:
    """Read inputs from number ``first`` on until a point in time."""
    with tempfile.TemporaryDirectory() as folder, note.open("r+b", buffering=0) as noted:
        readers.FOLDER = Path(folder)
        reader = reader_of(name, extra)
        samples = reader.corpus()
        for sample in samples:  # what is valid is read without trouble; this also imports all that is needed
            _try(reader, -1, sample.wrap(sample.content))
        limit_memory(reader.memory)
        for number in itertools.count(first):
            content = damaged(samples, reader.words, f"{seed}/{name}/{number}")
            os.pwrite(noted.fileno(), number.to_bytes(8, "big") + len(content).to_bytes(8, "big") + content, 0)
            if time.time() >= until:
                return
            _try(reader, number, content)


def _try(reader: Reader, number: int, content: bytes) -> None:
    if trouble := trouble_of(reader, content):
        sys.stdout.write(json.dumps({"number": number, **trouble, "content": content.hex()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]), sys.argv[6])
