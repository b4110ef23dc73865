"""Painting by example: a gallery of exemplars, guides, and pictures put together from pieces of one exemplar."""
