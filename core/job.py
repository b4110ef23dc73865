"""What a running filter may ask of its host: progress, cancel, seeds, memory, device, weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import Cancelled, ModelError

if TYPE_CHECKING:
    from .image import Image
    from .strokes.brush import Brush

Engine = Literal["auto", "mindspore", "onnx", "openvino"]
"""What networks run on; ``auto`` is the fastest one that is installed."""
Precision = Literal["full", "draft"]
"""How exactly networks compute: ``draft`` is quicker and less exact: in bfloat16 where the processor has that, and by a
small network where the style has one (its draft form)."""
Device = Literal["auto", "cpu", "gpu", "cuda", "directml", "coreml", "ascend"]
"""Where networks run; ``gpu`` is whatever accelerator works."""


@dataclass(frozen=True)
class Weights:
    """The weights of a network: named float arrays, and the facts of its model card.

    Attributes:
        arrays: name -> array, in the names of the network that uses them.
        card: facts as text: ``family``, ``architecture``, ``licence``, ``author`` … and those of the family.
        network: ``package.module:function`` that tells which network a card describes; empty for weights that come
            from no store. ``senga.families.network_of`` calls it.
    """

    arrays: Mapping[str, NDArray[Any]]
    card: Mapping[str, str] = field(default_factory=dict)
    network: str = ""


@dataclass(frozen=True, eq=False)
class Moment:
    """Where in a film a frame stands.

    Attributes:
        number: from 0.
        count: of all frames, as far as it is known.
        before: the last result, cropped like the picture, for filters with ``wants_before``; None for the first frame.
        before_source: the frame that it was made of, cropped likewise.
        boils: what is drawn by chance is to be drawn otherwise in each frame.
    """

    number: int
    count: int
    before: Image | None = None
    before_source: Image | None = None
    boils: bool = False


def _no_weights(name: str) -> Weights:
    raise ModelError(f"No model store is set up here, so the style “{name}” cannot be loaded.")


def unseen(make: Callable[[], Image]) -> None:
    """Nobody looks at a growing picture."""


@dataclass(frozen=True)
class Job:
    """One run of a filter. Frozen: ``part`` and ``dataclasses.replace`` make variants that share the listeners.

    Attributes:
        on_progress: called with the share done (0..1) and a note for the painter.
        cancelled: asked often; True means stop.
        weights: style name -> Weights; raises ModelError.
        brushes: drawing instruments that plug-ins bring.
        resources: other things that plug-ins bring, by their kind, such as ``exemplars``.
        memory: peak memory to stay below, in bytes, for the whole process; None leaves it to the filter.
        device: where networks run, see ``Device``.
        engine: what networks run on, see ``Engine``.
        precision: how exactly networks compute, see ``Precision``.
        threads: how many threads to use at most.
        full_size: (height, width) of the whole picture when the filter sees a crop of it; settings that are relative
            to the picture refer to this.
        offset: (row, column) of the whole picture at which the crop begins.
        alpha: (H, W) in one of the three depths, how opaque each pixel of the picture was, or None: the filter sees
            opaque colours, but those that were hidden should not count where colours are measured.
        moment: which frame of a film this is, or None.
        prepared: what ``Filter.prepare`` made, or None.
        on_picture: called with what makes the picture as far as it is there, see ``show``; it need not be made.
    """

    on_progress: Callable[[float, str], None] = lambda share, note: None  # noqa: ARG005
    cancelled: Callable[[], bool] = lambda: False
    weights: Callable[[str], Weights] = _no_weights
    brushes: Callable[[], Iterable[Brush]] = tuple
    resources: Callable[[str], Iterable[Any]] = lambda kind: ()  # noqa: ARG005
    memory: int | None = None
    device: str = "auto"
    engine: str = "auto"
    precision: str = "full"
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    full_size: tuple[int, int] | None = None
    offset: tuple[int, int] = (0, 0)
    alpha: NDArray[Any] | None = field(default=None, repr=False)
    moment: Moment | None = None
    prepared: Any = None
    on_picture: Callable[[Callable[[], Image]], None] = unseen

    def check(self) -> None:
        """Stop here if the user asked to.

        Raises:
            Cancelled: they did.
        """
        if self.cancelled():
            raise Cancelled

    def progress(self, share: float, note: str = "") -> None:
        """Tell how much is done (0..1), and stop here if the user asked to. Call it at least twice a second.

        Raises:
            Cancelled: the user asked to stop.
        """
        self.check()
        self.on_progress(min(max(share, 0.0), 1.0), note)

    def show(self, make: Callable[[], Image]) -> None:
        """Offer a look at the picture while it grows: ``make`` gives it, and is called only where somebody looks.

        Raises:
            Cancelled: the user asked to stop.
        """
        self.check()
        self.on_picture(make)

    def shown_as(self, change: Callable[[Image], Image]) -> Job:
        """A job whose growing pictures are changed by that before anybody sees them."""
        if self.on_picture is unseen:
            return self
        return replace(self, on_picture=lambda make: self.on_picture(lambda: change(make())))

    def part(self, start: float, stop: float) -> Job:
        """A job whose 0..1 is ``start``..``stop`` of this one."""

        def report(share: float, note: str) -> None:
            self.on_progress(start + (stop - start) * share, note)

        return replace(self, on_progress=report)

    def rng(self, seed: int, *stream: int) -> np.random.Generator:
        """A generator for ``seed`` and a stream number (strip, direction …): equal on any number of threads."""
        return np.random.default_rng([seed, *stream])
