"""A plug-in whose Python is there, but holds no Senga."""

from bench import FAILED, call, picture, raw


def check_the_sentence_says_what_to_do():
    image, layer = picture()
    before = raw(layer)
    status, _, message = call("senga-bench", image, [layer])
    assert status == FAILED, status
    assert "No module named 'senga'" in message, message
    assert "senga gimp doctor" in message, message
    assert raw(layer) == before
