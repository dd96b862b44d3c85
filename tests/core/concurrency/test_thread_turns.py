"""Threads that work without waiting take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.patience import SECONDS
from wsocket.core.concurrency.thread_turns import ThreadTurns

LONG = 3600.0  # seconds


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[threading.Event]:
    """*work* in a thread of its own; it sets the event, and must have ended."""
    done = threading.Event()

    def run() -> None:
        work()
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    yield done
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_the_next_one_goes_on_when_the_first_one_waits_for_its_peer():
    turns = ThreadTurns(lanes=1, patience=LONG)
    turns.pace()
    with beside(turns.pace) as next_one:
        assert not next_one.wait(0.05)
        turns.leave()
        assert next_one.wait(SECONDS)


def test_a_turn_ends_after_a_while():
    """Whoever goes on without waiting then is behind those who wait."""
    turns = ThreadTurns(lanes=1, patience=LONG, portion=0.0)
    turns.pace()
    order = []

    def work() -> None:
        turns.pace()
        order.append("next")
        turns.leave()

    with beside(work) as next_one:
        while not next_one.is_set():
            turns.pace()
        order.append("first")
    assert order == ["next", "first"]


def test_within_its_turn_a_thread_goes_on():
    """However many wait for it."""
    turns = ThreadTurns(lanes=1, patience=LONG, portion=LONG)
    turns.pace()
    with beside(turns.pace) as next_one:
        for _ in range(1000):
            turns.pace()
        assert not next_one.is_set()
        turns.leave()


def test_nobody_waits_long_for_one_who_does_not_come_back():
    """The code of a handler may wait for a database."""
    turns = ThreadTurns(lanes=1)
    turns.pace()
    for _ in range(3):
        with beside(turns.pace) as next_one:
            assert next_one.wait(SECONDS)
    turns.leave()  # late


def test_some_go_on_beside_each_other():
    """In lanes of their own."""
    turns = ThreadTurns(lanes=2, patience=LONG)
    turns.pace()
    with beside(turns.pace) as second:
        assert second.wait(SECONDS)


def test_who_has_no_turn_gives_none_back():
    turns = ThreadTurns(lanes=1, patience=LONG)
    turns.leave()
    turns.pace()
    with beside(turns.leave) as other:
        assert other.wait(SECONDS)
    with beside(turns.pace) as next_one:
        assert not next_one.wait(0.05)
        turns.leave()
