"""The report of a batch: one page that needs nothing else, neither a server nor the network."""

from __future__ import annotations

import base64
import html
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from senga.atomic import replacing
from senga.errors import SengaError, SettingsError, WriteError
from senga.language import tr, wanted
from senga.plain import plain

from .dress import SCRIPT, STYLE
from .ledger import STATES, Ledger, Row, State
from .outlook import bytes_as_text, time_as_text
from .report import total
from .small import small_of

_MARK = '<meta name="generator" content="senga batch">'
"""By which a page of ours is known, so that tonight's replaces yesterday's."""
MOST_BYTES = 24_000_000
"""Of all small pictures in a page."""
_MOST_MADE = 300
"""Small pictures that are made for the page, of results whose run made none."""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@dataclass(frozen=True)
class Heading:
    """What stands above the results.

    Attributes:
        name: of the filter or recipe.
        settings: as a recipe.
        seconds: that the run took.
        troubles: folders that could not be looked at, and why.
    """

    name: str
    settings: str
    seconds: float
    troubles: Sequence[tuple[Path, str]] = ()


def check_place(page: Path, *, overwrite: bool) -> None:
    """Refuse to replace what is no page of ours.

    Raises:
        SettingsError: something else is there, or nothing can be.
    """
    if page.is_dir() or not page.parent.is_dir():
        raise SettingsError(f"The report “{page}” cannot be written: name a file in a folder that is there.")
    with suppress(FileNotFoundError):
        with page.open("rb") as stream:
            is_ours = _MARK.encode() in stream.read(2000)
        if not is_ours and not overwrite:
            raise SettingsError(f"“{page}” exists and is no report: choose another name or --overwrite replace.")


def write_page(page: Path, ledger: Ledger, task: str, heading: Heading) -> None:
    """Write the page, completely or not at all.

    Raises:
        WriteError: the disk is full …
    """
    try:
        with replacing(page) as stream:
            for part in _page(page, ledger, task, heading):
                stream.write(part.encode("utf-8", "replace"))
    except OSError as error:
        raise WriteError(f"The report “{page}” cannot be written: {error.strerror or error}.", page) from error


def _page(page: Path, ledger: Ledger, task: str, heading: Heading) -> Iterator[str]:
    counts = Counter[str](row.state for row in _rows(ledger, task))
    counts["failed"] += len(heading.troubles)
    yield _head(tr("Report of {name}").format(name=heading.name))
    yield _summary(ledger, task, heading, counts)
    settings = f"<summary><h2>{_safe(tr('Settings'))}</h2></summary>\n<pre>{_safe_lines(heading.settings)}</pre>"
    yield f"<details>{settings}</details>\n{_choice(counts)}"
    yield f'<h2 id="heading">{_safe(tr("Results"))}</h2>\n<ul id="results" role="list" aria-labelledby="heading">\n'
    for folder, why in heading.troubles:
        yield f'<li data-state="failed"><h3>{_safe(folder)}</h3><p><strong>{_safe(why)}</strong></p></li>\n'
    left = [MOST_BYTES, _MOST_MADE]
    for number, row in enumerate(_failed_first(ledger, task)):
        yield _item(page, ledger.folder, _bounded(row, ledger.folder, left), number)
    yield f"</ul>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"


def _head(title: str) -> str:
    language = (wanted() or ("en",))[0].replace("_", "-")
    return (
        f'<!doctype html>\n<html lang="{_safe(language)}">\n<head>\n<meta charset="utf-8">\n{_MARK}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_safe(title)}</h1>\n"
    )


def _rows(ledger: Ledger, task: str, *states: State, pictures: bool = False) -> Iterable[Row]:
    return (row for row in ledger.rows(*states, pictures=pictures) if row.wanted == task)


def _failed_first(ledger: Ledger, task: str) -> Iterator[Row]:
    """With their pictures; what somebody has to look after comes first."""
    yield from _rows(ledger, task, "failed")
    yield from _rows(ledger, task, *(state for state in STATES if state != "failed"), pictures=True)


def _summary(ledger: Ledger, task: str, heading: Heading, counts: Counter[str]) -> str:
    rows = [(row.size, row.written_size) for row in _rows(ledger, task, "done")]
    sizes = [bytes_as_text(sum(pair[i] for pair in rows)) for i in (0, 1)]
    now = datetime.now().astimezone()
    moment = f'<time datetime="{now.isoformat(timespec="seconds")}">{now:%Y-%m-%d %H:%M}</time>'
    how = total(counts["done"], counts["failed"], counts["skipped"], counts.total())
    text = tr("{before} became {after}; this run took {time}.")
    text = text.format(before=sizes[0], after=sizes[1], time=time_as_text(heading.seconds))
    return f"<p>{moment}: {_safe(how)}</p>\n<p>{_safe(text)}</p>\n"


def _named() -> dict[str, str]:
    words = (tr("waiting"), tr("in work"), tr("done"), tr("failed"), tr("skipped"))
    return dict(zip(STATES, words, strict=True))


def _choice(counts: Counter[str]) -> str:
    """Radio buttons for the states that there are."""
    whole = counts.total()
    named = {"all": tr("all"), **_named()}
    buttons = [
        f'<label><input type="radio" name="state" value="{state}"{" checked" if state == "all" else ""}> '
        f"{_safe(named[state])} ({count})</label>"
        for state, count in (("all", whole), *((state, counts[state]) for state in STATES if counts[state]))
    ]
    text = tr("{count} shown")
    shown = f'<p id="shown" role="status" data-text="{_safe(text)}">{_safe(text.format(count=whole))}</p>'
    legend = f"<legend>{_safe(tr('Show'))}</legend>"
    return f'<form id="states" autocomplete="off"><fieldset>{legend}{"".join(buttons)}{shown}</fieldset></form>\n'


def _item(page: Path, folder: Path, row: Row, number: int) -> str:
    name = _safe(row.output)
    parts = [f"<h3>{_link(page, folder / row.written, name) if row.written else name}</h3>"]
    parts.append(f"<p>{_safe(_named()[row.state])}: {_link(page, row.source, _safe(row.source))}</p>")
    if row.reason:
        parts.append(f"<p><strong>{_safe(row.reason)}</strong></p>")
    if row.written:
        sizes = f"{bytes_as_text(row.size)} → {bytes_as_text(row.written_size)}"
        parts.append(f"<p>{_safe(sizes)}, {_safe(time_as_text(row.seconds))}</p>")
    if row.before and row.after:
        parts.append(_pair(row, name, number))
    return f'<li data-state="{row.state}">{"".join(parts)}</li>\n'


def _pair(row: Row, name: str, number: int) -> str:
    """Both pictures over each other, and a slider that keys move too."""
    before, after = _safe(tr("Before")), _safe(tr("After"))
    pictures = (
        f'<img src="{_data(row.before)}" alt="{before}: {name}"><img src="{_data(row.after)}" alt="{after}: {name}">'
    )
    label = f"{_safe(tr('Border between before and after'))}: {name}"
    facts = f'min="0" max="100" value="50" autocomplete="off" aria-controls="pair-{number}" aria-label="{label}"'
    return f'<div class="pair" id="pair-{number}">{pictures}<input type="range" {facts}></div>'


def _bounded(row: Row, folder: Path, left: list[int]) -> Row:
    """The row with its small pictures as long as there is room for them."""
    if row.state != "done" or row.written is None:
        return replace(row, before=None, after=None)
    if not (row.before and row.after) and left[1] > 0:
        left[1] -= 1
        row = replace(row, before=_made(row.source), after=_made(folder / row.written))
    size = len(row.before or b"") + len(row.after or b"")
    if size * 4 // 3 > left[0]:
        return replace(row, before=None, after=None)
    left[0] -= size * 4 // 3
    return row


def _made(path: Path) -> bytes:
    from senga import files

    try:
        return small_of(files.read(path))
    except SengaError:
        return b""


def _data(picture: bytes | None) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture or b'').decode('ascii')}"


def _link(page: Path, target: Path, name: str) -> str:
    """From where the page lies; a colon in it never reads as the name of a scheme."""
    try:
        path = os.path.relpath(target.absolute(), page.absolute().parent)
    except ValueError:  # another drive
        path = str(target.absolute())
    return f'<a href="{html.escape(quote(os.fsencode(path)))}">{name}</a>'


def _safe(text: object) -> str:
    return html.escape(plain(text))


def _safe_lines(text: str) -> str:
    return "\n".join(_safe(line) for line in text.splitlines())
