# ruff: noqa: B905, T201
"""What the checks inside GIMP share: pictures, calls, pixels. Runs in GIMP's own Python, without numpy."""

import sys
import time
import traceback
from array import array

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402 - after the versions are chosen

WIDTH, HEIGHT = 64, 48
SUCCESS, CANCEL, FAILED = (
    int(status)
    for status in (Gimp.PDBStatusType.SUCCESS, Gimp.PDBStatusType.CANCEL, Gimp.PDBStatusType.EXECUTION_ERROR)
)
KINDS = {
    "RGB": (Gimp.ImageBaseType.RGB, Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE),
    "grey": (Gimp.ImageBaseType.GRAY, Gimp.ImageType.GRAY_IMAGE, Gimp.ImageType.GRAYA_IMAGE),
    "indexed": (Gimp.ImageBaseType.RGB, Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE),
}


def shades(width=WIDTH, height=HEIGHT, alpha=255):
    """RGBA bytes that rise to the right and downwards."""
    return bytes(
        value
        for y in range(height)
        for x in range(width)
        for value in (x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), 96, alpha)
    )


def picture(kind="RGB", precision="U8_NON_LINEAR", alpha=True, width=WIDTH, height=HEIGHT):
    """An image with one layer of shades; its alpha is 200 where there is one."""
    base, plain, with_alpha = KINDS[kind]
    image = Gimp.Image.new_with_precision(width, height, base, getattr(Gimp.Precision, precision))
    layer = add_layer(image, "shades", with_alpha if alpha else plain, width, height)
    if kind == "indexed":
        image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")
        layer = image.get_layers()[0]
    return image, layer


def add_layer(image, name, kind, width=WIDTH, height=HEIGHT):
    """A new top layer of shades."""
    layer = Gimp.Layer.new(image, name, width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    fill(layer, shades(width, height, 200))
    return layer


def fill(drawable, data, format_name="R'G'B'A u8"):
    """Give a drawable these pixels."""
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height()), format_name, data)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def values(drawable, model="R'G'B'A"):
    """All pixels as floats, a list for every pixel."""
    size = {"R'G'B'A": 4, "Y'": 1}[model]
    data = array("f", raw(drawable, f"{model} float"))
    return [tuple(data[i : i + size]) for i in range(0, len(data), size)]


def raw(drawable, format_name="RGBA double"):
    """All pixels in a format that holds whatever GIMP can."""
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(whole, 1.0, format_name, Gegl.AbyssPolicy.NONE))


def call(name, image, drawables, run_mode=Gimp.RunMode.NONINTERACTIVE, **settings):
    """Run a procedure: its status, the new image if any, and its message."""
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure(name)
    assert procedure is not None, f"{name} is not registered"
    config = procedure.create_config()
    config.set_property("run-mode", run_mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for key, value in settings.items():
        config.set_property(
            key.replace("_", "-"), Gio.File.new_for_path(value) if isinstance(value, str) and key == "recipe" else value
        )
    result = procedure.run(config)
    status = int(result.index(0))
    made = result.index(1) if status == SUCCESS else None
    return status, made, "" if status == SUCCESS else pdb.get_last_error()


def near(first, second, tolerance):
    """Whether two pixels agree."""
    return all(abs(a - b) <= tolerance for a, b in zip(first, second))


def run_checks(names):
    """Run every ``check_…`` of these modules; an exception at the end tells GIMP, and so the shell, of a failure."""
    failed = []
    for module in [__import__(name) for name in names]:
        for name in [name for name in vars(module) if name.startswith("check_")]:
            start = time.monotonic()
            try:
                getattr(module, name)()
                word = "ok    "
            except Exception:
                failed.append(name)
                word = "FAILED"
                traceback.print_exc(file=sys.stdout)
            print(f"{word} {name} ({time.monotonic() - start:.1f} s)", flush=True)
            for image in Gimp.get_images():
                image.delete()
    assert not failed, failed
