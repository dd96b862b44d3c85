"""Threads for connections: one for each at once, some kept for the next."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from contextvars import ContextVar

import pytest

from tests.core.worlds import SECONDS
from wsocket.core.concurrency.thread_cache import ThreadCache


@pytest.fixture
def start():
    """Make threads, of which none is left at the end."""
    made = []
    before = set(threading.enumerate())

    def start_one(**how) -> ThreadCache:
        made.append(ThreadCache(**how))
        return made[-1]

    yield start_one
    for threads in made:
        threads.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(SECONDS)
        assert not thread.is_alive()


def until(condition) -> None:
    """Wait for it, but not for ever."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def run(threads, function=threading.get_ident, *args):
    """Run one job, and wait until its thread is idle."""
    results = []
    done = threading.Event()

    def job() -> None:
        results.append(function(*args))
        done.set()

    threads.run(job)
    assert done.wait(SECONDS)
    until(lambda: threads.idle)
    return results[0]


def run_at_once(threads, number):
    """Run *number* jobs that all wait for each other; the threads they had."""
    used = []
    together = threading.Barrier(number + 1, timeout=SECONDS)

    def job() -> None:
        used.append(threading.current_thread())
        together.wait()

    for _ in range(number):
        threads.run(job)
    together.wait()
    return used


def test_a_thread_that_is_done_takes_the_next_job(start):
    """None has to be started."""
    threads = start()
    assert len({run(threads) for _ in range(20)}) == 1


def test_any_number_of_jobs_runs_at_once(start):
    """However many threads are kept; those that wait are used."""
    threads = start(kept=2)
    first = run_at_once(threads, 20)
    assert len(set(first)) == 20
    # The last of them might wait for a job that is run meanwhile.
    until(lambda: sum(thread.is_alive() for thread in first) == threads.idle == 2)
    second = run_at_once(threads, 20)
    assert len(set(second)) == 20
    assert len(set(first) & set(second)) == 2


def test_no_more_threads_wait_than_are_to_be_kept(start):
    """The others end."""
    threads = start(kept=3)
    used = run_at_once(threads, 10)
    until(lambda: sum(thread.is_alive() for thread in used) <= 3)
    assert sum(thread.is_alive() for thread in used) == threads.idle == 3


def test_nothing_waits_after_the_end(start):
    """What is still to be run gets a thread that ends with it."""
    threads = start()
    used = run_at_once(threads, 5)
    until(lambda: threads.idle == 5)
    threads.close()
    used += run_at_once(threads, 5)
    for thread in used:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_a_job_has_a_context_of_its_own(start):
    """It does not see what another one has set in the same thread."""
    threads = start()
    user = ContextVar("user", default="nobody")

    def log_in() -> str:
        before = user.get()
        user.set("somebody")
        return before

    assert [run(threads, log_in) for _ in range(2)] == ["nobody", "nobody"]


def test_a_thread_that_waits_keeps_nothing_alive(start):
    """Neither the job nor what it was given."""

    class Connection:
        """What a job is about."""

    threads = start()
    connection = Connection()
    gone = weakref.ref(connection)
    run(threads, id, connection)
    del connection
    gc.collect()
    assert gone() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_raises_ends_its_thread_only(start):
    """The next job runs."""
    threads = start()
    raised = threading.Event()

    def fail() -> None:
        raised.set()
        raise SystemError("on purpose")

    threads.run(fail)
    assert raised.wait(SECONDS)
    assert run(threads, lambda: "fine") == "fine"
