"""Workers wait while others are busy with large results."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from wsocket.core.net.loop import get_loop
from wsocket.wamp.local.results_ahead import LARGE, ResultsAhead

MEGABYTE = 2**20
MOST = 16 * MEGABYTE


@pytest.fixture
def results() -> ResultsAhead:
    return ResultsAhead(get_loop(current_hub=False))


def reserving(results: ResultsAhead, size: int) -> threading.Thread:
    """A worker that waits for room."""
    worker = threading.Thread(target=results.reserve, args=(size,))
    worker.start()
    return worker


def test_a_worker_waits_until_others_have_given_back(results):
    """Then what it has is counted."""
    results.reserve(MOST)
    worker = reserving(results, MOST)
    results.give_back(MOST)
    worker.join(SECONDS)
    assert not worker.is_alive()
    results.add(1)
    assert results.full


def test_a_result_that_is_larger_than_all_room_waits_for_nobody_else(results):
    """An application may always make it; the next one waits."""
    results.reserve(2 * MOST)
    assert results.full
    results.give_back(2 * MOST)
    assert not results.full


def test_a_worker_goes_on_if_nobody_gives_back(results):
    """Whom it waits for may wait for it."""
    results.reserve(MOST)
    worker = reserving(results, MOST)
    worker.join(SECONDS)
    assert not worker.is_alive()
    assert results.full


def test_nobody_waits_while_there_is_room(results):
    """Results of usual sizes are made side by side."""
    for _ in range(10):
        results.reserve(LARGE)
    assert not results.full


class Procedure:
    """One that was never called."""

    large = 0
    known = False
    watched = True
    trial = None


def test_the_first_call_shows_how_large_the_results_are(results):
    """Others wait for that, but not for long: it may be a slow procedure."""
    procedure = Procedure()
    results.await_first(procedure)
    worker = threading.Thread(target=results.await_first, args=(procedure,))
    worker.start()
    results.made(procedure, MEGABYTE)
    worker.join(SECONDS)
    assert not worker.is_alive()
    assert (procedure.known, procedure.large) == (True, MEGABYTE)


def test_nobody_waits_long_for_a_slow_first_call(results):
    """And later calls do not wait at all."""
    procedure = Procedure()
    results.await_first(procedure)
    results.await_first(procedure)
    assert procedure.known


def test_large_results_are_forgotten_after_some_small_ones(results):
    """Most calls of a procedure should not wait because of one."""
    procedure = Procedure()
    results.made(procedure, MEGABYTE)
    assert procedure.large == MEGABYTE
    for _ in range(30):
        results.made(procedure, 0)
    assert procedure.large == 0
    assert not procedure.watched
