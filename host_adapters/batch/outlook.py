"""What a batch would do: every input with what would become of it, the sizes, and how long it may take."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Literal

from senga.errors import SengaError
from senga.language import tr
from senga.output import ours
from senga.plain import tell

from .attempt import job_of
from .facts import size_of
from .inputs import Search
from .kept import is_kept, is_ours
from .ledger import Ledger, Row
from .outputs import Target
from .ready import Ready

Fate = Literal["paint", "again", "keep", "skip", "fail"]
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Outlook:
    """What would become of one input.

    Attributes:
        target: it and its output.
        fate: painted, painted again, kept as it is, skipped because of what is there, or failed at once.
        size: its bytes.
        reason: why it would fail.
    """

    target: Target
    fate: Fate
    size: int
    reason: str = ""


def outlooks(ready: Ready, targets: Sequence[Target]) -> Iterator[Outlook]:
    """What would become of each input; nothing is written."""
    with closing(Ledger(ready.root, make=False)) if Ledger.is_in(ready.root) else nullcontext() as ledger:
        for target in targets:
            row = ledger.look(target.key) if ledger and target.key else None
            yield _outlook(ready, target, row)


def _outlook(ready: Ready, target: Target, row: Row | None) -> Outlook:
    size = size_of(target.source)
    if target.trouble:
        return Outlook(target, "fail", size, target.trouble)
    if target.source is None or not target.source.exists():
        return Outlook(target, "fail", size, tr("it is not there"))
    overwrite = ready.painter.invocation.options["overwrite"]
    if row is not None:
        if (overwrite != "replace" or ready.order.resume) and is_kept(ready, row, target) is not None:
            return Outlook(target, "keep", size)
        if is_ours(ready, row):
            return Outlook(target, "again", size)
    if target.first is None or not target.first.exists() or overwrite == "rename":
        return Outlook(target, "paint", size)
    fates: dict[str, Fate] = {"replace": "again", "skip": "skip"}
    fate = fates.get(overwrite, "fail")
    return Outlook(target, fate, size, tr("its output exists") if fate == "fail" else "")


def tell_outlook(ready: Ready, targets: Sequence[Target], search: Search, *, as_json: bool) -> int:
    """Print it.

    Returns:
        1 if something would fail, else 0.
    """
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    sample: list[Outlook] = []
    for each in outlooks(ready, targets):
        counts[each.fate] += 1
        sizes[each.fate] += each.size
        if each.fate in ("paint", "again"):
            sample.append(each)
        _say(each, as_json=as_json)
    for folder, why in search.troubles:
        counts["fail"] += 1
        tell(f"senga: {why}", err=True)
        del folder
    count, size = counts["paint"] + counts["again"], sizes["paint"] + sizes["again"]
    if ready.order.limit is not None and count > ready.order.limit:
        size = size * ready.order.limit // count
        count = ready.order.limit
    seconds = _estimate(ready, sample, size)
    _say_total(counts, count, size, seconds, ready, search, as_json=as_json)
    return 1 if counts["fail"] else 0


def _say(each: Outlook, *, as_json: bool) -> None:
    if as_json:
        told = {"event": "plan", "input": each.target.label, "output": str(each.target.output), "bytes": each.size}
        with ours():
            tell_json({**told, "fate": each.fate, "reason": each.reason})
        return
    words = {"paint": "", "again": tr("again"), "keep": tr("kept"), "skip": tr("skipped"), "fail": each.reason}
    note = f" ({words[each.fate]})" if words[each.fate] else ""
    tell(f"{each.target.label} -> {each.target.output}, {bytes_as_text(each.size)}{note}")


def tell_json(told: dict[str, object]) -> None:
    """One line; JSON escapes all that is no text."""
    print(json.dumps(told), flush=True)  # noqa: T201 - standard output is for data


def _say_total(
    counts: Counter[str], count: int, size: int, seconds: float | None, ready: Ready, search: Search, *, as_json: bool
) -> None:
    if as_json:
        with ours():
            tell_json({"event": "estimate", "count": count, "bytes": size, "seconds": seconds, **counts})
        return
    text = tr("{count} to do, {size}, {kept} kept, {skipped} skipped, {failed} would fail")
    told = {"kept": counts["keep"], "skipped": counts["skip"], "failed": counts["fail"]}
    tell(text.format(count=count, size=bytes_as_text(size), **told))
    if seconds is not None:
        jobs = ready.painter.invocation.options["workers"]
        tell(tr("about {time} with {jobs} at a time").format(time=time_as_text(seconds), jobs=jobs))
    if search.left_out:
        tell(tr("{count} other files are no pictures by their names").format(count=search.left_out))


def bytes_as_text(size: int) -> str:
    """Such as 3.4 MB."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def time_as_text(seconds: float) -> str:
    """Such as 2 h 05 min, 3 min 20 s or 0.4 s."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s" if seconds >= 60 else f"{seconds:.1f} s"


def _estimate(ready: Ready, chosen: list[Outlook], size: int) -> float | None:
    """Seconds for all of them: as earlier ones took, else as the picture of middle size takes now, written nowhere."""
    jobs = ready.painter.invocation.options["workers"]
    pace = _earlier_pace(ready) or _tried_pace(ready, chosen)
    return None if pace is None else pace * size / jobs


def _earlier_pace(ready: Ready) -> float | None:
    """Seconds per byte of the same task."""
    if not Ledger.is_in(ready.root):
        return None
    with closing(Ledger(ready.root, make=False)) as ledger:
        seconds, size = ledger.pace(ready.task)
    return seconds / size if size else None


def _tried_pace(ready: Ready, chosen: list[Outlook]) -> float | None:
    from senga import files

    stills = sorted((each for each in chosen if not each.target.kind.moves), key=lambda each: each.size)
    if not stills:
        return None
    middle = stills[len(stills) // 2]
    job = job_of(ready.painter.invocation.options, lambda: False, lambda share, note: None)  # noqa: ARG005
    try:
        begun = time.monotonic()
        source = files.read(middle.target.source or b"")
        ready.painter(source, job, middle.target)
    except SengaError:
        return None
    return (time.monotonic() - begun) / max(middle.size, 1)
