"""A training from folders of pictures: begun, continued, and what is kept of its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from senga.errors import SettingsError
from senga.families import Family, presets_of, resolve, using
from senga.job import Weights

from .album import Album, Bytes, Draw, make_album, open_album
from .loop import Loop, Pace, Progress
from .perceptual import Encoder, load_encoder, shipped_encoder
from .pictures import Pictures
from .presets import Preset, read_preset
from .run_folder import RunFolder
from .targets import TargetStyle, draw_target
from .training import Training

Say = Callable[[str], None]
AnyTraining = Training[Any, Any]


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained from what.

    Attributes:
        family: of the network.
        photos: folder of photographs.
        style: folder of pictures in the style; None where the family takes none.
        preset: all settings.
        vgg: file of a perceptual network; None takes the one that comes with Senga.
        seed: of everything random.
        start_from: name of the style whose generator it begins with; empty for random weights.
        others: further folders that the family takes, by name.
    """

    family: Family
    photos: Path
    style: Path | None
    preset: Preset
    vgg: Path | None = None
    seed: int = 0
    start_from: str = ""
    others: Mapping[str, Path] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """For ``run.toml``."""
        network, others = self.network, {name: str(folder.resolve()) for name, folder in self.others.items()}
        return {
            "family": self.family.name,
            "photos": str(self.photos.resolve()),
            "style": str(self.style.resolve()) if self.style else "",
            **({"others": others} if others else {}),
            "vgg": str(self.vgg.resolve()) if self.vgg else "",
            "vgg_digest": digest_of(network) if network else "",
            "seed": self.seed,
            "start_from": self.start_from,
            "preset": self.preset.model_dump(mode="json", exclude_none=True),
        }

    @property
    def network(self) -> Path | None:
        """The file of the perceptual network, if the family takes one."""
        return (self.vgg or shipped_encoder()) if self.family.perceptual else None

    def encoder(self) -> Encoder | None:
        """The perceptual network, if the family takes one."""
        return load_encoder(self.network) if self.network else None

    @classmethod
    def of_folder(cls, folder: RunFolder, family: Family) -> TrainingPlan:
        """What was begun in a folder.

        Raises:
            SettingsError: nothing, another family, or the settings or the perceptual network are not what they were.
        """
        found = folder.settings()
        begun = found.get("family", "animegan")  # before there were others
        if begun != family.name:
            raise SettingsError(f"“{folder.root}” holds a training of {begun}: go on with senga train {begun}.")
        presets = presets_of(family)
        try:
            plan = cls(
                family,
                Path(found["photos"]),
                Path(found["style"]) if found["style"] else None,
                read_preset(next(iter(presets.values())), found["preset"]),
                Path(found["vgg"]) if found["vgg"] else None,
                int(found["seed"]),
                found.get("start_from", ""),
                {name: Path(other) for name, other in found.get("others", {}).items()},
            )
            digest = found["vgg_digest"]
        except (KeyError, ValueError, TypeError, AttributeError, SettingsError) as error:
            raise SettingsError(f"The settings “{folder.root / 'run.toml'}” are damaged: {error}.") from error
        if plan.network and digest_of(plan.network) != digest:
            raise SettingsError(f"“{plan.network}” is not the perceptual network that this training was begun with.")
        return plan


def digest_of(file: Path) -> str:
    """SHA-256 of a file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(f"The perceptual network “{file}” cannot be read: {error.strerror}.") from error


def prepare(plan: TrainingPlan, folder: RunFolder, say: Say, report: Callable[[float], None] | None = None) -> Pictures:
    """Read all pictures into the folder of the training.

    Raises:
        SengaError: a folder holds no pictures, or the disk is full.
    """
    preset, root = plan.preset, folder.root / "pictures"
    short = round(preset.crop * preset.zoom)

    def album(source: Path, name: str, what: str, draw: Draw | None = None) -> Album:
        made = make_album(source, root / f"{name}.raw", short, preset.crop, draw, report)
        for note in notes(made, what, preset.crop) if what else ():
            say(note)
        return made

    if plan.family.pairs:
        return _paired(plan, root, say, report)
    source = _shown(plan, root, say, report)
    photos = album(source, "photos", "photo")
    targets = album(source, "targets", "", drawn) if preset.target == "drawn" else photos
    style = album(plan.style, "style", "style picture") if plan.style else photos
    others = {name: album(source, f"other-{name}", f"picture of {name}") for name, source in plan.others.items()}
    return Pictures(photos, targets, style, others)


def _shown(plan: TrainingPlan, root: Path, say: Say, report: Callable[[float], None] | None) -> Path:
    """The folder of photographs, or of what the family makes of them."""
    if not plan.family.shown:
        return plan.photos
    make = resolve(plan.family.shown)
    with using(plan.family.shown):
        found: Path = make(plan.preset, plan.photos, root / "shown", say, report)
    return found


def _paired(plan: TrainingPlan, root: Path, say: Say, report: Callable[[float], None] | None) -> Pictures:
    """Photographs and what the family makes of them, which is the style, too."""
    make, preset = resolve(plan.family.pairs), plan.preset
    with using(plan.family.pairs):
        halves = make(preset, plan.photos, root / "pairs", say, report)
    short = round(preset.crop * preset.zoom)
    photos, targets = (
        make_album(half, root / f"{name}.raw", short, preset.crop)
        for half, name in zip(halves, ("photos", "targets"), strict=True)
    )
    return Pictures(photos, targets, targets)


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


def reopen(plan: TrainingPlan, folder: RunFolder) -> Pictures:
    """The pictures that were prepared.

    Raises:
        ReadError: they are missing.
    """
    root = folder.root / "pictures"
    photos = open_album(root / "photos.raw")
    targets = photos if plan.preset.target == "photo" else open_album(root / "targets.raw")
    if plan.family.pairs:
        return Pictures(photos, targets, targets)
    others = {name: open_album(root / f"other-{name}.raw") for name in plan.others}
    style = open_album(root / "style.raw") if plan.style else photos
    return Pictures(photos, targets, style, others)


def drawn(photo: Bytes) -> Bytes:
    """The drawn target of a photo."""
    return draw_target(photo, TargetStyle())


def begin(
    plan: TrainingPlan,
    folder: RunFolder,
    say: Say,
    report: Callable[[float], None] | None = None,
    first: Weights | None = None,
) -> AnyTraining:
    """Prepare a new training; ``first`` holds the weights of the style that it starts from.

    Raises:
        SengaError: the folder holds one already, or something given cannot be used.
    """
    if folder.started:
        raise SettingsError(f"“{folder.root}” holds a training already: add --resume, or give another --out.")
    encoder, settings = plan.encoder(), plan.settings()
    if first:
        say(_inherited(plan, first))
    training = _made(plan, prepare(plan, folder, say, report), encoder)
    if first:
        training.start_with(first.arrays)
    else:
        training.settle()
    folder.write_settings(settings)
    return training


def _made(plan: TrainingPlan, pictures: Pictures, encoder: Encoder | None) -> AnyTraining:
    trainer = resolve(plan.family.trainer)
    with using(plan.family.trainer):
        training: AnyTraining = trainer(plan.preset, pictures, encoder, plan.seed)
    return training


def _inherited(plan: TrainingPlan, first: Weights) -> str:
    """Whose terms the new style takes over.

    Raises:
        SettingsError: its network is another one.
    """
    card, preset = first.card, plan.preset
    width = float(card.get("width", 1))
    if preset.architecture and (card.get("architecture"), width) != (preset.architecture, preset.width):
        raise SettingsError(
            f"The style “{plan.start_from}” is an {card.get('architecture')} of width {width:g}, the training one of "
            f"{preset.architecture} of width {preset.width:g}: choose another style or --width {width:g}."
        )
    return (
        f"The new style starts from “{plan.start_from}” ({card.get('licence') or 'licence unknown'}, "
        f"{card.get('author') or 'author unknown'}): those terms come along, say so with --data-note."
    )


def resume(folder: RunFolder, family: Family) -> AnyTraining:
    """Take up a training that was begun.

    Raises:
        SengaError: there is none, or what it needs has changed.
    """
    plan = TrainingPlan.of_folder(folder, family)
    return _made(plan, reopen(plan, folder), plan.encoder())


def loop(
    training: AnyTraining,
    folder: RunFolder,
    pace: Pace,
    tell: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> Loop[Any]:
    """The loop of a training in its folder."""
    return Loop(training, folder, pace, facts=training.facts(), told=training.told, tell=tell, stopped=stopped)
