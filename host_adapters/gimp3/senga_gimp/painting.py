"""What a run does to the picture: read the layers, have the worker paint, and bring the results in as one undo step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - after the version is chosen

from . import groups, images, pixels, words  # noqa: E402
from .changes import Snapshot, check_there  # noqa: E402
from .frames import Spool  # noqa: E402
from .looks import look_of  # noqa: E402
from .second import Second  # noqa: E402
from .trouble import Trouble  # noqa: E402

Work = Callable[..., Any]
"""Runs the worker on a canvas, with a spool; its progress fills the share from the third to the fourth argument. Where
there are second pictures, their canvases by name come last."""


@dataclass
class Task:
    """One layer to paint: the rows and columns of it that are selected, its canvas and what came out beside it.

    ``before`` is what it was when it was read, ``merged`` says whether its layer effects were read with it.
    """

    drawable: Any
    area: tuple[int, int, int, int]
    canvas: Any
    spool: Spool
    before: Snapshot
    merged: bool
    changed: bool = False


def check(drawables: list[Any], output: str) -> None:
    """Refuse what cannot be painted, before any work starts.

    Raises:
        Trouble: it says what to choose instead.
    """
    if not drawables:
        raise Trouble("No layer is selected: select the layer to paint.")
    for drawable in drawables:
        name = drawable.get_name()
        if output == "in-place":
            _check_changeable(drawable, name)
        elif output == "new-layer" and not drawable.is_layer():
            raise Trouble(f"“{name}” is no layer, so there can be no new layer above it: choose another result.")
        elif output == "new-layer" and drawable.is_floating_sel():
            raise Trouble(f"“{name}” is a floating selection: anchor it, or make it a layer, first.")


def _check_changeable(drawable: Any, name: str) -> None:
    if drawable.is_group():
        raise Trouble(f"“{name}” is a layer group: select the layers in it, or choose a new layer as the result.")
    if any(getattr(drawable, kind, bool)() for kind in ("is_link_layer", "is_vector_layer")):
        raise Trouble(f"“{name}” is a link or vector layer: rasterize it, or choose a new layer as the result.")
    if drawable.get_lock_content():
        raise Trouble(f"The pixels of “{name}” are locked: unlock them, or choose a new layer as the result.")


def paint(image: Any, drawables: list[Any], output: str, title: str, work: Work, seconds: Sequence[Second] = ()) -> Any:
    """Paint the selected part of every drawable.

    Args:
        image: of the drawables.
        drawables: layers, masks or channels.
        output: ``in-place``, ``new-layer`` or ``new-image``.
        title: names new layers.
        work: runs the worker on a canvas.
        seconds: second pictures that are drawables.

    Returns:
        The new image, or None. Nothing is changed before everything is painted.

    Raises:
        Trouble: nothing can be painted.
    """
    check_there(image, drawables)
    check(drawables, output)
    for second in seconds:
        second.check(image)
    with ExitStack() as stack:
        wanted = [(drawable, area) for drawable in drawables if (area := _selected_area(drawable))]
        if not wanted:
            names = ", ".join(f"“{drawable.get_name()}”" for drawable in drawables)
            Gimp.message(words.sentence(f"Nothing was painted: the selection lies outside of {names}."))
        tasks = [
            _painted(image, drawable, area, work, number / len(wanted), (number + 1) / len(wanted), stack, seconds)
            for number, (drawable, area) in enumerate(wanted)
        ]
        return _bring_in(image, tasks, output, title)


def _selected_area(drawable: Any) -> tuple[int, int, int, int] | None:
    touches, left, top, width, height = drawable.mask_intersect()
    return (left, top, width, height) if touches and width and height else None


def _painted(
    image: Any,
    drawable: Any,
    area: tuple[int, int, int, int],
    work: Work,
    start: float,
    stop: float,
    stack: ExitStack,
    seconds: Sequence[Second],
) -> Task:
    layout = pixels.layout_of(image, drawable)
    with look_of(drawable) as look:
        canvas, digest = pixels.canvas_of(look.drawable, layout)
        merged, left_out = look.merged, look.left_out
    stack.enter_context(canvas)
    before = Snapshot(image, drawable, layout, digest)
    if left_out:
        Gimp.message(words.sentence(f"The layer effects of “{before.name}” are not painted: merge them first."))
    if not Gimp.Selection.is_empty(image):
        pixels.copy_selection(image, drawable, canvas)
    spool = stack.enter_context(Spool())
    with ExitStack() as beside:
        pictures = {second.name: beside.enter_context(second.held(drawable).canvas()) for second in seconds}
        result = work(canvas, spool, start, stop, *([pictures] if pictures else []))
    return Task(drawable, area, canvas, spool, before, merged, result.changed)


def _bring_in(image: Any, tasks: list[Task], output: str, title: str) -> Any:
    """Results that replace or join layers as one undo step; all others as a new image.

    Raises:
        Trouble: the picture was changed while it was painted; it stays as it is.
    """
    for task in tasks:
        task.before.check()
    fitting = [task for task in tasks if task.changed] if output != "new-image" else []
    if fitting:
        image.undo_group_start()
        try:
            for task in fitting:
                _way(task, output)(image, task, title)
        finally:
            image.undo_group_end()
    apart = [task for task in tasks if task.spool.frames or (output == "new-image" and task.changed)]
    return images.make(image, apart, title) if apart else None


def _way(task: Task, output: str) -> Callable[[Any, Task, str], None]:
    """How a result comes in; layers always come above the old one, for it cannot hold them."""
    drawable = task.drawable
    if task.spool.parts and drawable.is_layer() and not drawable.is_floating_sel():
        return _add_group
    return _merge if output == "in-place" else _add_layer


def _add_group(image: Any, task: Task, title: str) -> None:
    _, left, top = task.drawable.get_offsets()
    groups.add(image, task.drawable, (left, top), task, _name(task, title), image)


def _name(task: Task, title: str) -> str:
    return f"{task.drawable.get_name()} – {title}"


def _merge(_image: Any, task: Task, _title: str) -> None:
    """Through the shadow buffer, so that GIMP blends by the selection and its feather.

    Layer effects are in the result; left on the layer, they would be seen twice.
    """
    if task.merged:
        task.drawable.merge_filters()
    left, top, width, height = task.area
    pixels.copy_in(task.canvas, task.drawable.get_shadow_buffer(), top, top + height)
    if not task.drawable.merge_shadow(True):
        raise Trouble(f"GIMP did not take the new pixels of “{task.drawable.get_name()}”.")
    task.drawable.update(left, top, width, height)


def _add_layer(image: Any, task: Task, title: str) -> None:
    old = task.drawable
    new = Gimp.Layer.new(
        image, _name(task, title), old.get_width(), old.get_height(), old.type_with_alpha(), 100,
        Gimp.LayerMode.NORMAL,
    )  # fmt: skip
    _, left, top = old.get_offsets()
    new.set_offsets(left, top)
    image.insert_layer(new, old.get_parent(), image.get_item_position(old))
    pixels.copy_in(task.canvas, new.get_buffer())
    if not Gimp.Selection.is_empty(image):
        new.add_mask(new.create_mask(Gimp.AddMaskType.SELECTION))
    new.update(0, 0, new.get_width(), new.get_height())
