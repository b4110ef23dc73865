"""One picture as an affine function of another, of its own around every pixel, along the edges of both.

Where a picture t was made of a picture p, A and b with t ≈ A p + b in windows keep of the change what is even, and take
edges and detail from p alone: noise, bands and halos of t vanish.

References:
    K. He, J. Sun, X. Tang: Guided image filtering. IEEE TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213 (colour guide).
    F. Luan, S. Paris, E. Shechtman, K. Bala: Deep photo style transfer. CVPR 2017, arXiv:1703.07511: transfer that is
    locally affine in colour, after A. Levin, D. Lischinski, Y. Weiss, IEEE TPAMI 30(2), 2008.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.job import Job

from .banded import each_band, parts_of, samples, stored

Picture = NDArray[np.float32]
Fit = NDArray[np.float32]
"""(4, 3, h, w): the columns of A around each pixel, and then b; each has three rows."""


def fitted(picture: Picture, aim: Picture, prior: NDArray[np.float32], radius: int, eps: float) -> Fit:
    """A and b around every pixel, the mean of all windows in which it lies.

    A minimises Σ |A p + b - t|² / n + eps |A - prior|², so that detail follows ``prior`` where there is no other.

    Args:
        picture: p, (h, w, 3).
        aim: t, (h, w, 3).
        prior: (3, 3).
        radius: of the windows, in pixels.
        eps: variance of the picture below which it says nothing.
    """
    own, other = (np.ascontiguousarray(np.moveaxis(each, 2, 0)) for each in (picture, aim))
    centre, level = _mean(own, radius), _mean(other, radius)
    least, wanted = (np.float32(eps) * each[..., None, None] for each in (np.eye(3, dtype=np.float32), prior.T))
    inverse = _inverse(_common(own, own, centre, centre, radius) + least)
    common = _common(own, other, centre, level, radius) + wanted
    columns = [sum(inverse[column, each] * common[each] for each in range(3)) for column in range(3)]
    shift = level - sum(columns[each] * centre[each] for each in range(3))
    return _mean(np.stack([*columns, shift]), radius)


def _common(one: Picture, other: Picture, centre: Picture, level: Picture, radius: int) -> Picture:
    """(3, 3, h, w): covariances in windows."""
    return np.asarray(_mean(one[:, None] * other[None], radius) - centre[:, None] * level[None], np.float32)


def _mean(planes: Picture, radius: int) -> Picture:
    side, result = 2 * radius + 1, np.empty_like(planes)
    for index in np.ndindex(*planes.shape[:-2]):
        cv2.blur(planes[index], (side, side), result[index], borderType=cv2.BORDER_REFLECT)
    return result


def _inverse(matrix: Picture) -> Picture:
    """Of (3, 3, h, w) symmetric ones, by cofactors."""
    result = np.stack([_across(matrix[(row + 1) % 3], matrix[(row + 2) % 3]) for row in range(3)])
    return np.asarray(result / (matrix[0] * result[0]).sum(axis=0), np.float32)


def _across(one: Picture, other: Picture) -> Picture:
    """The cross product of (3, h, w) vectors."""
    return np.stack([one[(i + 1) % 3] * other[(i + 2) % 3] - one[(i + 2) % 3] * other[(i + 1) % 3] for i in range(3)])


_LEAST = 1e-4
"""Variance of a whole picture below which it says nothing."""


def overall(picture: Picture, aim: Picture) -> NDArray[np.float32]:
    """(3, 3): the A that fits best everywhere at once; the identity where the picture says nothing."""
    own, other = (each.reshape(-1, 3).astype(np.float64) for each in (picture, aim))
    apart, least = own - own.mean(axis=0), _LEAST * np.eye(3)
    common = np.einsum("ni,nj->ij", other - other.mean(axis=0), apart) / len(own) + least
    return np.asarray(common @ np.linalg.inv(np.einsum("ni,nj->ij", apart, apart) / len(own) + least), np.float32)


def applied(pixels: Pixels, fit: Fit, job: Job) -> Pixels:
    """A p + b for every pixel of a picture, to whose size the maps are enlarged.

    Args:
        pixels: (H, W, 3) in any depth; the result has the same.
        fit: that of a reduced picture.
        job: threads, progress and cancel.
    """
    result = np.empty_like(pixels, order="C")
    height, width = pixels.shape[:2]

    def one(rows: slice) -> None:
        near = _between_rows(fit, height, rows)
        colours = [np.asarray(each, np.float32) for each in cv2.split(samples(pixels[rows]))]
        made = [_row(near[:, row], colours, width) for row in range(3)]
        stored(np.asarray(cv2.merge(made), np.float32), result[rows])

    each_band(one, parts_of(height, width, size=_BAND), job)
    return result


_BAND = 100_000
"""Pixels of a band: five planes of it stay in the cache."""


def _row(near: Fit, colours: list[Picture], width: int) -> Picture:
    """One row of A times the colours, and of b: (4, rows, w) -> (rows, width)."""
    *columns, total = (cv2.resize(plane, (width, len(plane)), interpolation=cv2.INTER_LINEAR) for plane in near)
    for column, colour in zip(columns, colours, strict=True):
        cv2.accumulateProduct(column, colour, total)
    return np.asarray(total, np.float32)


def _between_rows(fit: Fit, height: int, rows: slice) -> Fit:
    """(4, 3, rows, w): what lies at these rows of a picture of that height, straight between the rows of the maps."""
    last = fit.shape[2] - 1
    places = (np.arange(rows.start, rows.stop) + 0.5) * (fit.shape[2] / height) - 0.5
    upper = np.clip(places.astype(np.int64), 0, last)
    share = np.clip(places - upper, 0, 1).astype(np.float32)[:, None]
    lower = np.minimum(upper + 1, last)
    return np.asarray(fit[:, :, upper] * (1 - share) + fit[:, :, lower] * share, np.float32)
