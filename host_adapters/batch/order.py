"""What a batch is asked for, as plain data: it goes to the ledger, and whoever goes on later takes it from there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from senga.errors import SettingsError
from senga.recipe import Recipe

from .inputs import Choice
from .invocation import Invocation

_PLACE = "{"
_OF_ONE_RUN = ("inputs", "as_json", "save_recipe", "output")
"""Options that say nothing of later runs, or stand in the order."""


@dataclass(frozen=True)
class Order:
    """What a batch is asked for, as plain data beside the invocation.

    Attributes:
        inputs: folders, files, patterns, or ``-`` for a list through standard input.
        output: the folder of the results, or a template that begins with it.
        choice: which files are taken.
        resume: results of earlier runs count even with ``--overwrite replace``.
        fail_fast: stop at the first input that fails.
        limit: work on so many inputs at most.
        pictured: small pictures are wanted for a report.
        written: further files that are written, with what they are.
        alone: paint in this process, one after another.
        backend: who does it.
        scheduler: where that is found.
        send: pictures and results go over the network, rather than lying in folders that all see.
        jobs: pictures in work at the same time on a back end that is not of this machine; 0 leaves it to that.
    """

    inputs: tuple[str, ...]
    output: str
    choice: Choice = field(default_factory=Choice)
    resume: bool = False
    fail_fast: bool = False
    limit: int | None = None
    pictured: bool = False
    written: tuple[tuple[str, Path], ...] = ()
    alone: bool = False
    backend: str = "local"
    scheduler: str = ""
    send: bool = False
    jobs: int = 0


def split_template(output: str) -> tuple[Path, str]:
    """The folder of all results, and the template of their names in it."""
    if _PLACE not in output or Path(output).is_dir():
        return Path(output), "{folder}/{stem}{ext}"
    head, _, _ = output.partition(_PLACE)
    folder, slash, _ = head.rpartition("/")
    return Path(folder or slash or "."), output[len(folder + slash) :]


def told(invocation: Invocation, order: Order) -> str:
    """All that is needed to go on elsewhere and later, as JSON.

    Raises:
        SettingsError: a setting holds a picture that is no file.
    """
    folder = invocation.recipe.folder
    try:
        recipe = invocation.recipe.toml()
    except (TypeError, ValueError) as error:
        raise SettingsError("Second pictures of a batch must be files: save them, and give their paths.") from error
    options = {name: value for name, value in invocation.options.items() if name not in _OF_ONE_RUN}
    data = {
        "recipe": recipe,
        "folder": None if folder is None else str(folder.absolute()),
        "name": invocation.name,
        "options": options,
        "working_folder": os.getcwd(),  # noqa: PTH109 - as text
        "inputs": order.inputs,
        "template": split_template(order.output)[1],
        "choice": asdict(order.choice),
    }
    return json.dumps(data, default=str)


def retold(text: str, folder: Path) -> tuple[Invocation, Order]:
    """What ``told`` told of a folder of results; paths are seen from where it was said.

    Raises:
        SettingsError: it is damaged, or the folder is gone.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        output = f"{folder.absolute()}/{data['template']}"
        recipe = Recipe.parse(data["recipe"]).at(Path(data["folder"]) if data["folder"] else None)
        options = {**data["options"], "inputs": (), "as_json": False, "save_recipe": None, "output": output}
        choice = Choice(
            tuple(data["choice"]["include"]),
            tuple(data["choice"]["exclude"]),
            data["choice"]["since"],
            Path(data["choice"]["base"]) if data["choice"]["base"] else None,
        )
        os.chdir(data["working_folder"])
        order = Order(tuple(data["inputs"]), output, choice, resume=True)
        return Invocation(recipe, data["name"], options), order
    except OSError as error:
        where = f"The folder “{data['working_folder']}”, in which the batch was begun,"
        raise SettingsError(f"{where} cannot be used: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        text = "What the ledger tells of the batch is damaged: give its inputs and filter anew."
        raise SettingsError(text) from error
