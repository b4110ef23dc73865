"""The dialog of a procedure: settings with sliders, the preview, and progress while the worker paints."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gimp, GimpUi, GObject, Gtk  # noqa: E402 - after the versions are chosen

from . import facts, words  # noqa: E402
from .choice_pictures import add_pictures  # noqa: E402
from .layer_menu import LayerMenu  # noqa: E402
from .preview import Preview  # noqa: E402
from .trouble import Trouble  # noqa: E402
from .working import Progress  # noqa: E402

_WIDTH, _HEIGHT = 420, 420
_SEED_LIMIT = 2**31 - 1
_MENU = Gtk.ComboBox.__gtype__
"""GIMP 3.2 would show a few choices as buttons below each other."""


class Dialog:
    """GIMP's own procedure dialog (it keeps presets and last values) around our widgets.

    Args:
        procedure: whose arguments are shown.
        config: their values.
        title: of the window.
    """

    def __init__(self, procedure: Any, config: Any, title: str) -> None:
        GimpUi.init("senga-gimp")
        self._config = config
        self._window = GimpUi.ProcedureDialog.new(procedure, config, title)
        self._window.connect("response", self._hear)
        self._preview: Any = None
        self._is_cancelled = False
        self._settings = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, width_request=_WIDTH)
        self._body = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
        self._bar = Gtk.ProgressBar(show_text=True, ellipsize=3, no_show_all=True, margin=12)
        self._left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._body.pack_start(self._left, True, True, 0)
        self._body.pack_end(self._settings, False, False, 0)
        content = self._window.get_content_area()
        content.pack_start(self._body, True, True, 0)
        content.pack_end(self._bar, False, False, 0)

    def add_filter(self, filter_facts: facts.Filter, image: Any) -> None:
        """All settings of a filter: ordinary ones in view, advanced ones folded away, and what every filter has."""
        self._facts, self._image = filter_facts, image
        plain = [setting for setting in filter_facts["settings"] if not setting["advanced"]]
        advanced = [setting for setting in filter_facts["settings"] if setting["advanced"]]
        shelf = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_end=12)
        for setting in plain:
            shelf.pack_start(self._widget(setting), False, False, 0)
        if advanced:
            shelf.pack_start(
                self._folded(words.say("Advanced"), [self._widget(setting) for setting in advanced]), False, False, 0
            )
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scrolled.add(shelf)
        scrolled.set_min_content_height(_HEIGHT if len(plain) > 8 else 60 + 40 * len(filter_facts["settings"]))
        self._settings.pack_start(scrolled, True, True, 0)
        self.add_common()

    def add_common(self) -> None:
        """Where the result goes, and how it meets the original."""
        self._settings.pack_start(Gtk.Separator(), False, False, 0)
        self._settings.pack_start(self._window.get_scale_entry("strength", 1.0), False, False, 0)
        self._settings.pack_start(self._window.get_widget("keep-colors", GObject.TYPE_NONE), False, False, 0)
        self._settings.pack_start(self._window.get_widget("output", _MENU), False, False, 0)

    def add_saving(self, make_recipe: Callable[[], str], name: str) -> None:
        """A button that writes the settings of this moment as a recipe."""
        button = Gtk.Button(label=words.say("Save as recipe…"), halign=Gtk.Align.START)
        button.connect("clicked", lambda _button: self._save(make_recipe, name))
        self._left.pack_end(button, False, False, 0)

    def _save(self, make_recipe: Callable[[], str], name: str) -> None:
        try:
            text = make_recipe()
        except Trouble as trouble:
            Gimp.message(words.sentence(str(trouble)))
            return
        chooser = Gtk.FileChooserNative.new(
            words.say("Save as recipe…"), self._window, Gtk.FileChooserAction.SAVE, None, None
        )
        chooser.set_do_overwrite_confirmation(True)
        chooser.set_current_name(f"{name}.toml")
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            path = chooser.get_filename()
            try:
                Path(path).write_text(text, "utf-8")
            except OSError as error:
                Gimp.message(words.sentence(f"The recipe {path} cannot be written: {error.strerror}."))
        chooser.destroy()

    def add_recipe(self) -> None:
        """The file of a recipe."""
        self._settings.pack_start(self._window.get_widget("recipe", GObject.TYPE_NONE), False, False, 0)
        self.add_common()

    def add_preview(self, preview: Preview) -> None:
        """Show a preview, and keep it up to date."""
        self._preview = preview
        self._left.pack_start(preview, True, True, 0)
        self._config.connect("notify", preview.refresh)
        preview.refresh()

    def _widget(self, setting: facts.Setting) -> Any:
        name = facts.argument_name(setting)
        if facts.is_sliding(setting):
            widget = self._window.get_scale_entry(name, 1.0)
        elif setting["kind"] == "seed":
            widget = self._seed(name)
        elif facts.kind(setting) == "picture":
            widget = self._picture(setting, name)
        elif facts.kind(setting) == "colour":
            widget = self._window.get_color_widget(name, True, GimpUi.ColorAreaType.SMALL_CHECKS)
        else:
            kind = _MENU if facts.kind(setting) == "choice" else GObject.TYPE_NONE
            widget = self._window.get_widget(name, kind)
            add_pictures(widget, facts.thumbnails(setting))
        widget.set_tooltip_text(facts.explained(setting))
        return widget

    def _picture(self, setting: facts.Setting, name: str) -> Any:
        """A menu of layers, and below it a file."""
        rows = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        menu = LayerMenu(self._config, name, self._image, bool(setting["aligned"]))
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(Gtk.Label(label=facts.label(setting), xalign=0), False, False, 0)
        row.pack_start(menu, True, True, 0)
        rows.pack_start(row, False, False, 0)
        file = facts.file_name(setting, self._facts["settings"])
        rows.pack_start(self._window.get_widget(file, GObject.TYPE_NONE), False, False, 0)
        return rows

    def _seed(self, name: str) -> Any:
        """A number, and a button that draws another."""
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self._window.get_widget(name, GObject.TYPE_NONE), True, True, 0)
        dice = Gtk.Button(label=words.say("Another"))
        draw = random.SystemRandom()
        dice.connect("clicked", lambda _button: self._config.set_property(name, draw.randint(0, _SEED_LIMIT)))
        row.pack_end(dice, False, False, 0)
        return row

    def _folded(self, title: str, widgets: list[Any]) -> Any:
        inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_start=12, margin_top=6)
        for widget in widgets:
            inside.pack_start(widget, False, False, 0)
        expander = Gtk.Expander(label=title)
        expander.add(inside)
        return expander

    def ask(self) -> bool:
        """Let the painter choose; False when they cancel."""
        self._body.show_all()
        accepted = bool(self._window.run())
        if self._preview is not None:
            self._preview.stop()
        return accepted

    def progress(self, title: str) -> Progress:
        """Progress in this window, whose Cancel button stops the work from now on."""
        self._body.set_sensitive(False)
        for response in (Gtk.ResponseType.OK, Gtk.ResponseType.APPLY):
            self._window.set_response_sensitive(response, False)
        self._bar.show()
        return _DialogProgress(title, self)

    def _hear(self, _window: Any, response: int) -> None:
        if response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.DELETE_EVENT, Gtk.ResponseType.CLOSE):
            self._is_cancelled = True

    def was_cancelled(self) -> bool:
        """Let the window live for a moment; whether Cancel was pressed."""
        while Gtk.events_pending():
            Gtk.main_iteration()
        return self._is_cancelled

    def show(self, share: float, note: str) -> None:
        """Move the bar."""
        self._bar.set_fraction(min(max(share, 0.0), 1.0))
        self._bar.set_text(note)

    def close(self) -> None:
        """Take the window away."""
        self._window.destroy()


class _DialogProgress(Progress):
    """In GIMP's bar and in the dialog's."""

    def __init__(self, title: str, dialog: Dialog) -> None:
        super().__init__(title)
        self._dialog = dialog

    def show(self, share: float, note: str) -> None:
        super().show(share, note)
        self._dialog.show(share, note)

    def is_cancelled(self) -> bool:
        return self._dialog.was_cancelled()
