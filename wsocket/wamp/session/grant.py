"""What authorization says about one request, for broker and dealer to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

Disclosure = Literal["allow", "force", "deny"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to "may this session do that?".

    Attributes:
        allowed: Whether it may.
        disclose: Whether its identity is disclosed: as it asks (``allow``), always
            (``force``) or never (``deny``).
        trustlevel: Told to callees and subscribers that announced trust levels.
    """

    allowed: bool
    disclose: Disclosure = "allow"
    trustlevel: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """No answer yet: the authorizer decides.

    Attributes:
        cache: Whether its answer may be kept.
        disclose: What holds where it says nothing about disclosure.
    """

    cache: bool = True
    disclose: Disclosure = "allow"
    allowed: ClassVar[bool] = False


Verdict = Grant | Ask
"""What rules say."""

OPEN = Grant(allowed=True)
DENIED = Grant(allowed=False)

Action = Literal["call", "register", "publish", "subscribe"]
ACTIONS: tuple[Action, ...] = get_args(Action)
