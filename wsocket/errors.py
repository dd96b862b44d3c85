"""Every exception that wsocket raises, but for those of `wsocket.testing`.

There are three families. The peer broke a protocol (`ProtocolError`, `HttpError`,
`RequestError`) or is refused (`Denied`). The caller asked for something impossible
(`ValueError`, `TypeError` and `WebSocketError`). A WAMP peer answered with an error
(`ApplicationError`), or cannot be reached (`ConnectFailed`, `JoinRefused`,
`ConnectionLost`). Any other exception is a bug."""

from __future__ import annotations

import re
from typing import Any

# Components between dots, without white space, "." and "#".
_URI = re.compile(r"[^\s.#]+(\.[^\s.#]+)*")


class WsocketError(Exception):
    """The root of all exceptions defined here, but for `RequestError`.

    They can be pickled: workers of a task queue send them to another process.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own would call the class with `args`, which is not what it takes.
        return _unpickled, (type(self), self.args, vars(self))


def _unpickled(
    kind: type[WsocketError], args: tuple[Any, ...], state: dict[str, Any]
) -> WsocketError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class ProtocolError(WsocketError):
    """The peer broke RFC 6455; the connection fails with `code` (section 7.4.1)."""

    def __init__(self, problem: str, *, code: int = 1002) -> None:
        super().__init__(problem)
        self.problem = problem
        self.code = code


class HttpError(WsocketError):
    """The client's request cannot be served; answer with this HTTP response.

    Args:
        status: Status line without the version, such as ``"400 Bad Request"``.
        problem: The response body: what was expected, what came, and what to do.
        headers: Headers that the status demands (RFC 6455 section 4.4, RFC 9110).
    """

    def __init__(
        self, status: str, problem: str, headers: list[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.headers = headers or []


class RequestError(BaseException):
    """The client broke HTTP: answer with `status` and close the connection.

    An application gets it when it reads the body of a request on our own server, and
    is not to handle it. So it is no `Exception`: every framework would log a traceback
    and answer 500 (docs/decisions/041-broken-requests-unwind-the-application.md).
    ``finally``, ``with``, and ``except BaseException`` run as always.
    """

    def __init__(self, status: str, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


class RequestCut(RequestError):
    """The client has left in the middle of its request, which is no event at all.

    Half of its connection may be open, so that the answer reaches it.
    """


class ClientGone(WsocketError, ConnectionError):
    """The client closed the connection, or does not read."""


class ResponseAborted(WsocketError):
    """A response failed after its first byte, so the server must abort it.

    The failure has been logged.
    """


class ImportUnderWay(WsocketError, RuntimeError):
    """`run` was called by a module that a server is importing."""


class UnknownRealm(WsocketError, KeyError):
    """The router has no realm of that name."""

    def __str__(self) -> str:
        return str(self.args[0])  # that of KeyError is the repr


class HttpUnavailable(HttpError, ConnectionError):
    """A server, or a proxy before it, cannot answer a request now; later it may.

    The status is 429, 502, 503 or 504 (RFC 6585 section 4, RFC 9110 section 15.6). A
    proxy that says 502 or 504 does not know whether the request was served.
    """


class HandshakeError(HttpError):
    """The upgrade request of a websocket is refused."""


class OriginRefused(HandshakeError):
    """A page of another host asks for a websocket (RFC 6455 section 10.2).

    Args:
        origin: The Origin header.
        host: The Host header.
    """

    def __init__(self, problem: str, *, origin: str, host: str) -> None:
        super().__init__("403 Forbidden", problem)
        self.origin = origin
        self.host = host


class UpgradeUnavailable(WsocketError):
    """This WSGI server does not let an application take over the connection."""


class WebSocketError(WsocketError):
    """An operation on a websocket failed."""


class WebSocketClosed(WebSocketError):
    """The websocket is closed, by either side.

    `code` is the close code (RFC 6455 section 7.4): 1005 when the peer gave none, 1006
    when the connection was lost without a closing handshake."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(
            f"websocket closed with {code}" + (f": {reason}" if reason else "")
        )
        self.code = code
        self.reason = reason


# The messages for refused clients. They do not depend on what was wrong.
_DENIED_MESSAGES = {
    "wamp.error.authentication_denied": "the credentials were not accepted",
    "wamp.error.authentication_failed": (
        "authentication is not possible at the moment"
    ),
}


class Denied(WsocketError):
    """A WAMP client is refused; ABORT says `reason` and `message`.

    Args:
        detail: What was wrong, for the router's log only. It contains no secret.
        reason: The URI for ABORT. Applications may raise their own.
        message: For the client. The default does not say what was wrong.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        reason: str = "wamp.error.authentication_denied",
        message: str | None = None,
    ) -> None:
        self.detail = detail
        self.reason = reason
        if message is None:
            default = _DENIED_MESSAGES["wamp.error.authentication_denied"]
            message = _DENIED_MESSAGES.get(reason, default)
        self.message = message
        super().__init__(message)


class ApplicationError(WsocketError):
    """A WAMP ERROR. A procedure raises it, and whoever calls it catches it.

    Args:
        error: The error URI, such as ``"com.example.error.no_such_user"``.
        *args: Positional payload.
        **kwargs: Keyword payload.

    Raises:
        TypeError, ValueError: *error* is no URI (WAMP Basic Profile, "URIs").
    """

    def __init__(self, error: str, *args: Any, **kwargs: Any) -> None:
        expected = "error: expected a URI such as 'com.example.error.no_such_user'"
        if not isinstance(error, str):
            raise TypeError(f"{expected}, got {error!r:.100}")
        if _URI.fullmatch(error) is None:
            raise ValueError(f"{expected}, got {error!r:.100}; text comes after it")
        super().__init__(error, *args)
        self.error = error
        self.args = args
        self.kwargs = kwargs

    def __str__(self) -> str:
        described = ", ".join(
            [str(item) for item in self.args]
            + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        )
        return f"{self.error}: {described}" if described else self.error


class CallTimeout(ApplicationError, TimeoutError):
    """A call got no answer within its `timeout` (WAMP ``wamp.error.timeout``)."""


class CallCanceled(ApplicationError):
    """A call ended before its answer came (WAMP ``wamp.error.canceled``)."""


class RouterUnavailable(ApplicationError, ConnectionError):
    """A router cannot serve a request now, and may do so later; `error` says why.

    It has too much to do, or it ends. A call that was under way may have been served.
    """


class PayloadError(WsocketError, ValueError):
    """A payload cannot be read, or a serializer cannot express one of its values.

    `error` is the URI of the WAMP ERROR that the peer gets."""

    error = "wamp.error.invalid_argument"


class PayloadSizeExceeded(PayloadError):
    """A message is too large for the transport of its receiver."""

    error = "wamp.error.payload_size_exceeded"


class BatchError(WsocketError):
    """A peer's batch of WAMP messages is malformed, or empty."""


class ConnectFailed(WsocketError, ConnectionError):
    """A client found no router: nobody answers, or not as a router does."""


class JoinRefused(WsocketError):
    """The router does not let a client into the realm.

    Args:
        problem: What the router says.
        reason: The URI in its ABORT, such as ``wamp.error.no_such_realm``.
    """

    def __init__(self, problem: str, *, reason: str) -> None:
        super().__init__(problem)
        self.reason = reason


class ConnectionLost(WsocketError, ConnectionError):
    """The connection to the router ended before the answer came, or there is none.

    What was in flight may have been done, or not.
    """
