"""What GIMP asks of a plug-in: the names of its procedures, each procedure, and a run of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio, GLib  # noqa: E402 - after the versions are chosen
from senga_client import Cancelled, WorkerError  # noqa: E402 - copied beside by the installer

from . import arguments, facts, painting, recipes, words  # noqa: E402
from .changes import check_there  # noqa: E402
from .second import Second, recall, recall_all, remember  # noqa: E402
from .trouble import Trouble  # noqa: E402
from .working import Progress, Run  # noqa: E402

RECIPE = "senga-run-recipe"
_STATUS = Gimp.PDBStatusType


def main(words: list[str]) -> None:
    """Answer GIMP, which started this process."""
    Gimp.main(SengaPlugIn.__gtype__, words)


class SengaPlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no types
    """Every filter of the manifest as a procedure, and one that runs recipes."""

    __gtype_name__ = "SengaPlugIn"

    def do_set_i18n(self, _name: str) -> bool:
        return False

    def do_query_procedures(self) -> list[str]:
        self.set_help_domain("senga", Gio.File.new_for_path(str(facts.PATH.with_name("help"))))
        return [*_filters(), RECIPE]

    def do_create_procedure(self, name: str) -> Any:
        filter_facts = _filters().get(name)
        procedure = arguments.make_procedure(self, name, _run, filter_facts)
        if filter_facts is None:
            arguments.add_recipe(procedure)
        else:
            arguments.add_filter(procedure, filter_facts)
        return procedure


def _filters() -> dict[str, facts.Filter]:
    """Procedure name -> facts; empty when the manifest cannot be read, which a run then tells."""
    try:
        languages = list(GLib.get_language_names())
        manifest = facts.speak(facts.read_manifest(), languages)
    except (ValueError, KeyError, TypeError):
        return {}
    words.learn(manifest["words"], languages)
    return {facts.procedure_name(one["name"]): one for one in manifest["filters"]}


def _run(procedure: Any, mode: Any, image: Any, drawables: Any, config: Any, filter_facts: Any) -> Any:
    """Run a procedure: whatever happens, GIMP gets a true status and the painter a sentence."""
    try:
        made = _Call(procedure, mode, image, _given(image, drawables), config, filter_facts).run()
    except Cancelled:
        return _answer(procedure, _STATUS.CANCEL)
    except (Trouble, WorkerError) as error:
        return _answer(procedure, _STATUS.EXECUTION_ERROR, str(error))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        text = Trouble(f"Senga's plug-in failed: {reason}. “senga gimp doctor” may tell why.")
        return _answer(procedure, _STATUS.EXECUTION_ERROR, str(text))
    values = _answer(procedure, _STATUS.SUCCESS)
    if made is not None:
        values.remove(1)
        values.insert(1, _image_value(made))
    return values


def _given(image: Any, drawables: Any) -> list[Any]:
    """The drawables; Filters > Repeat may hand back None for them, and then those that are selected are meant."""
    if image is None or not image.is_valid():
        raise Trouble("The picture was closed.")
    return [one for one in drawables or () if one is not None] or list(image.get_selected_drawables())


def _answer(procedure: Any, status: Any, text: str = "") -> Any:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), words.sentence(text), 0) if text else GLib.Error()
    return procedure.new_return_values(status, error)


def _image_value(image: Any) -> Any:
    from gi.repository import GObject

    value = GObject.Value()
    value.init(Gimp.Image.__gtype__)
    value.set_object(image)
    return value


class _Call:
    """One call of a procedure, in any run mode; ``filter_facts`` is None for a recipe."""

    def __init__(
        self, procedure: Any, mode: Any, image: Any, drawables: list[Any], config: Any, filter_facts: Any
    ) -> None:
        Gegl.init(None)
        self._procedure, self._image, self._drawables, self._config = procedure, image, drawables, config
        self._facts = filter_facts
        self._is_interactive = mode == Gimp.RunMode.INTERACTIVE
        self._has_display = mode != Gimp.RunMode.NONINTERACTIVE
        self._title = filter_facts["title"] if filter_facts else words.say("Recipe")

    def run(self) -> Any:
        """The new image, if one was made.

        Raises:
            Cancelled, Trouble, WorkerError: nothing was changed.
        """
        _require_manifest()
        if not self._is_interactive:
            if self._facts and self._has_display:
                recall_all(self._procedure, self._config, self._facts["settings"])
            return self._paint(Progress(self._title))
        check_there(self._image, self._drawables)
        painting.check(self._drawables, "new-image")
        dialog = self._dialog()
        try:
            if not dialog.ask():
                raise Cancelled
            return self._paint(dialog.progress(self._title))
        finally:
            dialog.close()

    def _dialog(self) -> Any:
        from .dialog import Dialog
        from .preview import Preview

        dialog = Dialog(self._procedure, self._config, f"Senga: {self._title}")
        if self._facts:
            recall(self._procedure, self._config, self._facts["settings"], self._image)
            dialog.add_filter(self._facts, self._image)
            dialog.add_saving(self._recipe, self._facts["name"])
            dialog.add_preview(Preview(self._image, self._drawables[0], self._order, self._seconds))
        else:
            dialog.add_recipe()
        return dialog

    def _order(self) -> dict[str, Any]:
        if self._facts:
            return facts.order(self._facts, arguments.values(self._config, arguments.names_of(self._facts)))
        blend = arguments.values(self._config, ["strength", "keep-colors"])
        path = arguments.path_of(self._config.get_property("recipe"))
        if not path:
            raise Trouble("No recipe is chosen: choose a TOML file, as “senga run --recipe” takes it.")
        return {
            "recipe": recipes.read(path),
            "folder": str(Path(path).parent),
            "strength": blend["strength"],
            "keep_colors": blend["keep-colors"],
        }

    def _seconds(self) -> list[Second]:
        """The second pictures that are drawables."""
        if not self._facts:
            return []
        values = arguments.values(self._config, facts.names_of(self._facts))
        return [Second(setting, drawable) for setting, drawable in facts.drawables(self._facts, values)]

    def _recipe(self) -> str:
        """The settings of this moment as a recipe.

        Raises:
            Trouble: a layer is among them, which no recipe can name.
        """
        for second in self._seconds():
            label = second.setting["label"]
            raise Trouble(f"A recipe cannot hold the layer for “{label}”: choose a file for it.")
        return facts.recipe(self._title, self._order())

    def _paint(self, progress: Progress) -> Any:
        run, seconds = Run(self._order(), progress), self._seconds()
        output = self._config.get_property("output")
        made = painting.paint(self._image, self._drawables, output, self._title, run, seconds)
        if self._has_display:
            remember(self._procedure, seconds)
        for note in run.notes:
            Gimp.message(note)
        if made is not None and self._has_display:
            Gimp.Display.new(made)
        Gimp.displays_flush()
        progress.end()
        return made


def _require_manifest() -> None:
    try:
        facts.read_manifest()
    except ValueError as error:
        raise Trouble(
            f"The list of Senga's filters cannot be used ({error}): run “senga gimp install” again."
        ) from error
