"""With LANGUAGE=ja: what the worker and the plug-in say inside GIMP is Japanese."""

from bench import FAILED, SUCCESS, call, picture
from gi.repository import Gimp


def check_titles_and_help():
    procedure = Gimp.get_pdb().lookup_procedure("senga-sketch")
    assert procedure.get_menu_label() == "鉛筆スケッチ…"
    for name in ("stroke-width", "output", "strength", "keep-colors"):
        assert not procedure.find_argument(name).get_blurb().isascii(), name


def check_names_of_layers():
    image, layer = picture()
    assert call("senga-sketch", image, [layer], separate_layers=True)[0] == SUCCESS
    group = image.get_layers()[0]
    assert group.get_name() == "shades – 鉛筆スケッチ"
    assert [child.get_name() for child in group.get_children()] == ["輪郭線", "線", "紙"]


def check_names_of_frames():
    image, layer = picture()
    status, made, message = call("senga-bench", image, [layer], way="frames")
    assert status == SUCCESS, message
    assert [one.get_name() for one in made.get_layers()] == [
        "フレーム 2 (500ms) (replace)", "フレーム 1 (200ms) (replace)"
    ]  # fmt: skip


def check_sentences_of_the_plug_in():
    image, layer = picture()
    layer.set_lock_content(True)
    status, _, message = call("senga-bench", image, [layer])
    assert status == FAILED
    assert message.startswith("「shades」の画素はロックされています"), message


def check_sentences_of_the_worker():
    image, layer = picture()
    status, _, message = call("senga-pins", image, [layer], places="3,3")
    assert status == FAILED
    assert "places" in message
    assert "設定" in message, message
    status, _, message = call("senga-bench-fails", image, [layer])
    assert status == FAILED
    assert "the ink ran out" in message
    assert "フィルター" in message, message
