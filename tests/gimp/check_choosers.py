# ruff: noqa: E402, PTH118
"""Choices of paintings and styles have small pictures in the dialog."""

import os
import sys

import gi
from bench import picture

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, Gtk

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp"))
from senga_gimp import dialog, facts


def open_dialog(name):
    procedure = Gimp.get_pdb().lookup_procedure(f"senga-{name}")
    found = next(one for one in facts.read_manifest()["filters"] if one["name"] == name)
    window = dialog.Dialog(procedure, procedure.create_config(), f"Senga: {name}")
    window.add_filter(found, picture()[0])
    window._body.show_all()
    window._window.show()
    return window


def menus(widget):
    """All combo boxes in a widget."""
    if isinstance(widget, Gtk.ComboBox):
        return [widget]
    return [menu for child in widget.get_children() for menu in menus(child)] if hasattr(widget, "get_children") else []


def pictures_in(menu):
    """Value -> the picture that stands beside it."""
    cells = [cell for cell in menu.get_cells() if isinstance(cell, Gtk.CellRendererPixbuf)]
    if not cells:
        return {}
    area, model, shown = menu.get_area(), menu.get_model(), {}
    for row in model:
        area.apply_attributes(model, row.iter, False, False)
        shown[row[menu.get_property("id-column")]] = cells[0].get_property("pixbuf")
    return shown


def check_paintings_and_styles_have_pictures():
    GimpUi.init("senga-gimp")
    for name, count in (("style-blit", 16), ("face-blit", 6), ("fast-style", 13), ("anime", 3)):
        window = open_dialog(name)
        found = [shown for menu in menus(window._settings) if (shown := pictures_in(menu))]
        assert found, name
        assert all(found[0].values()), (name, found[0])
        assert len(found[0]) >= count, (name, len(found[0]))
        seen = {bytes(pixbuf.get_pixels()) for pixbuf in found[0].values()}
        assert len(seen) == len(found[0]), "each has a picture of its own"
        window.close()


def check_a_choice_is_still_one():
    GimpUi.init("senga-gimp")
    window = open_dialog("fast-style")
    menu = next(menu for menu in menus(window._settings) if pictures_in(menu))
    menu.set_active("wave")
    assert window._config.get_property("style") == "wave"
    window._config.set_property("style", "scream")
    assert menu.get_active() == "scream"
    window.close()


def check_menus_without_pictures_stay_as_they_are():
    GimpUi.init("senga-gimp")
    window = open_dialog("sketch")
    assert menus(window._settings)
    assert not [menu for menu in menus(window._settings) if pictures_in(menu)]
    window.close()
