"""Messages and bodies that come in parts: what all of them together may keep."""

from __future__ import annotations

import json
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from tests.patience import SECONDS
from tests.programs import Server

pytestmark = pytest.mark.processes

MIB = 2**20
SMALL = 100_000
FITTING = 4  # parts of a MiB; more than that are too many


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def dial(server: Server, stack: ExitStack) -> Callable[..., websocket.WebSocket]:
    def connect(**more: Any) -> websocket.WebSocket:
        peer = websocket.create_connection(server.ws("/echo"), timeout=SECONDS, **more)
        stack.callback(peer.shutdown)
        return peer

    return connect


def send_part(peer: websocket.WebSocket, size: int, *, binary: bool) -> None:
    """All but the last byte of a message of *size* bytes, masked with zeros."""
    first = 0x82 if binary else 0x81
    header = struct.pack("!BBQ", first, 0x80 | 127, size) + bytes(4)
    peer.sock.sendall(header + b"x" * (size - 1))


def completed(peer: websocket.WebSocket) -> bool:
    """Whether a MiB of which one byte was missing is echoed, and not given up."""
    try:
        peer.sock.sendall(b"x")
        return len(peer.recv()) == MIB
    except (ConnectionError, websocket.WebSocketConnectionClosedException):
        return False


def begun_upload(server: Server, path: str, size: int, sent: int) -> socket.socket:
    """A request with a body of *size* bytes, of which *sent* have been sent."""
    sock = socket.create_connection(
        (urlsplit(server.url).hostname, urlsplit(server.url).port), SECONDS
    )
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"
    sock.sendall(head.encode() + b"[" * sent)
    return sock


def ended(socks: list[socket.socket], count: int) -> list[socket.socket]:
    """Those that are answered or closed: wait until these are *count*."""
    while True:
        readable, _, _ = select.select(socks, [], [], SECONDS)
        if len(readable) >= count:
            return readable
        assert readable, "nothing was given up"
        select.select([], [], [], 0.01)


@pytest.mark.parametrize("binary", [False, True])
def test_messages_in_parts_do_not_keep_more_than_there_is(dial, server, binary):
    """The largest are given up, and those who keep little are served."""
    small, large = dial(), [dial() for _ in range(3 * FITTING)]
    send_part(small, SMALL, binary=binary)
    for each in large:
        send_part(each, MIB, binary=binary)
    ended([each.sock for each in large], len(large) - FITTING)
    small.sock.sendall(b"x")
    assert len(small.recv()) == SMALL
    assert 1 <= sum(map(completed, large)) <= FITTING
    assert "Limits.memory" in server.log.read_text()


def test_memory_of_messages_in_parts_is_free_afterwards(dial):
    """Whether they were completed, or their clients have left."""
    for _ in range(3 * FITTING):
        peer = dial()
        send_part(peer, MIB, binary=True)
        peer.sock.sendall(b"x")
        assert len(peer.recv()) == MIB
        other = dial()
        send_part(other, MIB, binary=True)
        other.ping()
        other.shutdown()
        peer.close()
    last = dial()
    send_part(last, MIB, binary=True)
    last.sock.sendall(b"x")
    assert len(last.recv()) == MIB


def test_bodies_of_long_polls_do_not_keep_more_than_there_is(server, stack):
    """The largest are given up with a status that says why."""
    small = begun_upload(server, "/longpoll/open", SMALL, SMALL - 1)
    large = [
        begun_upload(server, "/longpoll/open", MIB, MIB - 1) for _ in range(3 * FITTING)
    ]
    for each in (small, *large):
        stack.callback(each.close)
    gone = ended(large, len(large) - FITTING)
    assert len(gone) < len(large)
    for each in gone:
        answer = each.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"Limits.memory" in answer
    small.sendall(b"]")
    assert small.recv(65536).startswith(b"HTTP/1.1 400 ")  # it is no JSON


def test_memory_of_bodies_is_free_afterwards(server, stack):
    """Also if their clients leave."""
    for _ in range(3 * FITTING):
        begun_upload(server, "/longpoll/open", MIB, MIB - 1).close()
        whole = begun_upload(server, "/longpoll/open", MIB, MIB)
        stack.callback(whole.close)
        assert whole.recv(65536).startswith(b"HTTP/1.1 400 ")
    body = json.dumps({"protocols": ["wamp.2.json"]})
    last = begun_upload(server, "/longpoll/open", len(body), 0)
    stack.callback(last.close)
    last.sendall(body.encode())
    assert last.recv(65536).startswith(b"HTTP/1.1 200 ")
