"""Colours of another picture: a network says which could be where, and every region takes a colour of the picture.

Where no network is asked, colours go to regions that cover as much of the drawing and lie as they do in the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError, SengaError
from senga.families import network_of
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.networks import reference_features, vgg_features
from senga.neural.networks.style2paints import MULTIPLE
from senga.ops.superpixels import lab

from .colouring import Colouring, Numbers, Plane
from .drawing import Drawing
from .networks import lines_of, weights_for
from .references.dealing import Places, by_colour, by_place, dealt
from .references.palettes import Shades
from .shading import main_colours

if TYPE_CHECKING:
    from . import Colorize

SIDE = 112
"""Of the square that has as many pixels as the drawing that the network sees."""
RIM = 2.0
"""Pixels of what a network paints from a line on which a pixel counts wholly for the colour of its region."""
NO_REFERENCE = "There is no reference: choose the picture whose colours the drawing should have (--reference)."
EMPTY = "The reference is wholly transparent: choose a picture that has colours."


def from_reference(drawing: Drawing, act: Colorize, job: Job) -> Colouring:
    """Colours of another picture.

    Raises:
        SengaError: there is no other picture, or nothing in it, or no network where one should be asked.
    """
    other = act.picture("reference")
    if other is None:
        raise SengaError(NO_REFERENCE)
    if other.alpha is not None and not other.alpha.any():
        raise SengaError(EMPTY)
    shades = Shades.of(other)
    if act.matching == "place":
        return by_places(drawing, shades)
    seen = seen_by(weights_for(act, job), act, drawing, other, job)
    return recoloured(drawing, seen, shades, act.closeness)


def by_places(drawing: Drawing, shades: Shades) -> Colouring:
    """Every region in a colour that lies in the picture as the region does in the drawing."""
    whole = _whole(drawing)
    places = Places.of(whole)
    chosen = dealt(by_place(places, shades), places, shades, drawing.neighbours[0])
    return Colouring.of(_bytes(shades.colours[chosen])[1:], whole)


def recoloured(drawing: Drawing, seen: Plane, shades: Shades, closeness: float) -> Colouring:
    """What a network painted, (a, b, 3), every region moved to a colour of the picture by a share of the way."""
    (height, width), whole = drawing.labels.shape, _whole(drawing)
    large = np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    inside = cv2.distanceTransform((drawing.labels > 0).astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.asarray(np.clip(inside * seen.shape[1] / width / RIM, 0.02, 1), np.float32)
    guesses = lab(main_colours(drawing.labels, large, weight)[None])[0]
    places = Places.of(whole)
    costs = by_colour(guesses, shades) + by_place(places, shades)
    chosen = dealt(costs, places, shades, drawing.neighbours[0])
    colours = guesses + np.float32(closeness) * (shades.colours[chosen] - guesses)
    return Colouring.of(_bytes(colours)[1:], whole)


def _whole(drawing: Drawing) -> Numbers:
    """(h, w) the region of every pixel, that of the nearest below lines."""
    return drawing.labels.reshape(-1)[drawing.under].reshape(drawing.labels.shape)


def _bytes(colours: Plane) -> NDArray[np.uint8]:
    """CIELAB (N, 3) as sRGB in bytes."""
    found = cv2.cvtColor(np.ascontiguousarray(colours[None], np.float32), cv2.COLOR_LAB2RGB)[0]
    return np.asarray(np.rint(255 * np.clip(found, 0, 1)), np.uint8)


def seen_by(weights: Weights, act: Colorize, drawing: Drawing, other: Image, job: Job) -> Plane:
    """(a, b, 3) what a network paints of a drawing in the colours of a picture, in 0..1.

    Raises:
        ModelError: the network does not paint, or wants the features of VGG-19, which is not there.
    """
    network = network_of(weights)
    if "reference" not in network.by_name:
        raise ModelError("VGG-19 only looks at pictures, and does not paint: name it as encoder, not as style.")
    vector = vector_of(other, network.by_name["reference"].channels, act, job.part(0, 0.4))
    ink = 1 - lines_of(drawing, SIDE * SIDE, MULTIPLE)
    given = {"photo": np.ascontiguousarray(ink[:, :, None]), "reference": vector}
    found = evaluate(network, weights.arrays, given, job.part(0.4, 1), note="Painting")["colours"]
    return np.asarray(np.clip((found + 1) / 2, 0, 1), np.float32)


def vector_of(other: Image, features: int, act: Colorize, job: Job) -> Plane:
    """What a picture looks like, to a network that takes so many features."""
    picture = _on_white(other)
    if features == reference_features.FEATURES:
        small = reference_features.squeezed(picture)
        network, weights = reference_features.observer(), reference_features.observer_weights()
        found = evaluate(network, weights, {"photo": 2 * small - 1}, job, note="Looking")["statistics"]
        colours = reference_features.histogram(small)
        return np.asarray(reference_features.joined(colours[None], np.asarray(found)[None])[0])
    small = reference_features.squeezed(picture, vgg_features.SIDE)
    known = job.weights(act.encoder or "vgg19")
    found = evaluate(network_of(known), known.arrays, {"photo": 2 * small - 1}, job, note="Looking")["features"]
    return np.asarray(found, np.float32)


def _on_white(picture: Image) -> Plane:
    """(H, W, 3) in 0..1, not larger than it is looked at."""
    scale = min(1.0, 512 / max(picture.height, picture.width))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels = cv2.resize(to_depth(picture.pixels, np.uint8), size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if picture.alpha is None:
        return pixels
    alpha = cv2.resize(to_depth(picture.alpha, np.float32), size, interpolation=cv2.INTER_AREA)[:, :, None]
    return np.asarray(1 + alpha * (pixels - 1), np.float32)
