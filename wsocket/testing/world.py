"""The loop of a process while its application is tested."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import gevent

from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop, get_loop, use_loop
from wsocket.testing.clock import MovedClock
from wsocket.testing.settling import Activity, Moving, Settling
from wsocket.testing.watched import WatchedConcurrency

_T = TypeVar("_T")

# Real seconds for which a step of the clock waits for code that works.
_PATIENCE = 0.2

# Real seconds after which the loop is held for blocked.
_BLOCKED = 10.0


class TestedWorld:
    """A loop with a clock of its own, in place of the one of this process.

    What the application keeps for each process (its connections, the router with its
    sessions) it makes anew for this loop, as after a fork.
    """

    __test__ = False  # for pytest: this is no test

    def __init__(self) -> None:
        self.clock = MovedClock()
        self._before = before = get_loop()
        self.concurrency = WatchedConcurrency(before.concurrency, self.clock)
        self.loop, self.activity = ask(before, self._make)
        use_loop(self.loop)

    def _make(self, made: Future[tuple[Loop, Activity]]) -> None:
        hub = gevent.get_hub()
        clock, concurrency = self.clock, self.concurrency
        loop = Loop(hub, concurrency=concurrency, clock=clock)
        activity = Activity(loop, hub, clock=clock, concurrency=concurrency)
        made.set((loop, activity))

    def run(self, function: Callable[[], _T]) -> _T:
        """Run *function* on the loop; returns what it returns, and raises likewise.

        Raises:
            TimeoutError: Code of the application blocks the loop.
        """

        def start(answer: Future[_T]) -> None:
            answer.set(function())

        return self._ask(start, _BLOCKED)

    def settle(self, patience: float) -> bool:
        """Wait until the application is idle; False after *patience* real seconds."""

        def start(settled: Future[bool]) -> None:
            Settling(
                self.activity, patience=patience, done=settled.set, persistent=True
            ).look()

        return self._ask(start, patience + _BLOCKED)

    def advance(self, seconds: float, timeout: float) -> None:
        """Move the clock, and let the application do what is due meanwhile.

        Raises:
            TimeoutError: That takes more than *timeout* real seconds.
        """
        until = self.clock.passed + seconds

        def start(moved: Future[None]) -> None:
            Moving(
                self.activity,
                self.clock,
                until=until,
                patience=_PATIENCE,
                done=partial(moved.set, None),
            ).begin()

        self._ask(start, timeout)

    def _ask(self, request: Callable[[Future[_T]], object], timeout: float) -> _T:
        """Call *request* on the loop with a future, and wait until somebody sets it."""
        answer: Future[_T] = Future(self.loop)

        def run() -> None:
            try:
                request(answer)
            except Exception as error:
                answer.fail(error)

        self.loop.call_soon(run)
        return answer.wait(timeout)

    def close(self, patience: float) -> bool:
        """Give the process its own loop back; False if somebody still works."""
        idle = self.settle(patience)
        self.concurrency.dismiss()
        use_loop(self._before)
        ask(self._before, self._end)
        return idle

    def _end(self, ended: Future[None]) -> None:
        self.loop.close()
        ended.set(None)


class _Shared:
    """The world of all clients that are open at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._world: TestedWorld | None = None
        self._users = 0

    def enter(self) -> TestedWorld:
        """The world, for one more client; it is made if there is none."""
        with self._lock:
            if self._world is None:
                self._world = TestedWorld()
            self._users += 1
            return self._world

    def leave(self, patience: float) -> bool:
        """A client is closed; see `TestedWorld.close`."""
        with self._lock:
            world = self._world
            assert world is not None
            self._users -= 1
            if self._users:
                return True
            self._world = None
        return world.close(patience)


shared_world = _Shared()
