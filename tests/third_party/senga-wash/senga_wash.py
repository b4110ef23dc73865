"""A wash of colour, painted by a tiny network: a family of networks with a filter of its own."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from senga import Filter, Image, Job, Model, Weights, hookimpl, setting
from senga.families import Family, Number, network_of


class Facts(BaseModel):
    """What a card says of such a network beside what all cards say."""

    inner: Number = "4"


WASH = Family(
    name="wash",
    title="Colour wash",
    architectures=("wash",),
    facts=Facts,
    converter="senga_wash_network:to_senga",
    network="senga_wash_network:network_of_card",
    presets="senga_wash_presets:PRESETS",
    trainer="senga_wash_training:Training",
    perceptual=False,
    folders={"papers": "Folder of pictures of paper."},
)


class Wash(Filter):
    """Paints with a style of the family."""

    name = "wash"
    title = "Colour wash"
    summary = "A thin wash of colour."
    families = ("wash",)

    style: Model = setting("plain", "Which style to paint in.")

    def __call__(self, image: Image, job: Job) -> Image:
        from senga.neural.engine import run

        weights = job.weights(self.style)
        return image.with_pixels(run(network_of(weights), weights.arrays, image.pixels, job))


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this package."""
    return (Wash,)


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this package."""
    return (WASH,)


@hookimpl
def senga_weights(model: str) -> Weights | None:
    """A style that needs no file."""
    if model not in ("plain", "wash/plain"):
        return None
    from senga_wash_network import plain

    return plain()
