"""Joining a realm: what HELLO says, the answer to CHALLENGE, the check of WELCOME."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

RandomBytes = Callable[[int], bytes]
"""``random_bytes(n)`` returns *n* random bytes, such as `os.urandom`."""

FEATURES: dict[str, tuple[str, ...]] = {
    "caller": (
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "progressive_call_results",
    ),
    "callee": (
        "call_canceling",
        "call_trustlevels",
        "caller_identification",
        "pattern_based_registration",
        "progressive_call_results",
        "registration_revocation",
        "shared_registration",
    ),
    "publisher": (
        "publisher_exclusion",
        "publisher_identification",
        "subscriber_blackwhite_listing",
    ),
    "subscriber": (
        "pattern_based_subscription",
        "publication_trustlevels",
        "publisher_identification",
        "subscription_revocation",
    ),
}
"""What this client can do, by role (HELLO.Details.roles)."""


Signature = tuple[str, dict[str, Any]]
"""Signature and Extra of AUTHENTICATE."""


class LoginExchange(Protocol):
    """One login, on one connection."""

    @property
    def hello(self) -> dict[str, Any]:
        """The keys of HELLO.Details that say who this is."""

    def answer(self, method: str, extra: Mapping[str, Any]) -> Signature:
        """Sign a challenge; that may take a second of computing.

        Args:
            method: CHALLENGE.AuthMethod.
            extra: CHALLENGE.Extra.

        Raises:
            ProtocolError: The router's challenge cannot be answered.
            ImportError: A package that this challenge needs is missing.
        """

    def check(self, authextra: Mapping[str, Any]) -> None:
        """Accept WELCOME.Details.authextra.

        Raises:
            ProtocolError: The router did not prove who it is.
        """


class LoginMethod(Protocol):
    """Who a client is, and how it proves that."""

    def begin(self, random_bytes: RandomBytes) -> LoginExchange:
        """Start a login."""


class JoinRequest(Struct, frozen=True):
    """How a client joins.

    Attributes:
        agent: HELLO.Details.agent: the name of the program.
    """

    realm: str
    credentials: LoginMethod
    agent: str


def hello_details(login: JoinRequest, exchange: LoginExchange) -> dict[str, Any]:
    """HELLO.Details."""
    roles = {
        role: {"features": dict.fromkeys(features, True)}
        for role, features in FEATURES.items()
    }
    return {"roles": roles, "agent": login.agent, **exchange.hello}
