"""Where results go: decided and checked before any work starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from senga.errors import SettingsError
from senga.language import tr

PIPE = "-"


@dataclass(frozen=True)
class Target:
    """One input and where its result goes; None stands for a pipe.

    Attributes:
        source: the input.
        output: the result.
        free: the ending was our choice, so it may give way.
        folder: the folder of the output was asked for as such, so it may be made.
    """

    source: Path | None
    output: Path | None
    free: bool = False
    folder: bool = False

    @property
    def label(self) -> str:
        """The input, as messages name it."""
        return tr("standard input") if self.source is None else str(self.source)


def plan(inputs: tuple[str, ...], output: str | None, filter_name: str, extension: str | None) -> list[Target]:
    """Pair every input with its output.

    Raises:
        SettingsError: two results would meet in one file, an output is an input, or the output is ambiguous.
    """
    if inputs.count(PIPE) > 1:
        raise SettingsError("Standard input can be read only once.")
    targets = [_target(name, len(inputs), output, filter_name, extension) for name in inputs]
    _refuse_collisions(targets)
    return targets


def _target(name: str, count: int, output: str | None, filter_name: str, extension: str | None) -> Target:
    source = None if name == PIPE else Path(name)
    if output == PIPE:
        if count > 1:
            raise SettingsError("Only one result fits into a pipe: give a folder with -o, or a single input.")
        return Target(source, None)
    stem = "picture" if source is None else source.stem
    ending = f".{extension.lstrip('.')}" if extension else (source.suffix if source else "") or ".png"
    if output is None:
        if source is None:
            return Target(None, None)
        return Target(source, source.with_name(f"{stem}-{filter_name}{ending}"), free=not extension)
    if any(mark in output for mark in ("{stem}", "{ext}", "{filter}")):
        filled = output.replace("{stem}", stem).replace("{ext}", ending).replace("{filter}", filter_name)
        return Target(source, Path(filled), free="{ext}" in output and not extension, folder=True)
    if _is_folder(output, count):
        return Target(source, Path(output) / f"{stem}{ending}", free=not extension, folder=True)
    return Target(source, Path(output))


def _is_folder(output: str, count: int) -> bool:
    path = Path(output)
    if output.endswith("/") or path.is_dir():
        return True
    if count > 1 and path.suffix:
        raise SettingsError(
            f"{count} pictures do not fit into the file {output}: give a folder, or a template like out/{{stem}}.png."
        )
    return count > 1


def _refuse_collisions(targets: list[Target]) -> None:
    sources = {_real(target.source): target.label for target in targets if target.source}
    seen: dict[Path, str] = {}
    for target in targets:
        if target.output is None:
            continue
        real = _real(target.output)
        if real in sources:
            raise SettingsError(
                f"The output {target.output} is also an input: sources are never overwritten, choose another name."
            )
        if real in seen:
            raise SettingsError(f"{seen[real]} and {target.label} would both be written to {target.output}.")
        seen[real] = target.label


def _real(path: Path) -> Path:
    return Path(path).resolve()


def settle(path: Path, overwrite: str) -> Path | None:
    """The path to write to, or None to skip, by what exists and the user's choice.

    Raises:
        SettingsError: it exists and the choice is ``error``.
    """
    if not path.exists() or overwrite == "replace":
        return path
    if overwrite == "skip":
        return None
    if overwrite == "error":
        raise SettingsError(f"{path} exists: --overwrite replace, skip or rename says what to do.")
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, 1_000_000))
    return next(free for free in numbered if not free.exists())
