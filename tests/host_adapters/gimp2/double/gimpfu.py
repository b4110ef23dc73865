"""A double of gimpfu: registration with its checks, run modes, last values, and a dialog that a check answers."""

import gimp
from gimpenums import *

pdb = gimp.pdb


class error(RuntimeError):
    pass


class CancelError(RuntimeError):
    pass


PF_INT8, PF_INT16, PF_INT32, PF_FLOAT, PF_STRING = PDB_INT8, PDB_INT16, PDB_INT32, PDB_FLOAT, PDB_STRING
PF_IMAGE, PF_DRAWABLE, PF_COLOR = PDB_IMAGE, PDB_DRAWABLE, PDB_COLOR
PF_TOGGLE, PF_SLIDER, PF_SPINNER = 1000, 1001, 1002
PF_FILE, PF_RADIO, PF_TEXT, PF_FILENAME, PF_OPTION = 1004, 1008, 1009, 1011, 1013
_CARRIERS = {PF_TOGGLE: PDB_INT32, PF_SLIDER: PDB_FLOAT, PF_SPINNER: PDB_INT32, PF_OPTION: PDB_INT32}
_CARRIERS.update({kind: PDB_STRING for kind in (PF_FILE, PF_RADIO, PF_TEXT, PF_FILENAME)})
_PREFIXES = tuple(word + sign for word in ("python", "extension", "plug-in", "plug_in", "file") for sign in "-_")

registered = {}
"""Name -> what register was given."""

answer = None
"""Takes the parameters of a dialog and gives the values that the painter chose, or None to cancel."""


def register(proc_name, blurb, help, author, copyright, date, label, imagetypes, params, results, function, menu=None):
    for one in [(0, proc_name, "")] + params + results:
        if not all(sign.isalnum() or sign in "-_" for sign in one[1]):
            raise error("name contains illegal characters")
        if type(one[0]) is not int:
            raise error("parameter types must be integers")
    if any(len(one) < 4 for one in params) or any(len(one) < 3 for one in results):
        raise error("definition has too few elements")
    assert all(isinstance(text, str) for one in params + results for text in one[1:3]), "str only"
    if not proc_name.startswith(_PREFIXES):
        proc_name = "python-fu-" + proc_name
    texts = (blurb, help, author, copyright, date, label, imagetypes)
    registered[proc_name] = {"texts": texts, "params": params, "results": results, "run": function, "menu": menu}


def _query():
    for name, one in registered.items():
        params = [(_CARRIERS.get(p[0], p[0]), p[1], p[2].replace("_", "")) for p in one["params"]]
        results = [(_CARRIERS.get(p[0], p[0]), p[1], p[2].replace("_", "")) for p in one["results"]]
        mode = (PDB_INT32, "run-mode", "The run mode")
        gimp.install_procedure(name, *(one["texts"] + (PLUGIN, [mode] + params, results)))
        gimp.menu_register(name, one["menu"])


def _get_defaults(name):
    try:
        return gimp.loads(gimp.get_data("python-fu-save--" + name))
    except gimp.error:
        return [param[3] for param in registered[name]["params"]]


def _set_defaults(name, values):
    gimp.set_data("python-fu-save--" + name, gimp.dumps(values))


def _run(name, given):
    mode, start = given[0], given[1:3]
    function = registered[name]["run"]
    if mode == RUN_NONINTERACTIVE:
        return function(*given[1:])
    if mode == RUN_WITH_LAST_VALS:
        return function(*(start + _get_defaults(name)[2:]))  # fails on a list, as the real one does
    try:
        return _interact(name, start)
    except CancelError:
        return None


def _interact(name, start):
    import gtk

    dialog = gtk.Dialog()
    try:
        chosen = answer(registered[name]["params"][2:], _get_defaults(name)[2:])
        if chosen is None:
            raise CancelError
        _set_defaults(name, start + tuple(chosen))
        return registered[name]["run"](*(start + tuple(chosen)))
    finally:
        dialog.destroy()
