"""Compressed messages on the loop, and large ones that wait: what they make it keep."""

from __future__ import annotations

import sys
import time

import pytest

from tests.core.websocket.on_loop.conftest import Line
from tests.core.websocket.on_loop.test_throttle import throttle
from tests.core.wire import BINARY, CLOSE, PING, PONG, TEXT, client_frame, deflated
from tests.core.worlds import SECONDS
from wsocket.core.net.memory import Memory
from wsocket.core.websocket.deflate import DeflateParameters

MIB = 2**20
SIZE = 1_000_000
BOMB = client_frame(BINARY, deflated(bytes(SIZE)), rsv1=True)
BOMBS = 20


@pytest.fixture
def memory(on) -> Memory:
    return Memory(on.loop, 64 * MIB)


def wait_until(on, is_so) -> None:
    deadline = time.monotonic() + SECONDS
    while not on.run(is_so):
        assert time.monotonic() < deadline


def received(on, line: Line, number: int) -> list[object]:
    """The messages, when there are so many."""
    wait_until(on, lambda: len(line.receiver.messages) >= number)
    return line.receiver.messages


def test_very_many_small_messages_are_charged_while_they_wait(on, make, memory):
    """As what they take, which is more than they came in."""
    data = client_frame(TEXT, b"xx") * 4000
    pauses = []
    line = make(memory=memory, react=lambda _: pauses and pauses.pop()())
    pauses.append(line.stream.pause)
    line.peer.sock.sendall(data)
    wait_until(on, lambda: memory.used > len(data))
    on.run(line.stream.resume)
    assert received(on, line, 4000) == ["xx"] * 4000
    wait_until(on, lambda: memory.used == 0)


@pytest.mark.parametrize("ahead", [True, False])
def test_all_messages_come_in_their_order(on, make, ahead):
    """Whether they were sent with the upgrade request or later."""
    data = BOMB * BOMBS + client_frame(TEXT, b"last")
    line = make(deflate=DeflateParameters(), read_ahead=data if ahead else b"")
    if not ahead:
        line.peer.sock.sendall(data)
    assert received(on, line, BOMBS + 1) == [*[bytes(SIZE)] * BOMBS, "last"]


def test_who_pauses_gets_nothing_more(on, make, memory):
    """Until it goes on; what waits is charged, and given back."""
    line = make(deflate=DeflateParameters(), memory=memory, react=lambda _: pause())
    pause = line.stream.pause
    line.peer.sock.sendall(BOMB * BOMBS)
    for number in range(1, BOMBS + 1):
        assert len(received(on, line, number)) == number
        wait_until(on, lambda: memory.used <= SIZE)
        on.run(line.stream.resume)
    wait_until(on, lambda: memory.used == 0)


@pytest.mark.parametrize(
    ("last", "end"),
    [(client_frame(CLOSE, b"\x03\xe8"), (1000, "")), (b"\x83", (1002, None))],
)
def test_an_end_comes_after_what_was_held_back(on, make, last, end):
    """The peer's Close, or its violation."""
    line = make(deflate=DeflateParameters())
    line.peer.sock.sendall(BOMB * BOMBS + last)
    code, reason = line.end()
    assert (code, None if end[1] is None else reason) == end
    assert len(line.receiver.messages) == BOMBS


def test_a_ping_behind_them_is_answered(make):
    """As every ping."""
    line = make(deflate=DeflateParameters())
    line.peer.sock.sendall(BOMB * BOMBS + client_frame(PING, b"?"))
    assert line.peer.frame().opcode == PONG


def test_a_connection_that_ends_meanwhile_keeps_nothing(on, make, memory):
    """What was held back is forgotten."""
    line = make(deflate=DeflateParameters(), memory=memory, react=lambda _: drop())
    drop = line.stream.drop
    line.peer.sock.sendall(BOMB * BOMBS)
    line.end()
    wait_until(on, lambda: memory.used == 0)
    assert len(line.receiver.messages) == 1


def test_a_large_message_that_waits_for_its_time_is_charged(on, make, memory):
    """The peer has sent more than it may: the whole message waits, and is handled."""
    size = 250_000
    line = make(memory=memory, throttle=throttle(bytes_per_second=300_000))
    for number in (1, 2):
        line.peer.sock.sendall(client_frame(BINARY, bytes(size)))
        if number == 2:
            wait_until(on, lambda: memory.used == sys.getsizeof(bytes(size)))
        assert len(received(on, line, number)) == number
        wait_until(on, lambda: memory.used == 0)
