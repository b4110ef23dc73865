"""The way to a scheduler, and its silence: what is wrong is said in one sentence."""

from __future__ import annotations

import logging
import re
import socket
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from senga.errors import SettingsError

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = "10s"
_TOGETHER = ("distributed", "dask", "msgpack")
"""Packages that talk to each other only in the same version."""
_LARGE = "1GiB"
_ADDRESS = re.compile(r"(tcp|tls|wss?|ucxx?)://(?P<host>[^/\s]+):(?P<port>\d{1,5})")
_REACHABLE = 5.0
"""Seconds in which a machine must answer."""


def quiet() -> None:
    """What dask logs of a connection that is lost says the same in many lines, and nobody needs both."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def connected(address: str) -> Client:
    """A connection to a scheduler; certificates for ``tls://`` are those of dask's own configuration.

    Raises:
        SettingsError: there is none, or it speaks another version.
    """
    _check_address(address)
    import dask
    from distributed import Client

    dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE})
    client: Any = Client.__new__(Client)  # one whose making fails must be closed, too
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions: they are compared below
            client.__init__(address, timeout=_PATIENCE, set_as_default=False, name="senga")
    except Exception as error:  # of whatever kind dask raises for an address
        with suppress(Exception):
            client.close(timeout=1)
        client.status = "closed"
        ours, why = dask.__version__, reason_of(error)
        text = f"No dask {ours} answers at {address} ({why}); check its version and its certificates."
        raise SettingsError(text) from error
    try:
        _check_versions(client, address)
    except BaseException:
        client.close(timeout=1)
        raise
    return client


def _check_address(address: str) -> None:
    """Whether anybody listens there; dask itself would go on asking for long.

    Raises:
        SettingsError: nobody does, or it is no address.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise SettingsError(f"“{address}” is no address of a scheduler: they look like tcp://10.0.0.1:8786.")
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_REACHABLE).close()
    except OSError as error:
        raise SettingsError(f"There is no scheduler of dask at {address} ({error.strerror or error}).") from error


def _check_versions(client: Any, address: str) -> None:
    """Whether all speak alike.

    Raises:
        SettingsError: they do not.
    """
    found = client.get_versions(check=False)
    ours = found["client"]["packages"]
    others = {f"The scheduler at {address}": found["scheduler"]}
    others |= {f"The worker {worker}": facts for worker, facts in found["workers"].items()}
    for who, facts in others.items():
        theirs = facts["packages"] if facts else {}
        for name in _TOGETHER:
            if theirs.get(name) != ours.get(name):
                other, own = theirs.get(name) or "none", ours.get(name)
                text = f"{who} has {name} {other}, and here is {own}: install the same. Nothing was begun."
                raise SettingsError(text)


def reason_of(error: Any) -> str:
    """What an exception says, on one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
