"""Time and workers for the router."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.chores import Chores
from wsocket.core.net.loop import Loop
from wsocket.wamp.session.runtime import Abandoned, Work

_T = TypeVar("_T")

# What a login or a question keeps.
_SIZE = 2048  # bytes


class LoopRuntime:
    """The `Runtime` of a process: the clocks, the loop's timers, and workers.

    Args:
        procedures: The workers for calls.
        others: Those for all other work.
        turn: Seconds of each turn of the loop for long work.
    """

    def __init__(
        self,
        loop: Loop,
        *,
        procedures: Workers,
        others: Mapping[Work, Workers],
        turn: float,
    ) -> None:
        self._loop = loop
        self._workers = others
        self._all_workers = (procedures, *others.values())
        self.time = loop.clock.time
        self.monotonic = loop.clock.monotonic
        self.call_later = loop.call_later
        self.in_turns = Chores(loop, portion=turn).start

    def offload(
        self,
        function: Callable[[], _T],
        then: Callable[[_T | Exception], object],
        *,
        work: Work,
        caller: int,
    ) -> Callable[[], None]:
        """Run *function* in a worker, then *then* on the loop with the outcome."""
        workers, task = self._workers[work], _Offloaded(function, then)
        workers.run(task, caller)
        return partial(workers.cancel, task)

    def left(self, caller: int) -> None:
        """The session with this ID leaves."""
        self._loop.call_soon(self._has_left, caller)

    def _has_left(self, caller: int) -> None:
        for each in self._all_workers:
            each.gone(caller)


class _Offloaded(Task, Generic[_T]):
    """A function that may block, and what is to be done with its outcome."""

    __slots__ = ("_function", "_outcome", "_then")

    def __init__(
        self, function: Callable[[], _T], then: Callable[[_T | Exception], object]
    ) -> None:
        super().__init__(_SIZE)
        self._function = function
        self._then = then
        self._outcome: Any = Abandoned()

    def __repr__(self) -> str:
        return repr(self._function)

    def work(self) -> None:
        self._outcome = RuntimeError(f"{self._function!r} ended without an outcome")
        self._outcome = _outcome(self._function)

    def ended(self) -> None:
        self._then(self._outcome)

    def refused(self, problem: str) -> None:
        self._then(RuntimeError(problem))


def _outcome(function: Callable[[], _T]) -> _T | Exception:
    """What *function* returned or raised."""
    try:
        return function()
    except Exception as error:
        return error
    except BaseException as error:  # gevent.Timeout, exit(): somebody waits
        pass_on(error)
        return RuntimeError(f"{function!r} raised {type(error).__name__}")
