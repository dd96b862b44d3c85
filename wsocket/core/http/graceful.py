"""The end of a server: what is under way ends first, then everything is closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from wsocket.core.concurrency.kinds import NO_ROOM
from wsocket.core.http.connections import LINGER
from wsocket.core.http.servers import Server
from wsocket.core.http.stop_signals import Stop
from wsocket.log import logger


@runtime_checkable
class Drainable(Protocol):
    """An application that has more under way than its responses."""

    def drain(self, timeout: float) -> object:
        """Wait until it has ended, *timeout* seconds at most; False if it has not."""

    def close_slowly(self, spread: float) -> None:
        """Close the connections of clients over *spread* seconds."""


class Aside:
    """A function that runs beside the thread that waits for signals.

    Args:
        finished: Called when the function has ended.

    Attributes:
        done: Whether it has ended.
        result: What it has returned.
    """

    def __init__(
        self, function: Callable[[], object], *, finished: Callable[[], object]
    ) -> None:
        self._function = function
        self._finished = finished
        self.done = False
        self.result: object = None

    def run(self) -> None:
        """Run the function; called in a thread or greenlet."""
        try:
            self.result = self._function()
        except Exception:
            logger.exception("%r failed", self._function)
        finally:
            self.done = True
            self._finished()


class Ending:
    """Ends *server* and *app*; in the thread that was in ``serve_forever``.

    Args:
        stop: Tells when nothing is to be waited for any more.
    """

    def __init__(self, server: Server, app: object, stop: Stop) -> None:
        self._server = server
        self._app = app
        self._stop = stop

    def drain(self, timeout: float) -> None:
        """Accept nothing more, and wait until responses and calls have ended."""
        server, app = self._server, self._app
        deadline = time.monotonic() + timeout
        server.stop_accepting()
        server.drain()
        calls = None
        if isinstance(app, Drainable):
            calls = self._start(lambda: app.drain(timeout))
        # Who has just connected may still send a request.
        self._wait(lambda: self._ended(calls), min(LINGER, timeout))
        server.connections.stop_waiting()
        if not self._wait(lambda: self._ended(calls), deadline - time.monotonic()):
            logger.warning(
                "%d responses%s are cut, after %s",
                server.connections.in_flight,
                "" if calls is None or _has_succeeded(calls) else " and some calls",
                "a second signal" if self._stop.at_once else f"{timeout:g} seconds",
            )

    def close_slowly(self, spread: float) -> None:
        """Close the connections of clients over *spread* seconds."""
        app = self._app
        if spread and isinstance(app, Drainable):
            closing = self._start(lambda: app.close_slowly(spread))
            self._wait(lambda: closing.done, spread + LINGER)

    def close(self) -> None:
        """Close what is still open, at once."""
        close = getattr(self._app, "close", None)
        if callable(close):
            close()

    def _ended(self, calls: Aside | None) -> bool:
        responses = self._server.connections.in_flight
        return not responses and (calls is None or _has_succeeded(calls))

    def _start(self, function: Callable[[], object]) -> Aside:
        task = Aside(function, finished=self._server.wake)
        try:
            self._server.spawn(task.run)
        except NO_ROOM as error:
            logger.error("cannot wait for calls: %s", error)
            task.done = True
        return task

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until *condition* is true, or the time is over, or it must be now."""
        stop = self._stop
        self._server.wait(lambda: stop.at_once or condition(), timeout)
        return condition()


def _has_succeeded(calls: Aside) -> bool:
    """Whether the calls have ended, and not only the time for them."""
    return calls.done and calls.result is not False
