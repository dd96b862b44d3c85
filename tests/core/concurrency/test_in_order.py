"""Work that is done one after the other, in the order in which it came."""

from __future__ import annotations

import gevent
import pytest

from tests.core.concurrency.bench import Bench
from tests.core.worlds import SECONDS, WORLDS
from wsocket.core.concurrency.in_order import InOrder


@pytest.fixture(params=list(WORLDS))
def bench(request) -> Bench:
    return Bench(WORLDS[request.param])


class Gate:
    """A piece of work that waits."""

    def __init__(self, bench):
        self.open = bench.world.event()
        self.reached = bench.world.event()

    def __call__(self):
        self.reached.set()
        assert self.open.wait(SECONDS)


def in_order(workers, *, limit=10_000, limit_bytes=2**20):
    return InOrder(workers, limit=limit, limit_bytes=limit_bytes, name="the subscriber")


def test_one_at_a_time_and_in_order(bench):
    """However many workers are free."""
    line, running, order = in_order(bench.workers(limit=8, size=2**24)), [], []

    def piece(number):
        running.append(number)
        assert running == [number]
        order.append(number)
        running.remove(number)

    for number in range(500):
        line.put(piece, number)
    bench.until(lambda: len(order) == 500)
    assert order == list(range(500))
    assert line.dropped == 0


def test_who_is_too_slow_loses_the_oldest(bench, caplog):
    """They are counted, and the log says once who it is."""
    line, gate, order = in_order(bench.workers(), limit=3), Gate(bench), []
    line.put(gate)
    assert gate.reached.wait(SECONDS)
    for number in range(10):
        line.put(order.append, number)
    gate.open.set()
    bench.until(lambda: len(order) == 3)
    assert order == [7, 8, 9]
    assert line.dropped == 7
    assert caplog.text.count("the subscriber is too slow") == 1


def test_what_waits_is_weighed(bench):
    """So a few large pieces are too many, and small ones are not."""
    workers = bench.workers(size=2**24)
    line, gate, order = in_order(workers, limit_bytes=10_000), Gate(bench), []
    line.put(gate)
    assert gate.reached.wait(SECONDS)
    for number in range(6):
        line.put(order.append, number, size=4000)
    assert workers.budget.used <= 10_000
    gate.open.set()
    bench.until(lambda: len(order) == 2 and workers.budget.used == 0)
    assert order == [4, 5]


def test_what_others_keep_leaves_less_room(bench):
    """Beyond the budget of all workers even the newest is dropped."""
    workers = bench.workers(size=1000)
    line, order = in_order(workers), []
    line.put(order.append, "too large", size=2000)
    assert line.dropped == 1
    line.put(order.append, "small")
    bench.until(lambda: order == ["small"] and workers.budget.used == 0)


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), SystemExit(1), KeyboardInterrupt(), gevent.Timeout()],
    ids=lambda error: type(error).__name__,
)
def test_the_next_piece_runs_after_one_that_failed(bench, caplog, error):
    """The failure is logged under the owner's name."""

    def fail():
        raise error

    line, order = in_order(bench.workers()), []
    line.put(fail)
    line.put(order.append, 1)
    bench.until(lambda: order)
    assert "the subscriber failed" in caplog.text


def test_who_was_refused_tries_again(bench):
    """By itself, and nothing is lost."""
    workers, order = bench.workers(limit=1, places=1), []
    slow, waiting = bench.slow(), bench.job()
    workers.run(slow, "a")
    workers.run(waiting, "b")
    assert slow.begun()
    line = in_order(workers)
    line.put(order.append, 1)
    slow.gate.set()
    bench.until(lambda: waiting.over)
    bench.pass_time()
    bench.until(lambda: order)
    assert line.dropped == 0


def test_much_work_of_one_owner_lets_others_in(bench):
    """It takes one worker, and not for ever."""
    workers, done = bench.workers(limit=1), []
    line = in_order(workers)

    def piece():
        if bench.world is WORLDS["threads"] or not done:
            gevent.sleep(0)
        for _ in range(100_000):
            pass
        if not done:
            line_more()

    def line_more():
        bench.call_soon(line.put, piece)

    line.put(piece)
    job = bench.job(lambda: done.append(1))
    bench.call_soon(workers.run, job, "other")
    bench.until(lambda: job.over)
