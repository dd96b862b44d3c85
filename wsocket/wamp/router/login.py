"""A client on its way into a realm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wsocket.wamp.auth.base import Authenticator, AuthRequest, Exchange, Identity
from wsocket.wamp.protocol.client_messages import Authenticate
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.serializers.base import Payload, Serializer

# What a login comes to: let in, challenged, or no method of the realm is for this
# client.
Outcome = Identity | Exchange | None


class Login:
    """A client on its way into a realm."""

    __slots__ = ("asked_at", "exchange", "method", "realm")

    def __init__(self, realm: RunningRealm, *, now: float) -> None:
        self.realm = realm
        self.asked_at = now  # when its HELLO or AUTHENTICATE came
        self.method = ""
        self.exchange: Exchange | None = None


# These two run the application's code, which may block, raise and return anything.


def begin(
    methods: Iterable[Authenticator], request: AuthRequest, *, serializer: Serializer
) -> tuple[Authenticator, Outcome] | None:
    """Ask each method whether it is for this client."""
    for method in methods:
        outcome = method.begin(request)
        if outcome is not None:
            if isinstance(outcome, Identity):
                extra = outcome.authextra
            else:
                extra = outcome.challenge
            Payload.of(serializer, [dict(extra)])  # or it could not be sent
            return method, outcome
    return None


def verify(
    exchange: Exchange, message: Authenticate, *, serializer: Serializer
) -> Identity:
    """Ask for the verdict on AUTHENTICATE."""
    identity = exchange.verify(message.signature, message.extra)
    if not isinstance(identity, Identity):
        raise TypeError(f"expected an Identity, got {identity!r}")
    Payload.of(serializer, [dict(identity.authextra)])
    return identity


def attempt(function: Callable[[], Any]) -> Any:
    """What *function* returned or raised."""
    try:
        return function()
    except Exception as error:
        return error
