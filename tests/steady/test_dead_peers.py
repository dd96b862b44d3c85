"""A peer that is cut off without a word is found out by pings."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import islice

import pytest

from tests.steady.conftest import Start
from tests.steady.peers import (
    ask,
    client_text,
    joined,
    messages,
    opened,
    silent_upgrade,
)

INTERVAL, TIMEOUT = 1.0, 1.0  # seconds, as in the application
BUSY_MACHINE = 10.0  # seconds that a test machine may be late


def test_a_dead_callee_is_gone_with_what_it_held(start: Start) -> None:
    """Its registration is free again within interval and timeout."""
    server = start("app")
    taken = "wamp.error.procedure_already_exists"
    with (
        joined(server.ws("/")) as caller,
        silent_upgrade(server.url, "/", subprotocol="wamp.2.json") as dead,
    ):
        dead.sendall(client_text([1, "realm1", {"roles": {"callee": {}}}]))
        dead.sendall(client_text([64, 1, {}, "com.example.held"]))
        assert [answer[0] for answer in islice(messages(dead), 2)] == [2, 65]
        heard = time.monotonic()
        request = 1
        answer = ask(caller, [64, request, {}, "com.example.held"])
        assert answer[4] == taken
        while answer[0] == 8 and answer[4] == taken:
            assert time.monotonic() - heard < INTERVAL + TIMEOUT + BUSY_MACHINE
            request += 1
            answer = ask(caller, [64, request, {}, "com.example.held"])
        assert answer[0] == 65


@pytest.mark.parametrize(
    ("path", "subprotocol"), [("/", "wamp.2.json"), ("/echo", ""), ("/poller", "")]
)
def test_a_peer_that_does_not_answer_pings_is_disconnected(
    start: Start, path: str, subprotocol: str
) -> None:
    """It gets a ping and then the end of the connection; also on plain websockets."""
    server = start("app")
    begun = time.monotonic()
    with silent_upgrade(server.url, path, subprotocol=subprotocol) as sock:
        if subprotocol:
            sock.sendall(client_text([1, "realm1", {"roles": {"caller": {}}}]))
        received = b""
        with suppress(ConnectionResetError):
            while data := sock.recv(4096):
                received += data
    assert b"\x89\x00" in received
    assert time.monotonic() - begun < INTERVAL + TIMEOUT + BUSY_MACHINE


def test_a_peer_that_answers_pings_stays(start: Start) -> None:
    """However long it has nothing to say."""
    server = start("app")
    with joined(server.ws("/")) as session:
        for _ in range(3):  # websocket-client answers each ping as it reads it
            opcode, _ = session.recv_data(control_frame=True)
            assert opcode == 9
        assert ask(session, [48, 1, {}, "com.example.none"])[0] == 8


def test_a_handler_that_does_not_listen_keeps_its_websocket(start: Start) -> None:
    """Nobody would see the answer to a ping; its peer is not given up for that."""
    server = start("app")
    with opened(server.ws("/sleeper")) as sleeper:
        sleeper.send("begin")
        assert sleeper.recv() == "slept"
