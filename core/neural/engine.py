"""Runs networks: paints a picture with one, or computes any results from any inputs, within a memory budget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import MissingExtraError, ModelError
from senga.image import Pixels
from senga.job import Job

from . import memory
from .blocks import Input, Size
from .budget import Share, allot
from .executor import Array, Executor
from .executors import check_precision, choose, choose_whole, log
from .network import Network, Output, followed
from .openvino_runtime import OpenVino, needs
from .painting import Painting, Sink
from .pictures import Photo, enlarged, put
from .pieces import Piece, pieces
from .prepare import Prepared, prepare
from .strips import Give, LayerCache

__all__ = ["Share", "allot", "evaluate", "run"]

BAND = 256
"""So many rows of a whole picture are put into the result at a time."""


def run(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    pixels: Pixels,
    job: Job,
    *,
    given: Mapping[str, NDArray[Any]] = MappingProxyType({}),
    note: str = "painting",
    executor: Executor | None = None,
) -> Pixels:
    """Paint a picture, whole where the runtime is best at that and memory allows it, else strip by strip.

    The result does not depend on threads, and at full precision not on the memory budget beyond rounding (below
    0.1/255 on average). Strips are always painted at full precision.

    Args:
        network: takes a picture first and gives one of the same size and channels.
        weights: in the names of the network.
        pixels: (H, W, 3) of any size: ``uint8``, ``uint16`` or ``float32`` in [0, 1].
        job: engine, device, precision, memory budget, threads, progress, cancel.
        given: the other inputs, if there are any; see ``evaluate``.
        note: what the progress line says.
        executor: in place of what the job asks for.

    Returns:
        (H, W, 3) of the same type, or with as many channels as the network gives.

    Raises:
        ModelError: the weights do not fit the network.
        MemoryBudgetError: even the smallest strip does not fit the budget.
        MissingExtraError: no runtime is installed.
        SettingsError: the engine, the device or the precision is not there.
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, note)
    network.check(weights)
    name, output = _painting_ends(network)
    others = {each: block for each, block in network.inputs.items() if each != name}
    for each, block in others.items():
        _check_given(network, each, block, given)
    given = _enlarged(network, given)
    painted = None if executor else _at_once(network, weights, pixels, given, job, note)
    if painted is not None:
        return painted
    prepared = prepare(network, weights, executor or choose(job.engine, job.device, job.threads, job.precision))
    photo = Photo(pixels, network.multiple, network.inputs[name].range)
    result = _room(network, output, pixels)
    sink = Sink(lambda values, top: put(values, result, top, output.range))
    pictures = {name: photo.size} | _pictures(others, given)
    rows = {name: photo.rows} | {each: _give(given[each], vector=block.vector) for each, block in others.items()}
    with memory.retained.measured():
        _paint(prepared, pictures, rows, {output.node: sink}, result.nbytes, job, note)
    return result


def evaluate(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    given: Mapping[str, NDArray[Any]],
    job: Job,
    *,
    note: str = "computing",
    executor: Executor | None = None,
) -> dict[str, Array]:
    """All results of a network, in its own numbers: whole where the runtime is best at that, else strip by strip.

    Args:
        network: with any inputs and outputs.
        weights: in the names of the network.
        given: for each input a picture, (H, W, C), or a vector, (C,), of floats in the range that the network takes.
            Pictures of other sizes than the network takes are mirrored at the bottom and right, and what follows their
            size is cropped; vectors are then refused, for they would tell of more than the picture.
        job: engine, device, memory budget, threads, progress, cancel.
        note: what the progress line says.
        executor: in place of what the job asks for.

    Returns:
        For each output a picture, (H, W, C), or a vector, (C,), ``float32``.

    Raises:
        ModelError: the weights or the inputs do not fit the network.
        MemoryBudgetError: even the smallest strip does not fit the budget.
        MissingExtraError: no runtime is installed.
        SettingsError: the engine or the device is not there.
        Cancelled: the user asked to stop.
    """
    job.progress(0.0, note)
    network.check(weights)
    for name, block in network.inputs.items():
        _check_given(network, name, block, given)
    whole = _enlarged(network, given)
    kept = _kept_sizes(network, given, whole)
    found = None if executor else _evaluated_at_once(network, weights, whole, job, note)
    if found is None:
        found = _evaluated_in_strips(network, weights, whole, job, note, executor)
    return {name: values[slices] if (slices := kept.get(name)) else values for name, values in found.items()}


def _evaluated_in_strips(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    given: Mapping[str, NDArray[Any]],
    job: Job,
    note: str,
    executor: Executor | None,
) -> dict[str, Array]:
    prepared = prepare(network, weights, executor or choose(job.engine, job.device, job.threads, job.precision))
    pictures = _pictures(network.inputs, given)
    sizes = prepared.network.sizes_of(pictures)
    results = {
        output.node: np.empty((network.by_name[output.node].channels, *sizes[output.node]), np.float32)
        for output in network.outputs
        if output.node not in network.vectors
    }
    sinks = {name: Sink(partial(_fill, values), values) for name, values in results.items()}
    rows = {name: _give(given[name], vector=block.vector) for name, block in network.inputs.items()}
    with memory.retained.measured():
        nbytes = sum(values.nbytes for values in results.values())
        known = _paint(prepared, pictures, rows, sinks, nbytes, job, note)
    return {
        output.name: known.vector(output.node).reshape(-1)  # (C,)
        if output.node in network.vectors
        else results[output.node].transpose(1, 2, 0)
        for output in network.outputs
    }


def _paint(
    prepared: Prepared,
    pictures: Mapping[str, Size],
    given: Mapping[str, Give],
    sinks: Mapping[str, Sink],
    nbytes: int,
    job: Job,
    note: str,
) -> LayerCache:
    sizes = prepared.network.sizes_of(pictures)
    at_once = job.threads if prepared.executor.concurrent else 1
    share = allot(prepared.network, sizes, job.memory, nbytes, prepared.executor, at_once)
    return Painting(prepared, sizes, given, sinks, share, job, note).done()


def _painting_ends(network: Network) -> tuple[str, Output]:
    """The input and the output of a network that paints.

    Raises:
        ModelError: it does something else.
    """
    first, output = next(iter(network.inputs)), network.outputs[0]
    if network.inputs[first].vector or len(network.outputs) > 1 or not network.keeps_size(output.node):
        raise ModelError(f"{network.name} does not turn a picture into one of the same size; evaluate it instead.")
    return first, output


def _room(network: Network, output: Output, pixels: Pixels) -> Pixels:
    return np.empty((*pixels.shape[:2], network.by_name[output.node].channels), pixels.dtype)


def _pictures(inputs: Mapping[str, Input], given: Mapping[str, NDArray[Any]]) -> dict[str, Size]:
    """Sizes of the inputs that are pictures."""
    pictures = (name for name, block in inputs.items() if not block.vector)
    return {name: (given[name].shape[0], given[name].shape[1]) for name in pictures}


def _check_given(network: Network, name: str, block: Input, given: Mapping[str, NDArray[Any]]) -> None:
    if name not in given:
        raise ModelError(f"{network.name} needs “{name}”; give it.")
    shape, channels = given[name].shape, network.by_name[name].channels
    if block.vector and shape != (channels,):
        raise ModelError(f"“{name}” of {network.name} has {channels} numbers, not the shape {shape}.")
    if block.vector:
        return
    if len(shape) != 3 or shape[2] != channels:
        raise ModelError(f"“{name}” of {network.name} is (height, width, {channels}), not {shape}.")
    if min(shape) < 1:
        raise ModelError(f"“{name}” of {network.name} has no pixels.")
    if network.fixed and shape[:2] != network.fixed:
        high, wide = network.fixed
        raise ModelError(f"{network.name} takes pictures of {wide} x {high} pixels only; resize “{name}” first.")


def _enlarged(network: Network, given: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    """The inputs, with pictures of sizes that the network takes."""
    if network.fixed:
        return given
    known = given.keys() & network.inputs.keys()
    pictures = {name: given[name] for name in known if not network.inputs[name].vector}
    return {**given, **{name: enlarged(values, network.multiple) for name, values in pictures.items()}}


def _kept_sizes(
    network: Network, given: Mapping[str, NDArray[Any]], whole: Mapping[str, NDArray[Any]]
) -> dict[str, tuple[slice, slice]]:
    """What is kept of each result, because a picture was enlarged.

    Raises:
        ModelError: nobody can tell.
    """
    sizes = _pictures(network.inputs, given), _pictures(network.inputs, whole)
    if sizes[0] == sizes[1]:
        return {}
    kept = {}
    for output in network.outputs:
        name = followed(network, output.node, sizes[1])
        if name is None:
            raise ModelError(
                f"The sides of “{next(iter(sizes[0]))}” must be multiples of {network.multiple} for {network.name}: "
                f"its result “{output.name}” cannot be cropped."
            )
        made = zip(sizes[0][name], sizes[1][name], network.sizes_of(sizes[1])[output.node], strict=True)
        rows, columns = (slice(-(-own * full // enlarged)) for own, enlarged, full in made)
        kept[output.name] = rows, columns
    return kept


def _give(values: NDArray[Any], *, vector: bool) -> Give:
    if vector:
        return lambda *_: np.array(values, np.float32).reshape(-1, 1, 1)  # (C, 1, 1)
    return lambda start, stop: np.array(values[start:stop].transpose(2, 0, 1), np.float32, order="C")


def _fill(target: Array, values: Array, top: int) -> None:
    target[:, top : top + values.shape[1]] = values


def _at_once(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    pixels: Pixels,
    given: Mapping[str, NDArray[Any]],
    job: Job,
    note: str,
) -> Pixels | None:
    """The result of a runtime for whole pictures; None where there is none, or too little memory for it."""
    name, output = _painting_ends(network)
    photo, result = Photo(pixels, network.multiple, network.inputs[name].range), _room(network, output, pixels)
    others = {each: _planes(values) for each, values in given.items() if each != name and each in network.inputs}

    def painted(runtime: OpenVino, piece: Piece | None) -> None:
        rows = piece.given if piece else (0, photo.size[0])
        values = runtime.compute(network, weights, {name: photo.rows(*rows)} | others, _told(job, note, piece))
        (start, _), (low, high) = piece.kept[output.name] if piece else (rows, rows)
        for top in range(low, high, BAND):
            put(values[output.name][:, top : min(top + BAND, high)], result, start + top - low, output.range)

    sizes = {name: photo.size} | {
        each: (values.shape[1], values.shape[2]) for each, values in others.items() if values.ndim == 3
    }
    return result if _whole(network, sizes, result.nbytes, 0, job, note, painted) else None


def _evaluated_at_once(
    network: Network, weights: Mapping[str, NDArray[Any]], given: Mapping[str, NDArray[Any]], job: Job, note: str
) -> dict[str, Array] | None:
    """The same for all results of a network."""
    pictures = _pictures(network.inputs, given)
    sizes, found = network.sizes_of(pictures), dict[str, Array]()
    shapes = {output.name: (*sizes[output.node], network.by_name[output.node].channels) for output in network.outputs}

    def evaluated(runtime: OpenVino, piece: Piece | None) -> None:
        rows = slice(*piece.given) if piece else slice(None)
        values = {each: _planes(given[each][rows] if each in pictures else given[each]) for each in network.inputs}
        made = runtime.compute(network, weights, values, _told(job, note, piece))
        for each, result in made.items():
            result = result.transpose(1, 2, 0) if result.ndim == 3 else result
            if piece is None:
                found[each] = result
                continue
            (start, stop), (low, high) = piece.kept[each]
            found.setdefault(each, np.empty(shapes[each], np.float32))[start:stop] = result[low:high]

    nbytes = sum(4 * prod(shape) for shape in shapes.values())
    return found if _whole(network, pictures, 0, nbytes, job, note, evaluated) else None


def _told(job: Job, note: str, piece: Piece | None) -> Callable[[float], None]:
    part = job.part(*piece.share) if piece else job
    return lambda share: part.progress(share, note)


def _planes(values: NDArray[Any]) -> Array:
    """(H, W, C) -> (C, H, W); vectors stay."""
    return np.ascontiguousarray(values.transpose(2, 0, 1) if values.ndim == 3 else values, np.float32)


def _whole(
    network: Network,
    pictures: Mapping[str, Size],
    nbytes: int,
    gathered: int,
    job: Job,
    note: str,
    act: Callable[[OpenVino, Piece | None], None],
) -> bool:
    """Whether a runtime for whole pictures has painted: the whole, or where memory is too small for it in pieces.

    Args:
        network: to run.
        pictures: sizes of its inputs.
        nbytes: of what is made.
        gathered: bytes of what pieces are put together to beside that.
        job: what is asked for.
        note: what the progress line says.
        act: paints the whole, or a piece.
    """
    check_precision(job.precision)
    free = memory.budget(job.memory) - memory.retained.occupied() - nbytes

    def ways(needed: Callable[[Mapping[str, Size]], int]) -> Sequence[Piece | None]:
        if needed(network.sizes_of(pictures)) <= free:
            return [None]
        return pieces(network, pictures, lambda sizes: needed(network.sizes_of(sizes)) <= free - gathered)

    if job.engine == "auto" and "openvino" not in sys.modules and not ways(partial(needs, network, drafts=True)):
        return False  # the library would take memory that strips are short of
    runtime = choose_whole(job.engine, job.device, job.threads, job.precision)
    if runtime is None or (job.engine == "auto" and network in runtime.refused):
        return False
    todo = ways(partial(runtime.needs, network))
    if not todo:
        memory.retained.given_back(runtime.release)
        return False
    try:
        with memory.retained.measured():
            for piece in todo:
                act(runtime, piece)
                _told(job, note, piece)(1.0)
    except MemoryError:
        memory.retained.given_back(runtime.release)
        return False
    except MissingExtraError as error:
        if job.engine != "auto":
            raise
        log.warning("%s Until then another runtime paints.", error)
        return False
    return True
