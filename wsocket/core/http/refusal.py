"""A request that the server refuses: the exception, and the response to it."""

from __future__ import annotations

from typing import NoReturn

from wsocket.errors import RequestCut, RequestError

TOO_LATE = "408 Request Timeout"
TOO_MANY_FIELDS = "431 Request Header Fields Too Large"
OVERLOADED = "503 Service Unavailable"


def refuse(problem: str, *, status: str = "400 Bad Request") -> NoReturn:
    """Refuse the request: the client broke HTTP.

    Raises:
        RequestError: Always.
    """
    raise RequestError(status, problem)


def cut_off(problem: str) -> NoReturn:
    """End the request: the client has left in the middle of it.

    Raises:
        RequestCut: Always.
    """
    raise RequestCut("400 Bad Request", problem)


def closing_response(status: str, problem: str) -> bytes:
    """A whole response that names a problem and announces the connection's end."""
    body = f"{status}: {problem}\n".encode("ascii", "backslashreplace")
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def body_size(response: bytes) -> int:
    """Bytes of the body of a whole response."""
    return len(response) - response.index(b"\r\n\r\n") - 4


# The answer to a client that speaks HTTP where TLS is expected.
TLS_EXPECTED = closing_response(
    "400 Bad Request", "this port speaks TLS: say https:// or wss://"
)

# The answer while the system has no room for a connection.
UNAVAILABLE = closing_response(OVERLOADED, "the server is overloaded; try again later")
