"""What a preview shows of a picture, without GIMP."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from senga.host_adapters.gimp3.senga_gimp.views import SMALL, SMALL_PIXELS, Area, View, margin_of, small_size

sides = st.integers(1, 20000)
rooms = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@given(size=st.tuples(sides, sides), room=rooms)
def test_the_whole_picture_fits_into_the_room_and_fills_it(size: tuple[int, int], room: tuple[int, int]) -> None:
    view = View(size)
    shown = view.shown(room)
    assert view.area(room) == Area(0, 0, *size)
    assert all(1 <= length <= max(most, 1) for length, most in zip(shown, room, strict=True))
    touches = any(length in (most, most - 1) for length, most in zip(shown, room, strict=True))
    assert touches or view.scale(room) == 1


@given(size=st.tuples(sides, sides), room=rooms, pulls=st.lists(st.tuples(st.floats(-9e3, 9e3), st.floats(-9e3, 9e3))))
def test_a_part_is_seen_pixel_by_pixel_and_stays_in_the_picture(
    size: tuple[int, int], room: tuple[int, int], pulls: list[tuple[float, float]]
) -> None:
    view = View(size, whole=False)
    for pull in pulls:
        view = view.moved(*pull, room)
    area = view.area(room)
    assert view.scale(room) == 1
    assert (area.width, area.height) == view.shown(room)
    assert Area(0, 0, *size).holds(area)
    grown = area.grown(margin_of(size), size)
    assert grown.holds(area)
    assert Area(0, 0, *size).holds(grown)


def test_the_part_follows_the_hand() -> None:
    view, room = View((4000, 3000), whole=False), (400, 300)
    start = view.area(room)
    assert (start.left, start.top) == (1800, 1350)
    area = view.moved(-50, 20, room).area(room)
    assert (area.left, area.top) == (1850, 1330)
    far = view.moved(-99999, 0, room)
    assert far.area(room).left == 3600
    assert far.moved(10, 0, room).area(room).left == 3590, "beyond the border nothing is stored up"


@given(size=st.tuples(sides, sides))
def test_the_quick_preview_is_small(size: tuple[int, int]) -> None:
    width, height, scale = small_size(size)
    assert 1 <= max(width, height) <= SMALL
    assert width * height <= SMALL_PIXELS
    large = max(width, height) >= SMALL - 1 or (width + 1) * (height + 1) >= SMALL_PIXELS
    assert scale == 1 or large
