"""The facts on a model card that only its family knows: free in kind, bounded in number and length."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from senga.families import COMMON, Family, Number
from senga.strangers import border, reason

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST = 64
_LONGEST = 8000


class OldFacts(BaseModel):
    """What cards could say before families said what theirs can; all other facts are texts."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    width: Number = "1.0"
    upsample: Literal["tf1", "half_pixel", "align_corners"] = "tf1"
    eps: Number = "1e-5"


def bounded(facts: Mapping[str, object]) -> dict[str, str]:
    """Facts as texts.

    Raises:
        ValueError: there are too many, a name is none, or a value is no text or number that a card can hold.
    """
    if len(facts) > _MOST:
        raise ValueError(f"there are more than {_MOST} facts")
    return {_name(name): _text(name, value) for name, value in facts.items()}


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"“{name[:80]}” is no name for a fact")
    return name


def _text(name: str, value: object) -> str:
    if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"the fact “{name}” is no text and no number")
    if len(text := str(value)) > _LONGEST:
        raise ValueError(f"the fact “{name}” is longer than {_LONGEST} letters")
    return text


def read_facts(family: Family | None, facts: Mapping[str, object]) -> dict[str, str]:
    """Facts as texts that the family's class accepts, and the defaults of those that are not given.

    Raises:
        ValueError: the family has no such fact, or a value is wrong.
    """
    given, schema = bounded(facts), family.facts if family else None
    if schema is None:
        _checked(OldFacts, given)
        return given
    free = schema.model_config.get("extra") == "allow"
    strange = next((name for name in given if name not in schema.model_fields and not free), None)
    if strange:
        raise ValueError(f"the family “{family.name if family else ''}” has no fact “{strange}”")
    known = _checked(schema, given)
    defaults = {name: str(getattr(known, name)) for name in schema.model_fields}
    return bounded({**defaults, **given})


def _checked(schema: type[BaseModel], facts: Mapping[str, str]) -> BaseModel:
    try:
        with border():
            return schema.model_validate(dict(facts))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}") from error
    except Exception as error:  # of whatever a stranger's class is made
        raise ValueError(f"its facts cannot be read ({reason(error)})") from error


def names_of(family: Family | None, card: Mapping[str, object]) -> list[str]:
    """Which of the keys of a card are facts of its family."""
    if family is not None and family.facts is None:
        return [name for name in card if name not in COMMON and _NAME.fullmatch(name)][:_MOST]
    known = (family.facts if family and family.facts else OldFacts).model_fields
    return [name for name in card if name in known]


def meant(family: Family | None, card: Mapping[str, str]) -> dict[str, str]:
    """The facts among all that a file of any origin says of itself; those that make no sense are left out."""

    def is_fit(name: str) -> bool:
        try:
            read_facts(family, {name: card[name]})
        except ValueError:
            return False
        return True

    return {name: card[name] for name in names_of(family, card) if is_fit(name)}
