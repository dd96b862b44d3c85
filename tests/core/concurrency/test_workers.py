"""The pool that user code runs in, with threads and with greenlets."""

from __future__ import annotations

import sys
import threading

import pytest

from tests.core.worlds import SECONDS, WORLDS, World
from wsocket.core.concurrency.workers import InOrder, Workers


@pytest.fixture(params=list(WORLDS))
def world(request) -> World:
    return WORLDS[request.param]


def make_workers(world: World, *, limit: int = 2, queue_limit: int = 100) -> Workers:
    return Workers(world.concurrency, limit=limit, queue_limit=queue_limit)


class Gate:
    """Tasks wait at it."""

    def __init__(self, world: World) -> None:
        self.open = world.event()
        self.reached = world.event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.open.wait(SECONDS)


def finish(workers: Workers, world: World) -> None:
    """Wait until everything that was given to *workers* before has begun."""
    done = world.event()
    assert workers.run(done.set)
    assert done.wait(SECONDS)


def test_no_more_run_at_once_than_the_limit(world):
    """The others wait in line, in order."""
    workers, gates, order = make_workers(world), [Gate(world), Gate(world)], []
    done = world.event()
    for gate in gates:
        assert workers.run(gate)
        assert gate.reached.wait(SECONDS)
    for number in range(3):
        assert workers.run(order.append, number)
    assert workers.run(done.set)
    assert order == []
    gates[0].open.set()
    assert done.wait(SECONDS)
    assert order == [0, 1, 2]
    gates[1].open.set()


def test_a_full_line_refuses(world):
    """And takes tasks again once there is room."""
    workers, gate = make_workers(world, limit=1, queue_limit=1), Gate(world)
    ran = world.event()
    assert workers.run(gate)
    assert workers.run(ran.set)
    assert not workers.run(ran.clear)
    gate.open.set()
    assert ran.wait(SECONDS)
    finish(workers, world)


@pytest.mark.parametrize("fail", [lambda: 1 / 0, sys.exit], ids=["exception", "exit"])
def test_a_task_that_fails_costs_the_pool_no_place(world, caplog, fail):
    """It is logged; as many run at once as before."""
    workers = make_workers(world, limit=1)
    for _ in range(3):
        assert workers.run(fail)
    finish(workers, world)
    assert caplog.text.count("failed in a worker") == 3


def test_idle_workers_hold_no_thread():
    """The pool shrinks to nothing."""
    world = WORLDS["threads"]
    before = set(threading.enumerate())
    workers = make_workers(world, limit=8)
    names = []
    for _ in range(8):
        workers.run(lambda: names.append(threading.current_thread()))
    finish(workers, world)
    for thread in set(threading.enumerate()) - before:
        thread.join(SECONDS)
    assert set(threading.enumerate()) <= before
    assert not set(names) & before


def test_tasks_of_one_owner_run_in_order_and_one_at_a_time(world):
    """However many workers are free."""
    workers = make_workers(world, limit=8)
    in_order = InOrder(workers, limit=10_000, name="subscriber")
    running, order, done = [], [], world.event()

    def task(number: int) -> None:
        running.append(number)
        assert running == [number]
        order.append(number)
        running.remove(number)

    for number in range(500):
        in_order.run(task, number)
    in_order.run(done.set)
    assert done.wait(SECONDS)
    assert order == list(range(500))


def test_a_slow_owner_loses_its_oldest_tasks(world, caplog):
    """They are counted, and the log says once who is too slow."""
    workers, gate, order = make_workers(world), Gate(world), []
    in_order = InOrder(workers, limit=3, name="subscriber slow")
    done = world.event()
    in_order.run(gate)
    assert gate.reached.wait(SECONDS)
    for number in range(10):
        in_order.run(order.append, number)
    in_order.run(done.set)
    gate.open.set()
    assert done.wait(SECONDS)
    assert order == [8, 9]
    assert in_order.dropped == 8
    assert caplog.text.count("subscriber slow is too slow") == 1


@pytest.mark.parametrize("fail", [lambda: 1 / 0, sys.exit], ids=["exception", "exit"])
def test_an_owners_next_task_runs_after_one_that_failed(world, caplog, fail):
    """The failure is logged under the owner's name."""
    in_order = InOrder(make_workers(world), limit=10, name="subscriber broken")
    done = world.event()
    in_order.run(fail)
    in_order.run(done.set)
    assert done.wait(SECONDS)
    assert "subscriber broken failed" in caplog.text


def test_an_owner_whom_full_workers_refused_tries_again(world):
    """Its tasks run with the next one, once there is room."""
    workers, gate, order = make_workers(world, limit=1, queue_limit=0), Gate(world), []
    in_order = InOrder(workers, limit=10, name="subscriber")
    assert workers.run(gate)
    assert gate.reached.wait(SECONDS)
    in_order.run(order.append, "refused")
    gate.open.set()
    done = world.event()
    for _ in range(1000):
        in_order.run(order.append, "again")
        in_order.run(done.set)
        if done.wait(0.01):
            break
    assert order[:2] == ["refused", "again"]
