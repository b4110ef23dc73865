"""From a training to a style: one weights file with its card, and the card as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from senga.atomic import replacing
from senga.errors import SettingsError, WriteError
from senga.job import Weights
from senga.store.catalog import CARD_FIELDS
from senga.store.model_file import write_model

from .run_folder import RunFolder, read_kept, read_losses


def export_style(folder: RunFolder, out: Path, facts: Mapping[str, str], step: int | None = None) -> tuple[Path, Path]:
    """Write a generator of a training as a style, and its card beside it.

    Args:
        folder: the training.
        out: a ``.safetensors`` file.
        facts: what the card says beside what the training knows; empty ones are left out.
        step: which generator; by default the last one.

    Returns:
        The weights file and the card.

    Raises:
        ModelError: there is no such generator.
        SettingsError: the name does not end in ``.safetensors``.
        WriteError: the files cannot be written.
    """
    if out.suffix != ".safetensors":
        raise SettingsError(f"A style is a .safetensors file: write to “{out.with_suffix('.safetensors').name}”.")
    arrays, known = read_kept(folder.weights_file(step))
    steps = known.get("steps", "")
    given = {key: value for key, value in facts.items() if value}
    stated = {"family": folder.settings().get("family", ""), "commercial": "unknown", **known, **given, "steps": steps}
    card = {key: value for key, value in stated.items() if key != "format" and value}
    text = out.with_suffix(".md")
    try:
        write_model(out, Weights(arrays, card), {})
        with replacing(text) as stream:
            stream.write(describe(card, folder, int(steps or 0)).encode())
    except OSError as error:
        raise WriteError(f"“{out}” cannot be written: {error.strerror}.", out) from error
    return out, text


def describe(card: Mapping[str, str], folder: RunFolder, step: int) -> str:
    """The model card as Markdown: what the style is, whose, from what, and how the training went."""
    settings = folder.settings()
    lines = [f"# {card.get('title', 'A style for Senga')}", "", card.get("note", ""), "", "| | |", "|--|--|"]
    keys = [*(key for key in CARD_FIELDS if key in card), *(key for key in card if key not in CARD_FIELDS)]
    lines += [f"| {key.replace('_', ' ')} | {card[key]} |" for key in keys if key not in ("title", "note")]
    told = {key: _public(key, value) for key, value in settings.items() if key not in ("preset", *card)}
    lines += [f"| {key.replace('_', ' ')} | {value} |" for key, value in told.items() if value != ""]
    lines += ["", "## Losses", "", "Means over a tenth of the steps each.", ""]
    lines += _loss_table(folder.root / "losses.csv", step)
    lines += ["", "## Settings", "", "| | |", "|--|--|"]
    lines += [f"| {key} | {_public(key, value)} |" for key, value in settings.get("preset", {}).items()]
    return "\n".join(lines) + "\n"


def _public(key: str, value: object) -> object:
    """Where things lie on the author's machine is nobody's business."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {Path(str(each)).name}" for name, each in value.items())
    return Path(str(value)).name if key in ("photos", "style", "vgg", "teacher", "exemplar") else value


def _loss_table(file: Path, step: int, parts: int = 10) -> list[str]:
    header, rows = read_losses(file)
    rows = [row for row in rows if len(row) == len(header) and int(row[0]) < step]
    if not rows:
        return ["The table of losses is missing."]
    size = max(1, -(-len(rows) // parts))
    lines = [f"| up to step | {' | '.join(header[3:])} |", "|" + "--|" * (len(header) - 2)]
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        means = [_mean([row[i] for row in some]) for i in range(3, len(header))]
        lines.append(f"| {int(some[-1][0]) + 1} | {' | '.join(means)} |")
    return lines


def _mean(values: list[str]) -> str:
    known = [float(value) for value in values if value]
    return f"{sum(known) / len(known):.4g}" if known else ""
