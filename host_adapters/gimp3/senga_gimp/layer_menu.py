"""A menu of layers for a second picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gimp, Gtk  # noqa: E402 - after the versions are chosen

_NONE = "0"


def layers_of(image: Any) -> Iterator[Any]:
    """All layers of an image from the top down, groups before what is in them; then its channels."""
    waiting = list(image.get_layers())
    while waiting:
        layer = waiting.pop(0)
        yield layer
        if layer.is_group():
            waiting[:0] = layer.get_children()
    yield from image.get_channels()


class LayerMenu(Gtk.ComboBoxText):  # type: ignore[misc]  # gi has no types
    """The layers and channels of this image; of the other open ones too, unless the picture is aligned.

    Args:
        config: holds the choice.
        name: of the argument.
        image: that is painted.
        aligned: whether the picture has to lie on this image.
    """

    def __init__(self, config: Any, name: str, image: Any, aligned: bool) -> None:
        super().__init__()
        self._config, self._name, self._image, self._aligned = config, name, image, aligned
        self._is_filling = False
        self.get_cells()[0].set_property("ellipsize", 2)
        self._fill()
        self.connect("changed", self._choose)
        self.connect("notify::popup-shown", self._look_again)
        config.connect(f"notify::{name}", lambda *_: self._fill())

    def _fill(self) -> None:
        self._is_filling = True
        self.remove_all()
        self.append(_NONE, "–")
        for title, drawable in self._offered():
            self.append(str(drawable.get_id()), title)
        chosen = self._config.get_property(self._name)
        self.set_active_id(str(chosen.get_id()) if chosen is not None else _NONE)
        self._is_filling = False

    def _offered(self) -> Iterator[tuple[str, Any]]:
        if not self._image.is_valid():
            return
        for layer in layers_of(self._image):
            yield layer.get_name(), layer
        others = [one for one in Gimp.get_images() if one.get_id() != self._image.get_id()]
        for other in [] if self._aligned else others:
            for layer in layers_of(other):
                yield f"{other.get_name()}: {layer.get_name()}", layer

    def _look_again(self, *_change: Any) -> None:
        """Layers come and go while the dialog is open."""
        if self.get_property("popup-shown"):
            self._fill()

    def _choose(self, _menu: Any) -> None:
        number = self.get_active_id()
        if self._is_filling or number is None:
            return
        self._config.set_property(self._name, Gimp.Drawable.get_by_id(int(number)) if number != _NONE else None)
