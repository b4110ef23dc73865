"""A training from folders of pictures: begun, continued, and what is kept of its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from senga.errors import SettingsError
from senga.job import Weights
from senga.moved import moved
from senga.neural.training.album import Album, Bytes, Draw, make_album, open_album
from senga.neural.training.loop import Loop, Pace, Progress
from senga.neural.training.perceptual import load_encoder
from senga.neural.training.run_folder import RunFolder
from senga.neural.training.targets import TargetStyle, draw_target

from .presets import PRESETS, Preset
from .training import Training
from .training_pictures import Batch, Pictures

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained from what.

    Attributes:
        photos: folder of photographs.
        style: folder of pictures in the style.
        vgg: file of a perceptual network.
        preset: all settings.
        seed: of everything random.
        start_from: name of the style whose generator it begins with; empty for random weights.
    """

    photos: Path
    style: Path
    vgg: Path
    preset: Preset
    seed: int = 0
    start_from: str = ""

    def settings(self) -> dict[str, Any]:
        """For ``run.toml``."""
        preset = self.preset.model_dump(mode="json", exclude_none=True)
        return {
            "photos": str(self.photos.resolve()),
            "style": str(self.style.resolve()),
            "vgg": str(self.vgg.resolve()),
            "vgg_digest": digest_of(self.vgg),
            "seed": self.seed,
            "start_from": self.start_from,
            "preset": preset,
        }

    @classmethod
    def of_folder(cls, folder: RunFolder) -> TrainingPlan:
        """What was begun in a folder.

        Raises:
            SettingsError: nothing, or the settings or the perceptual network are not what they were.
        """
        found = folder.settings()
        try:
            order = cls(
                Path(found["photos"]),
                Path(found["style"]),
                Path(found["vgg"]),
                Preset.model_validate(found["preset"]),
                int(found["seed"]),
                found.get("start_from", ""),
            )
            digest = found["vgg_digest"]
        except (KeyError, ValueError, TypeError) as error:
            raise SettingsError(f"The settings “{folder.root / 'run.toml'}” are damaged: {error}.") from error
        if digest_of(order.vgg) != digest:
            raise SettingsError(f"“{order.vgg}” is not the perceptual network that this training was begun with.")
        return order


def digest_of(file: Path) -> str:
    """SHA-256 of a file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(f"The perceptual network “{file}” cannot be read: {error.strerror}.") from error


def make_preset(name: str, changes: dict[str, Any]) -> Preset:
    """A preset with some of its settings changed; ``weights.style`` and the like reach into its groups.

    Raises:
        SettingsError: there is no such preset or setting, or a value is out of range.
    """
    if name not in PRESETS:
        raise SettingsError(f"There is no preset “{name}”; there are {', '.join(PRESETS)}.")
    values = PRESETS[name].model_dump()
    for phase, asked in (("start_steps", "start_epochs"), ("style_steps", "epochs")):
        if asked in changes:
            values[phase] = None
    for key, value in changes.items():
        group, _, inner = key.rpartition(".")
        table = values.get(group) if group else values
        if not isinstance(table, dict) or inner not in table:
            raise SettingsError(f"A preset has no setting “{key}”; the model card of a training lists them all.")
        several = isinstance(value, str) and isinstance(table[inner], tuple)
        table[inner] = value.split(",") if several else value
    try:
        preset = Preset.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"The setting “{place}” is wrong: {first['msg']}.") from error
    if preset.width != 1 and preset.architecture != "animeganv2":
        raise SettingsError(f"Only animeganv2 has a width; {preset.architecture} is trained at full width.")
    return preset


def prepare(
    order: TrainingPlan, folder: RunFolder, say: Say, report: Callable[[float], None] | None = None
) -> Pictures:
    """Read all pictures into the folder of the training.

    Raises:
        SengaError: a folder holds no pictures, or the disk is full.
    """
    preset, root = order.preset, folder.root / "pictures"
    short = round(preset.crop * preset.zoom)

    def album(source: Path, name: str, draw: Draw | None = None) -> Album:
        return make_album(source, root / name, short, preset.crop, draw, report)

    photos = album(order.photos, "photos.raw")
    targets = album(order.photos, "targets.raw", drawn) if preset.target == "drawn" else photos
    style = album(order.style, "style.raw")
    for what, found in (("photo", photos), ("style picture", style)):
        for note in notes(found, what, preset.crop):
            say(note)
    return Pictures(photos, targets, style)


def notes(album: Album, what: str, crop: int) -> list[str]:
    """What became of pictures that could not be used as they are."""
    found = []
    if album.unreadable:
        found.append(
            f"{len(album.unreadable)} {what}(s) cannot be read and are left out, “{album.unreadable[0]}” first."
        )
    if album.enlarged:
        found.append(
            f"{len(album.enlarged)} {what}(s) are smaller than a crop of {crop} pixels and are enlarged, "
            f"“{album.enlarged[0]}” first."
        )
    return found


def reopen(order: TrainingPlan, folder: RunFolder) -> Pictures:
    """The pictures that were prepared.

    Raises:
        ReadError: they are missing.
    """
    root = folder.root / "pictures"
    photos = open_album(root / "photos.raw")
    targets = open_album(root / "targets.raw") if order.preset.target == "drawn" else photos
    return Pictures(photos, targets, open_album(root / "style.raw"))


def drawn(photo: Bytes) -> Bytes:
    """The drawn target of a photo."""
    return draw_target(photo, TargetStyle())


def begin(
    order: TrainingPlan,
    folder: RunFolder,
    say: Say,
    report: Callable[[float], None] | None = None,
    first: Weights | None = None,
) -> Training:
    """Prepare a new training; ``first`` holds the weights of the style that it starts from.

    Raises:
        SengaError: the folder holds one already, or something given cannot be used.
    """
    if folder.started:
        raise SettingsError(f"“{folder.root}” holds a training already: add --resume, or give another --out.")
    encoder = load_encoder(order.vgg)
    settings = order.settings()
    if first:
        say(_inherited(order, first))
    pictures = prepare(order, folder, say, report)
    training = Training(order.preset, pictures, encoder, order.seed)
    if first:
        training.start_with(first.arrays)
    folder.write_settings(settings)
    return training


def _inherited(order: TrainingPlan, first: Weights) -> str:
    """Whose terms the new style takes over.

    Raises:
        SettingsError: its network is another one.
    """
    card, preset = first.card, order.preset
    width = float(card.get("width", 1))
    if (card.get("architecture"), width) != (preset.architecture, preset.width):
        raise SettingsError(
            f"The style “{order.start_from}” is an {card.get('architecture')} of width {width:g}, the training one of "
            f"{preset.architecture} of width {preset.width:g}: choose another style or --width {width:g}."
        )
    return (
        f"The new style starts from “{order.start_from}” ({card.get('licence') or 'licence unknown'}, "
        f"{card.get('author') or 'author unknown'}): those terms come along, say so with --data-note."
    )


def resume(folder: RunFolder) -> Training:
    """Take up a training that was begun.

    Raises:
        SengaError: there is none, or what it needs has changed.
    """
    order = TrainingPlan.of_folder(folder)
    return Training(order.preset, reopen(order, folder), load_encoder(order.vgg), order.seed)


def loop(
    training: Training,
    folder: RunFolder,
    pace: Pace,
    tell: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> Loop[Batch]:
    """The loop of a training in its folder."""
    return Loop(training, folder, pace, facts=training.facts(), tell=tell, stopped=stopped)


__getattr__ = moved(__name__, {"Order": f"{__name__}.TrainingPlan"})
