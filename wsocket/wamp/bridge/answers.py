"""Answers to HTTP requests: JSON, and errors as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from wsocket.errors import ApplicationError, HttpError, PayloadError
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.json import JSON

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

# The status of a WAMP error. docs/bridge.md has the same table.
STATUS = {
    errors.INVALID_ARGUMENT: 400,
    errors.INVALID_URI: 400,
    errors.PROTOCOL_VIOLATION: 400,
    errors.FEATURE_NOT_SUPPORTED: 400,
    errors.AUTHENTICATION_DENIED: 401,
    errors.NO_MATCHING_AUTH_METHOD: 401,
    errors.NOT_AUTHORIZED: 403,
    errors.DISCLOSE_ME_DISALLOWED: 403,
    errors.NO_SUCH_PROCEDURE: 404,
    errors.NO_SUCH_REALM: 404,
    errors.NO_SUCH_REGISTRATION: 404,
    errors.NO_SUCH_SESSION: 404,
    errors.NO_SUCH_SUBSCRIPTION: 404,
    errors.NO_SUCH_PUBLICATION: 404,
    errors.PROCEDURE_ALREADY_EXISTS: 409,
    "wamp.error.payload_size_exceeded": 413,
    errors.RUNTIME_ERROR: 500,
    errors.CANCELED: 502,
    errors.AUTHENTICATION_FAILED: 503,
    errors.AUTHORIZATION_FAILED: 503,
    errors.NO_AVAILABLE_CALLEE: 503,
    errors.UNAVAILABLE: 503,
    errors.TIMEOUT: 504,
}
_OF_THE_APPLICATION = 422  # the call was fine; the procedure says no

_RETRY = ("Retry-After", "5")


class BridgeAnswer(NamedTuple):
    """The answer to a request."""

    status: str
    body: bytes = b""
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def published(publication: int) -> BridgeAnswer:
    """The answer to a publish request."""
    body = msgspec.json.encode({"publication": publication})
    return BridgeAnswer("200 OK", body, JSON_TYPE)


def result(parts: list[Raw]) -> BridgeAnswer:
    """The answer to a call, with the payload parts of its RESULT."""
    args, kwargs = values(parts)
    body = msgspec.json.encode({"args": args, "kwargs": kwargs})
    return BridgeAnswer("200 OK", body, JSON_TYPE)


def values(parts: list[Raw]) -> tuple[Raw, Raw]:
    """Args and kwargs, also if there are none."""
    return (
        parts[0] if parts else Raw(b"[]"),
        parts[1] if len(parts) > 1 else Raw(b"{}"),
    )


def refused(error: str, explanation: str, *, otherwise: int) -> BridgeAnswer:
    """The answer to a request whose session was refused or ended.

    Args:
        otherwise: The status if an application has chosen the error.
    """
    parts = Payload.of(JSON, [explanation]).parts
    return wamp_problem(error, parts, otherwise=otherwise)


def wamp_problem(
    error: str, parts: list[Raw], *, otherwise: int = _OF_THE_APPLICATION
) -> BridgeAnswer:
    """The answer to a request that ended in a WAMP ERROR."""
    code = _status_of(error, otherwise)
    args, kwargs = values(parts)
    problem: dict[str, Any] = {"error": error, "args": args, "kwargs": kwargs}
    headers = (_RETRY,) if code == 503 else ()
    return _problem(
        f"{code} {_PHRASES[code]}", problem, _detail(parts), headers=headers
    )


def http_problem(error: HttpError) -> BridgeAnswer:
    """The answer to a request that is no request of the bridge."""
    return _problem(error.status, {}, error.problem, headers=tuple(error.headers))


def problem_of(error: ApplicationError) -> BridgeAnswer:
    """The same for an exception."""
    parts = Payload.of(JSON, error.args, error.kwargs).parts
    return wamp_problem(error.error, parts)


def _status_of(error: str, otherwise: int) -> int:
    status = STATUS.get(error)
    if status is not None:
        return status
    if error.startswith("wamp.close."):  # the session was ended
        return 503
    return 500 if error.startswith("wamp.") else otherwise


def _detail(parts: list[Raw]) -> str:
    """The explanation, if the first argument of an error is one."""
    try:
        args, _ = Payload(JSON, parts).values()
    except PayloadError:
        return ""
    return args[0] if args and isinstance(args[0], str) else ""


def _problem(
    status: str,
    members: dict[str, Any],
    detail: str,
    *,
    headers: tuple[tuple[str, str], ...],
) -> BridgeAnswer:
    code, _, title = status.partition(" ")
    problem = {"type": "about:blank", "title": title, "status": int(code)}
    if detail:
        problem["detail"] = detail
    body = msgspec.json.encode(problem | members)
    return BridgeAnswer(status, body, PROBLEM_TYPE, headers)
