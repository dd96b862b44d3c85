"""The answers of authorization to one request, used by broker and dealer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

Disclosure = Literal["allow", "force", "deny"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to "may this session do that?".

    Attributes:
        allowed: Whether it may.
        disclose: Whether its identity is disclosed: if it asks for that (``allow``),
            always (``force``) or never (``deny``).
        trustlevel: Sent to callees and subscribers that announced trust levels.
    """

    allowed: bool
    disclose: Disclosure = "allow"
    trustlevel: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """No answer yet: the authorizer decides.

    Attributes:
        cache: Whether its answer may be kept.
        disclose: Used if its answer does not say anything about disclosure.
    """

    cache: bool = True
    disclose: Disclosure = "allow"
    allowed: ClassVar[bool] = False


Verdict = Grant | Ask
"""The answer of rules."""

OPEN = Grant(allowed=True)
DENIED = Grant(allowed=False)

Action = Literal["call", "register", "publish", "subscribe"]
ACTIONS: tuple[Action, ...] = get_args(Action)
