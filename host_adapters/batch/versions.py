"""Whether another process would make the same pixels: Senga, plug-ins, the code of filters, and the libraries below."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from senga.recipe import Recipe
from senga.registry import Plugins

from .identity import code_of, origin_of

_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "mindspore", "onnxruntime", "openvino")
_NONE = "none"


def versions(recipe: Recipe, known: Plugins) -> dict[str, str]:
    """What decides about pixels, by what it is called in sentences.

    Raises:
        SengaError: a filter is not there, or does not take its settings.
    """
    found = {"Senga": version("senga")}
    for step, act in recipe.made(known):
        found[f"the plug-in of “{step.filter}” as"] = origin_of(act.name, known)
        found[f"the code of “{step.filter}” as"] = code_of(type(act))[:12]
    return found


def libraries() -> dict[str, str]:
    """What may decide about their last bits."""
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return _NONE


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What is different, such as ``has Senga 0.2, and here is 0.1``; or nothing."""
    pairs = [(what, found.get(what, _NONE), ours) for what, ours in wanted.items()]
    other = [f"{what} {theirs}, and here is {ours}" for what, theirs, ours in pairs if theirs != ours]
    return f"has {'; '.join(other)}" if other else ""
