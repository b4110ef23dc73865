"""All that is settled before a batch begins: what is to be done, where to, and what earlier runs made there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from senga.errors import SettingsError
from senga.registry import Plugins

from .attempt import Painter, blend_of, check_files
from .films import codec_of
from .identity import task_digest
from .inputs import Found
from .invocation import Invocation
from .ledger import Ledger
from .order import Order, split_template
from .outputs import Target, Wish, plan
from .second import SecondPictures


@dataclass(frozen=True)
class Ready:
    """All that is the same for every input, checked.

    Attributes:
        order: what is asked for.
        root: the folder of the results.
        wish: how they are called.
        task: the digest of the filters, settings, versions and weights.
        painter: does it.
    """

    order: Order
    root: Path
    wish: Wish
    task: str
    painter: Painter

    def targets(self, found: Sequence[Found], *, by_ending: bool = False) -> list[Target]:
        """Each input with its output.

        Args:
            found: the inputs.
            by_ending: their endings stand in the names of their outputs.

        Raises:
            SettingsError: two results would be one file, or a source would be overwritten.
        """
        names, folders = [str(each.path) for each in found], [each.inside for each in found]
        read = (*self.wish.read, *self.painter.second.paths(names, folders))
        wish = replace(self.wish, read=read, by_ending=by_ending)
        return [self._noting(target) for target in plan(names, wish, folders)]

    def _noting(self, target: Target) -> Target:
        assert target.output is not None  # noqa: S101 - a batch never writes to a pipe
        trouble, key = target.trouble or self.painter.second.trouble(target), target.output.relative_to(self.root)
        return replace(target, trouble=trouble, key=key, pictured=self.order.pictured)


def made_ready(order: Order, invocation: Invocation, known: Plugins) -> Ready:
    """Check names and settings before any input is looked at.

    Raises:
        SengaError: for what no input could succeed with.
    """
    root, template = split_template(order.output)
    if root.exists() and not root.is_dir():
        raise SettingsError(f"“{root}” is a file; -o takes the folder of the results.")
    blend = blend_of(invocation.options)
    done = invocation.work(known, blend)
    second = SecondPictures(done)
    second.check(order.inputs, structured=True)
    check_files(done)
    invocation.check_names(known)
    known.backend(order.backend)
    wish = Wish(
        template,
        invocation.name,
        invocation.options["format"],
        invocation.makes(known),
        invocation.options["overwrite"],
        read=tuple(invocation.reads(done)),
        written=order.written,
        root=root,
        preview=invocation.options.get("preview"),
        codec=codec_of(invocation.options),
    )
    painter = Painter(invocation, known, blend, second)
    return Ready(order, root, wish, task_digest(invocation, known, second), painter)


def results_in(root: Path) -> frozenset[str]:
    """The files in a folder that earlier runs made: no inputs, though they may lie among them."""
    if not Ledger.is_in(root):
        return frozenset()
    real = Path(os.path.realpath(root))
    with closing(Ledger(root, make=False)) as ledger:
        return frozenset(str(real / row.written) for row in ledger.rows() if row.written)
