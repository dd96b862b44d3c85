"""Procedures that are generators: what they yield are progressive results."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from time import perf_counter
from typing import Any, Final

from wsocket.core.concurrency.kinds import Concurrency
from wsocket.core.concurrency.turns import SLICE
from wsocket.core.concurrency.waiting import Outer
from wsocket.core.concurrency.workers import Timetable
from wsocket.errors import ApplicationError, PayloadSizeExceeded
from wsocket.wamp.local.encoding import payload_of, result_of
from wsocket.wamp.serializers.base import Payload, Serializer

# What a generator may be ahead of the loop, and the size of each result beyond its
# payload: so even empty ones let the loop in after some dozens.
_AHEAD: Final = 16384  # bytes
_OVERHEAD: Final = 256

# A client for which so much waits does not read, or too slowly.
_UNREAD: Final = 65536  # bytes

# Seconds between two looks whether it reads again: the first, and the longest.
_LOOK: Final = 0.005
_LONGEST_LOOK: Final = 0.1

# All lists that are gathered at the same time; one alone may have half of it.
_GATHERED: Final = 16 * 2**20  # bytes


class Progress:
    """The way of progressive results to a caller, who may be slow to read them.

    `put` and `wait` run in the worker, all others on the loop.

    Args:
        send: Sends one result.
        unread: How many bytes wait for the caller to read.
        worker: The task that puts them here. While its caller does not read, it needs
            no place among those at work.
        gathered: What the lists of callers are charged to that want no such results.

    Attributes:
        canceled: Whether nobody wants the rest.
        problem: Why, if too many wait for their callers to read; else None.
    """

    def __init__(
        self,
        loop: Timetable,
        send: Callable[[Payload], None],
        unread: Callable[[], int],
        *,
        worker: Outer,
        gathered: Gathered,
    ) -> None:
        self._loop = loop
        self._worker = worker
        self._send = send
        self._unread = unread
        self._parts: deque[tuple[Payload, int]] = deque()
        self._put_bytes = 0  # the worker counts
        self._sent_bytes = 0  # the loop counts
        self._room = loop.concurrency.event()
        self._looking = False  # a look at the caller is due
        self._look = _LOOK
        self._finish: Callable[[], None] | None = None
        self.canceled = False
        self.problem: str | None = None
        self.gathered = gathered

    @property
    def concurrency(self) -> Concurrency:
        """How the worker runs."""
        return self._loop.concurrency

    def put(self, part: Payload) -> None:
        """Send a result; wait if the caller has not read the earlier ones."""
        size = part.size + _OVERHEAD
        self._put_bytes += size
        self._parts.append((part, size))
        self._loop.call_soon(self._pump)
        while self._put_bytes - self._sent_bytes > _AHEAD and not self.canceled:
            self._room.clear()
            if self._put_bytes - self._sent_bytes > _AHEAD and not self.canceled:
                self._room.wait()

    def cancel(self) -> None:
        """Nobody wants the rest."""
        self.canceled = True
        self._parts.clear()
        self._room.set()

    def finish(self, then: Callable[[], None]) -> None:
        """Call *then* after everything has been sent."""
        self._finish = then
        self._pump()

    def _pump(self) -> None:
        """Send what the caller has room for."""
        if self._looking:
            return
        parts = self._parts
        while parts:
            if self._unread() > _UNREAD:
                if self._finish is None and not self.canceled:
                    self._step_aside()
                self._look_later()
                return
            part, size = parts.popleft()
            self._sent_bytes += size
            self._send(part)
        self._look = _LOOK
        self._worker.step_back()
        self._room.set()
        finish, self._finish = self._finish, None
        if finish is not None:
            finish()

    def _step_aside(self) -> None:
        """Others may have the worker's place until the caller reads."""
        self.problem = self._worker.step_aside()
        if self.problem is None:
            self._worker.pool.start_waiting()
        else:
            self.cancel()

    def _look_later(self) -> None:
        self._looking = True
        self._loop.look_later(self._look, self._look_again)
        self._look = min(2 * self._look, _LONGEST_LOOK)

    def _look_again(self) -> None:
        self._looking = False
        self._pump()


def run_generator(
    steps: Generator[Any, None, Any],
    progress: Progress,
    *,
    wanted: bool,
    serializer: Serializer,
) -> Payload | None:
    """Run a generator procedure; returns its final result, None if it was canceled.

    Args:
        wanted: Whether the caller wants progressive results. If not, the result is a
            list of what the generator yields, unless it returns something.

    Raises:
        ApplicationError: The list has become too long.
    """
    gathered = _GatheredList(progress.gathered, serializer)
    begun = perf_counter()
    with closing(gathered), closing(steps):
        while not progress.canceled:
            try:
                value = next(steps)
            except StopIteration as end:
                final = end.value
                if final is None and not wanted:
                    final = gathered.values
                return result_of(final, serializer)
            if wanted:
                progress.put(result_of(value, serializer))
            else:
                gathered.put(value)
            if perf_counter() - begun > SLICE:
                progress.concurrency.let_others()
                begun = perf_counter()
    return None


class Gathered:
    """The bytes of all lists that are gathered now, in any thread.

    No list may have more than is still free.
    """

    def __init__(self, limit: int = _GATHERED) -> None:
        self._limit = limit
        self._used = 0
        self._lock = threading.Lock()

    def take(self, size: int, has: int) -> None:
        """Add *size* bytes to a list that *has* so many.

        Raises:
            ApplicationError: That is too much.
        """
        with self._lock:
            free = self._limit - self._used
            if has + size <= free:
                self._used += size
                return
        raise ApplicationError(
            PayloadSizeExceeded.error,
            f"a list of {has} bytes is gathered from a generator, and {free} of "
            f"{self._limit} bytes are free: a list may have no more than are free; "
            "call with receive_progress",
        )

    def give_back(self, size: int) -> None:
        """A list is not needed any more."""
        with self._lock:
            self._used -= size


class _GatheredList:
    """What a generator has yielded for a caller that wants no progressive results."""

    def __init__(self, all_lists: Gathered, serializer: Serializer) -> None:
        self.values: list[Any] = []
        self._all_lists = all_lists
        self._serializer = serializer
        self._bytes = 0

    def put(self, value: Any) -> None:
        """Add a value; raises what `Gathered.take` does."""
        size = payload_of(self._serializer, [value]).size + _OVERHEAD
        self._all_lists.take(size, self._bytes)
        self._bytes += size
        self.values.append(value)

    def close(self) -> None:
        """It is not needed any more."""
        self._all_lists.give_back(self._bytes)
