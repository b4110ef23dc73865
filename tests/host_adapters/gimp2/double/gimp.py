"""A double of Python-Fu's module gimp, for Python 2.7: what real GIMP 2.10.34 was seen to do, on small pictures.

Pixels are kept in the format of the image; without ``gimp_plugin_enable_precision`` plug-ins see 8 bits. An object of a
drawable remembers its bytes per pixel at the first access, and GIMP ends whoever uses it after that has changed.
"""

from __future__ import division, print_function

import pickle
import sys
import traceback

import formats
from gimpenums import *

reload(sys)
sys.setdefaultencoding("utf-8")  # as the real module does

directory = data_directory = locale_directory = sysconf_directory = plug_in_directory = "/nowhere"
version = (2, 10, 34)
_CHANNELS = {RGB_IMAGE: 3, RGBA_IMAGE: 4, GRAY_IMAGE: 1, GRAYA_IMAGE: 2, INDEXED_IMAGE: 1, INDEXEDA_IMAGE: 2}


class error(RuntimeError):
    pass


class State(object):
    """What GIMP itself remembers."""

    def __init__(self):
        self.items, self.images, self.ids = {}, {}, 0
        self.data, self.messages, self.progress = {}, [], []
        self.procedures, self.menus, self.displays = {}, {}, []
        self.precise, self.feather, self.help = False, 0.0, {}
        self.query = self.run = None

    def next_id(self):
        self.ids += 1
        return self.ids


state = State()


class Handle(object):
    """A Python object that only knows a number; two for the same thing are equal."""

    def __init__(self, ID):
        self.ID = ID

    def __cmp__(self, other):
        return cmp(self.ID, getattr(other, "ID", None))

    def __hash__(self):
        return self.ID


class _ImageRecord(object):
    def __init__(self, width, height, base, precision):
        self.width, self.height, self.base, self.precision = width, height, base, precision
        self.layers, self.selection, self.palette, self.profile = [], None, [], ()
        self.undo, self.groups, self.steps, self.resolution = True, 0, 0, (72.0, 72.0)


class _ItemRecord(object):
    def __init__(self, image, name, width, height, type):
        self.image, self.name, self.width, self.height, self.type = image, name, width, height, type
        self.offsets, self.mask, self.locked, self.is_group, self.floating = (0, 0), None, False, False, False
        self.shadow = None
        self.data = b"\0" * (width * height * self.bpp)

    @property
    def is_channel(self):
        return self.type is None

    @property
    def channels(self):
        return 1 if self.is_channel else _CHANNELS[self.type]

    @property
    def indexed(self):
        return self.type in (INDEXED_IMAGE, INDEXEDA_IMAGE)

    @property
    def bpp(self):
        return self.channels * formats.SIZES[formats.kind(state.images[self.image].precision)]

    def colors(self):
        """sRGB-encoded floats; a palette is looked up, a channel is taken as it is."""
        image = state.images[self.image]
        if self.is_channel:
            return formats.numbers(self.data, image.precision)
        if not self.indexed:
            return formats.colors(self.data, image.precision, self.channels)
        found = []
        for i in range(0, len(self.data), self.channels):
            found += image.palette[ord(self.data[i])] + [
                ord(byte) / 255 for byte in self.data[i + 1 : i + self.channels]
            ]
        return found

    def set_colors(self, floats):
        image = state.images[self.image]
        if self.is_channel:
            self.data = formats.stored(floats, image.precision)
        elif self.indexed:
            self.data = _indices(floats, image.palette, self.channels == 2)
        else:
            self.data = formats.pixels(floats, image.precision, self.channels)


def _indices(floats, palette, alpha):
    size, data = 3 + alpha, bytearray()
    for i in range(0, len(floats), size):
        pixel = floats[i : i + 3]
        data.append(min(range(len(palette)), key=lambda n: sum((a - b) ** 2 for a, b in zip(palette[n], pixel))))
        if alpha:
            data.append(int(round(floats[i + 3] * 255)))
    return bytes(data)


class Image(Handle):
    def __init__(self, width, height, type=RGB):
        self.ID = state.next_id()
        state.images[self.ID] = _ImageRecord(width, height, type, PRECISION_U8_GAMMA)

    _record = property(lambda self: state.images[self.ID])
    width = property(lambda self: self._record.width)
    height = property(lambda self: self._record.height)
    base_type = property(lambda self: self._record.base)
    precision = property(lambda self: self._record.precision)
    layers = property(lambda self: [_drawable(one) for one in self._record.layers])

    @property
    def selection(self):
        return _Selection(self)

    def _set_resolution(self, value):
        self._record.resolution = value

    resolution = property(lambda self: self._record.resolution, _set_resolution)

    def add_layer(self, layer, position=-1):
        assert layer.image == self and layer.ID not in self._record.layers
        self._record.layers.insert(max(position, 0), layer.ID)

    def disable_undo(self):
        self._record.undo = False

    def enable_undo(self):
        self._record.undo = True

    def undo_group_start(self):
        self._record.groups += 1
        self._record.steps += self._record.groups == 1

    def undo_group_end(self):
        assert self._record.groups > 0, "no undo group is open"
        self._record.groups -= 1


def _image(ID):
    image = Image.__new__(Image)
    Handle.__init__(image, ID)
    return image


class Drawable(Handle):
    def __init__(self, ID):
        Handle.__init__(self, ID)
        self._known_bpp = None

    @property
    def _record(self):
        if self.ID not in state.items:
            raise error("invalid item")
        return state.items[self.ID]

    width = property(lambda self: self._record.width)
    height = property(lambda self: self._record.height)
    offsets = property(lambda self: self._record.offsets)
    type = property(lambda self: self._record.type)
    image = property(lambda self: _image(self._record.image))
    parent = property(lambda self: None)
    has_alpha = property(lambda self: not self._record.is_channel and self._record.channels in (2, 4))
    is_indexed = property(lambda self: self._record.indexed)
    is_gray = property(lambda self: not self._record.indexed and self._record.channels < 3)
    is_rgb = property(lambda self: self._record.channels > 2)

    def _set_name(self, name):
        self._record.name = name

    name = property(lambda self: self._record.name, _set_name)

    @property
    def bpp(self):
        return self._record.bpp if state.precise else self._record.channels

    def get_pixel_rgn(self, x, y, width, height, dirty=True, shadow=False):
        if self._known_bpp is None:
            self._known_bpp = self.bpp
        return PixelRgn(self, x, y, width, height, shadow)

    def flush(self):
        pass

    def update(self, x, y, width, height):
        pass

    def merge_shadow(self, undo=False):
        record = self._record
        image = state.images[record.image]
        assert image.groups or not undo or not image.undo, "outside of an undo group"
        mask = _mask_on(record)
        size = record.bpp
        new, old = record.shadow, record.data
        mixed = formats.numbers(old, image.precision)
        wanted = formats.numbers(bytes(new), image.precision)
        parts = []
        for i, share in enumerate(mask):
            at = slice(i * size, (i + 1) * size)
            if share in (0.0, 1.0) or record.indexed:
                parts.append(bytes(new[at]) if share >= 0.5 else old[at])
            else:
                values = range(i * record.channels, (i + 1) * record.channels)
                blend = [mixed[n] + (wanted[n] - mixed[n]) * share for n in values]
                parts.append(formats.stored(blend, image.precision))
        record.data, record.shadow = b"".join(parts), None


class Layer(Drawable):
    def __init__(self, image, name, width, height, type=RGB_IMAGE, opacity=100.0, mode=28):
        Drawable.__init__(self, state.next_id())
        state.items[self.ID] = _ItemRecord(image.ID, name, width, height, type)

    is_floating_sel = property(lambda self: self._record.floating)
    mask = property(lambda self: None if self._record.mask is None else _drawable(self._record.mask))

    def set_offsets(self, x, y):
        self._record.offsets = (x, y)

    def create_mask(self, type):
        record, ID = self._record, state.next_id()
        state.items[ID] = mask = _ItemRecord(record.image, record.name + " mask", record.width, record.height, None)
        shares = _mask_on(record) if type == ADD_SELECTION_MASK else [1.0] * (record.width * record.height)
        mask.set_colors(shares)
        return _drawable(ID)

    def add_mask(self, mask):
        self._record.mask = mask.ID


class GroupLayer(Layer):
    pass


class Channel(Drawable):
    pass


class Vectors(Handle):
    pass


class _Selection(object):
    """The mask of an image, as a channel that can be read."""

    def __init__(self, image):
        self.width, self.height, self._record = image.width, image.height, image._record

    def get_pixel_rgn(self, x, y, width, height, dirty, shadow):
        return self

    def __getitem__(self, area):
        columns, rows = self._record.selection
        across = range(area[0].start, area[0].stop)
        down = range(area[1].start, area[1].stop)
        return bytes(bytearray(int(255 * rows(y) * columns(x)) for y in down for x in across))


class Display(Handle):
    def __init__(self, image):
        Handle.__init__(self, state.next_id())
        state.displays.append(image.ID)


def _drawable(ID):
    record = state.items[ID]
    kind = Channel if record.is_channel else GroupLayer if record.is_group else Layer
    found = kind.__new__(kind)
    Drawable.__init__(found, ID)
    return found


def _mask_on(record):
    """The share of the selection for every pixel of a drawable."""
    image = state.images[record.image]
    if image.selection is None:
        return [1.0] * (record.width * record.height)
    left, top = record.offsets
    columns, rows = image.selection
    across = [columns(left + x) for x in range(record.width)]
    return [rows(top + y) * share for y in range(record.height) for share in across]


class PixelRgn(object):
    """Rectangles of a drawable as bytes, 8 bits for every value unless precision is enabled."""

    def __init__(self, drawable, x, y, width, height, shadow):
        self.drawable, self.shadow = drawable, shadow
        self.x, self.y, self.w, self.h = x, y, width, height

    @property
    def bpp(self):
        assert self.drawable.bpp == self.drawable._known_bpp, "received tile info did not match computed tile info"
        return self.drawable._known_bpp

    def _buffer(self):
        record = self.drawable._record
        if not self.shadow:
            return record.data
        if record.shadow is None:
            record.shadow = bytearray(len(record.data))
        return record.shadow

    def _rows(self, area):
        columns, rows = area
        for part, start, size in ((columns, self.x, self.w), (rows, self.y, self.h)):
            if part.step is not None or not start <= part.start < part.stop <= start + size:
                raise IndexError("invalid slice")
        width, bpp = self.drawable._record.width, self._native_bpp()
        for y in range(rows.start, rows.stop):
            yield slice((y * width + columns.start) * bpp, (y * width + columns.stop) * bpp)

    def _native_bpp(self):
        return self.drawable._record.bpp

    def _is_cut(self):
        return self.bpp != self._native_bpp()

    def _precision(self):
        return state.images[self.drawable._record.image].precision

    def __getitem__(self, area):
        data = b"".join(bytes(self._buffer()[row]) for row in self._rows(area))
        if not self._is_cut():
            return data
        return formats.stored(formats.colors(data, self._precision(), self.drawable._record.channels), 150)

    def __setitem__(self, area, data):
        if type(data) is not str:
            raise TypeError("must assign string to subscript")
        rows = list(self._rows(area))
        if len(data) != self.bpp * (area[0].stop - area[0].start) * len(rows):
            raise TypeError("string is wrong length")
        if self._is_cut():
            data = formats.pixels(formats.numbers(data, 150), self._precision(), self.drawable._record.channels)
        buffer, size = bytearray(self._buffer()), len(data) // len(rows)
        for number, row in enumerate(rows):
            buffer[row] = data[number * size : (number + 1) * size]
        if self.shadow:
            self.drawable._record.shadow = buffer
        else:
            self.drawable._record.data = bytes(buffer)


def main(init, quit, query, run):
    state.query, state.run = query, run


def message(text):
    state.messages.append(str(text).decode("utf-8"))


def delete(thing):
    if isinstance(thing, Image):
        for ID in [ID for ID, item in state.items.items() if item.image == thing.ID]:
            del state.items[ID]
        del state.images[thing.ID]
    else:
        del state.items[thing.ID]


def image_list():
    return [_image(ID) for ID in sorted(state.images)]


def displays_flush():
    pass


def progress_init(text=""):
    state.progress.append((0.0, str(text).decode("utf-8")))


def progress_update(share):
    state.progress.append((float(share), state.progress[-1][1]))


def set_data(key, data):
    state.data[key] = data


def get_data(key):
    if key not in state.data:
        raise error("no data for id")
    return state.data[key]


def menu_register(name, path):
    state.menus[name] = path


def install_procedure(name, blurb, help, author, copyright, date, label, types, kind, params, results):
    texts = (name, blurb, help, author, copyright, date, label, types)
    assert all(isinstance(text, str) for text in texts), "the real module takes only str here"
    state.procedures[name] = PDBFunction(name, label, params, results)


class PDBFunction(object):
    """A procedure that a plug-in installed."""

    def __init__(self, name, label, params, results):
        self.proc_name, self.label = name, label
        self.params, self.return_vals = tuple(params), tuple(results)

    def __call__(self, *given, **keywords):
        params = self.params[1:]  # the first is the run mode
        if len(given) != len(params):
            raise TypeError("wrong number of parameters")
        mode = keywords.get("run_mode", RUN_NONINTERACTIVE)
        words = tuple(_carried(param[0], value) for param, value in zip(params, given))
        precise, state.precise = state.precise, False  # another process
        try:
            answer = state.run(self.proc_name, (mode,) + (words[:2] if mode == RUN_INTERACTIVE else words))
        except Exception:
            traceback.print_exc()
            raise RuntimeError("execution error")
        finally:
            state.precise = precise
        assert answer is None or isinstance(answer, Image), answer
        return answer


def _carried(kind, value):
    """A value as it reaches the other side."""
    if kind == PDB_INT32:
        return int(value)
    if kind == PDB_FLOAT:
        return float(value)
    if kind == PDB_STRING:
        return None if value is None else str(value)
    if kind == PDB_COLOR:
        return value
    if kind == PDB_DRAWABLE and value is None:
        return None
    wanted = {PDB_IMAGE: Image, PDB_DRAWABLE: Drawable}[kind]
    if value is not None and not isinstance(value, wanted):
        raise TypeError("wrong parameter type")
    return _image(value.ID) if kind == PDB_IMAGE else _drawable(value.ID)


class PDB(object):
    def __getitem__(self, name):
        import procedures

        name = name.replace("_", "-")
        return state.procedures.get(name) or procedures.find(name)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise error("procedure not found")


pdb = PDB()
dumps, loads = pickle.dumps, pickle.loads
