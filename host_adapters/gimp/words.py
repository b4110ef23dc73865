"""What the plug-ins say beside the texts of filters: the manifest brings them its translations."""

from __future__ import annotations


def _(word: str) -> str:
    """Marks a word for the catalogues; it is translated when the manifest is made."""
    return word


WORDS = (
    _("Result"), _("Strength"), _("Keep the original colours"), _("Recipe"), _("Run recipe"), _("Advanced"),
    _("Preview"), _("Another"), _("Change the layer"), _("New layer above"), _("New image"),
    _("Original"), _("Hold to compare."), _("Drag the picture to move it."),
    _("Painting the preview…"), _("Waiting for Senga"), _("Bringing the result into GIMP"), _("Save as recipe…"),
    _("Apply a recipe: a chain of filters"), _("A TOML file."), _("File"), _("Only the lightness changes."),
    _("0 keeps the picture, 1 is the filter's result."), _("The new image, if one was made."),
    _("Where the result goes; animations and other sizes become a new image, separate layers a group above."),
    _("Applies the filters of a recipe one after the other: a TOML file as “senga run --recipe” takes it."),
)  # fmt: skip
"""Labels and help of dialogs and menus."""

SENTENCES = (
    "The recipe {0} cannot be written: {1}.",
    "An indexed picture has too few colours for separate layers: convert it to RGB, or choose a new image.",
    "Picture {0}",
    "No layer is selected: select the layer to paint.",
    "“{0}” is a layer group: select the layers in it, or choose a new layer as the result.",
    "“{0}” is a link or vector layer: rasterize it, or choose a new layer as the result.",
    "The pixels of “{0}” are locked: unlock them, or choose a new layer as the result.",
    "GIMP did not take the new pixels of “{0}”.",
    "“{0}” is no layer, so there can be no new layer above it: choose another result.",
    "Nothing was painted: the selection lies outside of {0}.",
    "“{0}” is a floating selection: anchor it, or make it a layer, first.",
    "No recipe is chosen: choose a TOML file, as “senga run --recipe” takes it.",
    "Senga's plug-in failed: {0}. “senga gimp doctor” may tell why.",
    "The list of Senga's filters cannot be used ({0}): run “senga gimp install” again.",
    "it is no text",
    "The recipe {0} cannot be read: {1}.",
    "“{0}” is {1}, but must be one of{2}.",
    "“{0}” is a layer group: select one of the layers in it.",
    "Masks of this precision cannot be painted: choose Image > Precision > 8 or 16 bit first.",
    "This filter is gone: start GIMP again.",
    "This filter has other settings since Senga was changed: start GIMP again.",
    "Senga's worker was lost before it began: try again.",
    "Senga's worker does not answer; end it with “senga worker stop” and try again.",
    "There is no temporary folder: set TMPDIR.",
    "There is no folder for the pixels.",
    "The list of Senga's filters in {0} cannot be read ({1}): run “senga gimp install” again.",
    "The settings are too long: {0} bytes, and {1} are allowed.",
    "Senga's worker does not answer; end it with “senga worker stop” and try again. Its last words are in {0}.",
    "Senga's Python {0} does not start ({1}): run “senga gimp install” again.",
    "The folder {0} cannot be used ({1}): set TMPDIR.",
    "The picture needs {0} MB in {1}, which is full: make room there, or set TMPDIR to a folder with more.",
    ("Senga's worker was lost while it worked; it may have run out of memory. Nothing was changed: try again. "
     "Its last words are in {0}."),
    "Senga's worker was lost before it answered: try again.",
    "This plug-in and Senga are of different ages: run “senga gimp install” again.",
    "Senga's worker does not run.",
    "The picture was closed.",
    "The layer was deleted.",
    "The layer for “{0}” was deleted: choose another one.",
    "The layer for “{0}” belongs to another picture: choose one of this picture.",
    "The picture “{0}” is {1} pixels: reduce it to 100 megapixels or fewer.",
    "A recipe cannot hold the layer for “{0}”: choose a file for it.",
    "{0} is not on this computer: copy it here first.",
    "The recipe {0} cannot be read: it is no file.",
    "The recipe {0} cannot be read: it is too large.",
    "The picture was closed while it was painted, so there is no result.",
    "“{0}” was deleted while it was painted, so there is no result.",
    "“{0}” or the selection was changed while it was painted: paint it again.",
    "The layer effects of “{0}” are not painted: merge them first.",
    "The file {0} cannot be used ({1}): set TMPDIR.",
    "Others can exchange the folder {0}: set TMPDIR to one of your own.",
    "The folder {0} belongs to somebody else: remove it, or set TMPDIR.",
    "Senga's worker does not start: {0}. “senga gimp doctor” tells what to do.",
)  # fmt: skip
"""What goes wrong in a plug-in or on its way to the worker, with ``{0}`` where something is filled in; a test compares
this list with their sources."""
