"""The I/O loop, in a thread of its own and on the current hub."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket.core.net.loop import READABLE, get_loop


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def world(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


def test_calls_run_on_the_loop_in_their_order(world):
    """They run one after the other, none of them inside `call_soon`."""
    order = []

    def nested() -> None:
        world.loop.call_soon(order.append, "later")
        order.append("first")

    world.loop.call_soon(nested)
    world.loop.call_soon(order.append, "second")
    assert order == []
    world.run(lambda: world.loop.here)
    assert world.run(lambda: order) == ["first", "second", "later"]


def test_each_threads_calls_keep_their_order(world):
    """Many threads at once lose no call and swap none."""
    heard = []

    def call_often(name: str) -> None:
        for number in range(2000):
            world.loop.call_soon(heard.append, (name, number))

    threads = [threading.Thread(target=call_often, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.run(lambda: True)
    assert len(heard) == 8000
    for name in "abcd":
        assert [number for who, number in heard if who == name] == list(range(2000))


def test_a_call_that_fails_is_logged_and_stops_nobody(world, caplog):
    """The next one runs."""

    def fail() -> None:
        raise KeyError("oops")

    world.loop.call_soon(fail)
    assert world.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


def test_calls_that_never_end_leave_room_for_the_others(world):
    """A call that always makes another one does not keep the loop from its sockets."""
    ours, theirs = socket.socketpair()
    heard = world.world.event()
    again = [True]

    def call_again() -> None:
        if again:
            world.loop.call_soon(call_again)

    watcher = world.run(world.loop.watch, ours.fileno(), READABLE, heard.set)
    world.loop.call_soon(call_again)
    theirs.send(b"x")
    try:
        assert heard.wait(SECONDS)
    finally:
        again.clear()
        world.run(lambda: (watcher.close(), True))
        ours.close()
        theirs.close()


def test_a_timer_runs_once_and_in_time(world):
    """Shorter timers run first; an early one waits at least that long."""
    order, done = [], world.world.event()
    started = world.run(world.loop.now)

    def start() -> bool:
        world.loop.call_later(0.03, done.set)
        world.loop.call_later(0.02, lambda: order.append(world.loop.now()))
        world.loop.call_later(0.0, order.append, "at once")
        return True

    world.run(start)
    assert done.wait(SECONDS)
    assert order[0] == "at once"
    assert len(order) == 2
    assert order[1] - started >= 0.019


def test_clock_of_the_loop_is_one_that_nobody_sets(world):
    """The clock of gevent's loop is the time of day."""
    before = time.monotonic()
    now = world.run(world.loop.now)
    assert before <= now <= time.monotonic()


def test_a_cancelled_timer_does_not_run(world):
    """Cancelling twice, or too late, does nothing."""
    order, done = [], world.world.event()

    def start() -> bool:
        timer = world.loop.call_later(0.01, order.append, "cancelled")
        timer.cancel()
        timer.cancel()
        late = world.loop.call_later(0.0, order.append, "ran")
        world.loop.call_later(0.02, lambda: (late.cancel(), done.set()))
        return True

    world.run(start)
    assert done.wait(SECONDS)
    assert order == ["ran"]


def test_a_timer_that_fails_is_logged(world, caplog):
    """Its exception stays off the hub."""
    done = world.world.event()

    def fail() -> None:
        done.set()
        raise KeyError("oops")

    world.run(lambda: world.loop.call_later(0.0, fail))
    assert done.wait(SECONDS)
    assert world.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


def test_only_the_loops_thread_is_here(world):
    """Other threads must take `call_soon`."""
    elsewhere = []
    thread = threading.Thread(target=lambda: elsewhere.append(world.loop.here))
    thread.start()
    thread.join()
    assert world.run(lambda: world.loop.here)
    assert elsewhere == [False]


def test_there_is_one_loop_per_process():
    """Everybody gets the same, and in an unpatched process it has its own thread."""
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(get_loop())) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {get_loop()}
    assert not get_loop().here
    assert get_loop(current_hub=True) is get_loop()
