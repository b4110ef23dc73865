"""The report of a batch: one page that needs nothing else, neither a server nor the network."""

from __future__ import annotations

import base64
import html
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from senga.atomic import replacing
from senga.errors import SengaError, SettingsError, WriteError
from senga.language import tr, wanted
from senga.plain import plain

from .ledger import STATES, Ledger, Row
from .outlook import bytes_as_text, time_as_text
from .small import small_of

_MARK = '<meta name="generator" content="senga batch">'
"""By which a page of ours is known, so that tonight's replaces yesterday's."""
MOST_BYTES = 24_000_000
"""Of all small pictures in a page."""
_MOST_MADE = 300
"""Small pictures that are made for the page, of results whose run made none."""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif }
body { margin: 0 auto; max-width: 75rem; padding: 1rem }
pre { overflow: auto; padding: .75rem; border: 1px solid; border-radius: .25rem }
fieldset { border: 1px solid; border-radius: .25rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
ul { list-style: none; padding: 0; display: grid; gap: 1rem }
ul { grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)) }
li { border: 1px solid; border-radius: .25rem; padding: .75rem; overflow-wrap: anywhere }
li[data-state=failed] { border: 3px solid #b3261e }
li[hidden] { display: none }
h2 { margin: 1.5rem 0 .5rem } h3 { margin: 0 0 .25rem; font-size: 1rem } p { margin: .25rem 0 }
.pair { position: relative; line-height: 0; max-width: max-content }
.pair img { max-width: 100%; height: auto }
.pair img + img { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--share, 50%)) }
input[type=range] { width: 100% }
:focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px }
"""
_SCRIPT = """
for (const slider of document.querySelectorAll('input[type=range]')) {
  const pair = document.getElementById(slider.getAttribute('aria-controls'));
  slider.addEventListener('input', () => pair.style.setProperty('--share', slider.value + '%'));
}
const told = document.getElementById('shown');
document.getElementById('states').addEventListener('change', (event) => {
  let count = 0;
  for (const item of document.querySelectorAll('#results > li')) {
    item.hidden = event.target.value !== 'all' && item.dataset.state !== event.target.value;
    count += item.hidden ? 0 : 1;
  }
  told.textContent = told.dataset.text.replace('{count}', count);
});
"""


@dataclass(frozen=True)
class Heading:
    """What stands above the results.

    Attributes:
        name: of the filter or recipe.
        settings: as a recipe.
        seconds: that the run took.
    """

    name: str
    settings: str
    seconds: float


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
    counts: Counter[str] = Counter(row.state for row in _rows(ledger, task))
    language = (wanted() or ("en",))[0].replace("_", "-")
    title = tr("Report of {name}").format(name=heading.name)
    yield f'<!doctype html>\n<html lang="{_safe(language)}">\n<head>\n<meta charset="utf-8">\n{_MARK}\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_safe(title)}</h1>\n"
    yield _summary(ledger, task, heading)
    yield f"<h2>{_safe(tr('Settings'))}</h2>\n<pre>{_safe_lines(heading.settings)}</pre>\n"
    yield _choice(counts)
    yield f'<h2>{_safe(tr("Results"))}</h2>\n<ul id="results">\n'
    left = [MOST_BYTES, _MOST_MADE]
    for number, row in enumerate(_rows(ledger, task, pictures=True)):
        yield _item(page, ledger.folder, _bounded(row, ledger.folder, left), number)
    yield f"</ul>\n</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"


def _rows(ledger: Ledger, task: str, *, pictures: bool = False) -> Iterable[Row]:
    return (row for row in ledger.rows(pictures=pictures) if row.wanted == task)


def _summary(ledger: Ledger, task: str, heading: Heading) -> str:
    rows = [(row.size, row.written_size) for row in _rows(ledger, task) if row.state == "done"]
    sizes = [bytes_as_text(sum(pair[i] for pair in rows)) for i in (0, 1)]
    text = tr("{before} became {after}; this run took {time}.")
    return f"<p>{_safe(text.format(before=sizes[0], after=sizes[1], time=time_as_text(heading.seconds)))}</p>\n"


def _named() -> dict[str, str]:
    words = (tr("waiting"), tr("in work"), tr("done"), tr("failed"), tr("skipped"))
    return dict(zip(STATES, words, strict=True))


def _choice(counts: Counter[str]) -> str:
    """Radio buttons for the states that there are."""
    total = sum(counts.values())
    named = {"all": tr("all"), **_named()}
    buttons = [
        f'<label><input type="radio" name="state" value="{state}"{" checked" if state == "all" else ""}> '
        f"{_safe(named[state])} ({count})</label>"
        for state, count in (("all", total), *((state, counts[state]) for state in STATES if counts[state]))
    ]
    text = tr("{count} shown")
    shown = f'<p id="shown" role="status" data-text="{_safe(text)}">{_safe(text.format(count=total))}</p>'
    legend = f"<legend>{_safe(tr('Show'))}</legend>"
    return f'<form id="states"><fieldset>{legend}{"".join(buttons)}</fieldset></form>\n{shown}\n'


def _item(page: Path, folder: Path, row: Row, number: int) -> str:
    name = _safe(row.output)
    parts = [f"<h3>{_link(page, folder / row.written, name) if row.written else name}</h3>"]
    parts.append(f"<p>{_safe(_named()[row.state])}: {_safe(row.source)}</p>")
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
    slider = f'<input type="range" min="0" max="100" value="50" aria-controls="pair-{number}" aria-label="{label}">'
    return f'<div class="pair" id="pair-{number}">{pictures}</div>{slider}'


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
