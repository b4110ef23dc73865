"""The battery that every filter must pass; plug-in authors run it on theirs.

>>> from senga.testing import check_filter
>>> from my_plugin import Posterize            # doctest: +SKIP
>>> check_filter(Posterize(levels=4))          # doctest: +SKIP
"""

from __future__ import annotations

from senga.filter import Filter
from senga.job import Job
from senga.registry import Plugins

from .bench import Bench, sample
from .promises import PROMISES, Check
from .surroundings import SURROUNDINGS
from .travels import TRAVELS

__all__ = ["CHECKS", "check_filter", "sample"]

CHECKS: dict[str, Check] = {**PROMISES, **TRAVELS, **SURROUNDINGS}
"""The questions by name, in the order they are asked."""


def check_filter(filter: Filter | type[Filter], *, job: Job | None = None, plugins: Plugins | None = None) -> None:  # noqa: A002
    """Ask everything that a host relies on of one filter.

    Args:
        filter: a filter with settings and second pictures, or a class: then it gets its defaults, and samples as
            second pictures.
        job: where a neural filter gets its weights from; by default the installed model store.
        plugins: the plug-ins to run it with; by default all that are installed.

    Raises:
        AssertionError: with the sentence that tells which promise is broken.
    """
    bench = Bench.of(filter, plugins or Plugins(), job or Job())
    for check in CHECKS.values():
        check(bench)
