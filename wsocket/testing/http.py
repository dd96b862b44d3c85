"""HTTP requests to the application under test, and its answers."""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, parse_headers
from io import BytesIO
from typing import Any, Final, NamedTuple

from wsocket.testing.conversation import bounded

_HEAD_END: Final = b"\r\n\r\n"
_LARGEST_HEAD: Final = 65536  # bytes
_PAUSE: Final = 0.001  # seconds until the rest of a head may have come


@dataclass(frozen=True)
class HttpAnswer:
    """The answer to an HTTP request.

    Attributes:
        headers: By name, in whatever case; ``get_all`` gives those that come often.
        body: Its bytes, whole and decoded from chunks.
    """

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, in the charset that ``Content-Type`` says, or UTF-8."""
        return self.body.decode(self.headers.get_content_charset() or "utf-8")

    def json(self) -> Any:
        """The body's JSON value.

        Raises:
            ValueError: It is not JSON; the message shows what came.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            problem = f"the answer's body is not JSON ({error})"
            raise ValueError(f"{problem}: {self._head}: {self._shown}") from None

    def __str__(self) -> str:
        kind = self.headers.get_content_type()
        is_text = kind.startswith("text/") or kind.endswith("json")
        return f"{self._head}: {self._shown}" if is_text else self._head

    @property
    def _head(self) -> str:
        kind = self.headers.get("Content-Type", "no content type")
        return f"{self.status} {self.reason}, {kind}, {len(self.body)} bytes"

    @property
    def _shown(self) -> str:
        """The text, or the bytes if they are not in the charset that is said."""
        try:
            return bounded(repr(self.text))
        except (UnicodeDecodeError, LookupError):
            return bounded(repr(self.body))


class HandshakeRefused(Exception):
    """The application has refused to open a websocket.

    Attributes:
        answer: Its HTTP answer.
    """

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"the websocket was refused: {answer}")
        self.answer = answer


class StreamRefused(Exception):
    """The application has not opened a stream of events.

    Attributes:
        answer: Its HTTP answer.
    """

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"a stream of events was expected: {answer}")
        self.answer = answer


def exchange(
    sock: socket.socket,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
) -> HttpAnswer:
    """Send a request over *sock*, and read the answer.

    Raises:
        OSError: Nothing came within the timeout of *sock*, or it is closed.
        HTTPException: The answer is not HTTP.
    """
    connection = _connection(sock)
    connection.request(method, target, body, {**headers, "Connection": "close"})
    return _answer(connection)


def upgrade(
    sock: socket.socket,
    target: str,
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
) -> str | None:
    """Open a websocket over *sock*; what follows the head is left unread.

    Returns:
        The subprotocol that was agreed on, or None.

    Raises:
        HandshakeRefused: The answer is another one than 101.
        OSError, HTTPException: See `exchange`.
    """
    connection = _connection(sock)
    asked = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    if subprotocols:
        asked["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
    connection.request("GET", target, headers={**asked, **headers})
    head = _peek_head(sock)
    if head.status != b"101":
        raise HandshakeRefused(_answer(connection))
    sock.recv(head.size)
    agreed: str | None = head.headers["Sec-WebSocket-Protocol"]
    return agreed


def open_stream(
    sock: socket.socket, target: str, *, headers: Mapping[str, str]
) -> Message:
    """Open a stream of events over *sock*; what follows the head is left unread.

    Returns:
        The headers of the answer.

    Raises:
        StreamRefused: It is another one than 200 with ``text/event-stream``.
        OSError, HTTPException: See `exchange`.
    """
    connection = _connection(sock)
    asked = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    connection.request("GET", target, headers={**asked, **headers})
    head = _peek_head(sock)
    kind = head.headers.get_content_type()
    if head.status != b"200" or kind != "text/event-stream":
        raise StreamRefused(_answer(connection))
    sock.recv(head.size)
    return head.headers


class _Head(NamedTuple):
    """The head of an answer.

    Attributes:
        size: In bytes.
    """

    size: int
    status: bytes
    headers: Message


def _connection(sock: socket.socket) -> HTTPConnection:
    connection = HTTPConnection("localhost")
    connection.sock = sock
    return connection


def _answer(connection: HTTPConnection) -> HttpAnswer:
    with connection.getresponse() as response:
        return HttpAnswer(
            response.status, response.reason, response.headers, response.read()
        )


def _peek_head(sock: socket.socket) -> _Head:
    """The head of the answer, which stays in the kernel."""
    timeout = sock.gettimeout()
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        data = sock.recv(_LARGEST_HEAD, socket.MSG_PEEK)
        end = data.find(_HEAD_END)
        if end >= 0:
            line, _, fields = data[: end + len(_HEAD_END)].partition(b"\r\n")
            status = line.partition(b" ")[2][:3]
            headers = parse_headers(BytesIO(fields))
            return _Head(end + len(_HEAD_END), status, headers)
        if not data or len(data) == _LARGEST_HEAD:
            raise HTTPException(f"the answer has no whole head: {data[:100]!r}")
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError("the rest of the answer's head is missing")
        time.sleep(_PAUSE)
