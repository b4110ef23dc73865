"""The colours and the light of a reference on a photo, without the texture of the reference.

On a picture reduced to about 0.16 megapixels, in Oklab, the colours get the statistics of the reference (``matching``,
``ops.transfer``), as a whole or part by part (``segments``, ``masks``), and are bent into what a screen can show
(``gamut``). What reaches the photo is not these colours but what they have in common around every pixel: an affine map
of its colours (``ops.affine_fit``), enlarged with soft edges. So lines, grain and detail are those of the photo.

References:
    F. Luan, S. Paris, E. Shechtman, K. Bala: Deep photo style transfer. CVPR 2017, arXiv:1703.07511: parts, and maps
    that are locally affine in colour. This is its form without a network; ``seen`` is that with one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from senga import Picture, Seed, SengaError, hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import File

from .matching import Method


class PhotoStyle(Filter):
    """Give a photo the colours and light of another picture; shapes, lines and texture stay its own."""

    name: ClassVar[str] = "photo-style"
    title: ClassVar[str] = "Photo style"
    summary: ClassVar[str] = "The colours and the light of a reference picture, without its texture."
    group: ClassVar[str] = "Colour"
    keywords: ClassVar[tuple[str, ...]] = (
        "match color", "color transfer", "colour grading", "color mapping", "photorealistic style", "mood", "tone",
    )  # fmt: skip

    reference: Picture | None = setting(None, "The picture whose colours and light are taken.")
    method: Method = setting(
        "linear",
        "How its colours are taken over: mean and spread of all together (Monge-Kantorovich), the same by way of grey "
        "(CORAL), lightness and both axes of colour apart (Reinhard), every colour as often as there (Pitié), the "
        "strongest, the tones alone, or what a network sees (Luan), in half a minute.",
        labels={
            "linear": "All colours together",
            "coral": "By way of grey (CORAL)",
            "reinhard": "Axes apart (Reinhard)",
            "distribution": "As often as there (Pitié)",
            "luminance": "Tones alone",
            "network": "As a network sees (Luan)",
        },
    )
    keep_luminance: float = setting(
        0.5, "How much of the lightness of the photo is kept; at 1 only its colours change.", ge=0, le=1
    )
    segments: int = setting(
        1,
        "In how many parts both pictures are cut by colour and place, so that sky goes to sky and land to land; "
        "1 takes them as wholes.",
        ge=1,
        le=8,
    )
    smoothing: float = setting(
        1.2,
        "How far around every place the change of the colours is evened out, in per cent of the size of the picture.",
        ge=0.1,
        le=10,
        unit="%",
    )
    photo_mask: Picture | None = setting(
        None,
        "Parts of the photo as flat colours, each of which becomes like the part of the same colour in the mask of the "
        "reference; up to nine: black, white, grey, red, green, blue, yellow, light blue, purple.",
        aligned=True,
        advanced=True,
    )
    reference_mask: Picture | None = setting(None, "The same parts of the reference.", advanced=True)
    network: File | None = setting(
        None,
        "A perceptual network in place of the one that comes with Senga: VGG-19, or a smaller one made from it.",
        advanced=True,
    )
    seed: Seed = setting(
        0, "Another number cuts the parts and mixes whole distributions a little differently.", advanced=True
    )

    def __call__(self, image: Image, job: Job) -> Image:
        """The photo in other colours.

        Raises:
            SengaError: there is no reference, or one mask without the other.
        """
        from .painting import painted

        job.progress(0.0, "Comparing colours")
        mask = self.picture("photo_mask")
        if (mask is None) != (self.reference_mask is None):
            raise SengaError("One mask says nothing alone: give one of the photo and one of the reference, or none.")
        return painted(image, mask, self, job)

    def prepare(self, job: Job) -> Any:
        """What is measured of the reference."""
        from . import matching, reference

        picture = self.picture("reference")
        if picture is None:
            raise SengaError("No reference is chosen: it is the picture whose colours the photo gets.")
        way = matching.matching(self.method, job.rng(self.seed), job.check)
        return reference.measured(picture, self.picture("reference_mask"), self.segments, self.seed, way, job)

    def reach(self, height: int, width: int) -> None:
        """Everywhere: all colours of the photo are measured."""
        return

    def paints_color(self) -> bool:
        """A grey photo takes the colours of a coloured reference."""
        return self.method != "luminance" and not (isinstance(self.reference, Image) and self.reference.grey)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (PhotoStyle,)
