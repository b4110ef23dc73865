# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""What is known of the filters without asking Senga: the manifest that ``senga gimp install`` wrote."""

from __future__ import absolute_import, division, unicode_literals

import io
import json
import os

try:
    from urllib import quote  # type: ignore[attr-defined]
except ImportError:  # a Python 3 that checks this
    from urllib.parse import quote

from .words import Trouble, native, plain, spoken

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Dict, List, Optional, Sequence, Tuple

    Setting = Dict[str, Any]
    Filter = Dict[str, Any]

FORMAT = 1
_RESERVED = ("run-mode", "image", "drawable", "output", "strength", "keep-colors")
PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), str("manifest.json"))


def help_address():
    # type: () -> str
    """Where our pages lie, as GIMP's help wants to know it."""
    folder = os.path.join(os.path.dirname(PATH), str("help")).replace(os.sep, str("/"))
    quoted = quote(native(plain(folder)))
    return "file://{}{}".format("" if quoted.startswith("/") else "/", quoted)


def read_manifest():
    # type: () -> Dict[str, Any]
    """The manifest.

    Raises:
        Trouble: it is missing, damaged or of another version of the plug-in.
    """
    try:
        with io.open(PATH, encoding="utf-8") as file:
            manifest = json.load(file)
        if manifest["format"] != FORMAT:
            raise ValueError("it is of another version")
    except (IOError, OSError, ValueError, TypeError, KeyError) as error:
        raise Trouble(
            "The list of Senga's filters cannot be used ({}): run “senga gimp install” again.".format(spoken(error))
        )
    return dict(manifest)


def speak(manifest, languages):
    # type: (Dict[str, Any], List[str]) -> Dict[str, Any]
    """The manifest with its texts in the first of these languages that it has; ``words`` are then our own.

    Args:
        manifest: as it was read.
        languages: names such as ``ja_JP.UTF-8``, ``ja_JP``, ``ja``, best first.
    """
    for name in languages:
        if name in ("C", "POSIX") or name.split("_")[0] == "en":
            break
        if name in manifest.get("words", {}):
            filters = [_translated(one, one["translated"].get(name)) for one in manifest["filters"]]
            return dict(manifest, filters=filters, words=manifest["words"][name])
    return dict(manifest, words={})


def _translated(one, texts):
    # type: (Filter, Optional[Dict[str, Any]]) -> Filter
    if texts is None:
        return one
    settings = [dict(setting, **_keywords(texts["settings"].get(setting["name"], {}))) for setting in one["settings"]]
    return dict(dict(one, **_keywords(texts)), settings=settings)


def _keywords(texts):
    # type: (Dict[str, Any]) -> Dict[str, Any]
    return {native(name): text for name, text in texts.items()}


def languages():
    # type: () -> List[str]
    """The languages that the painter reads, best first; GIMP tells its own in LANGUAGE."""
    variables = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    found = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    names = []  # type: List[str]
    for name in plain(found).split(":"):
        whole = name.split(".")[0].split("@")[0]
        names += [whole, whole.split("_")[0]]
    return names


def argument_name(setting):
    # type: (Setting) -> str
    """The name of the argument that carries a setting; our own names are not taken."""
    name = setting["name"].replace("_", "-")
    return "setting-" + name if name in _RESERVED else str(name)


def main_settings(facts):
    # type: (Filter) -> List[Setting]
    """The settings that most pictures need."""
    return [setting for setting in facts["settings"] if not setting["advanced"]]


def kind(setting):
    # type: (Setting) -> str
    """The kind of argument; what GIMP has none for travels as text, as it is typed."""
    return str(setting["argument"])


def default(setting):
    # type: (Setting) -> Any
    """The default as the argument's type wants it; of a colour its digits, of a file its path."""
    if kind(setting) in ("int", "float", "bool", "choice"):
        return setting["default"]
    return setting["typed"]


def file_name(setting, settings):
    # type: (Setting, Sequence[Setting]) -> str
    """The name of the argument that carries the file of a second picture, which may be a drawable too."""
    name = argument_name(setting) + "-file"
    return name + "-of-picture" if name in [argument_name(one) for one in settings] else name


def explained(setting):
    # type: (Setting) -> str
    """What a setting is, and for what is typed how that looks."""
    text = setting["text"].rstrip(".")
    form = {"points": "0.25,0.5; 0.75,0.5", "list": "1, 2, 3"}.get(setting["kind"])
    return "{} ({})".format(text, setting["typed"] or form) if form else str(text)


def blurb(facts):
    # type: (Filter) -> str
    """One line of a filter with the words by which it may be looked for: GIMP searches it."""
    words = ", ".join(facts["keywords"])
    return "{} ({})".format(facts["summary"], words) if words else str(facts["summary"])


def menu_name(group):
    # type: (str) -> str
    """A group as the part of a path through menus; an underscore would mark a letter."""
    return group.replace("/", "∕").replace("_", " ")  # noqa: RUF001 - a slash that GIMP does not take for one


def bounds(setting):
    # type: (Setting) -> Tuple[float, float]
    """Least and greatest value of a number, within what GIMP can carry."""
    far = 2**31 - 1 if kind(setting) == "int" else 1e9
    low, high = setting["minimum"], setting["maximum"]
    return (-far if low is None else max(low, -far)), (far if high is None else min(high, far))


def label(setting):
    # type: (Setting) -> str
    """What the dialog writes beside a setting: its label, or its name as words, and the unit."""
    unit = " ({})".format(setting["unit"]) if setting["unit"] else ""
    return (setting.get("label") or sentence(setting["name"])) + unit


def titles(setting):
    # type: (Setting) -> List[str]
    """What the dialog calls the choices of a setting."""
    return list(setting.get("labels") or [sentence(choice) for choice in setting["choices"]])


def sentence(name):
    # type: (str) -> str
    """A name as words."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
