"""The pool that user code runs in, with threads and with greenlets."""

from __future__ import annotations

import contextvars
import threading
import weakref

import gevent
import pytest

from tests.core.concurrency.bench import Bench, no_collection
from tests.core.worlds import WORLDS


@pytest.fixture(params=list(WORLDS))
def bench(request) -> Bench:
    return Bench(WORLDS[request.param])


def run_all(workers, jobs, caller="caller"):
    """Give jobs to the workers."""
    for job in jobs:
        workers.run(job, caller)
    return jobs


def fail(error):
    raise error


def test_no_more_run_at_once_than_the_limit(bench):
    """The others wait in line, in order."""
    workers, order = bench.workers(), []
    slow = [bench.slow(), bench.slow()]
    for caller, job in enumerate(slow):
        workers.run(job, caller)
        assert job.begun()
    quick = [bench.job(lambda n=n: order.append(n)) for n in range(3)]
    run_all(workers, quick)
    assert (order, workers.running, workers.waiting) == ([], 2, 3)
    slow[0].gate.set()
    bench.until(lambda: all(job.over for job in quick))
    assert order == [0, 1, 2]
    slow[1].gate.set()
    bench.until(lambda: slow[1].over)
    assert (workers.running, workers.waiting) == (0, 0)


def test_one_caller_leaves_workers_to_others(bench):
    """It never has more than are free, however much it wants."""
    workers = bench.workers(limit=8)
    flood = run_all(workers, [bench.slow() for _ in range(50)], "flood")
    assert all(job.begun() for job in flood[:4])
    assert (workers.running, workers.waiting) == (4, 46)
    other = bench.job()
    workers.run(other, "other")
    bench.until(lambda: other.over)
    for job in flood:
        job.gate.set()
    bench.until(lambda: all(job.over for job in flood))


def test_callers_take_turns(bench):
    """Whoever comes with one task is not behind a hundred of somebody else."""
    workers, order = bench.workers(limit=1, places=1000), []
    first = bench.slow()
    workers.run(first, "somebody")
    assert first.begun()
    for caller, count in (("many", 100), ("few", 2), ("one", 1)):
        run_all(
            workers,
            [bench.job(lambda c=caller: order.append(c)) for _ in range(count)],
            caller,
        )
    first.gate.set()
    bench.until(lambda: len(order) == 103)
    assert order[:6] == ["many", "few", "one", "many", "few", "many"]


def test_a_full_line_refuses(bench):
    """It names the limit; there is room again when something has ended."""
    workers = bench.workers(limit=1, places=4)
    slow = bench.slow()
    workers.run(slow, "caller")
    jobs = run_all(workers, [bench.job() for _ in range(4)])
    assert [job.problem is None for job in jobs] == [True, True, False, False]
    assert "2 of 4 places are free" in jobs[2].problem
    other = bench.job()
    workers.run(other, "other")
    assert other.problem is None
    slow.gate.set()
    bench.until(lambda: other.over and jobs[1].over)
    again = bench.job()
    workers.run(again, "caller")
    bench.until(lambda: again.over)


def test_bytes_are_limited(bench):
    """For one caller and in all; they are given back when a task has ended."""
    workers = bench.workers(limit=4, size=1000)
    slow = [bench.slow(size=400) for _ in range(4)]
    for job, caller in zip(slow, "aabc", strict=True):
        workers.run(job, caller)
    assert "calls of this caller keep 400 bytes" in slow[1].problem
    assert slow[2].problem is None
    assert "the test's bytes, 1000 bytes" in slow[3].problem
    assert workers.budget.used == 800
    for job in slow:
        job.gate.set()
    bench.until(lambda: slow[0].over and slow[2].over)
    assert workers.budget.used == 0


def test_one_task_alone_may_have_all_bytes(bench):
    """Or the largest message could never be handled."""
    workers = bench.workers(size=1000)
    job = bench.job(size=1000)
    workers.run(job, "caller")
    bench.until(lambda: job.over)


def test_what_is_canceled_in_line_never_starts(bench):
    """And its place is free."""
    workers = bench.workers(limit=1, places=8)
    slow = bench.slow()
    workers.run(slow, "caller")
    assert slow.begun()
    for _ in range(100):
        job = bench.job(lambda: fail(AssertionError("it was canceled")), size=1000)
        workers.run(job, "caller")
        assert job.problem is None
        workers.cancel(job)
        assert job.over
    assert (workers.waiting, workers.budget.used) == (0, 0)
    slow.gate.set()
    bench.until(lambda: slow.over)


def test_what_is_canceled_before_a_worker_looks_never_starts(bench):
    """Also if it does not wait in line any more."""
    workers = bench.workers(limit=4)
    jobs = run_all(workers, [bench.slow() for _ in range(2)])
    if bench.world is WORLDS["greenlets"]:  # threads may have begun already
        for job in jobs:
            workers.cancel(job)
        bench.until(lambda: all(job.over for job in jobs))
        assert not any(job.has_begun for job in jobs)
    for job in jobs:
        job.gate.set()
    bench.until(lambda: all(job.over for job in jobs))


def test_what_a_gone_caller_has_left_is_freed_at_once(bench):
    """Without the garbage collector."""
    workers = bench.workers(limit=1)
    slow = bench.slow()
    workers.run(slow, "other")
    assert slow.begun()
    jobs = run_all(workers, [bench.job(size=100) for _ in range(20)])
    left = [weakref.ref(job) for job in jobs]
    with no_collection():
        del jobs
        workers.gone("caller")
        assert [each() for each in left] == [None] * 20
    assert workers.budget.used == 0
    slow.gate.set()
    bench.until(lambda: slow.over)


def test_what_runs_for_a_gone_caller_counts_against_nobody(bench):
    """Others get as many workers as there were."""
    workers = bench.workers(limit=2)
    slow = [bench.slow() for _ in range(2)]
    for caller, job in enumerate(slow):
        workers.run(job, caller)
        assert job.begun()
    waits = [bench.slow(), bench.slow()]
    for name, job in zip("ab", waits, strict=True):
        workers.run(job, name)
    assert workers.waiting == 2
    for caller in range(2):
        workers.gone(caller)
    assert all(job.begun() for job in waits)
    for job in (*slow, *waits):
        job.gate.set()
    bench.until(lambda: workers.running == 0)


def test_callers_that_come_and_go_get_no_endless_workers(bench):
    """At most twice as many run as the limit says."""
    workers, jobs = bench.workers(limit=4), []
    for caller in range(50):
        jobs.append(bench.slow())
        workers.run(jobs[-1], caller)
        workers.gone(caller)
    assert workers.running == 8
    for job in jobs:
        job.gate.set()
    bench.until(lambda: workers.running == 0)
    again = bench.job()
    workers.run(again, "caller")
    bench.until(lambda: again.over)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(),
        SystemExit(1),
        KeyboardInterrupt(),
        GeneratorExit(),
        StopIteration(),
        gevent.GreenletExit(),
        gevent.Timeout(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_task_that_fails_costs_the_pool_no_place(bench, caplog, error):
    """It is logged; as many run at once as before."""
    workers = bench.workers(limit=1)
    jobs = run_all(workers, [bench.job(lambda: fail(error)) for _ in range(3)])
    last = bench.job()
    workers.run(last, "caller")
    bench.until(lambda: last.over)
    assert all(job.over for job in jobs)
    assert caplog.text.count("failed in a worker") == 3


def test_workers_are_used_again(bench):
    """One after the other needs one worker only, and begins in a new context."""
    workers, seen, values = bench.workers(), set(), []
    variable = contextvars.ContextVar("variable", default="new")

    def work():
        seen.add(gevent.getcurrent())
        values.append(variable.get())
        variable.set("used")

    for _ in range(20):
        job = bench.job(work)
        workers.run(job, "caller")
        bench.until(lambda job=job: job.over)
    assert len(seen) == 1
    assert values == ["new"] * 20


def test_workers_without_work_end():
    """After a while the pool has none, and takes new ones when it needs them."""
    bench = Bench(WORLDS["threads"])
    workers, threads = bench.workers(limit=8), set()

    def work():
        threads.add(threading.current_thread())
        job.gate.wait()

    for _ in range(2):
        job = bench.job(work)
        workers.run(job, "caller")
        job.gate.set()
        bench.until(lambda job=job: job.over)
        while any(thread.is_alive() for thread in threads):
            bench.pass_time()
            gevent.sleep(0.001)
        assert bench.timers == []
    assert len(threads) == 2


class Scarce:
    """The concurrency of a system that has no threads left, when told so."""

    def __init__(self, bench, error):
        self._real = bench.concurrency
        self._error = error
        self.is_out = True

    def __getattr__(self, name):
        return getattr(self._real, name)

    def spawn(self, function, *args):
        if self.is_out:
            raise self._error
        self._real.spawn(function, *args)


OUT_OF_THREADS = pytest.mark.parametrize(
    "error",
    [RuntimeError("can't start new thread"), MemoryError()],
    ids=["RuntimeError", "MemoryError"],
)


@OUT_OF_THREADS
def test_without_any_worker_a_task_is_refused(bench, error, caplog):
    """Nothing is counted forever: all goes on when there are threads again."""
    bench.concurrency = scarce = Scarce(bench, error)
    workers = bench.workers(limit=4)
    refused = run_all(workers, [bench.job(size=10) for _ in range(20)])
    assert all("no thread left" in job.problem for job in refused)
    assert (workers.running, workers.waiting, workers.budget.used) == (0, 0, 0)
    assert len(caplog.records) == 1
    scarce.is_out = False
    jobs = run_all(workers, [bench.job() for _ in range(20)])
    bench.until(lambda: all(job.over for job in jobs))


@OUT_OF_THREADS
def test_the_workers_that_there_are_do_the_work(bench, error):
    """Until there are more, which is tried now and then."""
    bench.concurrency = scarce = Scarce(bench, error)
    workers = bench.workers(limit=8)
    scarce.is_out = False
    first = bench.slow()
    workers.run(first, "caller")
    assert first.begun()
    scarce.is_out = True
    second, third = run_all(workers, [bench.slow(), bench.slow()])
    assert second.problem is third.problem is None
    first.gate.set()
    assert second.begun()
    assert not third.has_begun
    scarce.is_out = False
    bench.pass_time()
    assert third.begun()
    second.gate.set()
    third.gate.set()
    bench.until(lambda: first.over and second.over and third.over)


def test_a_timeout_that_a_task_leaves_hits_nobody_at_rest(caplog):
    """A greenlet that rests survives it."""
    bench = Bench(WORLDS["greenlets"])
    workers = bench.workers()
    job = bench.job(lambda: gevent.Timeout(0.01).start())
    workers.run(job, "caller")
    bench.until(lambda: job.over)
    gevent.sleep(0.05)
    again = bench.job()
    workers.run(again, "caller")
    bench.until(lambda: again.over)
    assert "which a task has left" in caplog.text


def test_a_worker_that_is_killed_is_replaced():
    """Also one at rest."""
    bench = Bench(WORLDS["greenlets"])
    workers, found = bench.workers(limit=1), []
    for _ in range(3):
        job = bench.job(lambda: found.append(gevent.getcurrent()))
        workers.run(job, "caller")
        bench.until(lambda job=job: job.over)
        gevent.sleep(0)
        gevent.kill(found[-1])
        gevent.sleep(0)
    assert len(set(map(id, found))) == 3


def test_short_tasks_need_few_workers(bench):
    """A hundred at once are done by the first that gets up, if none of them waits."""
    workers, seen = bench.workers(limit=400), []

    def work():
        seen.append(gevent.getcurrent())

    for _ in range(2):
        jobs = run_all(workers, [bench.job(work) for _ in range(100)])
        bench.until(lambda jobs=jobs: all(job.over for job in jobs))
    assert len(set(seen[100:])) < 50


def test_tasks_of_greenlets_let_the_hub_in():
    """A long line of tasks that do not wait does not keep everybody else waiting."""
    bench = Bench(WORLDS["greenlets"])
    workers, turns, done = bench.workers(limit=400), [], []

    def work():
        for _ in range(20_000):
            pass
        done.append(None)

    ticker = gevent.get_hub().loop.timer(0.001, 0.001)
    ticker.start(lambda: turns.append(len(done)))
    jobs = run_all(workers, [bench.job(work) for _ in range(100)])
    bench.until(lambda: all(job.over for job in jobs))
    ticker.close()
    assert len(turns) > 2
