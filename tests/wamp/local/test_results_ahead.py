"""Workers wait while the loop is behind with large results."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.patience import SECONDS
from wsocket.core.net.loop import Loop, get_loop
from wsocket.wamp.local.results_ahead import LARGE, ResultsAhead

MEGABYTE = 2**20


@pytest.fixture
def loop() -> Loop:
    """The one of this process, in a thread of its own."""
    return get_loop(current_hub=False)


@pytest.fixture
def busy(loop: Loop) -> Iterator[threading.Event]:
    """The loop does nothing else until this is set."""
    released = threading.Event()
    loop.call_soon(released.wait, SECONDS)
    yield released
    released.set()


def test_a_worker_waits_for_what_the_loop_has_to_do_already(loop, busy):
    """Among that are the results that it has yet to take."""
    results = ResultsAhead(loop)
    results.made(100 * MEGABYTE)
    loop.call_soon(results.taken, 100 * MEGABYTE)
    done = []
    loop.call_soon(done.append, "taken")
    waiting = threading.Thread(target=results.wait)
    assert results.behind
    waiting.start()
    busy.set()
    waiting.join(SECONDS)
    assert not waiting.is_alive()
    assert done == ["taken"]
    assert not results.behind


def test_nobody_waits_for_a_loop_that_has_little_to_take(loop):
    """Results of usual sizes are made while it does other things."""
    results = ResultsAhead(loop)
    results.made(100 * MEGABYTE)
    results.taken(100 * MEGABYTE)
    for _ in range(10):
        results.made(LARGE)
    assert not results.behind
