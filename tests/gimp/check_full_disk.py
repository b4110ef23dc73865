"""A temporary folder without room for the pixels."""

from bench import FAILED, call, picture, raw


def check_the_sentence_names_the_folder():
    image, layer = picture(width=3000, height=2000)
    before = raw(layer, "RGBA u8")
    status, _, message = call("senga-bench", image, [layer])
    assert status == FAILED, status
    assert "is full" in message, message
    assert "TMPDIR" in message, message
    assert raw(layer, "RGBA u8") == before
