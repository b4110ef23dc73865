"""What the plug-in cannot do, in a sentence for the painter."""


class Trouble(Exception):  # noqa: N818 - what a painter meets
    """Something a painter can mend: GIMP shows the message as it is, and the picture is unchanged."""
