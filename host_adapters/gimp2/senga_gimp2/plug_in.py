# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""What GIMP asks of a plug-in: its procedures, and a run of one."""

from __future__ import absolute_import, division, unicode_literals

import os
import sys
from contextlib import contextmanager

import gimp
import gimpenums
import gimpfu
from gimpfu import pdb
from senga_client import Cancelled, WorkerError  # copied beside by the installer

from . import arguments, facts, painting, recipes
from .dialog import DOMAIN, mended
from .second import Second
from .words import Trouble, learn, native, plain, say, sentence, spoken
from .working import Progress, Run

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Dict, Iterator, List, Optional, Sequence

PREFIX = "python-fu-senga-"
RECIPE = PREFIX + "run-recipe"
_TYPES = "RGB*, GRAY*, INDEXED*"


def main():
    # type: () -> None
    """Answer GIMP, which started this process."""
    gimp.main(None, None, _query, _run)


@contextmanager
def _as_it_is():
    # type: () -> Iterator[None]
    """Nothing is mended where no dialog appears."""
    yield


def _query():
    # type: () -> None
    """Tell GIMP the procedures. A manifest that cannot be read leaves only the one that says so when it runs."""
    pdb.gimp_plugin_help_register(native(DOMAIN), native(facts.help_address()))
    try:
        _register(_filters(), True)
    except Trouble as error:
        _register([], True)
        sys.stderr.write(native(error.message + "\n"))
    gimpfu._query()


def _filters():
    # type: () -> List[facts.Filter]
    """The filters in the painter's language."""
    languages = facts.languages()
    manifest = facts.speak(facts.read_manifest(), languages)
    learn(manifest["words"], languages)
    return list(manifest["filters"])


def _run(name, given):
    # type: (str, Sequence[Any]) -> Any
    """Run a procedure: whatever happens, GIMP gets a true status and the painter a sentence."""
    try:
        procedures = _register(_filters(), False)
        procedure = procedures[plain(name)]
    except (Trouble, KeyError) as error:
        text = sentence(error.message if isinstance(error, Trouble) else "This filter is gone: start GIMP again.")
        gimp.message(native(text))
        raise gimpfu.error(native(text))
    procedure.has_display = given[0] != gimpenums.RUN_NONINTERACTIVE
    _mend_last_values(name, given[0], procedure.defaults)
    procedure.given = given[3:]
    interactive = given[0] == gimpenums.RUN_INTERACTIVE
    with mended(given[1], given[2], procedure) if interactive else _as_it_is():
        made = gimpfu._run(name, given)
    if procedure.failure:
        raise gimpfu.error(native(procedure.failure))
    return made


def _mend_last_values(name, mode, defaults):
    # type: (str, int, List[Any]) -> None
    """Where gimpfu would fail on the last values: there are none yet, or they are of other settings than today's."""
    if mode == gimpenums.RUN_NONINTERACTIVE:
        return
    values = list(gimpfu._get_defaults(name))
    if len(values) != len(defaults):
        values = defaults
        gimpfu._set_defaults(name, tuple(values))
    elif mode == gimpenums.RUN_WITH_LAST_VALS:
        gimpfu._set_defaults(name, tuple(values))  # its own defaults are a list, and must be a tuple


def _register(filters, described):
    # type: (Sequence[facts.Filter], bool) -> Dict[str, Procedure]
    """Every procedure by its name, registered with gimpfu.

    A filter with advanced settings has two: gimpfu's dialog has no tabs and does not scroll, so that all settings at
    once would reach below the screen.
    """
    procedures = {}  # type: Dict[str, Procedure]
    for one in filters:
        shown = facts.main_settings(one)
        group = "/" + facts.menu_name(one["group"]) if one["group"] else ""
        procedures[PREFIX + one["name"]] = _filter(one, shown, arguments.MENU + group, described)
        if len(shown) < len(one["settings"]):
            name = PREFIX + one["name"] + "-all"
            procedures[name] = _filter(one, one["settings"], arguments.ALL_SETTINGS + group, described)
    procedures[RECIPE] = Procedure(
        say("Run recipe") + "…",
        say("Apply a recipe: a chain of filters"),
        "The Senga authors",
        arguments.of_recipe(described),
        arguments.MENU,
        _recipe_order,
    )
    for name, procedure in procedures.items():
        procedure.register(name)
    return procedures


def _filter(one, settings, menu, described):
    # type: (facts.Filter, Sequence[facts.Setting], str, bool) -> Procedure
    def order(values):
        # type: (Sequence[Any]) -> Dict[str, Any]
        return arguments.order(one, settings, values)

    author = "The Senga authors" if one["origin"] == "built in" else one["origin"]
    parameters = arguments.of_settings(settings, described)
    made = Procedure("{}…".format(one["title"]), facts.blurb(one), author, parameters, menu, order)
    made.settings = settings
    return made


def _recipe_order(values):
    # type: (Sequence[Any]) -> Dict[str, Any]
    path = plain(values[0])
    if not path:
        raise Trouble("No recipe is chosen: choose a TOML file, as “senga run --recipe” takes it.")
    folder = os.path.dirname(os.path.abspath(path))
    return dict(arguments.blend(values[1:]), recipe=recipes.read(path), folder=folder)


class Procedure(object):
    """One procedure; calling it is one run.

    Attributes:
        has_display: whether somebody looks on, so that a new image is shown.
        failure: what went wrong in the last run, or empty.
        order: makes what the worker is asked from the values.
        settings: of its filter; none of a recipe.
        given: what this run was called with after picture and layer.
    """

    def __init__(self, label, summary, author, parameters, menu, order):
        # type: (str, str, str, List[arguments.Parameter], str, Any) -> None
        self._label, self._summary, self._author, self._menu = label, summary, author, menu
        self._parameters, self.order = parameters, order
        self.has_display, self.failure = False, ""
        self.settings = ()  # type: Sequence[facts.Setting]
        self.given = ()  # type: Sequence[Any]

    def complete(self, asked):
        # type: (Sequence[Any]) -> List[Any]
        """All values, given those that gimpfu's dialog asks for: a script that calls it may have given the first."""
        return list(self.given[: len(self._parameters) - len(asked)]) + list(asked)

    def seconds(self, values):
        # type: (Sequence[Any]) -> List[Second]
        """The second pictures that are drawables."""
        return [Second(setting, drawable) for setting, drawable in arguments.drawables(self.settings, values)]

    def aligned(self):
        # type: () -> List[bool]
        """Of every second picture in the order of the dialog, whether it has to lie on the image."""
        return [bool(setting["aligned"]) for setting in self.settings if facts.kind(setting) == "picture"]

    @property
    def defaults(self):
        # type: () -> List[Any]
        """A value for each argument, picture included, before anybody chose others."""
        return [parameter[3] for parameter in list(arguments.PICTURE) + self._parameters]

    def register(self, name):
        # type: (str) -> None
        """Make it known to gimpfu."""
        gimpfu.register(
            native(name),
            native(self._summary),
            native(self._summary),
            native(self._author),
            native(self._author),
            native(""),
            native(self._label),
            native(_TYPES),
            list(arguments.PICTURE) + self._parameters,
            list(arguments.RESULTS),
            self,
            menu=native(self._menu),
        )

    def __call__(self, image, drawable, *values):
        # type: (gimp.Image, gimp.Drawable, *Any) -> Optional[gimp.Image]
        """Run; a failure is told here, and gimpfu's dialog closes as if it was cancelled."""
        try:
            return self._paint(image, drawable, values)
        except Cancelled:
            raise gimpfu.CancelError(native("Cancelled"))
        except (Trouble, WorkerError) as error:
            self.failure = sentence(spoken(error))
        except Exception as error:  # the border to GIMP
            reason = "{}: {}".format(type(error).__name__, spoken(error))
            text = "Senga's plug-in failed: {}. “senga gimp doctor” may tell why.".format(reason)
            self.failure = sentence(text)
        gimp.message(native(self.failure))
        raise gimpfu.CancelError(native(self.failure))

    def _paint(self, image, drawable, values):
        # type: (gimp.Image, gimp.Drawable, Sequence[Any]) -> Optional[gimp.Image]
        if len(values) != len(self._parameters):
            raise Trouble("This filter has other settings since Senga was changed: start GIMP again.")
        if drawable is None and image is not None:
            drawable = image.active_drawable  # what Filters > Repeat may have forgotten
        title = self._label.rstrip("…")
        output = arguments.output(values[-3:])
        run = Run(self.order(values), Progress(title))
        made = painting.paint(image, drawable, output, title, run, self.seconds(values))
        for note in run.notes:
            gimp.message(native(note))
        if made is not None and self.has_display:
            gimp.Display(made)
        return made
