"""``senga evaluate``: judge generated pictures, as sets (FID, KID, IS) or drawing by drawing."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from senga.plain import plain, tell, tell_row

if TYPE_CHECKING:
    from senga.job import Device, Engine, Job
    from senga.neural.evaluation.measures import Reading, Score
    from senga.neural.evaluation.style import Figures

DEVICES = ("auto", "cpu", "gpu", "cuda", "directml", "coreml", "ascend")
ENGINES = ("auto", "mindspore", "onnx", "openvino")

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
device = click.option(
    "--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where the network runs.",
)  # fmt: skip
engine = click.option(
    "--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
    help="What networks run on; auto is the fastest one that is installed.",
)  # fmt: skip
seed = click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=2020, show_default=True, help="Of the draw.")

PICTURES = click.Path(exists=False, path_type=Path)


def reading_options(command: Command) -> Command:
    """The options of all measures that need InceptionV3."""
    for option in reversed((
        click.option("--weights", type=PICTURES, help="InceptionV3 weights of FID: .pth, .safetensors or .npz."),
        click.option("--convention", type=click.Choice(["torch-fidelity", "pytorch-fid"]), default="torch-fidelity",
                     show_default=True, help="How pictures are resized: whose figures to compare with."),
        click.option("--batch", type=click.IntRange(1, 256), default=8, show_default=True, help="Pictures at a time."),
        device,
        engine,
        as_json,
    )):  # fmt: skip
        command = option(command)
    return command


@click.group("evaluate")
def evaluate_command() -> None:
    """Judge generated pictures.

    REAL and GENERATED are folders, or .txt files with one picture a line.

    \b
    senga evaluate kid style-set/ drawings/     how near are the drawings to the style? (100 pictures and more)
    senga evaluate style photos/ drawings/      contours, colours, contrast of each drawing against its photo
    """  # noqa: D301 - \b is click's mark for lines to keep


@evaluate_command.command("fid", short_help="Fréchet Inception Distance of two large sets.")
@click.argument("real", type=PICTURES)
@click.argument("generated", type=PICTURES)
@reading_options
def fid_command(real: Path, generated: Path, as_json: bool, **options: Any) -> None:
    """Fréchet Inception Distance: 0 is equal; needs 2049 pictures on each side, or equal numbers to compare."""
    from senga.neural.evaluation.measures import fid
    from senga.neural.evaluation.sources import pictures_of

    sides = pictures_of(real), pictures_of(generated)
    reading = _reading(options)
    with _job(options) as job:
        score = fid(*sides, reading, job)
    _tell(score, as_json)


@evaluate_command.command("kid", short_help="Kernel Inception Distance of two sets.")
@click.argument("real", type=PICTURES)
@click.argument("generated", type=PICTURES)
@click.option("--subsets", type=click.IntRange(1), default=100, show_default=True, help="How many are drawn.")
@click.option("--subset-size", type=click.IntRange(2), default=1000, show_default=True, help="Pictures in each.")
@seed
@reading_options
def kid_command(
    real: Path, generated: Path, subsets: int, subset_size: int, seed: int, as_json: bool, **options: Any
) -> None:
    """Kernel Inception Distance: 0 is equal; fair with few pictures too, useful from about 100."""
    from senga.neural.evaluation.measures import kid
    from senga.neural.evaluation.sources import pictures_of

    sides = pictures_of(real), pictures_of(generated)
    reading = _reading(options)
    with _job(options) as job:
        score = kid(*sides, reading, job, subsets=subsets, size=subset_size, seed=seed)
    _tell(score, as_json)


@evaluate_command.command("is", short_help="Inception Score of one large set.")
@click.argument("generated", type=PICTURES)
@click.option(
    "--splits", type=click.IntRange(1), default=10, show_default=True, help="Parts the pictures are cut into."
)
@seed
@reading_options
def is_command(generated: Path, splits: int, seed: int, as_json: bool, **options: Any) -> None:
    """Inception Score: 1 and more, larger is clearer and more varied; thousands of pictures, and nothing of style."""
    from senga.neural.evaluation.measures import class_score
    from senga.neural.evaluation.sources import pictures_of

    pictures = pictures_of(generated)
    reading = _reading(options)
    with _job(options) as job:
        score = class_score(pictures, reading, job, splits=splits, seed=seed)
    _tell(score, as_json)


@evaluate_command.command("style", short_help="Compare drawings with their photos.")
@click.argument("photos", type=PICTURES)
@click.argument("stylised", type=PICTURES)
@click.option("--weights", type=PICTURES, multiple=True, metavar="FILE", help="Weights of LPIPS: SqueezeNet's file, "
              "and again for the file of the layers on top.")  # fmt: skip
@click.option("--size", type=click.IntRange(64, 4096), default=512, show_default=True, help="Long side to compare at.")
@device
@engine
@as_json
def style_command(
    photos: Path, stylised: Path, weights: tuple[Path, ...], size: int, device: Device, engine: Engine, as_json: bool
) -> None:
    """Compare drawings with their photos: contours, colours, contrast, flat areas, and LPIPS where weights are given.

    Drawings are named after their photos, as lake.png or lake-anime.png for lake.jpg.
    """
    from senga.neural.evaluation.lpips import load
    from senga.neural.evaluation.sources import pairs_of
    from senga.neural.evaluation.style import judge

    pairs = pairs_of(photos, stylised)
    perceptual = load(weights, device, engine=engine) if weights else None
    with _job({"device": device}) as job:
        found = judge(pairs, job, long_side=size, perceptual=perceptual)
    _tell_style([drawing.name for _, drawing in pairs], found, as_json)


def _reading(options: dict[str, Any]) -> Reading:
    """The network, after the folders were found to be there."""
    from senga.neural.evaluation.inception import load
    from senga.neural.evaluation.measures import Reading
    from senga.neural.evaluation.preparation import Convention

    network = load(options["weights"], options["device"], engine=options["engine"])
    return Reading(network, Convention(options["convention"]), options["batch"])


@contextmanager
def _job(options: dict[str, Any]) -> Iterator[Job]:
    """A job with a progress bar on a terminal."""
    from senga.job import Job

    if not sys.stderr.isatty():
        yield Job(device=options["device"])
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=1.0)
        yield Job(
            lambda share, note: bars.update(task, completed=share, description=plain(note)), device=options["device"]
        )


def _tell(score: Score, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_finite(asdict(score))))
        return
    spread = "" if score.spread is None else f" ± {score.spread:.4g}"
    sides = f"{score.real} real, {score.generated} generated" if score.real else f"{score.generated} generated"
    tell(f"{score.measure.upper()} {score.value:.6g}{spread}  ({sides}; {score.convention})")
    for note in score.notes:
        tell(f"senga: {note}", err=True)


def _tell_style(names: list[str], found: list[Figures], as_json: bool) -> None:
    from senga.neural.evaluation.style import mean_figures

    mean = mean_figures(found)
    if as_json:
        pictures = [{"picture": name, **asdict(each)} for name, each in zip(names, found, strict=True)]
        click.echo(json.dumps({"mean": asdict(mean), "pictures": pictures}))
        return
    rows = [*zip(names, found, strict=True), *([("mean", mean)] if len(found) > 1 else [])]
    heads = {name: name.replace("_", " ") for name, value in asdict(mean).items() if value is not None}
    if sys.stdout is not None and sys.stdout.isatty():
        _print_table(heads, rows)
        return
    tell_row("picture", *heads.values())
    for name, each in rows:
        tell_row(name, *(_number(getattr(each, head)) for head in heads))


def _print_table(heads: dict[str, str], rows: list[tuple[str, Figures]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("picture", box=None, header_style="bold", pad_edge=False)
    for head in heads.values():
        table.add_column(head, justify="right")
    for name, each in rows:
        table.add_row(plain(name), *(_number(getattr(each, head)) for head in heads))
    Console(highlight=False, markup=False, emoji=False).print(table)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in facts.items()}
