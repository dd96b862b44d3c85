"""Reasons of ABORT that are the same at the next attempt."""

from __future__ import annotations

from wsocket.wamp.protocol import errors

# Not among them are `AUTHENTICATION_FAILED` and `AUTHORIZATION_FAILED`: something of
# the router has failed, and it may work again ("Authentication", "Authorization").
FINAL_REASONS = frozenset(
    (
        errors.AUTHENTICATION_DENIED,
        errors.INVALID_URI,
        errors.NOT_AUTHORIZED,
        errors.NO_MATCHING_AUTH_METHOD,
        errors.NO_SUCH_REALM,
        errors.PROTOCOL_VIOLATION,
        # Those of other routers.
        "wamp.error.authentication_required",
        "wamp.error.authorization_denied",
        "wamp.error.authorization_required",
        "wamp.error.no_auth_method",
        "wamp.error.no_such_principal",
        "wamp.error.no_such_role",
    )
)
"""A client that gets one of these gives up."""
