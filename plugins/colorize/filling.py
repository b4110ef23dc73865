"""Which colour every region gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from senga.ops import regions

from .colouring import Numbers
from .drawing import Drawing

_STRAIGHT = 40
"""Regions, those with most hints, that are divided along straight lines; the others along stairs."""


@dataclass(frozen=True, eq=False)
class Dots:
    """Pixels of hints, each in the region that it colours.

    Attributes:
        places: flat indices of the working size.
        colour: number of the colour of each.
        region: its region.
        stroke: number of the stroke that it is part of, from 0.
    """

    places: Numbers
    colour: Numbers
    region: Numbers
    stroke: Numbers

    def those(self, wanted: Any) -> Dots:
        """Some of them."""
        return Dots(self.places[wanted], self.colour[wanted], self.region[wanted], self.stroke[wanted])


def filled(drawing: Drawing, marks: Numbers, overshoot: float, smallest: float, *, spreads: bool) -> Numbers:
    """(h, w) the number of a colour for every pixel of the working size, below lines too; 0 is paper.

    Args:
        drawing: its regions.
        marks: (h, w) numbers of the colours of hints, 0 where there is none.
        overshoot: share of a stroke that does not count where a larger hint of another colour is.
        smallest: pixels below which a region without a hint becomes like its neighbour.
        spreads: whether all regions without a hint do.
    """
    labels = drawing.labels
    dots = without_slips(dots_of(drawing, marks), overshoot)
    count = int(labels.max(initial=0)) + 1
    chosen, is_divided = _chosen(dots, count)
    area = np.bincount(labels.reshape(-1), minlength=count)
    takes = (chosen == 0) & (spreads | (area < smallest))
    if takes[1:].any():
        chosen = _as_neighbours(drawing, chosen, takes)
    numbers = chosen[labels]
    divided = is_divided[labels]
    if divided.any():
        numbers = np.where(divided, _divided(labels, divided, dots), numbers)
        numbers = np.where(divided & (numbers == 0), chosen[labels], numbers)
    return np.asarray(numbers.reshape(-1)[drawing.under])


def dots_of(drawing: Drawing, marks: Numbers) -> Dots:
    """The pixels of hints. A stroke that lies on lines alone counts for the region that is nearest."""
    places = np.flatnonzero(marks).astype(np.int32)
    _, parts = cv2.connectedComponents((marks > 0).astype(np.uint8), connectivity=8)
    colour = marks.reshape(-1)[places]
    pairs = parts.reshape(-1)[places].astype(np.int64) * (int(marks.max(initial=0)) + 1) + colour
    stroke = np.unique(pairs, return_inverse=True)[1].reshape(-1)
    free = drawing.labels.reshape(-1)[places] > 0
    has_free = np.bincount(stroke, free, minlength=1) > 0
    places = np.where(free, places, drawing.under.reshape(-1)[places])
    dots = Dots(places, colour, drawing.labels.reshape(-1)[places], stroke)
    return dots.those((free | ~has_free[stroke]) & (dots.region > 0))


def without_slips(dots: Dots, overshoot: float) -> Dots:
    """Without what has run over a line into a region that has a larger hint of another colour."""
    if not len(dots.places):
        return dots
    keys, where, count = np.unique(
        np.stack([dots.region, dots.colour, dots.stroke]), axis=1, return_inverse=True, return_counts=True
    )
    region, _, stroke = keys
    largest = np.zeros(int(region.max()) + 1)
    np.maximum.at(largest, region, count)
    whole = np.bincount(stroke, count)
    slipped = (count < overshoot * whole[stroke]) & (count < largest[region])
    return dots.those(~slipped[where.reshape(-1)])


def _chosen(dots: Dots, count: int) -> tuple[Numbers, Any]:
    """For every region its most frequent colour, 0 without a hint; and whether it has several."""
    chosen, is_divided = np.zeros(count, np.int32), np.zeros(count, bool)
    if len(dots.places):
        keys, many = np.unique(np.stack([dots.region, dots.colour]), axis=1, return_counts=True)
        rising = np.argsort(many, kind="stable")
        chosen[keys[0][rising]] = keys[1][rising]
        is_divided = np.bincount(keys[0], minlength=count) > 1
    return chosen, is_divided


def _divided(labels: Numbers, divided: Any, dots: Dots) -> Numbers:
    """Regions with hints of several colours, each pixel in that of the nearest within its region."""
    marks = np.zeros_like(labels)
    marks.reshape(-1)[dots.places] = dots.colour
    marks = np.where(divided, marks, 0)
    cells = _cells(labels, marks)
    kinds = np.stack([labels % 251, labels // 251 % 251, cells % 251], axis=2).astype(np.uint8)
    return regions.flooded(marks, divided, kinds)


def _cells(labels: Numbers, marks: Numbers) -> Numbers:
    """In regions with several hints the colour of the nearest as the crow flies: it divides them along straight lines.

    Where that is not the nearest within the region, flooding goes on from one cell into the other.
    """
    cells = np.zeros_like(labels)
    count = np.bincount(labels[marks > 0])
    for region in np.argsort(-count, kind="stable")[: min(_STRAIGHT, np.count_nonzero(count))].tolist():
        inside = labels == region
        left, top, width, height = cv2.boundingRect(inside.astype(np.uint8))
        box = np.s_[top : top + height, left : left + width]
        dots = np.where(inside[box], marks[box], 0)
        cells[box] = np.where(inside[box], dots.reshape(-1)[regions.nearest(dots > 0)], cells[box])
    return cells


def _as_neighbours(drawing: Drawing, chosen: Numbers, takes: Any) -> Numbers:
    """The colours of regions, where some take that of the neighbour with the longest border."""
    owner, is_open = list(range(len(chosen))), takes.tolist()
    for first, second in drawing.neighbours[0][takes[drawing.neighbours[0]].any(axis=1)].tolist():
        a, b = regions.root(owner, first), regions.root(owner, second)
        if a != b and (is_open[a] or is_open[b]):
            kept, other = (b, a) if is_open[a] else (a, b)
            owner[other] = kept
    return np.array([chosen[regions.root(owner, each)] for each in range(len(chosen))], np.int32)
