from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the mirror needs PyTorch")

from training.gallery import cover, hang


@pytest.mark.parametrize("shape", [(40, 90), (90, 40), (10, 10), (32, 48)])
def test_a_photo_covers_its_frame_and_keeps_its_middle(shape: tuple[int, int]) -> None:
    photo = np.zeros((*shape, 3), np.uint8)
    photo[shape[0] // 2 - 2 : shape[0] // 2 + 2, shape[1] // 2 - 2 : shape[1] // 2 + 2] = 255
    framed = cover(photo, 48, 32)
    assert framed.shape == (32, 48, 3)
    assert framed[15:17, 23:25].min() > 200


def test_a_last_row_is_filled_up() -> None:
    tiles = [np.full((2, 3, 3), shade, np.uint8) for shade in (10, 20, 30)]
    wall = hang(tiles, 2)
    assert wall.shape == (4, 6, 3)
    assert [int(wall[y, x, 0]) for y, x in ((0, 0), (0, 3), (2, 0), (2, 3))] == [10, 20, 30, 255]
