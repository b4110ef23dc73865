"""Procedures with typed arguments, made from the manifest; and the values of a call."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GObject  # noqa: E402 - after the version is chosen

from . import facts, words  # noqa: E402

MENU = "<Image>/Filters/Senga"
READ_WRITE = GObject.ParamFlags.READWRITE
COMMON = ("output", "strength", "keep-colors")
COMMON_TITLES = ("Result", "Strength", "Keep the original colours")
OUTPUTS = (
    ("in-place", "Change the layer"),
    ("new-layer", "New layer above"),
    ("new-image", "New image"),
)
"""Where a result goes; the selection becomes the mask of a new layer."""


def make_procedure(plug_in: Any, name: str, run: Any, data: Any) -> Any:
    """An image procedure, yet without texts and settings of its own."""
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, data)
    procedure.set_image_types("RGB*, GRAY*, INDEXED*")
    procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE | Gimp.ProcedureSensitivityMask.DRAWABLES)
    return procedure


def add_filter(procedure: Any, filter_facts: facts.Filter) -> None:
    """Menu entry, texts and arguments of a filter."""
    _add_menu_entry(procedure, f"{filter_facts['title']}…")
    procedure.set_documentation(filter_facts["summary"], _help(filter_facts), procedure.get_name())
    built_in = filter_facts["origin"] == "built in"
    author = "The Senga authors" if built_in else filter_facts["origin"]
    procedure.set_attribution(author, author, "")
    settings = filter_facts["settings"]
    titles = facts.with_mnemonics([*(facts.label(setting) for setting in settings), *map(words.say, COMMON_TITLES)])
    for setting, title in zip(settings, titles):  # noqa: B905 - Python 3.9 has no strict
        add_setting(procedure, setting, title)
    add_common(procedure, titles[len(settings) :])


def _add_menu_entry(procedure: Any, label: str) -> None:
    procedure.set_menu_label(label)
    procedure.add_menu_path(MENU)


def _help(filter_facts: facts.Filter) -> str:
    lines = [filter_facts["summary"], ""]
    lines += [f"{facts.argument_name(setting)}: {setting['text']}" for setting in filter_facts["settings"]]
    return "\n".join(lines)


def add_setting(procedure: Any, setting: facts.Setting, title: str) -> None:
    """One typed argument."""
    texts = (facts.argument_name(setting), title, setting["text"])
    kind, default = facts.kind(setting), facts.default(setting)
    low, high = facts.bounds(setting)
    if kind == "int":
        procedure.add_int_argument(*texts, int(low), int(high), default, READ_WRITE)
    elif kind == "float":
        procedure.add_double_argument(*texts, float(low), float(high), default, READ_WRITE)
    elif kind == "bool":
        procedure.add_boolean_argument(*texts, default, READ_WRITE)
    elif kind == "choice":
        choices = [(value, label, "") for value, label in facts.choices(setting)]
        procedure.add_choice_argument(*texts, _choice(choices), default, READ_WRITE)
    else:
        procedure.add_string_argument(*texts, default, READ_WRITE)


def add_common(procedure: Any, titles: list[str]) -> None:
    """What every filter gets: where the result goes, and how it meets the original."""
    text = words.say(
        "Where the result goes; animations and other sizes become a new image, separate layers a group above."
    )
    places = _choice([(value, words.say(title), "") for value, title in OUTPUTS])
    procedure.add_choice_argument("output", titles[0], text, places, "in-place", READ_WRITE)
    share = words.say("0 keeps the picture, 1 is the filter's result.")
    procedure.add_double_argument("strength", titles[1], share, 0.0, 1.0, 1.0, READ_WRITE)
    lightness = words.say("Only the lightness changes.")
    procedure.add_boolean_argument("keep-colors", titles[2], lightness, False, READ_WRITE)
    made = words.say("The new image, if one was made.")
    procedure.add_image_return_value("result", words.say("Result"), made, True, READ_WRITE)


def add_recipe(procedure: Any) -> None:
    """The arguments of “Run recipe”."""
    _add_menu_entry(procedure, f"{words.say('Run recipe')}…")
    help_text = words.say(
        "Applies the filters of a recipe one after the other: a TOML file as “senga run --recipe” takes it."
    )
    procedure.set_documentation(words.say("Apply a recipe: a chain of filters"), help_text, procedure.get_name())
    procedure.set_attribution("The Senga authors", "The Senga authors", "")
    action = Gimp.FileChooserAction.OPEN
    titles = facts.with_mnemonics([words.say(title) for title in ("Recipe", *COMMON_TITLES)])
    procedure.add_file_argument("recipe", titles[0], words.say("A TOML file."), action, True, None, READ_WRITE)
    add_common(procedure, titles[1:])


def values(config: Any, names: list[str]) -> dict[str, Any]:
    """The values of a call."""
    return {name: config.get_property(name) for name in names}


def names_of(filter_facts: facts.Filter) -> list[str]:
    """The arguments of a filter, in the order of the dialog."""
    return [facts.argument_name(setting) for setting in filter_facts["settings"]] + list(COMMON)


def _choice(choices: Any) -> Any:
    choice = Gimp.Choice.new()
    for number, (value, title, text) in enumerate(choices):
        choice.add(value, number, title, text)
    return choice
