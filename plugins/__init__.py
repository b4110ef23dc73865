"""What comes with Senga, registered by the same hooks as everybody else's."""

from __future__ import annotations

BUILTIN = (
    "senga.plugins.animegan",
    "senga.plugins.cartoon",
    "senga.plugins.cartoongan",
    "senga.plugins.face_drawing",
    "senga.plugins.fast_style",
    "senga.plugins.sketch",
    "senga.plugins.color_pencil",
    "senga.plugins.colorize",
    "senga.plugins.drawing_process",
    "senga.plugins.effects.find_edges",
    "senga.plugins.effects.trace_contour",
    "senga.plugins.effects.emboss",
    "senga.plugins.effects.oil_paint",
    "senga.plugins.effects.flat_cartoon",
    "senga.plugins.photo_style",
    "senga.plugins.effects.ripple",
    "senga.plugins.effects.extrude",
    "senga.plugins.example.style_blit",
    "senga.plugins.example.guided_synthesis",
    "senga.plugins.example.face_blit",
    "senga.plugins.example.face_style",
    "senga.plugins.portrait_patches",
    "senga.plugins.any_style",
    "senga.plugins.optimise_style",
    "senga.plugins.line_art",
    "senga.plugins.backends",
)
"""The only list of built-in plug-ins: importable names, loaded in this order."""
