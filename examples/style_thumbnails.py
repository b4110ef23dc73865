"""The small pictures of the styles that come with Senga, for menus: ``python examples/style_thumbnails.py``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import senga
from senga.registry import plugins

HERE = Path(__file__).parent
PART = slice(20, 320), slice(55, 355)
"""Rows and columns of the photograph."""
HEAD = slice(10, 220), slice(115, 325)
"""The same of that for portraits."""
SIDE = 96
QUALITY = 82


def main() -> None:
    """Paint a part of the photograph in every style that is shipped, beside the list of its family."""
    scenery, portrait = (
        np.ascontiguousarray(senga.open(HERE / name).u8()[part])
        for name, part in (("summer-palace.jpg", PART), ("astronaut.png", HEAD))
    )
    known = plugins()
    for kind in known.filters.values():
        families = known.families_of(kind) if "style" in kind.model_fields else ()
        styles = known.styles_of(families).items() if families else ()
        for called, entry in [each for each in styles if each[1].shipped]:
            folder = Path(known.families[entry.family].models or "").parent / "thumbnails"
            folder.mkdir(exist_ok=True)
            photo = portrait if "portrait" in kind.keywords else scenery
            painted = senga.apply(kind.name, photo, style=called)
            small = cv2.resize(painted.u8(), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(folder / f"{entry.name}.jpg"), small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
