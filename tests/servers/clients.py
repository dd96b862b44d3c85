"""Clients that share no code with the package: websocket-client, and bare sockets."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from websocket import create_connection

from tests.core.wire import Frame, server_frames
from tests.patience import SECONDS
from tests.servers.processes import Site

HELLO, WELCOME, GOODBYE, ERROR = 1, 2, 6, 8
PUBLISH, SUBSCRIBE, SUBSCRIBED, EVENT = 16, 32, 33, 36
CALL, RESULT, REGISTER, REGISTERED, INVOCATION, YIELD = 48, 50, 64, 65, 68, 70

ROLES = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}
SAY_HELLO = [HELLO, "realm1", {"roles": ROLES}]


class Wamp:
    """A WAMP session with JSON; messages are lists.

    Args:
        sock: A connection to the site that is there already.
    """

    def __init__(self, site: Site, *, sock: socket.socket | None = None) -> None:
        self.websocket = create_connection(
            site.ws("/"), subprotocols=["wamp.2.json"], timeout=SECONDS, socket=sock
        )
        self._requests = 0
        self.send(SAY_HELLO)
        assert self.receive()[0] == WELCOME

    def send(self, message: list[Any]) -> None:
        self.websocket.send(json.dumps(message))

    def receive(self) -> list[Any]:
        message: list[Any] = json.loads(self.websocket.recv())
        return message

    def request(self, code: int, *rest: Any) -> int:
        """Send ``[code, request, *rest]``; return the request's ID."""
        self._requests += 1
        self.send([code, self._requests, *rest])
        return self._requests

    def subscribe(self, topic: str) -> None:
        request = self.request(SUBSCRIBE, {}, topic)
        assert self.receive()[:2] == [SUBSCRIBED, request]

    def event(self) -> list[Any]:
        """The payload of the EVENT that must come next."""
        message = self.receive()
        assert message[0] == EVENT
        return list(message[4])

    def call(self, procedure: str, *args: Any) -> int:
        return self.request(CALL, {}, procedure, args)

    def result(self, request: int) -> Any:
        """The value of the RESULT that must come next."""
        message = self.receive()
        assert message[:2] == [RESULT, request]
        return message[3][0]

    def serve_one_call(self) -> None:
        """Answer the INVOCATION that must come next with its own payload."""
        message = self.receive()
        assert message[0] == INVOCATION
        self.send([YIELD, message[1], {}, message[4]])

    def leave(self) -> None:
        """Say GOODBYE and see it answered, then close the websocket."""
        self.send([GOODBYE, {}, "wamp.close.close_realm"])
        assert self.receive()[0] == GOODBYE
        self.websocket.close()

    def close(self) -> None:
        """End the connection, without GOODBYE."""
        self.websocket.close(timeout=SECONDS)


class Poller:
    """A WAMP session with JSON that polls."""

    def __init__(self, site: Site) -> None:
        self._port = site.port
        self._path = "/longpoll"
        status, body = self.post("open", '{"protocols": ["wamp.2.json"]}')
        assert status == 200
        self._path += "/" + json.loads(body)["transport"]
        self.send(SAY_HELLO)
        message = self.receive()
        assert message is not None
        assert message[0] == WELCOME

    def post(self, action: str, body: str = "") -> tuple[int, bytes]:
        """The status and the body of the answer."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        with closing(connection):
            connection.request("POST", f"{self._path}/{action}", body)
            response = connection.getresponse()
            return response.status, response.read()

    def head(self, action: str) -> bytes:
        """A request without a body, for a socket of one's own."""
        path = f"{self._path}/{action}"
        return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()

    def send(self, message: list[Any]) -> None:
        assert self.post("send", json.dumps(message)) == (204, b"")

    def receive(self) -> list[Any] | None:
        """A message, or None when the poll is answered without one."""
        status, body = self.post("receive")
        assert status in (200, 204)
        return json.loads(body) if body else None


def plain(site: Site, path: str) -> Any:
    """A plain websocket."""
    return create_connection(site.ws(path), timeout=SECONDS)


def says(websocket: Any, message: str) -> str:
    """What an echo answers."""
    websocket.send(message)
    return str(websocket.recv())


def is_silent(sock: socket.socket) -> bool:
    """Whether nothing has arrived."""
    return not select.select([sock], [], [], 0)[0]


def upgrade_request(path: str = "/", *headers: str) -> bytes:
    """An upgrade request (RFC 6455 section 4.1)."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def connect(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=SECONDS)


def exchange(site: Site, data: bytes) -> tuple[bytes, list[Frame]]:
    """Send *data* in one segment; return the response's head and all frames after it.

    Reads until the server ends the connection, so that a stray byte fails the split.
    """
    with connect(site) as sock:
        sock.sendall(data)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head, server_frames(rest)
