# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Procedures with typed arguments, made from the manifest; and the values of a call."""

from __future__ import absolute_import, division, unicode_literals

import math

import gimpfu

from . import colours, facts
from .words import Trouble, native, plain, say

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Dict, Iterator, List, Sequence, Tuple

    Parameter = Tuple[Any, ...]
    Described = Tuple[str, str]

MENU = "<Image>/Filters/Senga"
ALL_SETTINGS = MENU + "/All settings"
OUTPUTS = ("in-place", "new-layer", "new-image")
_OUTPUT_TITLES = ("Change the layer", "New layer above", "New image")
PICTURE = (
    (gimpfu.PF_IMAGE, native("image"), native("Input image"), None),
    (gimpfu.PF_DRAWABLE, native("drawable"), native("Input drawable"), None),
)
RESULTS = ((gimpfu.PF_IMAGE, native("result"), native("The new image, if one was made")),)


def of_settings(settings, described):
    # type: (Sequence[facts.Setting], bool) -> List[Parameter]
    """The arguments of a filter: its settings, and what every filter gets.

    Args:
        settings: of the filter.
        described: explain each argument, for the procedure browser; gimpfu's dialog wants short labels instead.
    """
    parameters = []  # type: List[Parameter]
    for setting in settings:
        parameters.append(_of_setting(setting, described))
        if facts.kind(setting) == "picture":
            parameters.append(_of_file(facts.file_name(setting, settings), setting, described))
    return parameters + common(described)


def common(described):
    # type: (bool) -> List[Parameter]
    """Where the result goes, and how it meets the original."""
    output = _words("output", (say("Result"), "Where the result goes" + _numbered(OUTPUTS)), described)
    strength = _words("strength", (say("Strength"), "0 keeps the picture, 1 is the filter's result"), described)
    colors = _words("keep-colors", (say("Keep the original colours"), "Only the lightness changes"), described)
    titles = tuple(native(say(title)) for title in _OUTPUT_TITLES)
    return [
        (gimpfu.PF_OPTION,) + output + (0, titles),
        (gimpfu.PF_SLIDER,) + strength + (1.0, (0.0, 1.0, 0.01)),
        (gimpfu.PF_TOGGLE,) + colors + (False,),
    ]


def of_recipe(described):
    # type: (bool) -> List[Parameter]
    """The arguments of “Run recipe”."""
    file = _words("recipe", (say("Recipe"), "A TOML file, as “senga run --recipe” takes it"), described)
    return [(gimpfu.PF_FILE,) + file + (native(""),)] + common(described)


def _of_setting(setting, described):
    # type: (facts.Setting, bool) -> Parameter
    kind, default = facts.kind(setting), facts.default(setting)
    note = _numbered(setting["choices"]) if kind == "choice" else ""
    name = facts.argument_name(setting)
    words = _words(name, (facts.label(setting), facts.explained(setting) + note), described)
    if kind == "file":
        return _of_file(name, setting, described)
    if kind == "picture":
        return (gimpfu.PF_DRAWABLE,) + words + (None,)
    if kind == "colour":
        return (gimpfu.PF_COLOR,) + words + (colours.parts(default),)
    if kind == "choice":
        titles = tuple(native(title) for title in facts.titles(setting))
        return (gimpfu.PF_OPTION,) + words + (setting["choices"].index(default), titles)
    if kind == "bool":
        return (gimpfu.PF_TOGGLE,) + words + (bool(default),)
    if kind == "int":
        low, high = facts.bounds(setting)
        return (gimpfu.PF_SPINNER,) + words + (int(default), (int(low), int(high), 1))
    if kind == "float":
        return _of_float(words, float(default), facts.bounds(setting))
    return _of_text(words, default, setting.get("suggestions") or [])


def _of_file(name, setting, described):
    # type: (str, facts.Setting, bool) -> Parameter
    label = facts.label(setting)
    if facts.kind(setting) == "picture":
        label = "{}: {}".format(label, say("File"))
    words = _words(name, (label, facts.explained(setting)), described)
    return (gimpfu.PF_FILE,) + words + (native(facts.default(setting)),)


def _of_float(words, default, bounds):
    # type: (Tuple[str, str], float, Tuple[float, float]) -> Parameter
    low, high = (float(bound) for bound in bounds)
    if high - low > 20000:
        return (gimpfu.PF_FLOAT,) + words + (default,)
    return (gimpfu.PF_SLIDER,) + words + (default, (low, high, _step(high - low, (default, low, high))))


def _step(extent, values):
    # type: (float, Sequence[float]) -> float
    """A hundredth or less of the extent, a power of ten; gimpfu rounds values to it, so it must fit these."""
    digits = max(0, -int(math.floor(math.log10(max(extent, 1e-6) / 100))))
    while digits < 6 and any(abs(round(value, digits) - value) > 1e-9 for value in values):
        digits += 1
    return float(10**-digits)


def _of_text(words, default, suggestions):
    # type: (Tuple[str, str], str, Sequence[Sequence[str]]) -> Parameter
    if not suggestions:
        return (gimpfu.PF_STRING,) + words + (native(default),)
    items = [(native(title), native(value)) for value, title in suggestions]
    if native(default) not in [value for _, value in items]:
        items.insert(0, (native(default or "–"), native(default)))
    return (gimpfu.PF_RADIO,) + words + (native(default), tuple(items))


def _words(name, texts, described):
    # type: (str, Described, bool) -> Tuple[str, str]
    """Name and description; an underscore in a label would mark a letter for Alt."""
    return native(name), native(texts[described].replace("_", " "))


def _numbered(choices):
    # type: (Sequence[str]) -> str
    numbered = ", ".join("{} = {}".format(number, choice) for number, choice in enumerate(choices))
    return " ({})".format(numbered)


def order(filter_facts, settings, values):
    # type: (facts.Filter, Sequence[facts.Setting], Sequence[Any]) -> Dict[str, Any]
    """What the worker is asked to do, given the values of the settings and of the common arguments.

    Raises:
        Trouble: a value is none of the choices.
    """
    given = {}  # type: Dict[str, Any]
    for setting, value, file in _each(settings, values):
        if facts.kind(setting) == "picture":  # the file counts where there is no drawable
            if value is None and plain(file):
                given[setting["name"]] = plain(file)
        elif not (setting["optional"] and value in (None, "", b"")):
            given[setting["name"]] = _value(setting, value)
    return dict(blend(values[-3:]), filter=filter_facts["name"], settings=given)


def drawables(settings, values):
    # type: (Sequence[facts.Setting], Sequence[Any]) -> List[Tuple[facts.Setting, Any]]
    """The second pictures that are drawables, each with its setting."""
    found = [(setting, value) for setting, value, _ in _each(settings, values) if facts.kind(setting) == "picture"]
    return [(setting, drawable) for setting, drawable in found if drawable is not None]


def _each(settings, values):
    # type: (Sequence[facts.Setting], Sequence[Any]) -> Iterator[Tuple[facts.Setting, Any, Any]]
    """Every setting with its value, and with the file of a second picture."""
    left = iter(values)
    for setting in settings:
        value = next(left)
        yield setting, value, next(left) if facts.kind(setting) == "picture" else None


def blend(values):
    # type: (Sequence[Any]) -> Dict[str, Any]
    """How the result meets the original, for the worker."""
    return {"strength": float(values[1]), "keep_colors": bool(values[2])}


def output(values):
    # type: (Sequence[Any]) -> str
    """Where the result goes."""
    return chosen("output", OUTPUTS, values[0])


def _value(setting, value):
    # type: (facts.Setting, Any) -> Any
    kind = facts.kind(setting)
    if kind == "choice":
        return chosen(setting["name"], setting["choices"], value)
    if kind == "colour":
        return colours.digits(value)
    if kind == "int":
        return int(round(value))
    if kind == "float":
        return float(value)
    return bool(value) if kind == "bool" else plain(value)


def chosen(name, choices, number):
    # type: (str, Sequence[str], int) -> str
    """The choice of this number.

    Raises:
        Trouble: there is none.
    """
    if not 0 <= number < len(choices):
        raise Trouble("“{}” is {}, but must be one of{}.".format(name, number, _numbered(choices)))
    return choices[number]
