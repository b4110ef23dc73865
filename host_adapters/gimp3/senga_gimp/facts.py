"""What is known of the filters without asking Senga: the manifest that ``senga gimp install`` wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FORMAT = 1
PATH = Path(__file__).resolve().parent.parent / "manifest.json"

LOST = "#00000000"
"""What a colour is in a call that does not give it: GIMP 3.0 forgets the defaults of colours on their way."""
NOTHING = "none"
"""An empty text among the values of a choice: GIMP 3.0 crashes over one without a name at its next start."""
_RESERVED = {"run-mode", "image", "drawables", "procedure", "output", "strength", "keep-colors", "recipe", "result"}

Setting = dict[str, Any]
Filter = dict[str, Any]


def read_manifest(path: Path = PATH) -> dict[str, Any]:
    """The manifest.

    Raises:
        ValueError: it is missing, damaged or of another version of the plug-in.
    """
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{path} is of another version")
    return manifest


def speak(manifest: dict[str, Any], languages: list[str]) -> dict[str, Any]:
    """The manifest with its texts in the first of these languages that it has; ``words`` are then our own.

    Args:
        manifest: as it was read.
        languages: names such as ``ja_JP.UTF-8``, ``ja_JP``, ``ja``, best first.
    """
    for name in languages:
        if name in ("C", "POSIX") or name.split("_")[0] == "en":
            break
        if name in manifest["words"]:
            filters = [_translated(one, one["translated"].get(name)) for one in manifest["filters"]]
            return {**manifest, "filters": filters, "words": manifest["words"][name]}
    return {**manifest, "words": {}}


def _translated(one: Filter, texts: dict[str, Any] | None) -> Filter:
    if texts is None:
        return one
    settings = [{**setting, **texts["settings"].get(setting["name"], {})} for setting in one["settings"]]
    return {**one, **texts, "settings": settings}


def procedure_name(filter_name: str) -> str:
    """The name of a filter's procedure in GIMP's procedure browser."""
    return f"senga-{filter_name}"


def argument_name(setting: Setting) -> str:
    """The name of the argument that carries a setting; GIMP's and our own names are not taken."""
    name = re.sub(r"[^a-zA-Z0-9-]", "-", setting["name"])
    return f"setting-{name}" if name in _RESERVED else name


def blurb(facts: Filter) -> str:
    """One line of a filter with the words by which it may be looked for: GIMP searches it."""
    return f"{facts['summary']} ({', '.join(facts['keywords'])})" if facts["keywords"] else str(facts["summary"])


def menu_name(group: str) -> str:
    """A group as the part of a path through menus; an underscore would mark a letter."""
    return group.replace("/", "∕").replace("_", " ")


def label(setting: Setting) -> str:
    """What the dialog writes beside a setting: its label and the unit."""
    return f"{setting['label']} ({setting['unit']})" if setting["unit"] else str(setting["label"])


def with_mnemonics(labels: list[str]) -> list[str]:
    """Labels with an underscore before the letter that reaches them with Alt; GIMP's buttons keep theirs."""
    taken = set("chlorsf")
    marked = []
    for text in labels:
        place = next((i for i, letter in enumerate(text.lower()) if letter.isalpha() and letter not in taken), None)
        if place is not None:
            taken.add(text[place].lower())
        marked.append(text if place is None else f"{text[:place]}_{text[place:]}")
    return marked


def file_name(setting: Setting, settings: list[Setting]) -> str:
    """The name of the argument that carries the file of a second picture, which may be a drawable too."""
    name = f"{argument_name(setting)}-file"
    return f"{name}-of-picture" if name in map(argument_name, settings) else name


def names_of(filter_facts: Filter) -> list[str]:
    """The arguments of a filter's settings, in the order of the dialog."""
    names = []
    for setting in filter_facts["settings"]:
        names.append(argument_name(setting))
        if kind(setting) == "picture":
            names.append(file_name(setting, filter_facts["settings"]))
    return names


def explained(setting: Setting) -> str:
    """What a setting is, and for what is typed how that looks."""
    form = {"points": "0.25,0.5; 0.75,0.5", "list": "1, 2, 3"}.get(setting["kind"])
    return f"{setting['text']} ({setting['typed'] or form})" if form else str(setting["text"])


def kind(setting: Setting) -> str:
    """The kind of argument; what GIMP has none for travels as text, as it is typed.

    Styles and brushes are a choice, so that every dialog, other plug-ins' too, shows their titles.
    """
    if setting["argument"] == "text" and setting.get("suggestions"):
        return "choice"
    return str(setting["argument"])


def default(setting: Setting) -> Any:
    """The default as the argument's type wants it; of a colour its digits, of a file its path."""
    value = setting["default"]
    if kind(setting) == "choice":
        return (setting["typed"] if setting["argument"] == "text" else value) or NOTHING
    if setting["argument"] not in ("int", "float", "bool"):
        return str(setting["typed"])
    return {"int": int, "float": float, "bool": bool}[kind(setting)](value)


def choices(setting: Setting) -> list[tuple[str, str]]:
    """The values of a choice, each with its label; an empty text is called `NOTHING`."""
    if setting["argument"] == "choice":
        known = list(zip(setting["choices"], setting["labels"]))  # noqa: B905 - Python 3.9 has no strict
        return [(value or NOTHING, label) for value, label in known]
    known = [(value or NOTHING, title) for value, title in setting["suggestions"]]
    first = default(setting)
    return known if first in dict(known) else [(first, "–" if first == NOTHING else first), *known]


def thumbnails(setting: Setting) -> dict[str, Path]:
    """The values of a choice that have a small picture, each with its file."""
    return {value: PATH.parent / name for value, name in setting.get("pictures", {}).items()}


def bounds(setting: Setting) -> tuple[float, float]:
    """Least and greatest value of a number, within what GIMP can carry."""
    far = 2**31 - 1 if kind(setting) == "int" else 1e9
    low, high = setting["minimum"], setting["maximum"]
    return (-far if low is None else max(low, -far)), (far if high is None else min(high, far))


def is_sliding(setting: Setting) -> bool:
    """Whether a slider helps: a number between two bounds that are not too far from each other."""
    low, high = bounds(setting)
    return kind(setting) in ("int", "float") and setting["kind"] != "seed" and high - low <= 20000


def order(facts: Filter, values: dict[str, Any]) -> dict[str, Any]:
    """What the worker is asked to do: the filter with the values of its arguments.

    Args:
        facts: of the filter.
        values: argument name -> value, with ``strength`` and ``keep-colors`` among them; colours as their digits, files
            as paths, drawables as they are: those go to the worker as canvases.
    """
    settings = {}
    for setting in facts["settings"]:
        value = _value(setting, facts["settings"], values)
        if value != "" or not (setting["optional"] or kind(setting) == "picture"):
            settings[setting["name"]] = value
    return {
        "filter": facts["name"],
        "settings": settings,
        "strength": values["strength"],
        "keep_colors": values["keep-colors"],
    }


def _value(setting: Setting, settings: list[Setting], values: dict[str, Any]) -> Any:
    value = values[argument_name(setting)]
    if kind(setting) == "picture":  # the file counts where there is no drawable
        value = "" if value else values.get(file_name(setting, settings))
    if kind(setting) == "colour" and value == LOST:
        return default(setting)
    if kind(setting) == "choice" and value == NOTHING:
        return ""
    if kind(setting) in ("text", "colour", "file", "picture"):
        return value or ""  # GIMP forgets that a text was empty: after a restart it is None
    return value


def drawables(facts: Filter, values: dict[str, Any]) -> list[tuple[Setting, Any]]:
    """The second pictures that are drawables, each with its setting."""
    found = [(setting, values[argument_name(setting)]) for setting in facts["settings"] if kind(setting) == "picture"]
    return [(setting, drawable) for setting, drawable in found if drawable]


def recipe(title: str, asked: dict[str, Any]) -> str:
    """An order as a recipe of one step: TOML text that the runner takes too."""
    step = {key: value for key, value in asked.items() if key != "settings"}
    lines = ["senga = 1", f"name = {_toml(title)}", "", "[[steps]]", *_lines(step), "", "[steps.settings]"]
    return "\n".join([*lines, *_lines(asked["settings"]), ""])


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{_toml(key)} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    """A value as TOML; its texts, numbers and truths are JSON's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
