"""The root command: sub-commands are imported when they are called, so that help answers at once."""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import logging
import sys

import click

from senga.errors import Cancelled, SengaError, SettingsError, UnknownFilterError
from senga.language import sentence, tr
from senga.output import finish
from senga.plain import plain_lines, tell

from .help_pages import speak, translated

COMMANDS = {
    "run": ("standalone.run", "Apply a filter or a recipe to pictures."),
    "batch": ("standalone.batch", "Apply a filter to folders full of pictures, with a ledger."),
    "watch": ("standalone.watch", "Apply a filter to every picture that comes into a folder."),
    "list": ("standalone.listing", "List the filters."),
    "info": ("standalone.listing", "Tell what a filter does and what can be set."),
    "models": ("standalone.models", "List, pull, import, verify and remove model weights."),
    "train": ("standalone.train", "Train a style of one's own, and export it."),
    "evaluate": ("standalone.evaluate", "Judge generated pictures: FID, KID, IS, and a table for a style."),
    "gimp": ("gimp.command", "Install the GIMP plug-in, check it, and remove it."),
    "worker": ("worker.command", "Look at the warm process that GIMP uses, and end it."),
    "plugins": ("standalone.plugins", "List, disable and enable plug-ins."),
    "doctor": ("standalone.doctor", "Check this installation and say what to do."),
    "completion": ("standalone.completion", "Print the completion script of a shell."),
}
"""Command -> module of ``senga.host_adapters`` that holds it as ``<command>_command``, and its line in the help."""

INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"senga.host_adapters.{COMMANDS[name][0]}")
        command = getattr(module, f"{name}_command")
        assert isinstance(command, click.Command)  # noqa: S101 - narrows the type
        return translated(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(tr("Commands")):
            formatter.write_dl([(name, tr(text)) for name, (_, text) in COMMANDS.items()])


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        tell(f"senga {importlib.metadata.version('senga')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """Turn photographs into anime pictures, pencil drawings and colour-pencil drawings.

    \b
    senga run sketch photo.jpg -o drawing.png
    senga run anime *.jpg -o anime/
    senga run sketch --help        lists the settings with ranges and defaults
    """  # noqa: D301 - \b is click's mark for lines to keep


def main() -> None:
    """Run the command line and exit: 0 all done, 1 some input failed, 2 usage, 130 interrupted."""
    code = _outcome()
    try:
        finish()
    except OSError as error:
        code = code or _unusable(error)
    sys.exit(code)


def _outcome() -> int:
    logging.lastResort = _Log(logging.WARNING)
    speak()
    translated(cli)
    try:
        code = cli.main(prog_name="senga", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Cancelled):
        return INTERRUPTED
    except SengaError as error:
        tell(f"senga: {sentence(str(error))}", err=True)
        return 2 if isinstance(error, SettingsError | UnknownFilterError) else 1
    except OSError as error:
        return _unusable(error)
    return code if isinstance(code, int) else 0


class _Log(logging.Handler):
    """What a reader warns of, on standard error, as long as nobody else handles it."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(f"senga: {record.getMessage()}", err=True)


def _show(error: click.ClickException) -> None:
    """A wrong usage as click tells it, but plain: it quotes what was typed."""
    told = io.StringIO()
    error.show(told)
    tell(*plain_lines(told.getvalue()), err=True)


def _unusable(error: OSError) -> int:
    """Tell of a file, or of standard output, that cannot be used; nothing when nobody reads any more."""
    if not isinstance(error, BrokenPipeError):
        text = tr("{file} cannot be used: {reason}.")
        file = error.filename or tr("standard output")
        tell(f"senga: {text.format(file=file, reason=error.strerror or error)}", err=True)
    return 1
