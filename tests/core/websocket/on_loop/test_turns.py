"""No connection keeps the loop, or the memory, for itself."""

from __future__ import annotations

import time

import pytest

from tests.core.websocket.on_loop.conftest import large, text
from tests.core.wire import BINARY, CONTINUATION, TEXT, client_frame
from tests.core.worlds import SECONDS
from wsocket.core.net.limits import Limits
from wsocket.core.net.memory import Memory
from wsocket.core.net.outbox import Droppable
from wsocket.core.net.send_queue import Flusher

MIB = 2**20


def many(number: int) -> bytes:
    """That many messages, to be read at once."""
    return b"".join(client_frame(TEXT, b"%d" % each) for each in range(number))


class Slow:
    """What a receiver does with each message; it takes a millisecond.

    Attributes:
        done: Set after the message with the number *last*.
    """

    def __init__(self, on, *, last: int) -> None:
        self.done = on.world.event()
        self._last = str(last)

    def __call__(self, message: str) -> None:
        time.sleep(0.001)
        if message == self._last:
            self.done.set()


def test_others_are_served_between_many_messages(on, make):
    """The rest of what was read waits for the next turn, in its order."""
    slow = Slow(on, last=199)
    handled_before = []
    quick_done = on.world.event()

    def quickly(message: str) -> None:
        handled_before.append(len(busy.receiver.messages))
        quick_done.set()

    busy, quick = make(react=slow), make(react=quickly)
    busy.peer.sock.sendall(many(200))
    quick.peer.send(TEXT, b"quick")
    assert quick_done.wait(SECONDS)
    assert handled_before[0] < 100
    assert slow.done.wait(SECONDS)
    assert busy.receiver.messages == [str(number) for number in range(200)]


@pytest.mark.parametrize("messages", [1, 20])
def test_many_busy_connections_share_a_turn(on, make, messages):
    """Everybody waits for a few messages, not for one of each connection."""
    turn, handled = [0], []
    done = on.world.event()

    def begin() -> None:
        turn[0] += 1

    def react(message: str) -> None:
        time.sleep(0.001)
        handled.append(turn[0])
        if len(handled) == 40 * messages:
            done.set()

    lines = [make(react=react) for _ in range(40)]
    watchers = on.run(on.loop.around_turns, begin, int)
    on.loop.call_soon(time.sleep, 0.1)  # until all of them are ready
    for line in lines:
        line.peer.sock.sendall(many(messages))
    assert done.wait(SECONDS)
    on.run(lambda: [watcher.close() for watcher in watchers])
    assert max(map(handled.count, handled)) <= 10
    for line in lines:
        assert line.receiver.messages == [str(number) for number in range(messages)]


def receiver_in(waiting: list[object]) -> Flusher:
    """What is sent to in a millisecond, and waits for that."""

    def send() -> None:
        time.sleep(0.001)
        waiting.remove(receiver)

    receiver = Flusher(send)
    waiting.append(receiver)
    return receiver


@pytest.mark.parametrize("messages", [1, 20])
def test_who_writes_to_many_waits_until_they_are_sent_to(on, make, messages):
    """So what others write is not sent after thousands of sends."""
    waiting: list[object] = []
    before: list[int] = []
    done = on.world.event()

    def react(message: str) -> None:
        before.append(len(waiting))
        if message == "last":
            done.set()
            return
        if message == "first":
            line.peer.sock.sendall(many(messages))
        elif message == "0":
            line.peer.send(TEXT, b"last")
        for _ in range(100):
            on.loop.send_queue.writes += 1
            on.loop.flush_later(receiver_in(waiting))

    line = make(react=react)
    line.peer.send(TEXT, b"first")
    assert done.wait(SECONDS)
    assert before[:2] == [0, 0]
    assert line.receiver.messages[1:-1] == [str(number) for number in range(messages)]


def test_what_comes_while_messages_wait_comes_after_them(on, make):
    """However it is split over segments."""
    slow = Slow(on, last=1)
    line = make(react=slow)
    line.peer.sock.sendall(many(50) + client_frame(TEXT, b"after")[:3])
    line.peer.sock.sendall(client_frame(TEXT, b"after")[3:] + client_frame(TEXT, b"1"))
    while len(on.run(lambda: list(line.receiver.messages))) < 52:
        assert slow.done.wait(SECONDS)
    expected = [*(str(number) for number in range(50)), "after", "1"]
    assert line.receiver.messages == expected


def test_the_end_in_the_midst_of_many_messages_is_the_end(on, make):
    """Nothing of what waits is handled after it."""

    def react(message: str) -> None:
        time.sleep(0.001)
        if message == "20":
            line.stream.drop()

    line = make(react=react)
    line.peer.sock.sendall(many(50))
    line.end()
    on.run(lambda: True)
    assert line.receiver.messages == [str(number) for number in range(21)]


def test_a_failure_in_the_midst_of_many_messages_ends_the_connection(make, caplog):
    """Also in a later turn; the peer is told."""

    def react(message: str) -> None:
        time.sleep(0.001)
        if message == "20":
            raise KeyError("oops")

    line = make(react=react)
    line.peer.sock.sendall(many(50))
    assert line.peer.frame().payload[:2] == (1011).to_bytes(2, "big")
    assert "oops" in caplog.text


def test_a_paused_connection_waits_until_it_is_resumed_as_often(on, make):
    """Nothing is read, so the peer's TCP has to wait, too."""
    line = make()
    on.run(line.stream.pause)
    on.run(line.stream.pause)
    line.peer.sock.sendall(many(3))
    on.run(line.stream.resume)
    on.run(lambda: True)
    assert line.receiver.messages == []
    on.run(line.stream.resume)
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: len(line.receiver.messages)) < 3:
        assert time.monotonic() < deadline


def test_what_is_written_in_one_turn_never_exceeds_the_outbox(on, make):
    """It is weighed at once, not when the turn is over."""
    limits = Limits(outbox_bytes=MIB)
    memory = Memory(on.loop, limits.memory)
    line = make(limits=limits, memory=memory)
    held = []

    def write() -> None:
        for number in range(200):
            line.stream.write(Droppable(large(number)))
            held.append(memory.used)

    on.run(write)
    assert max(held) <= MIB
    assert line.stream.dropped > 150


def test_replies_that_are_too_many_for_one_turn_end_the_connection(on, make):
    """After the turn: whoever writes them may be in the midst of something."""
    line = make(limits=Limits(outbox_bytes=MIB))

    def write() -> bool:
        for number in range(50):
            line.stream.write(large(number))
        return line.stream.alive

    assert on.run(write)
    assert line.end() == (1006, "")


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_that_has_come_in_part_is_charged(on, make, opcode):
    """As long as it is kept."""
    memory = Memory(on.loop, 2**30)
    received = on.world.event()
    line = make(memory=memory, react=lambda message: received.set())
    line.peer.send(opcode, b"x" * 500_000, fin=False)
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: memory.used) != 500_000:
        assert time.monotonic() < deadline
    line.peer.send(CONTINUATION, b"y")
    assert received.wait(SECONDS)
    assert on.run(lambda: memory.used) == 0


def test_who_sends_half_of_too_large_messages_is_dropped_first(on, make):
    """The connections with small ones live on."""
    memory = Memory(on.loop, 2 * MIB)
    small, *attackers = [make(memory=memory) for _ in range(5)]
    small.peer.send(TEXT, b"x" * 1000, fin=False)
    for attacker in attackers:
        attacker.peer.send(TEXT, b"x" * 900_000, fin=False)
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: sum(each.stream.alive for each in attackers)) > 2:
        assert time.monotonic() < deadline
    assert on.run(lambda: memory.used) <= 2 * MIB
    small.peer.send(CONTINUATION, b"y")
    while not on.run(lambda: small.receiver.messages):
        assert time.monotonic() < deadline


def test_the_events_of_the_slowest_receiver_are_dropped_first(on, make):
    """If all receivers together are too slow for the memory of the process."""
    memory = Memory(on.loop, 4 * MIB)
    slow, slower = make(memory=memory), make(memory=memory)
    slow.write(*[Droppable(large(number)) for number in range(25)])
    slower.write(*[Droppable(large(number)) for number in range(80)])
    on.run(lambda: True)
    assert on.run(lambda: memory.used) <= 4 * MIB
    assert on.run(lambda: (slow.stream.dropped, slower.stream.alive)) == (0, True)
    assert on.run(lambda: slower.stream.dropped) > 0


def test_an_ended_connection_gives_everything_back(on, make):
    """What waited for the peer, and what came from it in part."""
    memory = Memory(on.loop, 2**30)
    line = make(memory=memory)
    line.write(*[Droppable(large(number)) for number in range(25)])
    line.peer.send(TEXT, b"x" * 1000, fin=False)
    deadline = time.monotonic() + SECONDS
    while not on.run(lambda: line.stream.gathered):
        assert time.monotonic() < deadline
    on.run(line.stream.drop)
    assert (memory.used, line.stream.backlog) == (0, 0)


def test_a_peer_that_reads_again_gives_back_its_backlog(on, make):
    """Byte by byte as it reads."""
    memory = Memory(on.loop, 2**30)
    line = make(memory=memory)
    line.write(*[text(large(number)) for number in range(25)])
    assert on.run(lambda: memory.used) > 0
    line.texts(25)
    deadline = time.monotonic() + SECONDS
    while on.run(lambda: memory.used):
        assert time.monotonic() < deadline
