"""Compression on plain websockets: agreed on only if there is room for its contexts."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import websocket

from tests.patience import SECONDS
from tests.programs import Server

pytestmark = pytest.mark.processes

Dial = Callable[..., websocket.WebSocket]

# 2 MiB are for contexts: half of what `gathering_app` allows.
FITTING = 6  # contexts of about 310 kB
FITTING_ONE_WAY = 48  # contexts of 43 kB, without takeover by the server

LESS = "; server_no_context_takeover"


@pytest.fixture
def dial(server: Server) -> Iterator[Dial]:
    """Connect, and offer compression."""
    with ExitStack() as stack:

        def connect(path: str = "/echo", more: str = "", **how: Any) -> Any:
            offer = f"Sec-WebSocket-Extensions: permessage-deflate{more}"
            peer = websocket.create_connection(
                server.ws(path), timeout=SECONDS, header=[offer], **how
            )
            stack.callback(peer.shutdown)
            return peer

        yield connect


def is_compressed(peer: websocket.WebSocket) -> bool:
    return "sec-websocket-extensions" in peer.headers


def close(peer: websocket.WebSocket) -> None:
    peer.close()


def reset(peer: websocket.WebSocket) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.shutdown()


def half_close(peer: websocket.WebSocket) -> None:
    peer.sock.shutdown(socket.SHUT_WR)


def violate(peer: websocket.WebSocket) -> None:
    peer.sock.sendall(b"\xff")


def leave_half_a_message(peer: websocket.WebSocket) -> None:
    peer.sock.sendall(struct.pack("!BBQ", 0x82, 0x80 | 127, 2**20) + bytes(2**19))
    reset(peer)


def dial_compressed(dial: Dial) -> websocket.WebSocket:
    """A compressed websocket; it may have to wait for one that ends just now."""
    deadline = time.monotonic() + SECONDS
    while not is_compressed(peer := dial()):
        peer.close()
        assert time.monotonic() < deadline, "there is no room"
    return peer


def fill(dial: Dial) -> list[websocket.WebSocket]:
    """As many compressed websockets as fit."""
    return [dial_compressed(dial) for _ in range(FITTING)]


def test_without_room_there_is_no_compression(dial):
    """Everybody is served all the same, and it is agreed on again when there is."""
    peers = fill(dial)
    plain = dial()
    assert not is_compressed(plain)
    for peer in (*peers, plain):
        peer.send("hello")
        assert peer.recv() == "hello"
    peers.pop().close()
    peers.append(dial_compressed(dial))
    assert not is_compressed(dial())


@pytest.mark.parametrize(
    "end", [close, reset, half_close, violate, leave_half_a_message]
)
def test_what_a_websocket_held_is_given_back_once(dial, end):
    """However it ends: as many as before are compressed, and no more."""
    for _ in range(3):
        for peer in fill(dial):
            end(peer)
    fill(dial)
    assert not is_compressed(dial())


def test_what_a_failing_handler_held_is_given_back(dial):
    """Its websocket ends with 1011."""
    for _ in range(3 * FITTING):
        dial("/failing", suppress_origin=True).recv_frame()
    fill(dial)
    assert not is_compressed(dial())


def test_less_is_charged_for_less(dial):
    """Without context takeover the server keeps nothing of what it has sent."""
    peers = [dial(more=LESS) for _ in range(FITTING_ONE_WAY + 1)]
    assert list(map(is_compressed, peers)) == [True] * FITTING_ONE_WAY + [False]


def test_sessions_of_the_router_take_no_room(dial):
    """They are never compressed, whatever they offer."""
    sessions = [dial("/", subprotocols=["wamp.2.json"]) for _ in range(2 * FITTING)]
    assert not any(map(is_compressed, sessions))
    assert all(map(is_compressed, fill(dial)))


def test_there_is_room_for_messages_beside_all_contexts(dial):
    """They get half of the memory at most."""
    fill(dial)
    uncompressed = dial()
    message = bytes(2**20)
    uncompressed.send_binary(message)
    assert uncompressed.recv() == message
