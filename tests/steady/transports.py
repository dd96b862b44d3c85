"""WAMP over each transport, for clients that end badly; JSON, and no code of ours.

A transport sends messages, reads them, and can be left in the middle of one.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import websocket

from tests.patience import SECONDS
from tests.steady.peers import client_text

# The kernel keeps little of what is not read. With less than this, TCP is very slow.
BUFFER = (socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)

Message = list[Any]


class Transport(Protocol):
    """One connection, or one long-poll transport."""

    def send(self, message: Message) -> None:
        """Send a message."""

    def receive(self) -> Message:
        """The next message."""

    def send_part(self, message: Message) -> None:
        """Send the first half of a message, and leave it at that."""

    def listen(self) -> None:
        """Do what a client does that waits for messages, without reading them."""


class Websocket:
    """A websocket; pings are answered as it reads."""

    def __init__(self, url: str, subprotocol: str = "wamp.2.json", path: str = "/"):
        self._client = websocket.create_connection(
            urljoin(url, path).replace("http", "ws", 1),
            timeout=SECONDS,
            subprotocols=[subprotocol] if subprotocol else None,
            sockopt=[BUFFER],
            skip_utf8_validation=True,  # a loop over all bytes
        )
        self.sock: socket.socket = self._client.sock

    def send(self, message: Message) -> None:
        self._client.send(json.dumps(message))

    def receive(self) -> Message:
        message: Message = json.loads(self._client.recv())
        return message

    def send_part(self, message: Message) -> None:
        frame = client_text(message)
        self.sock.sendall(frame[: len(frame) // 2])

    def listen(self) -> None:
        """Nothing to do."""


class RawSocket:
    """A RawSocket connection; PINGs are answered as it reads."""

    def __init__(self, port: int) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(SECONDS)
        self.sock.setsockopt(*BUFFER)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(b"\x7f\xf1\0\0")
        self._reader = self.sock.makefile("rb")
        assert self._reader.read(4)[:1] == b"\x7f"

    def _frame(self, message: Message) -> bytes:
        payload = json.dumps(message).encode()
        return len(payload).to_bytes(4, "big") + payload

    def send(self, message: Message) -> None:
        self.sock.sendall(self._frame(message))

    def receive(self) -> Message:
        while True:
            head = self._reader.read(4)
            if not head:
                raise ConnectionError("the router has ended the connection")
            kind, *size = head
            payload = self._reader.read(int.from_bytes(size, "big"))
            if kind == 0:
                message: Message = json.loads(payload)
                return message
            assert kind == 1
            self.sock.sendall(bytes((2, *size)) + payload)

    def send_part(self, message: Message) -> None:
        frame = self._frame(message)
        self.sock.sendall(frame[: len(frame) // 2])

    def listen(self) -> None:
        """Nothing to do."""


class LongPoll:
    """A long-poll transport; each request has a connection of its own."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._path = "/longpoll/"
        self._left: list[socket.socket] = []  # in the middle of a request
        opened = json.loads(self._post("open", {"protocols": ["wamp.2.json"]}))
        self._path = f"/longpoll/{opened['transport']}/"

    def _begin(self, action: str, body: bytes, *, part: int | None = None) -> Any:
        sock = socket.create_connection(
            (self._address.hostname, self._address.port), SECONDS
        )
        head = (
            f"POST {self._path}{action} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        sock.sendall(head.encode() + body[:part])
        return sock

    def _post(self, action: str, content: Any = None) -> bytes:
        body = b"" if content is None else json.dumps(content).encode()
        with self._begin(action, body) as sock, sock.makefile("rb") as reader:
            head, _, answer = reader.read().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 20"), head
        return bytes(answer)

    def send(self, message: Message) -> None:
        self._post("send", message)

    def receive(self) -> Message:
        while not (answer := self._post("receive")):
            pass
        message: Message = json.loads(answer)
        return message

    def send_part(self, message: Message) -> None:
        body = json.dumps(message).encode()
        self._left.append(self._begin("send", body, part=len(body) // 2))

    def listen(self) -> None:
        """Poll."""
        self._left.append(self._begin("receive", b""))


def connected(kind: str, url: str, port: int) -> Transport:
    """Connect by websocket, to a RawSocket *port*, or by long polling."""
    if kind == "websocket":
        return Websocket(url)
    return RawSocket(port) if kind == "rawsocket" else LongPoll(url)
