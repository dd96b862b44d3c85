"""Tasks that wait for other tasks keep no place, with threads and with greenlets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.concurrency.bench import Bench
from tests.core.concurrency.test_workers import Scarce
from tests.core.worlds import WORLDS
from wsocket.core.budget import Budget
from wsocket.core.concurrency.lines import Lines
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.waiting import outer_task


@pytest.fixture(params=list(WORLDS))
def bench(request) -> Bench:
    return Bench(WORLDS[request.param])


def begin(bench, workers, caller="caller", *, count=1):
    """Tasks that run until their gates open."""
    jobs = [bench.slow() for _ in range(count)]
    for job in jobs:
        workers.run(job, caller)
        assert job.begun()
    return jobs


def open_gates(bench, workers, *jobs):
    """Let these tasks end, and see that nothing is left of them."""
    for job in jobs:
        job.gate.set()
    bench.until(lambda: all(job.over for job in jobs))
    assert (workers.running, workers.waiting, workers.budget.used) == (0, 0, 0)


def test_a_task_that_waits_gives_its_place_to_others(bench):
    """As soon as that is known; and it goes on when it may."""
    workers = bench.workers(limit=1)
    (outer,) = begin(bench, workers)
    other = bench.job()
    workers.run(other, "other")
    assert workers.waiting == 1
    assert workers.step_aside(outer) is None
    workers.start_waiting()
    bench.until(lambda: other.over)
    workers.step_back(outer)
    last = bench.job()
    workers.run(last, "other")
    assert workers.waiting == 1
    open_gates(bench, workers, outer, last)


def test_an_inner_task_is_before_all_that_wait(bench):
    """It has the place of the one that waits for it, and no other task gets that."""
    workers, order = bench.workers(limit=1), []
    (outer,) = begin(bench, workers)
    line = [bench.job(lambda: order.append("line")) for _ in range(20)]
    for caller, job in enumerate(line):
        workers.run(job, caller)
    workers.step_aside(outer)
    inner = bench.job(lambda: order.append("inner"))
    workers.run_inner(inner, outer)
    workers.start_waiting()
    bench.until(lambda: all(job.over for job in (inner, *line)))
    assert order == ["inner", *["line"] * 20]
    workers.step_back(outer)
    open_gates(bench, workers, outer)


def test_an_awaited_task_need_not_stand_in_line(bench):
    """It was given to the workers before somebody waited for it."""
    workers = bench.workers(limit=1)
    (outer,) = begin(bench, workers)
    first, inner = bench.slow(), bench.slow(size=10)
    workers.run(first, "other")
    workers.run(inner, "other")
    workers.step_aside(outer)
    workers.hurry(inner, outer)
    workers.start_waiting()
    assert inner.begun()
    assert not first.has_begun
    workers.hurry(inner, outer)  # it runs already
    assert workers.running == 2
    open_gates(bench, workers, inner, first, outer)


def test_an_inner_task_without_room_is_refused(bench):
    """The limit is named, and nothing is counted."""
    workers = bench.workers(limit=1, size=100)
    (outer,) = begin(bench, workers)
    workers.step_aside(outer)
    inner = bench.job(size=101)
    workers.run_inner(inner, outer)
    assert "the test's bytes, 100 bytes" in inner.problem
    open_gates(bench, workers, outer)


def test_who_gives_up_waiting_gets_no_endless_workers(bench):
    """What it has waited for runs on; the next one waits until there is a place."""
    workers = bench.workers(limit=2)
    (outer,) = begin(bench, workers)
    inner = [bench.slow() for _ in range(10)]
    for job in inner:
        workers.step_aside(outer)
        workers.run_inner(job, outer)
        workers.step_back(outer)
    assert (workers.running, workers.waiting) == (3, 8)
    assert [job.begun() for job in inner[:2]] == [True, True]
    workers.cancel(inner[2])
    assert inner[2].over
    assert workers.waiting == 7
    open_gates(bench, workers, outer, *inner)


def test_one_caller_leaves_others_room_to_wait(bench):
    """No caller has more workers that wait than may still do so."""
    workers = bench.workers(limit=1)
    problem, jobs = None, []
    while problem is None:
        jobs += begin(bench, workers, "many")
        problem = workers.step_aside(jobs[-1])
    assert len(jobs) == 33
    assert "32 workers of this caller wait for calls" in problem
    assert "32 of 64 more may" in problem
    assert "max_workers" in problem
    workers.gone("many")
    jobs += begin(bench, workers, "other")
    assert workers.step_aside(jobs[-1]) is None
    open_gates(bench, workers, *jobs)


def test_a_task_that_ends_while_it_waits_costs_no_place(bench):
    """Such as one whose greenlet was killed: its answer comes too late."""
    workers = bench.workers(limit=1)
    (outer,) = begin(bench, workers)
    workers.step_aside(outer)
    open_gates(bench, workers, outer)
    workers.step_back(outer)
    (first,) = begin(bench, workers)
    second = bench.slow()
    workers.run(second, "other")
    assert workers.waiting == 1
    open_gates(bench, workers, first, second)


def test_inner_tasks_of_a_gone_caller_count_against_nobody(bench):
    """Like the outer ones, which run as well until they end."""
    workers = bench.workers(limit=1)
    (outer,) = begin(bench, workers)
    workers.step_aside(outer)
    workers.gone("caller")
    inner = bench.slow()
    workers.run_inner(inner, outer)
    (other,) = begin(bench, workers, "other")
    inner.gate.set()
    bench.until(lambda: inner.over)
    workers.step_back(outer)
    open_gates(bench, workers, outer, other)


def test_when_all_wait_and_there_can_be_no_more_workers_tasks_are_refused(bench):
    """Nobody would ever run them, and those that wait would do so for ever."""
    bench.concurrency = scarce = Scarce(bench, RuntimeError("can't start new thread"))
    workers = bench.workers(limit=2)
    scarce.is_out = False
    (outer,) = begin(bench, workers)
    scarce.is_out = True
    workers.step_aside(outer)
    inner = bench.job()
    workers.run_inner(inner, outer)
    assert "no thread left" in inner.problem
    workers.step_back(outer)
    later = bench.job()
    workers.run(later, "other")
    assert later.problem is None
    workers.step_aside(outer)
    bench.pass_time()
    assert "no thread left" in later.problem
    open_gates(bench, workers, outer)


def test_a_task_knows_itself_only_in_its_own_worker(bench):
    """A thread or greenlet that it starts may wait as long as it likes."""
    found = []
    workers = bench.workers(limit=1)

    def work():
        found.append(outer_task())
        bench.world.start(lambda: found.append(outer_task())).result()

    for _ in range(2):
        job = bench.job(work)
        workers.run(job, "caller")
        bench.until(lambda job=job: job.over)
    first, beside_first, second, beside_second = found
    assert first.pool is second.pool is workers
    assert beside_first is beside_second is outer_task() is None


class Scene:
    """Lines, the tasks in them, and who waits for whom."""

    def __init__(self, limit: int) -> None:
        self.budget = Budget("bytes", 1000)
        self.lines = Lines(limit=limit, places=20, budget=self.budget)
        self.limit = limit
        self.in_line: set[Task] = set()
        self.running: list[Task] = []
        self.awaited: dict[Task, Task | None] = {}  # None: for somebody outside

    def join(self, caller: int) -> None:
        task = Task(10)
        if self.lines.join(task, caller) is None:
            self.in_line.add(task)

    def start(self) -> None:
        while (task := self.lines.next()) is not None:
            self.in_line.remove(task)
            self.running.append(task)

    def chosen(self, number: int) -> Task | None:
        """One of those that run and do not wait."""
        awake = [task for task in self.running if task not in self.awaited]
        return awake[number % len(awake)] if awake else None

    def wait(self, task: Task, *, inside: bool) -> None:
        if self.lines.step_aside(task) is not None:
            return
        inner = Task(10) if inside else None
        if inner is not None:
            if self.lines.join_inner(inner, task) is not None:
                self.lines.step_back(task)
                return
            self.in_line.add(inner)
        self.awaited[task] = inner

    def end(self, task: Task) -> None:
        self.running.remove(task)
        self.lines.end(task)
        for outer, inner in [*self.awaited.items()]:
            if inner is task:
                self.answer(outer)

    def give_up(self, outer: Task) -> None:
        """It waits no more; what it waited for runs on, if it has begun."""
        inner = self.awaited[outer]
        if inner is not None and self.lines.leave(inner):
            self.in_line.remove(inner)
        self.answer(outer)

    def answer(self, outer: Task) -> None:
        del self.awaited[outer]
        self.lines.step_back(outer)

    def gone(self, caller: int) -> None:
        self.in_line -= set(self.lines.gone(caller))

    def check(self) -> None:
        lines = self.lines
        counts = len(self.running), len(self.awaited), len(self.in_line)
        assert (lines.running, lines.aside, lines.waiting) == counts
        assert lines.running <= 2 * self.limit + 64
        if self.chosen(0) is None:  # all that run wait
            self.start()
            assert self.chosen(0) is not None or not self.in_line


STEPS = st.tuples(
    st.sampled_from(["join", "inside", "outside", "end", "answer", "give up", "gone"]),
    st.integers(0, 5),
)


@given(st.integers(1, 4), st.lists(STEPS, max_size=200))
def test_somebody_can_always_go_on(limit, steps):
    """Whoever waits for whom; and in the end nothing is counted any more."""
    scene = Scene(limit)
    for step, number in steps:
        task = scene.chosen(number)
        if step == "join":
            scene.join(number)
        elif step == "gone":
            scene.gone(number)
        elif step == "answer":
            outside = [each for each, inner in scene.awaited.items() if inner is None]
            if outside:
                scene.answer(outside[number % len(outside)])
        elif step == "give up":
            if scene.awaited:
                scene.give_up([*scene.awaited][number % len(scene.awaited)])
        elif task is not None and step == "end":
            scene.end(task)
        elif task is not None:
            scene.wait(task, inside=step == "inside")
        if step != "join":
            scene.start()
        scene.check()
    for outer in [each for each, inner in scene.awaited.items() if inner is None]:
        scene.answer(outer)
    while scene.start() or scene.running:
        task = scene.chosen(0)
        assert task is not None
        scene.end(task)
    scene.check()
    assert (scene.lines.free, scene.budget.used) == (limit, 0)
