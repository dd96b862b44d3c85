"""Calls and invocations of a session under test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wsocket.errors import ApplicationError, CallCanceled, CallTimeout
from wsocket.testing.wamp import CODES
from wsocket.wamp.local.calling import CallResult
from wsocket.wamp.protocol import errors

_KINDS = {errors.CANCELED: CallCanceled, errors.TIMEOUT: CallTimeout}


class Caller(Protocol):
    """The part of a session that calls and invocations use."""

    def send(self, message: list[Any]) -> None:
        """Send a message."""

    def answer_to(self, request: int, timeout: float | None) -> list[Any]:
        """Wait for the next answer to a request."""

    def checked(self, answer: list[Any]) -> list[Any]:
        """An answer that is no ERROR; that is raised as `ApplicationError`."""


def payload(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """Arguments and ArgumentsKw, as the end of a message."""
    if kwargs:
        return [list(args), dict(kwargs)]
    return [list(args)] if args else []


def payload_at(message: list[Any], start: int) -> tuple[list[Any], dict[str, Any]]:
    """Arguments and ArgumentsKw of a message, from this position on."""
    args = message[start] if len(message) > start else []
    kwargs = message[start + 1] if len(message) > start + 1 else {}
    return args, kwargs


def raised(
    error: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> ApplicationError:
    """The exception for an ERROR."""
    exception: ApplicationError = _KINDS.get(error, ApplicationError)(error, *args)
    exception.kwargs = dict(kwargs)
    return exception


def value_of(answer: list[Any]) -> Any:
    """What a RESULT returns, as for `WSocketApp.call`."""
    args, kwargs = payload_at(answer, 3)
    if kwargs or len(args) > 1:
        return CallResult(args, kwargs)
    return args[0] if args else None


class ClientCall:
    """A call that was started, and may not have ended."""

    def __init__(self, session: Caller, request: int) -> None:
        self._session = session
        self._final: list[Any] | None = None
        self.request = request

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the final result; skip the progressive ones not taken yet.

        Raises:
            ApplicationError: The call ended in an ERROR.
            ConversationFailure: Nothing came in time.
        """
        while self._final is None:
            self._next(timeout)
        return value_of(self._session.checked(self._final))

    def progress(self, timeout: float | None = None) -> Any:
        """Wait for the next progressive result.

        Raises:
            ApplicationError: The call ended in an ERROR.
            LookupError: The call has ended; `result` has its result.
        """
        answer = self._next(timeout) if self._final is None else self._final
        if answer is self._final:
            self._session.checked(answer)
            raise LookupError(f"call {self.request} has ended: {answer!r}")
        return value_of(answer)

    def cancel(self, mode: str = "killnowait") -> None:
        """Cancel the call (Advanced Profile, "Call Canceling")."""
        self._session.send([CODES["CANCEL"], self.request, {"mode": mode}])

    def _next(self, timeout: float | None) -> list[Any]:
        answer = self._session.answer_to(self.request, timeout)
        is_error = answer[0] == CODES["ERROR"]
        if is_error or not answer[2].get("progress"):
            self._final = answer
        return answer


@dataclass(frozen=True)
class ReceivedInvocation:
    """Somebody calls a procedure that the session has registered.

    Attributes:
        details: INVOCATION.Details.
    """

    procedure: str
    args: list[Any]
    kwargs: dict[str, Any]
    details: Mapping[str, Any]
    request: int
    _send: Callable[[list[Any]], None] = field(repr=False)

    def answer(self, *args: Any, **kwargs: Any) -> None:
        """Return a result."""
        self._yield({}, args, kwargs)

    def progress(self, *args: Any, **kwargs: Any) -> None:
        """Return a progressive result; more follows."""
        self._yield({"progress": True}, args, kwargs)

    def fail(self, error: str, *args: Any, **kwargs: Any) -> None:
        """Answer with an ERROR."""
        head = [CODES["ERROR"], CODES["INVOCATION"], self.request, {}, error]
        self._send([*head, *payload(args, kwargs)])

    def _yield(
        self, options: dict[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        self._send([CODES["YIELD"], self.request, options, *payload(args, kwargs)])


@dataclass(frozen=True)
class ReceivedEvent:
    """An event of a topic that the session has subscribed to.

    Attributes:
        details: EVENT.Details.
    """

    topic: str
    args: list[Any]
    kwargs: dict[str, Any]
    details: Mapping[str, Any]
    subscription: int
    publication: int
