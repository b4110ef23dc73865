from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.job import Job
from senga.strokes import render
from senga.strokes.brush import BUILTIN_BRUSHES, Brush, find
from senga.strokes.settings import PencilSettings

Grey = NDArray[np.uint8]


def test_names_are_unique() -> None:
    assert len({brush.name for brush in BUILTIN_BRUSHES}) == len(BUILTIN_BRUSHES)
    assert all(find(brush.name) is brush for brush in BUILTIN_BRUSHES)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(SettingsError, match="did you mean “charcoal”"):
        find("charcole")
    with pytest.raises(SettingsError, match="choose one of: pencil"):
        find("zzz")


def test_plug_ins_bring_brushes(photo: Grey) -> None:
    chalk = Brush("chalk", "Chalk", fullness=4, depth=0.3)
    drawing = render.draw(photo, PencilSettings(brush="chalk"), Job(brushes=lambda: [chalk]))
    assert drawing.result.mean() > render.draw(photo, PencilSettings()).result.mean() + 20
    with pytest.raises(SettingsError, match="chalk"):
        render.draw(photo, PencilSettings(brush="chalk"))


def test_an_own_brush_wins(photo: Grey) -> None:
    own = replace(find("ink"), title="My ink", swell=0.0)
    assert find("ink", [own]) is own
