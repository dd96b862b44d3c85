"""Time and workers for the router."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.chores import Chores
from wsocket.core.net.loop import Loop

_T = TypeVar("_T")


class LoopRuntime:
    """The `Runtime` of a process: the clocks, the loop's timers, and workers."""

    def __init__(self, loop: Loop, workers: Workers) -> None:
        self._loop = loop
        self._workers = workers
        self.time = time.time
        self.monotonic = time.monotonic
        self.call_later = loop.call_later
        self.in_turns = Chores(loop).start

    def offload(
        self, function: Callable[[], _T], then: Callable[[_T | Exception], object]
    ) -> None:
        """Run *function* in a worker, then *then* on the loop with the outcome."""

        def run() -> None:
            self._loop.call_soon(then, _outcome(function))

        if not self._workers.run(run):
            then(RuntimeError("too much work waits for this application's workers"))


def _outcome(function: Callable[[], _T]) -> _T | Exception:
    """What *function* returned or raised."""
    try:
        return function()
    except Exception as error:
        return error
    except KeyboardInterrupt:  # the process ends
        raise
    except BaseException as error:  # gevent.Timeout, exit(): somebody waits
        return RuntimeError(f"{function!r} raised {error!r}")
