"""Threads and greenlets that wait for an answer of the loop."""

from __future__ import annotations

import threading

import gevent
import pytest

from tests.core.worlds import LOOP_WORLDS, LoopWorld
from tests.patience import SECONDS
from wsocket.core.net.future import Future, ask


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def world(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


def test_answer_that_is_given_at_once(world):
    """`ask` returns it; later ones are ignored."""

    def request(future: Future[str]) -> None:
        assert world.loop.here
        future.set("answer")
        future.set("another")
        future.fail(KeyError("late"))

    assert ask(world.loop, request) == "answer"


def test_answer_that_is_given_later(world):
    """The loop goes on meanwhile."""
    assert (
        ask(world.loop, lambda future: world.loop.call_later(0.01, future.set, 1)) == 1
    )


def test_what_the_request_raises_is_raised(world):
    """In place of an answer that would never come."""

    def request(future: Future[str]) -> None:
        raise LookupError("none")

    with pytest.raises(LookupError, match="none"):
        ask(world.loop, request)


def test_answer_that_does_not_come(world):
    """The wait ends with its timeout."""
    with pytest.raises(TimeoutError):
        Future(world.loop).wait(0.01)


def test_greenlet_that_waits_for_another_threads_loop_holds_up_nobody():
    """Its own hub runs the others, though it knows nothing of that loop."""
    world = LoopWorld(current_hub=False)
    released: list[Future[str]] = []
    answers: list[str] = []

    def wait() -> None:
        answers.append(ask(world.loop, released.append))

    def release() -> None:
        while len(released) < 20:
            gevent.sleep(0.001)
        for future in list(released):
            world.loop.call_soon(future.set, "answer")

    def in_a_thread_of_their_own() -> None:
        waiting = [gevent.spawn(wait) for _ in range(20)]
        gevent.joinall([*waiting, gevent.spawn(release)], raise_error=True)

    thread = threading.Thread(target=in_a_thread_of_their_own, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert answers == ["answer"] * 20


def test_greenlet_alone_in_its_hub_waits():
    """A hub that has nothing else to wait for does not give up."""
    world = LoopWorld(current_hub=False)
    answers: list[str] = []

    def request(future: Future[str]) -> None:
        world.loop.call_later(0.05, future.set, "late")

    def wait() -> None:
        answers.append(ask(world.loop, request))

    def run() -> None:
        gevent.joinall([gevent.spawn(wait)], raise_error=True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert answers == ["late"]
