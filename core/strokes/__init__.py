"""The pencil renderer: a photograph becomes strokes that follow its forms.

The way of a picture through this room::

    grey ─ tone ─┬─ flow ──▶ direction of every pixel ─┐
                 ├─ levels ──▶ grey level of every pixel ├─ plan ─▶ strokes ─ canvas ─▶ shading ─┐
                 └─ lines ───▶ outlines ─────────────────────────────────────────────────────────┴▶ drawing

``render.draw`` runs all of it. ``process`` shows the same strokes one after the other.

References:
    Tong, Chen, Ni, Wang: Sketch Generation with Drawing Process Guided by Vector Flow and Grayscale. AAAI 2021,
    arXiv:2012.09004.
"""
