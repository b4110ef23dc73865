"""The warm process that desktop hosts talk to; ``client.py`` is all that a host needs of it."""
