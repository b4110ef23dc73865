# ruff: noqa: B905, PTH118, PTH123
"""Second pictures, colours, points, lists, files, groups and alternatives, with the third-party filters for tests."""

import os
import sys
import tempfile
import time

from bench import FAILED, HEIGHT, SUCCESS, WIDTH, add_layer, call, fill, near, picture, raw, values
from gi.repository import Gegl, Gimp, Gio, GLib

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "senga-gimp"))
from senga_gimp import facts, layer_menu, painter, recipes
from senga_gimp.second import Second
from senga_gimp.source import Source
from senga_gimp.trouble import Trouble
from senga_gimp.views import Area

Gegl.init(None)
RGBA = Gimp.ImageType.RGBA_IMAGE
REFUSED = int(Gimp.PDBStatusType.CALLING_ERROR)
"""GIMP itself refuses files that are not there."""
RED = bytes([255, 0, 0, 255])


def hint_layer(image, name, width, height, pixel=RED):
    layer = add_layer(image, name, RGBA, width, height)
    fill(layer, pixel * (width * height))
    return layer


def settings_of(name):
    found = next(one for one in facts.read_manifest()["filters"] if one["name"] == name)
    return {setting["name"]: setting for setting in found["settings"]}


def says(message, *words):
    assert all(word in message for word in words), message


def check_an_aligned_layer_is_taken_at_its_place():
    image, layer = picture(alpha=False)
    layer.set_offsets(-4, 3)
    hints = hint_layer(image, "hints", 10, 8)
    hints.set_offsets(6, 13)
    before = values(layer)
    status, _, message = call("senga-hint-wash", image, [layer], hints=hints, amount=1.0)
    assert status == SUCCESS, message
    for i, (old, new) in enumerate(zip(before, values(layer))):
        x, y = i % WIDTH, i // WIDTH
        inside = 10 <= x < 20 and 10 <= y < 18
        assert near(new[:3], (1, 0, 0) if inside else old[:3], 0.005), (x, y, old, new)


def check_an_aligned_layer_that_is_larger_and_a_selection():
    image, layer = picture()
    hints = hint_layer(image, "hints", 3 * WIDTH, 2 * HEIGHT)
    hints.set_offsets(-WIDTH, -10)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 5, 6, 20, 15)
    before = values(layer)
    status, _, message = call("senga-hint-wash", image, [layer], hints=hints, amount=1.0)
    assert status == SUCCESS, message
    for i, (old, new) in enumerate(zip(before, values(layer))):
        inside = 5 <= i % WIDTH < 25 and 6 <= i // WIDTH < 21
        assert near(new[:3], (1, 0, 0) if inside else old[:3], 0.005)


def check_several_layers_get_their_own_part():
    image, first = picture()
    second = add_layer(image, "second", RGBA, 30, 20)
    second.set_offsets(20, 20)
    hints = hint_layer(image, "hints", 10, 10)
    hints.set_offsets(25, 25)
    status, _, message = call("senga-hint-wash", image, [first, second], hints=hints, amount=1.0)
    assert status == SUCCESS, message
    assert near(values(first)[30 * WIDTH + 30][:3], (1, 0, 0), 0.005)
    assert near(values(second)[10 * 30 + 10][:3], (1, 0, 0), 0.005)
    assert not near(values(second)[0][:3], (1, 0, 0), 0.1)


def check_depths_and_grey():
    for kind, precision in (("grey", "U8_NON_LINEAR"), ("RGB", "U16_LINEAR"), ("RGB", "FLOAT_NON_LINEAR")):
        image, layer = picture(kind, precision)
        hints = layer.copy()
        image.insert_layer(hints, None, 0)
        fill(hints, bytes([255, 255, 255, 255]) * (WIDTH * HEIGHT))
        status, _, message = call("senga-hint-wash", image, [layer], hints=hints, amount=1.0)
        assert status == SUCCESS, message
        assert near(values(layer)[100][:3], (1, 1, 1), 0.005), (kind, precision, values(layer)[100])


def check_no_hints_at_all():
    image, layer = picture()
    before = raw(layer)
    status, _, message = call("senga-hint-wash", image, [layer])
    assert status == SUCCESS, message
    assert raw(layer) == before


def check_a_file_without_a_name_is_none():
    """Plug-ins that batch hand over such files where none was chosen."""
    image, layer = picture()
    hints = hint_layer(image, "hints", WIDTH, HEIGHT)
    nameless = Gio.File.new_for_uri("")
    status, _, message = call("senga-hint-wash", image, [layer], hints=hints, hints_file=nameless, amount=1.0)
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (1, 0, 0), 0.005)
    status, _, message = call("senga-run-recipe", image, [layer], recipe=nameless)
    assert status == FAILED
    says(message, "No recipe is chosen")


def check_an_exemplar_comes_whole_from_another_image():
    image, layer = picture()
    other, painting = picture(width=20, height=30)
    fill(painting, bytes([10, 200, 30, 255]) * 600)
    status, _, message = call("senga-palette-of", image, [layer], exemplar=painting)
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01), values(layer)[50]
    other.delete()


def check_an_exemplar_of_one_pixel():
    image, layer = picture()
    dot = hint_layer(image, "dot", 1, 1)
    status, _, message = call("senga-palette-of", image, [layer], exemplar=dot)
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (1, 0, 0), 0.01)


def check_files_stand_in_for_layers():
    image, layer = picture()
    other, painting = picture(width=WIDTH, height=HEIGHT)
    fill(painting, bytes([10, 200, 30, 255]) * (WIDTH * HEIGHT))
    path = os.path.join(tempfile.mkdtemp(), "Bild ä.png")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, other, Gio.File.new_for_path(path), None)
    status, _, message = call("senga-palette-of", image, [layer], exemplar_file=Gio.File.new_for_path(path))
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01)
    image, layer = picture()
    status, _, message = call("senga-hint-wash", image, [layer], hints_file=Gio.File.new_for_path(path), amount=1.0)
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01)
    dot = hint_layer(image, "dot", 1, 1)
    status, _, message = call(
        "senga-palette-of", image, [layer], exemplar=dot, exemplar_file=Gio.File.new_for_path(path)
    )
    assert status == SUCCESS, message
    assert near(values(layer)[50][:3], (1, 0, 0), 0.01), "the layer wins"


def check_bad_second_pictures_are_told_before_any_work():
    image, layer = picture()
    _, stranger = picture()
    before = raw(layer)
    folder = tempfile.mkdtemp()
    damaged, small = os.path.join(folder, "damaged.png"), os.path.join(folder, "small.png")
    with open(damaged, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n and nothing else")
    tiny, _ = picture(width=9, height=7)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, tiny, Gio.File.new_for_path(small), None)
    for name, given, words in (
        ("senga-hint-wash", {"hints": stranger}, ("Hints", "another picture")),
        ("senga-hint-wash", {"hints_file": Gio.File.new_for_path("/nowhere/a.png")}, ("/nowhere/a.png",)),
        ("senga-hint-wash", {"hints_file": Gio.File.new_for_path(damaged)}, ("damaged.png",)),
        ("senga-hint-wash", {"hints_file": Gio.File.new_for_path(folder)}, (folder,)),
        ("senga-hint-wash", {"hints_file": Gio.File.new_for_uri("sftp://host/a.png")}, ("sftp://host/a.png",)),
        ("senga-hint-wash", {"hints_file": Gio.File.new_for_path(small)}, ("9 x 7", f"{WIDTH} x {HEIGHT}")),
        ("senga-palette-of", {}, ("No painting is chosen",)),
    ):
        status, _, message = call(name, image, [layer], **given)
        assert status in (FAILED, REFUSED), given
        if status == FAILED:
            says(message, *words)
            assert "\n" not in message
        assert raw(layer) == before


def check_a_layer_that_is_deleted_while_the_dialog_is_open():
    image, layer = picture()
    hints = hint_layer(image, "hints", 10, 10)
    second = Second(settings_of("hint-wash")["hints"], hints)
    source = Source(image, layer)
    assert list(source.held([second])) == ["hints"]
    image.remove_layer(hints)
    try:
        source.held([second])
    except Trouble as trouble:
        says(str(trouble), "Hints", "deleted")
    else:
        raise AssertionError("nobody noticed")
    source.close()


def check_too_large_an_exemplar_is_not_even_read():
    image, layer = picture()
    other = Gimp.Image.new(20000, 5001, Gimp.ImageBaseType.GRAY)
    huge = Gimp.Layer.new(other, "huge", 20000, 5001, Gimp.ImageType.GRAY_IMAGE, 100, Gimp.LayerMode.NORMAL)
    other.insert_layer(huge, None, 0)
    start = time.monotonic()
    status, _, message = call("senga-palette-of", image, [layer], exemplar=huge)
    assert status == FAILED
    says(message, "20000 x 5001", "100 megapixels")
    assert time.monotonic() - start < 5
    assert layer.is_valid()


def check_colours_points_lists_and_alternatives():
    image, layer = picture(alpha=False)
    before = raw(layer)
    status, made, message = call(
        "senga-pins", image, [layer], color=Gegl.Color.new("#00ff00"), places="0.25,0.5; 0.75,0.5", sizes="0.1, 0.3"
    )
    assert status == SUCCESS, message
    assert made is None
    assert raw(layer) == before
    group = image.get_layers()[0]
    assert [child.get_name() for child in group.get_children()] == ["Size 0.1", "Size 0.3"]
    assert group.get_name() == "shades – Pins"
    first = values(group.get_children()[0])
    middle = HEIGHT // 2 * WIDTH
    assert near(first[middle + WIDTH // 4][:3], (0, 1, 0), 0.005)
    assert near(first[middle + 3 * WIDTH // 4][:3], (0, 1, 0), 0.005)
    assert not near(first[middle + WIDTH // 2][:3], (0, 1, 0), 0.1)


def check_lists_at_their_defaults_and_empty():
    image, layer = picture(alpha=False)
    status, _, message = call("senga-pins", image, [layer])
    assert status == SUCCESS, message
    assert len(image.get_layers()[0].get_children()) == 2
    middle = values(image.get_layers()[0].get_children()[0])[HEIGHT // 2 * WIDTH + WIDTH // 2]
    assert near(middle[:3], (1, 0x88 / 255, 0), 0.005), "the default of the colour"
    for sizes in ("", "[]", "[0.2]"):
        image, layer = picture(alpha=False)
        status, _, message = call("senga-pins", image, [layer], sizes=sizes)
        assert status == SUCCESS, message
    status, _, message = call("senga-pins", image, [layer], sizes="thick")
    assert status == FAILED
    says(message, "thick")
    status, _, message = call("senga-pins", image, [layer], places="0.5,2")
    assert status == FAILED
    status, _, message = call("senga-pins", image, [layer], places="somewhere")
    assert status == FAILED
    says(message, "somewhere")


def check_alternatives_on_a_mask_are_the_first_one():
    image, layer = picture()
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    status, _, message = call("senga-pins", image, [mask], color=Gegl.Color.new("white"))
    assert status == SUCCESS, message
    assert len(image.get_layers()) == 1
    assert near(values(mask, "Y'")[HEIGHT // 2 * WIDTH + WIDTH // 2], (1,), 0.01)


def check_half_transparent_colours():
    image, layer = picture(alpha=False)
    before = values(layer)
    status, _, message = call("senga-pins", image, [layer], color=Gegl.Color.new("#0000ff80"), sizes="0.3")
    assert status == SUCCESS, message
    i = HEIGHT // 2 * WIDTH + WIDTH // 2
    half = 128 / 255
    expected = [old * (1 - half) + new * half for old, new in zip(before[i], (0, 0, 1))]
    assert near(values(image.get_layers()[0].get_children()[0])[i][:3], expected, 0.005)


def check_arguments_have_the_types_of_their_kinds():
    pdb = Gimp.get_pdb()
    types = {
        "senga-hint-wash": {"hints": "GimpDrawable", "hints-file": "GFile"},
        "senga-palette-of": {"exemplar": "GimpDrawable", "exemplar-file": "GFile"},
        "senga-pins": {"color": "GeglColor", "places": "gchararray", "sizes": "gchararray"},
    }
    for name, expected in types.items():
        procedure = pdb.lookup_procedure(name)
        found = {spec.name: spec.value_type.name for spec in procedure.get_arguments()}
        assert expected.items() <= found.items(), found
    assert "tint" in pdb.lookup_procedure("senga-hint-wash").get_blurb()
    assert pdb.lookup_procedure("senga-hint-wash").get_menu_paths() == ["<Image>/Filters/Senga/Colours"]


def check_a_recipe_with_a_relative_picture():
    image, layer = picture()
    other, painting = picture(width=20, height=30)
    fill(painting, bytes([10, 200, 30, 255]) * 600)
    folder = tempfile.mkdtemp()
    Gimp.file_save(
        Gimp.RunMode.NONINTERACTIVE, other, Gio.File.new_for_path(os.path.join(folder, "painting.png")), None
    )
    text = 'senga = 1\n[[steps]]\nfilter = "palette-of"\n[steps.settings]\nexemplar = "painting.png"\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = os.path.join(folder, f"{encoding}.toml")
        with open(path, "wb") as file:
            file.write(text.encode(encoding))
        status, _, message = call("senga-run-recipe", image, [layer], recipe=path)
        assert status == SUCCESS, message
        assert near(values(layer)[50][:3], (10 / 255, 200 / 255, 30 / 255), 0.01)


def check_recipes_that_never_end():
    image, layer = picture()
    pipe = os.path.join(tempfile.mkdtemp(), "pipe.toml")
    os.mkfifo(pipe)
    folder = tempfile.mkdtemp()
    for path in ("/dev/zero", pipe, folder):
        status, _, _ = call("senga-run-recipe", image, [layer], recipe=path)
        assert status in (FAILED, REFUSED)
        try:
            recipes.read(path)
        except Trouble as trouble:
            says(str(trouble), path, "it is no file")
    long = os.path.join(folder, "long.toml")
    with open(long, "wb") as file:
        file.write(b"#" * (recipes.LIMIT + 1))
    status, _, message = call("senga-run-recipe", image, [layer], recipe=long)
    assert status == FAILED
    says(message, "too large")


def _previews(name, settings, seconds, image, layer, area=None):
    """The last quick and the true preview."""
    quick, true, lines = [], [], []
    source = Source(image, layer)
    ears = painter.Ears(
        lambda _asked, *shown: quick.append(shown), lambda _asked, buffer: true.append(buffer), lines.append
    )
    paints = painter.Painter(source, ears)
    context, deadline = GLib.MainContext.default(), time.monotonic() + 60
    while not source.loaded.is_set():
        context.iteration(False)
    piece = source.piece(area)
    order = {"filter": name, "settings": settings, "strength": 1.0, "keep_colors": False}
    paints.ask(order, piece, source.held(seconds))
    while not true:
        assert time.monotonic() < deadline, lines
        context.iteration(False)
        time.sleep(0.01)
    paints.end()
    source.close()
    return piece, quick[-1], true[-1]


def check_previews_have_the_hints_where_they_are():
    for area in (None, Area(300, 200, 100, 80)):
        image, layer = picture(width=1000, height=760, alpha=False)
        hints = hint_layer(image, "hints", 500, 760)
        hints.set_offsets(350, 0)
        second = Second(settings_of("hint-wash")["hints"], hints)
        piece, (data, width, _height), true = _previews("hint-wash", {"amount": 1.0}, [second], image, layer, area)
        scale = width / 1000 if area is None else 1
        left = piece.area.left if piece.area else 0
        top = piece.area.top if piece.area else 0
        for x in (360, 345):
            place = (int((230 - top) * scale) * width + int((x - left) * scale)) * 4
            is_red = tuple(data[place : place + 3]) == (255, 0, 0)
            assert is_red == (x == 360), (area, x, tuple(data[place : place + 4]))
        shown = bytes(true.get(Gegl.Rectangle.new(0, 0, 1000, 760), 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE))
        assert call("senga-hint-wash", image, [layer], hints=hints, amount=1.0)[0] == SUCCESS
        assert shown == raw(layer, "R'G'B' u8")


def check_previews_with_files():
    image, layer = picture(width=1000, height=760, alpha=False)
    other, _ = picture(width=1000, height=760, alpha=False)
    fill(other.get_layers()[0], RED[:3] * 760000, "R'G'B' u8")
    path = os.path.join(tempfile.mkdtemp(), "red.png")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, other, Gio.File.new_for_path(path), None)
    for area in (None, Area(300, 200, 100, 80)):
        _, (data, _, _), _ = _previews("hint-wash", {"amount": 1.0, "hints": path}, [], image, layer, area)
        assert set(zip(data[::4], data[1::4], data[2::4])) == {(255, 0, 0)}


def check_the_menu_of_layers():
    image, layer = picture()
    group = Gimp.GroupLayer.new(image, "folder")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    assert [one.get_name() for one in layer_menu.layers_of(image)] == ["folder", "shades"]
