"""The URIs of WAMP errors and close reasons."""

from __future__ import annotations

from typing import NamedTuple

from wsocket.core.budget import Budget

AUTHENTICATION_DENIED = "wamp.error.authentication_denied"
AUTHENTICATION_FAILED = "wamp.error.authentication_failed"
AUTHORIZATION_FAILED = "wamp.error.authorization_failed"
CANCELED = "wamp.error.canceled"
DISCLOSE_ME_DISALLOWED = "wamp.error.option_disallowed.disclose_me"
FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported"
INVALID_ARGUMENT = "wamp.error.invalid_argument"
INVALID_URI = "wamp.error.invalid_uri"
NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee"
NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method"
NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure"
NO_SUCH_REALM = "wamp.error.no_such_realm"
NO_SUCH_REGISTRATION = "wamp.error.no_such_registration"
NO_SUCH_SESSION = "wamp.error.no_such_session"
NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription"
NOT_AUTHORIZED = "wamp.error.not_authorized"
PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists"
PROTOCOL_VIOLATION = "wamp.error.protocol_violation"
TIMEOUT = "wamp.error.timeout"
UNAVAILABLE = "wamp.error.unavailable"

# Not in the specification. Client libraries send and expect the second. The last two
# are reasons of a revocation, which must be URIs for autobahn-python.
NO_SUCH_PUBLICATION = "wamp.error.no_such_publication"
RUNTIME_ERROR = "wamp.error.runtime_error"
UNREGISTERED = "wamp.error.unregistered"
UNSUBSCRIBED = "wamp.error.unsubscribed"

CLOSE_GOODBYE_AND_OUT = "wamp.close.goodbye_and_out"
CLOSE_KILLED = "wamp.close.killed"
CLOSE_REALM = "wamp.close.close_realm"


class Refusal(NamedTuple):
    """Why a request is refused: an error URI and an explanation."""

    error: str
    explanation: str


def too_many(things: str, limit: int) -> Refusal:
    """The refusal for a session that has reached a limit."""
    return Refusal(NOT_AUTHORIZED, f"limit of {limit} {things} per session reached")


def too_much(things: str, lacking: Budget) -> Refusal:
    """The refusal of what would make this process keep too many bytes."""
    return Refusal(UNAVAILABLE, f"{things} would exceed a limit ({lacking})")
