"""Many inputs: the machinery that ``senga run`` and ``senga batch`` share."""
