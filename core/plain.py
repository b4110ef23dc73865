r"""Text from outside (names, recipes, cards, errors, servers), made fit to be shown: the one place that cleans it.

Who shows text cleans it, and nobody else: in files and in JSON, which has its own escapes, it stays as it is.

>>> plain("holiday\x1b[31m.jpg: line one\nline two")
'holiday�.jpg: line one line two'
"""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext, suppress

LONGEST = 2000
"""Characters of a line that is shown; of a longer one the middle is left out."""

_BREAKS = re.compile(r"[ \t]*[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*|\t")
_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[P\]X^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]"
"""What a terminal obeys (ECMA-48): control sequences, strings such as titles and links, and shorter ones."""
_CONTROLS = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"
"""C0, C1, and the surrogates by which Python stands for bytes of a name that are no text."""
_UNSEEN = (
    r"\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Without width, or turning the order of letters about."""
_JOINER = r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
"""Joiners belong between letters of some scripts and between parts of an emoji; elsewhere they only hide."""
_STRANGE = re.compile(rf"(?:{_SEQUENCE}|[{_CONTROLS}{_UNSEEN}]|{_JOINER})+")


def plain(text: object, longest: int = LONGEST) -> str:
    """One line without anything that a terminal or dialog would obey or not show; a ``�`` stands in its place.

    Markup is nothing that could be cleaned away: whoever shows text switches its markup off.
    """
    line = str(text)
    if len(line) > longest:
        head = longest * 2 // 3
        line = f"{line[:head]} … {line[head + 3 - longest :]}"
    return _STRANGE.sub("�", _BREAKS.sub(" ", line))


def plain_lines(text: object, longest: int = LONGEST) -> list[str]:
    """The lines of a text that may have several, each made plain."""
    return [plain(line, longest) for line in str(text).splitlines()]


def tell(*lines: object, err: bool = False) -> None:
    """Print lines, each made plain, on standard output or error."""
    _print("".join(f"{plain(line)}\n" for line in lines), err)


def tell_row(*cells: object) -> None:
    """Print the cells of a table's row, each made plain, with tabs between them: for programs that read them."""
    _print("\t".join(map(plain, cells)) + "\n", err=False)


def _print(text: str, err: bool) -> None:
    """In whatever letters the stream has; a program without a console has none."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        with suppress(OSError) if err else nullcontext():  # whoever cannot be told of trouble has no more of it
            stream.write(text.encode(encoding, "replace").decode(encoding))
            stream.flush()
