"""Threads or greenlets of which it is known whether they have something to do."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import gevent

from wsocket.core.concurrency.kinds import Concurrency, Lock
from wsocket.core.concurrency.seats import Seat
from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.net.sockets import happens
from wsocket.core.net.wakeup import Wakeup
from wsocket.testing.asking import asking_threads, asks
from wsocket.testing.clock import MovedClock

# Files of wsocket itself, and of Python.
_NOT_THE_APP: Final = (
    str(Path(__file__).parent.parent),
    str(Path(threading.__file__).parent),
    "<frozen",
)


class WatchedConcurrency:
    """A `Concurrency` that knows who works, and whose waits follow a `MovedClock`.

    Who was spawned works until it ends, except while it waits for a socket or for an
    answer of the loop, or rests. What else user code waits for (a queue, a sleep)
    counts as work.

    Args:
        base: Threads or greenlets.

    Attributes:
        steps: Changes whenever somebody begins or ends to work.
    """

    def __init__(self, base: Concurrency, clock: MovedClock) -> None:
        self._base = base
        self._clock = clock
        self._lock = short_lock()
        self._working = 0
        self._waiting: set[_Wait] = set()
        self._seats: set[WatchedSeat] = set()
        self._threads: dict[int, object] = {}  # what they run
        self._greenlets: set[Any] = set()
        self.steps = 0
        self.name = base.name
        self.lock: Callable[[], Lock] = base.lock
        self.event: Callable[[], Any] = base.event
        self.poll: Callable[[], Any] = base.poll
        self.pace = base.pace
        self.let_others = base.let_others
        self.send = base.send
        self.send_at_once = base.send_at_once
        self.now = clock.monotonic

    def idle(self) -> bool:
        """Whether nobody works, or is about to."""
        asking = self._count_asking() if self._working else 0
        with self._lock:
            return self._working == asking and not any(
                wait.is_over() for wait in self._waiting
            )

    def count(self, change: int) -> None:
        """So many more work now."""
        with self._lock:
            self._working += change
            self.steps += 1

    def who_works(self) -> list[str]:
        """Where the threads are that work, for an error message.

        Of greenlets nothing is known: the list is empty.
        """
        frames = sys._current_frames()
        resting = {seat.thread for seat in self._seats if seat.resting}
        resting |= {wait.thread for wait in self._waiting}
        resting |= asking_threads(self._threads)
        working = self._threads.keys() - resting
        return [_place(frames[thread]) for thread in working if thread in frames]

    def dismiss(self) -> None:
        """End everybody who rests."""
        for seat in list(self._seats):
            if seat.resting:
                seat.dismissed = True
                seat.call()

    # What `Concurrency` demands

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        """See `Concurrency.spawn`."""
        self.count(1)
        try:
            self._base.spawn(self._run, function, args)
        except BaseException:
            self.count(-1)
            raise

    def seat(self) -> Seat:
        """See `Concurrency.seat`."""
        seat = WatchedSeat(self._base.seat(), self)
        self._seats.add(seat)
        return seat

    def adopt(
        self, descriptor: int, *, patience: float, send_timeout: float
    ) -> socket.socket:
        """See `Concurrency.adopt`; `receive` waits by the clock, not by the kernel."""
        return self._base.adopt(descriptor, patience=0.0, send_timeout=send_timeout)

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        """See `Concurrency.receive`."""
        if not self._wait(sock, patience or None):
            return None
        return sock.recv(size)

    def wait_readable(self, sock: socket.socket, timeout: float) -> bool:
        """See `Concurrency.wait_readable`."""
        return self._wait(sock, timeout)

    def _run(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        in_threads = self.name == "threads"
        thread, greenlet = threading.get_ident(), gevent.getcurrent()
        if in_threads:
            self._threads[thread] = function
        else:
            self._greenlets.add(greenlet)
        try:
            function(*args)
        finally:
            self._threads.pop(thread, None)
            self._greenlets.discard(greenlet)
            self.count(-1)

    def _count_asking(self) -> int:
        """How many wait for the loop, and for nothing else; on the loop."""
        if self.name == "threads":
            return len(asking_threads(list(self._threads)))
        return sum(map(asks, self._greenlets))

    def _wait(self, sock: socket.socket, timeout: float | None) -> bool:
        """Wait for bytes; False after *timeout* seconds of the clock."""
        if happens(sock.fileno(), select.POLLIN):
            return True
        with self._waits(sock, timeout) as wait:
            while not wait.expired:
                if wait.wakeup.wait([sock]):
                    return True
        return False

    @contextlib.contextmanager
    def _waits(self, sock: socket.socket, timeout: float | None) -> Iterator[_Wait]:
        """Who runs this block does not work."""
        wait = _Wait(sock, Wakeup(self._base))
        with self._lock:
            self._waiting.add(wait)
        self.count(-1)
        timer = timeout is not None and self._clock.call_later(timeout, wait.expire)
        try:
            yield wait
        finally:
            self.count(1)
            with self._lock:
                self._waiting.discard(wait)
            if timer:
                timer.close()
            wait.wakeup.close()


def _place(frame: FrameType) -> str:
    """Where a thread is, in code of the application if possible."""
    found: FrameType | None = frame
    while found is not None and found.f_code.co_filename.startswith(_NOT_THE_APP):
        found = found.f_back
    shown = found or frame
    return f"{shown.f_code.co_filename}:{shown.f_lineno} {shown.f_code.co_name}()"


class _Wait:
    """Somebody waits for a socket."""

    def __init__(self, sock: socket.socket, wakeup: Wakeup) -> None:
        self._sock = sock
        self.wakeup = wakeup
        self.expired = False
        self.thread = threading.get_ident()

    def expire(self) -> None:
        """The time is over."""
        self.expired = True
        self.wakeup.wake()

    def is_over(self) -> bool:
        """Whether it is about to go on."""
        descriptor = self._sock.fileno()
        return self.expired or descriptor < 0 or happens(descriptor, select.POLLIN)


class WatchedSeat:
    """A `Seat` that tells who rests, which is no work."""

    def __init__(self, base: Seat, concurrency: WatchedConcurrency) -> None:
        self._base = base
        self._concurrency = concurrency
        self.dismissed = self.rested = self.resting = False
        self.thread = threading.get_ident()

    def rest(self) -> None:
        """See `Seat.rest`."""
        self.resting = True
        self._concurrency.count(-1)
        try:
            self._base.rest()
        except BaseException:
            self._concurrency.count(1)
            raise
        finally:
            self.resting = False

    def call(self) -> None:
        """See `Seat.call`. Who is called works already."""
        self._concurrency.count(1)
        self._base.call()

    def let_others(self) -> None:
        """See `Seat.let_others`."""
        self._base.let_others()
