"""Reasons of ABORT that are the same at the next attempt."""

from __future__ import annotations

from wsocket.wamp.protocol import errors

FINAL_REASONS = frozenset(
    (
        errors.AUTHENTICATION_DENIED,
        errors.AUTHORIZATION_FAILED,
        errors.INVALID_URI,
        errors.NOT_AUTHORIZED,
        errors.NO_MATCHING_AUTH_METHOD,
        errors.NO_SUCH_REALM,
        errors.PROTOCOL_VIOLATION,
        # Those of other routers.
        "wamp.error.no_auth_method",
        "wamp.error.no_such_principal",
        "wamp.error.no_such_role",
    )
)
"""A client that gets one of these gives up."""
