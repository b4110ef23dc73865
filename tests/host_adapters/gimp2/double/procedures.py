"""The procedures of GIMP 2.10 that the plug-in and its checks call."""

from __future__ import division

import formats
import gimp
from gimp import state
from gimpenums import *

_TYPES = {(RGB, False): RGB_IMAGE, (RGB, True): RGBA_IMAGE, (GRAY, False): GRAY_IMAGE, (GRAY, True): GRAYA_IMAGE,
          (INDEXED, False): INDEXED_IMAGE, (INDEXED, True): INDEXEDA_IMAGE}  # fmt: skip


def find(name):
    function = globals().get(name.replace("-", "_"))
    if not name.startswith("gimp-") or function is None:
        raise KeyError(name)
    return function


def gimp_procedural_db_proc_exists(name):
    return int(name in state.procedures or name.replace("-", "_") in globals())


def gimp_plugin_enable_precision():
    state.precise = True


def gimp_progress_set_text(text):
    state.progress.append((state.progress[-1][0], str(text).decode("utf-8")))


def gimp_image_new_with_precision(width, height, base, precision):
    image = gimp.Image(width, height, base)
    state.images[image.ID].precision = precision
    return image


def gimp_layer_new_from_drawable(drawable, image):
    """A copy in the format of another image, with its curve, model and palette."""
    old, wanted = state.items[drawable.ID], state.images[image.ID]
    alpha = drawable.has_alpha
    new = gimp.Layer(image, old.name + " copy", old.width, old.height, _TYPES[wanted.base, alpha])
    record = state.items[new.ID]
    record.offsets = old.offsets
    was_grey, is_grey = not old.indexed and old.channels < 3, wanted.base == GRAY
    floats = old.colors()
    if was_grey != is_grey:
        floats = _to_grey(floats, alpha) if is_grey else _to_color(floats, alpha)
    record.set_colors(floats)
    return new


def _to_grey(floats, alpha):
    found = []
    for i in range(0, len(floats), 3 + alpha):
        light = sum(w * formats.linear(v) for w, v in zip((0.2225, 0.7169, 0.0606), floats[i : i + 3]))
        found += [formats.encoded(light)] + floats[i + 3 : i + 3 + alpha]
    return found


def _to_color(floats, alpha):
    found = []
    for i in range(0, len(floats), 1 + alpha):
        found += [floats[i]] * 3 + floats[i + 1 : i + 1 + alpha]
    return found


def gimp_image_is_valid(image):
    return int(image.ID in state.images)


def gimp_item_is_valid(item):
    return int(item.ID in state.items)


def gimp_image_remove_layer(image, layer):
    state.images[image.ID].layers.remove(layer.ID)
    del state.items[layer.ID]


def gimp_drawable_width(drawable):
    return state.items[drawable.ID].width


def gimp_drawable_height(drawable):
    return state.items[drawable.ID].height


def gimp_drawable_type(drawable):
    return state.items[drawable.ID].type


def gimp_drawable_offsets(drawable):
    return state.items[drawable.ID].offsets


def gimp_plugin_help_register(domain, address):
    state.help[domain] = address


def gimp_image_convert_precision(image, precision):
    record = state.images[image.ID]
    items = [item for item in state.items.values() if item.image == image.ID]
    colors = [item.colors() for item in items]
    record.precision = precision
    for item, floats in zip(items, colors):
        item.set_colors(floats)


def gimp_image_convert_indexed(image, dither, palette, count, alpha_dither, remove_unused, name):
    record = state.images[image.ID]
    side = [0.0, 0.5, 1.0]
    record.palette = [[r, g, 0.4] for r in side for g in side] + [[0.0] * 3, [1.0] * 3]
    for item in [state.items[ID] for ID in record.layers]:
        floats = item.colors()
        item.type = _TYPES[INDEXED, item.channels == 4]
        item.set_colors(floats)
    record.base = INDEXED


def gimp_image_get_color_profile(image):
    profile = state.images[image.ID].profile
    return len(profile), profile


def gimp_image_insert_layer(image, layer, parent, position):
    image.add_layer(layer, position)


def gimp_image_get_item_position(image, item):
    return state.images[image.ID].layers.index(item.ID)


def gimp_layer_group_new(image):
    group = gimp.Layer(image, "group", image.width, image.height, RGBA_IMAGE)
    state.items[group.ID].is_group = True
    return gimp._drawable(group.ID)


def gimp_item_is_group(item):
    return int(state.items[item.ID].is_group)


def gimp_item_get_lock_content(item):
    return int(state.items[item.ID].locked)


def gimp_item_set_lock_content(item, locked):
    state.items[item.ID].locked = bool(locked)


def gimp_selection_is_empty(image):
    return int(state.images[image.ID].selection is None)


def gimp_drawable_mask_intersect(drawable):
    record = state.items[drawable.ID]
    mask = gimp._mask_on(record)
    rows = [y for y in range(record.height) if any(mask[y * record.width : (y + 1) * record.width])]
    columns = [x for x in range(record.width) if any(mask[x :: record.width])]
    if not rows:
        return 0, 0, 0, 0, 0
    return 1, columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1


def gimp_context_push():
    state.feather = 0.0


def gimp_context_pop():
    state.feather = 0.0


def gimp_context_set_feather(feather):
    pass


def gimp_context_set_feather_radius(x, y):
    state.feather = float(x)


def gimp_image_select_rectangle(image, operation, x, y, width, height):
    """A rectangle whose border fades evenly; GIMP's fades as a Gaussian."""
    radius = state.feather

    def fade(start, stop, whole):
        def share(place):
            if not 0 <= place < whole:
                return 0.0
            inside = min(place - start, stop - 1 - place) + 0.5
            return min(1.0, max(0.0, 0.5 + inside / radius)) if radius else float(inside > 0)

        return share

    state.images[image.ID].selection = fade(x, x + width, image.width), fade(y, y + height, image.height)
