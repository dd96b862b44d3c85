"""What a bridge has answered, as a value or an exception."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from wsocket.client.http_pool import HttpResponse
from wsocket.errors import (
    ApplicationError,
    CallCanceled,
    CallTimeout,
    HttpError,
    HttpUnavailable,
    PayloadError,
    RouterUnavailable,
)
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.serializers.base import DECODE_ERRORS
from wsocket.wamp.serializers.json import JSON

_PROBLEM: Final = "application/problem+json"
_UNREADABLE: tuple[type[Exception], ...] = (*DECODE_ERRORS, PayloadError)
_SHOWN: Final = 300  # characters of a body that is not the bridge's

_KINDS = {"wamp.error.canceled": CallCanceled, "wamp.error.timeout": CallTimeout}

# Who answers so may answer otherwise later.
_LATER: Final = frozenset((429, 502, 503, 504))
_UNAVAILABLE: Final = 503  # the router says so itself


class PublishAnswer(Struct):
    """The answer to a publish request."""

    publication: int


class CallAnswer(Struct):
    """The answer to a call."""

    args: Raw = Raw(b"[]")
    kwargs: Raw = Raw(b"{}")

    def values(self) -> CallResult:
        """The result; binary values are bytes again.

        Raises:
            PayloadError: It is none.
        """
        return CallResult(*JSON.payload(self.args, self.kwargs).values())


class ProblemAnswer(CallAnswer):
    """Why a request was not served (RFC 9457)."""

    error: str | None = None
    detail: str | None = None


_AnswerT = TypeVar("_AnswerT", bound=Struct)


def read_publication(response: HttpResponse) -> int:
    """The publication ID.

    Raises what `failure` returns.
    """
    return _success(response, PublishAnswer).publication


def read_result(response: HttpResponse) -> CallResult:
    """The result of a call.

    Raises what `failure` returns.
    """
    try:
        return _success(response, CallAnswer).values()
    except PayloadError:
        raise _foreign(response) from None


def _success(response: HttpResponse, kind: type[_AnswerT]) -> _AnswerT:
    if response.status != 200:
        raise failure(response)
    try:
        return msgspec.json.decode(response.body, type=kind)
    except DECODE_ERRORS:
        raise _foreign(response) from None


def failure(response: HttpResponse) -> Exception:
    """The exception for an answer that is no success: a WAMP error, or an `HttpError`.

    It is an `OSError`, too, if the request was not served now and may be later.
    """
    if response.media_type != _PROBLEM:
        return _foreign(response)
    try:
        problem = msgspec.json.decode(response.body, type=ProblemAnswer)
        result = problem.values()
    except _UNREADABLE:
        return _foreign(response)
    if problem.error is None:
        return _http_error(response, f": {problem.detail or 'it does not say why'}")
    kind = _KINDS.get(problem.error)
    if kind is None:
        is_later = response.status == _UNAVAILABLE
        kind = RouterUnavailable if is_later else ApplicationError
    exception: ApplicationError = kind(problem.error, *result.args)
    exception.kwargs = dict(result.kwargs)
    return exception


def _foreign(response: HttpResponse) -> HttpError:
    """The exception for an answer of somebody else, such as a proxy."""
    text = response.body[:_SHOWN].decode("utf-8", "replace")
    problem = f", and not as a bridge does: {text!r}; {_advice(response)}"
    return _http_error(response, problem)


def _advice(response: HttpResponse) -> str:
    if response.status in _LATER:
        return "a proxy answers so if it does not reach the router: try again later"
    if response.location is not None:
        where = f"{response.location!r:.200}"
        return f"redirects are not followed: give the URL that it names, {where}"
    return "is the path of the URL that of Bridge(...), and no proxy in between?"


def _http_error(response: HttpResponse, problem: str) -> HttpError:
    status = f"{response.status} {response.reason}".rstrip()
    kind = HttpUnavailable if response.status in _LATER else HttpError
    return kind(status, f"{response.url} answered {status}{problem}")
