"""Faces in pictures: where they are, their 68 landmarks, and landmarks that are given by hand.

>>> from senga.faces import Face, find_faces
"""

from __future__ import annotations

from .face import COUNT, Face
from .finding import find_faces
from .given import faces_of_shares
from .points_file import faces_text, read_faces

__all__ = ["COUNT", "Face", "faces_of_shares", "faces_text", "find_faces", "read_faces"]
