"""A plug-in whose manifest was damaged."""

from bench import FAILED, call, picture


def check_the_sentence_says_what_to_do():
    image, layer = picture()
    status, _, message = call("senga-run-recipe", image, [layer])
    assert status == FAILED
    assert "senga gimp install" in message, message
