"""Procedures with typed arguments, made from the manifest; and the values of a call."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio, GObject  # noqa: E402 - after the versions are chosen

from . import colours, facts, words  # noqa: E402
from .trouble import Trouble  # noqa: E402

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
    _add_menu_entry(procedure, f"{filter_facts['title']}…", filter_facts["group"])
    procedure.set_documentation(facts.blurb(filter_facts), _help(filter_facts), procedure.get_name())
    built_in = filter_facts["origin"] == "built in"
    author = "The Senga authors" if built_in else filter_facts["origin"]
    procedure.set_attribution(author, author, "")
    settings = filter_facts["settings"]
    titles = facts.with_mnemonics([*(facts.label(setting) for setting in settings), *map(words.say, COMMON_TITLES)])
    for setting, title in zip(settings, titles):  # noqa: B905 - Python 3.9 has no strict
        add_setting(procedure, setting, title)
        if facts.kind(setting) == "picture":
            label = f"{facts.label(setting)}: {words.say('File')}"
            _add_file(procedure, facts.file_name(setting, settings), label, setting)
    add_common(procedure, titles[len(settings) :])


def _add_menu_entry(procedure: Any, label: str, group: str = "") -> None:
    procedure.set_menu_label(label)
    procedure.add_menu_path(f"{MENU}/{facts.menu_name(group)}" if group else MENU)


def _help(filter_facts: facts.Filter) -> str:
    lines = [filter_facts["summary"], ""]
    lines += [f"{facts.argument_name(setting)}: {facts.explained(setting)}" for setting in filter_facts["settings"]]
    if filter_facts["keywords"]:
        lines += ["", ", ".join(filter_facts["keywords"])]
    return "\n".join(lines)


def add_setting(procedure: Any, setting: facts.Setting, title: str) -> None:
    """One typed argument."""
    texts = (facts.argument_name(setting), title, facts.explained(setting))
    kind, default = facts.kind(setting), facts.default(setting)
    low, high = facts.bounds(setting)
    if kind == "file":
        _add_file(procedure, texts[0], title, setting)
    elif kind == "picture":
        procedure.add_drawable_argument(*texts, True, READ_WRITE)
    elif kind == "colour":
        Gegl.init(None)
        procedure.add_color_argument(*texts, True, Gegl.Color.new(default), READ_WRITE)
    elif kind == "int":
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


def _add_file(procedure: Any, name: str, title: str, setting: facts.Setting) -> None:
    default = facts.default(setting)
    file = Gio.File.new_for_path(default) if default else None
    procedure.add_file_argument(
        name, title, facts.explained(setting), Gimp.FileChooserAction.OPEN, True, file, READ_WRITE
    )


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
    """The values of a call: colours as their digits, files as their paths.

    Raises:
        Trouble: a file lies on another computer.
    """
    return {name: _plain(config.get_property(name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Gegl.Color):
        return colours.digits(*value.get_rgba())
    return path_of(value) if isinstance(value, Gio.File) else value


def path_of(file: Any) -> str:
    """Where a file lies; empty for none, which a batching plug-in hands over as a file without any name.

    Raises:
        Trouble: not on this computer.
    """
    path = file.get_path() if file is not None else ""
    if path is None and not file.get_uri():
        return ""
    if path is None:
        raise Trouble(f"{file.get_uri()} is not on this computer: copy it here first.")
    return str(path)


def names_of(filter_facts: facts.Filter) -> list[str]:
    """The arguments of a filter, in the order of the dialog."""
    return facts.names_of(filter_facts) + list(COMMON)


def _choice(choices: Any) -> Any:
    choice = Gimp.Choice.new()
    for number, (value, title, text) in enumerate(choices):
        choice.add(value, number, title, text)
    return choice
