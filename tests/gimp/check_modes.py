# ruff: noqa: B905, PT018
"""Every mode and precision of GIMP: the selected half is painted, the other and the alpha stay to the last bit."""

from bench import KINDS, SUCCESS, call, near, picture, raw, values
from gi.repository import Gimp

PRECISIONS = [
    f"{size}_{curve}" for size in ("U8", "U16", "U32", "HALF", "FLOAT", "DOUBLE") for curve in ("NON_LINEAR", "LINEAR")
]
WIDTH, HEIGHT = 32, 24
LEFT = range(WIDTH // 2)


def paint_left_half(kind, precision, alpha):
    image, layer = picture(kind, precision, alpha, WIDTH, HEIGHT)
    before, exact = values(layer), raw(layer)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, WIDTH // 2, HEIGHT)
    status, made, message = call("senga-bench", image, [layer])
    assert (status, made) == (SUCCESS, None), message
    return layer, before, values(layer), exact


def check_every_mode_and_precision():
    for kind in KINDS:
        for precision in PRECISIONS if kind != "indexed" else PRECISIONS[:1]:
            for alpha in (False, True):
                layer, before, after, exact = paint_left_half(kind, precision, alpha)
                where = f"{kind} {precision} {'with' if alpha else 'without'} alpha"
                examine(where, kind, layer, before, after)
                size = len(exact) // len(after)
                for i, pixel in enumerate(after):
                    if i % WIDTH not in LEFT:
                        at = slice(i * size, (i + 1) * size)
                        assert raw_of(layer)[at] == exact[at], f"{where}: pixel {i} outside of the selection changed"
                    assert abs(pixel[3] - before[i][3]) < 1e-6, f"{where}: alpha changed"


_raws = {}


def raw_of(layer):
    return _raws.setdefault(layer.get_id(), raw(layer))


def examine(where, kind, layer, before, after):
    """Every painted channel is what a threshold makes of it; a palette has only its own colours."""
    if kind == "indexed":
        changed = [i for i, pixel in enumerate(after) if not near(pixel, before[i], 0.01)]
        assert changed, f"{where}: nothing changed"
        assert all(i % WIDTH in LEFT for i in changed), where
        assert set(after) <= {*before, *after} and len(set(after)) <= 16, where
        return
    for i, pixel in enumerate(after):
        if i % WIDTH in LEFT:
            expected = tuple(float(value >= 0.5) for value in before[i][:3])
            unsure = any(abs(value - 0.5) < 0.004 for value in before[i][:3])
            assert unsure or near(pixel, expected, 0.003), (where, i, before[i], pixel, expected)


def check_feather_fades_from_old_to_new():
    for precision in ("U8_NON_LINEAR", "FLOAT_LINEAR"):
        image, layer = picture(precision=precision, alpha=False, width=64, height=48)
        before = values(layer)
        Gimp.context_push()
        Gimp.context_set_feather(True)
        Gimp.context_set_feather_radius(12, 12)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, WIDTH // 2, HEIGHT)
        Gimp.context_pop()
        mask = [value[0] for value in values(image.get_selection(), "Y'")]
        assert call("senga-bench", image, [layer])[0] == SUCCESS
        between = 0
        for old, now, share in zip(before, values(layer), mask):
            for channel in range(3):
                new = float(old[channel] >= 0.5)
                low, high = sorted((old[channel], new))
                assert low - 0.01 <= now[channel] <= high + 0.01
                if share == 0:
                    assert abs(now[channel] - old[channel]) < 0.003
                if share > 0.999 and abs(old[channel] - 0.5) > 0.01:
                    assert abs(now[channel] - new) < 0.01
                between += low + 0.1 < now[channel] < high - 0.1
        assert between > 50, "no pixel is half way: the feather was not used"


def check_the_feather_counts_once():
    """White on black under half a selection is GIMP's own half, not a half of a half."""
    image, layer = picture(precision="FLOAT_NON_LINEAR", alpha=False, width=WIDTH, height=HEIGHT)
    layer.fill(Gimp.FillType.TRANSPARENT)
    Gimp.context_push()
    Gimp.context_set_feather(True)
    Gimp.context_set_feather_radius(30, 30)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, WIDTH // 2, HEIGHT)
    Gimp.context_pop()
    own = layer.copy()
    image.insert_layer(own, None, 0)
    Gimp.context_push()
    Gimp.context_set_foreground(Gimp.context_get_background())
    own.edit_fill(Gimp.FillType.WHITE)
    Gimp.context_pop()
    assert call("senga-bench", image, [layer], limit=0.0)[0] == SUCCESS
    worst = max(abs(a[0] - b[0]) for a, b in zip(values(layer), values(own)))
    assert worst < 0.02, worst


def check_a_selection_beside_the_layer_changes_nothing():
    image, layer = picture(width=WIDTH, height=HEIGHT)
    layer.set_offsets(WIDTH // 2, 0)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 10, 10)
    before = raw(layer)
    status, made, _ = call("senga-bench", image, [layer])
    assert (status, made) == (SUCCESS, None)
    assert raw(layer) == before


def check_wide_colours_and_their_profile_stay():
    from gi.repository import Gio

    image, layer = picture(alpha=False)
    file = Gio.File.new_for_path("/usr/share/color/icc/compatibleWithAdobeRGB1998.icc")
    profile = Gimp.ColorProfile.new_from_file(file)
    image.set_color_profile(profile)
    before = raw(layer, "RGBA float")
    assert call("senga-bench", image, [layer], strength=0.0001)[0] == SUCCESS
    assert image.get_color_profile().is_equal(profile)
    assert max(abs(a - b) for a, b in zip(_floats(before), _floats(raw(layer, "RGBA float")))) < 0.005


def check_linear_half_bright_is_not_taken_for_encoded():
    """0.25 in linear light is 0.54 encoded, and that is what a filter must see."""
    from array import array

    from bench import fill

    image, layer = picture(precision="FLOAT_LINEAR", alpha=False, width=WIDTH, height=HEIGHT)
    fill(layer, array("f", [0.25, 0.25, 0.25, 1.0] * (WIDTH * HEIGHT)).tobytes(), "RGBA float")
    assert call("senga-bench", image, [layer])[0] == SUCCESS
    assert near(values(layer)[0], (1, 1, 1, 1), 1e-6)


def _floats(data):
    from array import array

    return array("f", data)
