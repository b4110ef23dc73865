"""A plug-in whose Python was deleted after it was installed."""

from bench import FAILED, call, picture, raw


def check_the_sentence_says_what_to_do():
    image, layer = picture()
    before = raw(layer)
    status, _, message = call("senga-bench", image, [layer])
    assert status == FAILED
    assert "/nowhere/python" in message, message
    assert "senga gimp install" in message, message
    assert raw(layer) == before
