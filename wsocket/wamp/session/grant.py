"""The answers of authorization to one request, used by broker and dealer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from wsocket.core.checks import check_bool, check_choice, check_number
from wsocket.core.keywords import checks_fields

Disclosure = Literal["allow", "force", "deny"]
DISCLOSURES: tuple[Disclosure, ...] = get_args(Disclosure)


@checks_fields
@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to "may this session do that?".

    Attributes:
        allowed: Whether it may. It has no default (Advanced Profile, "Authorization").
        disclose: Whether its identity is disclosed: if it asks for that (``"allow"``,
            the default), always (``"force"``) or never (``"deny"``) (Advanced Profile,
            "Caller Identification", "Publisher Identification").
        trustlevel: An integer, 0 at least, that is sent to callees and subscribers
            which announced trust levels; None, the default, sends none (Advanced
            Profile, "Call Trust Levels", "Publication Trust Levels").

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    allowed: bool
    disclose: Disclosure = "allow"
    trustlevel: int | None = None

    def __post_init__(self) -> None:
        check_bool("Grant.allowed", self.allowed)
        check_choice("Grant.disclose", self.disclose, DISCLOSURES)
        if self.trustlevel is not None:
            check_number("Grant.trustlevel", self.trustlevel, least=0)


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
