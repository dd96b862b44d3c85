"""A client that sends faster than it may waits, and loses nothing."""

from __future__ import annotations

import time

import pytest

from tests.core.websocket.on_loop.conftest import text
from tests.core.wire import PING, PONG, TEXT, client_frame
from tests.core.worlds import SECONDS
from wsocket.core.net.limits import Limits
from wsocket.core.net.throttle import Throttle


def throttle(**rates: float) -> Throttle:
    return Throttle(Limits(**rates), now=time.perf_counter())


def many(number: int, size: int = 1) -> bytes:
    return b"".join(client_frame(TEXT, b"%0*d" % (size, n)) for n in range(number))


def wait_for(on, line, number: int) -> None:
    """Wait until that many messages are there."""
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: len(line.receiver.messages)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("at_once", [True, False])
def test_messages_beyond_the_rate_wait(on, make, at_once):
    """50 may come at once, the other 50 take a second more; all come in their order."""
    start = time.monotonic()  # not later: the first 50 may be slow
    line = make(throttle=throttle(messages_per_second=50))
    if at_once:
        line.peer.sock.sendall(many(100))
    else:
        for number in range(100):
            line.peer.send(TEXT, b"%d" % number)
    wait_for(on, line, 100)
    assert time.monotonic() - start > 0.9
    assert [int(each) for each in line.receiver.messages] == list(range(100))


def test_bytes_beyond_the_rate_wait(on, make):
    """Large messages count for more."""
    start = time.monotonic()
    line = make(throttle=throttle(bytes_per_second=100_000))
    line.peer.sock.sendall(many(40, size=5000))
    wait_for(on, line, 40)
    assert time.monotonic() - start > 0.9


def test_pings_count_as_messages(on, make):
    """Each of them is answered, in its time."""
    start = time.monotonic()
    line = make(throttle=throttle(messages_per_second=20))
    line.peer.sock.sendall(client_frame(PING, b"?") * 30)
    assert [line.peer.frame().opcode for _ in range(30)] == [PONG] * 30
    assert time.monotonic() - start > 0.4


def test_others_are_not_slowed_down(make):
    """Each connection has a rate of its own."""
    busy = make(throttle=throttle(messages_per_second=1))
    quick = make(throttle=throttle(messages_per_second=1))
    busy.peer.sock.sendall(many(100))
    quick.write(text("to you"))
    quick.peer.send(PING, b"?")
    assert quick.texts(1) == [b"to you"]
    assert quick.peer.frame().opcode == PONG


def test_who_has_to_wait_is_not_taken_for_dead(on, make):
    """Its answer to a ping may be among what is not read yet."""
    line = make(throttle=throttle(messages_per_second=1))
    line.peer.sock.sendall(many(5))
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: len(line.receiver.messages)) < 1:
        assert time.monotonic() < deadline

    def silent() -> bool:
        line.stream.heard = False
        line.stream.beat()
        return not line.stream.heard

    assert not on.run(silent)
