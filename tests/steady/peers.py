"""Clients that misbehave as networks do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import websocket

from tests.patience import SECONDS

HELLO = [1, "realm1", {"roles": {"caller": {}, "callee": {}, "subscriber": {}}}]


@contextmanager
def opened(url: str, **options: Any) -> Iterator[websocket.WebSocket]:
    """A websocket; the connection is dropped at the end of the block."""
    client = websocket.create_connection(url, timeout=SECONDS, **options)
    try:
        yield client
    finally:
        client.shutdown()


@contextmanager
def joined(url: str, **options: Any) -> Iterator[websocket.WebSocket]:
    """A WAMP session that has been welcomed."""
    with opened(url, subprotocols=["wamp.2.json"], **options) as session:
        assert ask(session, HELLO)[0] == 2
        yield session


def ask(session: websocket.WebSocket, message: list[Any]) -> list[Any]:
    """Send a request and return the answer to it."""
    session.send(json.dumps(message))
    answer: list[Any] = json.loads(session.recv())
    return answer


@contextmanager
def silent_upgrade(
    url: str, path: str, *, subprotocol: str = ""
) -> Iterator[socket.socket]:
    """An upgraded connection whose client never answers a ping."""
    parts = urlsplit(url)
    offer = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    with socket.create_connection((parts.hostname, parts.port), SECONDS) as sock:
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        yield sock


def client_text(message: list[Any]) -> bytes:
    """A masked text frame, for messages of up to 65535 bytes; its mask is zero."""
    payload = json.dumps(message).encode()
    size = len(payload)
    length = bytes((size | 0x80,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + payload


def messages(sock: socket.socket) -> Iterator[list[Any]]:
    """The text messages that arrive on a raw connection."""
    with sock.makefile("rb") as reader:
        while True:
            first, size = reader.read(2)
            if size == 126:
                size = int.from_bytes(reader.read(2), "big")
            elif size == 127:
                size = int.from_bytes(reader.read(8), "big")
            payload = reader.read(size)
            if first == 0x81:
                yield json.loads(payload)
