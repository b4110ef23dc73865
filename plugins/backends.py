"""Where batches run without any other plug-in: processes of this machine, and a cluster of dask."""

from __future__ import annotations

from collections.abc import Iterable

from senga import hookimpl
from senga.backends import Backend


@hookimpl
def senga_backends() -> Iterable[Backend]:
    """The back ends of this module, as the hook returns them."""
    return (
        Backend("local", "Processes of this machine", "senga.host_adapters.batch.crew:Crew", near=True),
        Backend("dask", "Workers of a dask cluster", "senga.host_adapters.cluster.crew:opened"),
    )
