"""Long work on the loop, in portions."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket.core.net.chores import Chores


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


def slow_steps(done: list[object], *, number: int, name: object = None):
    """Steps of a millisecond each."""
    for step in range(number):
        time.sleep(0.001)
        done.append(step if name is None else name)
        yield


def test_short_work_is_over_at_once(on):
    """Nobody has to wait for it."""
    heard: list[object] = []

    def start() -> list[object]:
        Chores(on.loop, portion=0.002).start(
            iter(range(5)), lambda: heard.append("done")
        )
        return list(heard)

    assert on.run(start) == ["done"]


def test_others_get_in_between(on):
    """Calls of other threads do not wait for the end of long work."""
    chores, steps, done = Chores(on.loop, portion=0.002), [], on.world.event()
    on.run(chores.start, slow_steps(steps, number=100), done.set)
    assert on.run(lambda: len(steps)) < 50
    assert done.wait(SECONDS)
    assert len(steps) == 100


def test_all_work_goes_on_together(on):
    """What comes second does not wait for the end of the first."""
    chores, steps, first, second = (
        Chores(on.loop, portion=0.002),
        [],
        on.world.event(),
        on.world.event(),
    )
    on.run(chores.start, slow_steps(steps, number=60, name="first"), first.set)
    on.run(chores.start, slow_steps(steps, number=5, name="second"), second.set)
    assert second.wait(SECONDS)
    assert on.run(lambda: steps.count("first")) < 60
    assert first.wait(SECONDS)


def test_a_failing_step_ends_its_own_work_alone(on, caplog):
    """It is logged, and what waits for the end of the work goes on."""

    def failing():
        yield
        raise KeyError("oops")

    chores, steps, ends = Chores(on.loop, portion=0.002), [], []
    done = on.world.event()
    on.run(chores.start, slow_steps(steps, number=20), done.set)
    on.run(chores.start, failing(), lambda: ends.append("failed"))
    assert done.wait(SECONDS)
    assert ends == ["failed"]
    assert "oops" in caplog.text


def test_work_may_start_work(on):
    """Also at its end."""
    chores, heard = Chores(on.loop, portion=0.002), []
    done = on.world.event()

    def first_done() -> None:
        heard.append("first")
        chores.start(iter(range(3)), second_done)

    def second_done() -> None:
        heard.append("second")
        done.set()

    on.run(chores.start, iter(range(3)), first_done)
    assert done.wait(SECONDS)
    assert heard == ["first", "second"]


def test_each_portion_takes_as_long_as_it_may(on):
    """By a clock that a test can turn: the loop is asked for a turn when it is over."""
    ticks = itertools.count(0, 0.001)
    chores, steps, done = (
        Chores(on.loop, portion=0.002, clock=lambda: next(ticks)),
        [],
        on.world.event(),
    )

    def counted():
        for number in range(10):
            steps.append(number)
            yield

    def start() -> int:
        chores.start(counted(), done.set)
        return len(steps)

    assert on.run(start) == 3
    assert done.wait(SECONDS)
    assert len(steps) == 10
