"""Painting by example."""
