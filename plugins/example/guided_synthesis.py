"""The picture synthesised anew from patches of an exemplar, see ``senga.exemplars.synthesis``.

Slower than ``style-blit``, and calmer: patches are chosen together, so that brushwork flows from one to the next, and
no part of the exemplar is used more often than others. Guides are those of ``style-blit``, and a pair more.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Picture, Seed

from .exemplar_settings import Exemplars, check_pair


class GuidedSynthesis(Exemplars, Filter):
    """Synthesise the picture anew from patches of a painting."""

    name: ClassVar[str] = "guided-synthesis"
    title: ClassVar[str] = "Synthesis by example"
    summary: ClassVar[str] = "A painting's texture, grown to fit the picture; slower and finer than “Paint by example”."
    group: ClassVar[str] = "Example"
    keywords: ClassVar[tuple[str, ...]] = ("style transfer", "texture synthesis", "StyLit", "PatchMatch", "painting")

    guide_weight: float = setting(
        2.0, "How strictly the guide is followed, beside the flow of the brushwork.", ge=0, le=100
    )
    uniformity: float = setting(
        3500.0, "How evenly all parts of the painting are used; 0 does not care.", ge=0, le=100_000
    )
    patch: Literal["3", "5", "7", "9"] = setting(
        "5", "Side of a patch, in pixels of the painting.", labels={"3": "3", "5": "5", "7": "7", "9": "9"}
    )
    rounds: int = setting(6, "How often patches are chosen and blended at each size.", ge=1, le=20, advanced=True)
    passes: int = setting(4, "How often better patches are looked for in each round.", ge=1, le=20, advanced=True)
    fine: bool = setting(False, "Add a last round with patches of 3 by 3 pixels, for sharper edges.", advanced=True)
    style_mask: Picture | None = setting(
        None, "Which parts of the painting may be used: the light ones; of the same form.", advanced=True
    )
    target_mask: Picture | None = setting(
        None, "Which parts of the picture are painted: the light ones; the others stay.", advanced=True, aligned=True
    )
    style_guide_2: Picture | None = setting(None, "One more guide for the painting.", advanced=True)
    target_guide_2: Picture | None = setting(None, "The same for the picture.", advanced=True, aligned=True)
    weight_2: float = setting(1.0, "Weight of that guide.", ge=0, le=100, advanced=True)
    seed: Seed = setting(1, "Another number grows another texture.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The synthesis."""
        from .blit_painting import masked, painted

        check_pair(self.style_guide_2, self.target_guide_2)
        mask = self.second("target_mask")
        if mask is None:
            return painted(self, image, job, "Matching patches", self._place, int(self.patch) // 2)
        job = job.shown_as(lambda shown: masked(image, shown, mask))
        return masked(image, painted(self, image, job, "Matching patches", self._place, int(self.patch) // 2), mask)

    def _place(self, style: Any, guide: Any, job: Job) -> Any:
        from senga.exemplars.synthesis import Options, Pair, synthesised

        from .blit_style import resized

        options = Options(int(self.patch), self.uniformity, self.rounds, self.passes, fine=self.fine, seed=self.seed)
        pairs = [Pair(style.example.guide, guide, self.guide_weight), *self._more(style, guide)]
        mask = self.second("style_mask")
        allowed = None if mask is None else resized(mask.u8(), style.pixels.shape).mean(axis=2) > 127
        return synthesised(style.pixels, pairs, options, job, allowed, wanted=self._wanted(guide.shape))

    def _wanted(self, shape: Any) -> Any:
        """Which pixels of the picture, at the size of the synthesis, are painted."""
        from .blit_style import resized

        mask = self.second("target_mask")
        return None if mask is None else resized(mask.u8(), shape).max(axis=2) > 0

    def _more(self, style: Any, guide: Any) -> Any:
        from senga.exemplars.synthesis import Pair

        from .blit_style import resized

        mine, theirs = self.second("style_guide_2"), self.second("target_guide_2")
        if mine is not None and theirs is not None:
            yield Pair(resized(mine.u8(), style.pixels.shape), resized(theirs.u8(), guide.shape), self.weight_2)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (GuidedSynthesis,)
