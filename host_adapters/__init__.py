"""Programs that Senga is used from."""

import os

os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
"""Pydantic would look for its own plug-ins, and fail at the first package whose metadata cannot be read."""
