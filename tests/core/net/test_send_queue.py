"""Sending at the end of a turn, as far as there is time for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wsocket.core.net.put_off import PutOff
from wsocket.core.net.send_queue import Flusher, SendQueue

SLOW = 0.0005  # seconds of a send


class Turns:
    """The next turns of a loop, one after the other, and how long they take.

    Attributes:
        now: Seconds.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._soon: list[Callable[[], object]] = []

    def soon(self, callback: Callable[[], object]) -> None:
        self._soon.append(callback)

    def clock(self) -> float:
        return self.now

    def pass_one(self) -> bool:
        """Whether there was something to do."""
        soon, self._soon = self._soon, []
        for callback in soon:
            callback()
        return bool(soon)

    def pass_all(self) -> int:
        number = 0
        while self.pass_one():
            number += 1
        return number


def sent_to(sent: list[object], name: object, slow: Turns | None = None) -> Flusher:
    """What notes that it was sent to; if *slow* is the clock, that takes a while."""

    def send() -> None:
        if slow is not None:
            slow.now += SLOW
        sent.append(name)

    return Flusher(send)


def fail() -> None:
    raise KeyError("oops")


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def send_queue(turns) -> SendQueue:
    return SendQueue(turns.soon, clock=turns.clock)


def test_everybody_is_sent_to_in_the_order_of_the_writes(turns, send_queue):
    sent: list[object] = []
    for number in range(100):
        send_queue.add(sent_to(sent, number))
    send_queue.flush()
    turns.pass_all()
    assert sent == list(range(100))
    assert len(send_queue) == 0


def test_rest_is_sent_in_later_turns(turns, send_queue):
    """As much in each as there is time for."""
    sent: list[object] = []
    for number in range(100):
        send_queue.add(sent_to(sent, number, turns))
    send_queue.flush()
    assert 0 < len(sent) < 50
    assert turns.pass_all() > 2
    assert sent == list(range(100))


def test_what_is_written_later_does_not_wait_for_the_rest(turns, send_queue):
    """Those who get few events are not late because of those who get many."""
    sent: list[object] = []
    for number in range(100):
        send_queue.add(sent_to(sent, number, turns))
    send_queue.flush()
    send_queue.add(sent_to(sent, "other"))
    send_queue.flush()
    assert "other" in sent
    assert 99 not in sent


class Sender:
    """Notes when it has to wait, and when it may go on."""

    def __init__(self, sent: list[object]) -> None:
        self._sent = sent

    def pause(self) -> None:
        self._sent.append("pause")

    def go_on(self) -> None:
        self._sent.append("go on")


def send(send_queue: SendQueue, sender: Sender, receivers: list[Flusher]) -> None:
    """Have *sender* send a message to *receivers*."""
    before = send_queue.writes
    for receiver in receivers:
        send_queue.writes += 1
        send_queue.add(receiver)
    send_queue.note(sender, before)


def test_who_writes_to_many_has_to_wait_until_they_are_sent_to(turns, send_queue):
    sent: list[object] = []
    send(
        send_queue,
        Sender(sent),
        [sent_to(sent, number, turns) for number in range(100)],
    )
    assert not sent
    send_queue.flush()
    assert sent[-1] == "pause"
    turns.pass_all()
    assert sent[-2:] == [99, "go on"]
    assert sent.count("pause") == 1


def test_who_writes_to_many_need_not_wait_if_there_is_time_to_send(send_queue):
    sent: list[object] = []
    send(send_queue, Sender(sent), [sent_to(sent, number) for number in range(100)])
    send_queue.flush()
    assert sent == list(range(100))


def test_who_writes_to_few_need_not_wait(turns, send_queue):
    """Also while others are sent to slowly."""
    sent: list[object] = []
    send(
        send_queue, Sender([]), [sent_to(sent, number, turns) for number in range(100)]
    )
    send_queue.flush()
    send(send_queue, Sender(sent), [sent_to(sent, "few") for _ in range(10)])
    send_queue.flush()
    turns.pass_all()
    assert "pause" not in sent


def test_connection_that_fails_is_logged_and_stops_nobody(send_queue, caplog):
    sent: list[object] = []
    for each in (Flusher(fail), sent_to(sent, "next")):
        send_queue.add(each)
    send_queue.flush()
    assert sent == ["next"]
    assert "oops" in caplog.text


def test_what_was_put_off_runs_in_its_order_a_portion_in_each_turn(turns, send_queue):
    put_off, done = PutOff(turns.soon, send_queue, portion=0.002, clock=turns.clock), []

    def work(number: int) -> None:
        turns.now += 0.001
        done.append(number)

    for number in range(20):
        put_off.add(lambda number=number: work(number))
    turns.pass_one()
    assert len(done) <= 3
    assert turns.pass_all() > 5
    assert done == list(range(20))


def test_what_is_put_off_again_waits_for_the_others(turns, send_queue):
    put_off, done = PutOff(turns.soon, send_queue, portion=1, clock=turns.clock), []

    def twice() -> None:
        done.append("first")
        put_off.add(lambda: done.append("second"))

    put_off.add(twice)
    put_off.add(lambda: done.append("other"))
    turns.pass_one()
    assert done == ["first", "other"]
    turns.pass_all()
    assert done == ["first", "other", "second"]


def test_nothing_goes_on_in_a_turn_in_which_many_were_written_to(turns, send_queue):
    """Its own writes would be sent after all theirs."""
    put_off, done = PutOff(turns.soon, send_queue, portion=1, clock=turns.clock), []
    put_off.add(lambda: done.append("now"))
    sent: list[object] = []
    for number in range(100):
        send_queue.add(sent_to(sent, number))
    turns.pass_one()
    assert not done
    send_queue.flush()
    turns.pass_all()
    assert done == ["now"]
