"""How user code runs and waits: in threads, or in greenlets.

The accepted socket decides, not a setting (`concurrency_of`): a gevent server accepts
gevent sockets, every other server ordinary ones. The same blocking code works with
both, because it locks, spawns and waits through this module."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import gevent
import gevent.event
import gevent.lock
import gevent.monkey
import gevent.select
import gevent.socket

from wsocket.core.concurrency.seats import GreenletSeat, Seat, ThreadSeat
from wsocket.core.concurrency.switching import fit_switch_interval
from wsocket.core.concurrency.thread_turns import ThreadTurns
from wsocket.core.concurrency.turns import let_others, pace, pace_small_steps

# What user code may raise. gevent's Timeout is not an Exception, so that handlers do
# not swallow it by accident. But if nobody caught it, it is an error like any other.
FAILURES = (Exception, gevent.Timeout)

# More bytes than this take a while to decode.
_MUCH = 4096

READ, WRITE = 1, 2  # the events that a watcher of gevent's loop waits for

# What starting a thread or a greenlet raises if the system has no room for it.
NO_ROOM = (RuntimeError, MemoryError)


class Lock(Protocol):
    """The methods of both kinds of lock."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


class Concurrency(Protocol):
    """One way to run blocking code."""

    name: str

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)`` in a new thread or greenlet; it must not raise.

        Raises:
            RuntimeError, MemoryError: See `NO_ROOM`.
        """

    def lock(self) -> Lock:
        """A lock that blocks only the thread or greenlet that waits for it."""

    def event(self) -> Any:
        """A `threading.Event` that blocks only the thread or greenlet that waits for
        it.
        """

    def now(self) -> float:
        """The clock of all that waits here: seconds, and it never goes back."""

    def seat(self) -> Seat:
        """Where the calling worker rests."""

    def let_others(self) -> None:
        """Let others run who could not, because this code does not wait."""

    def pace(self) -> None:
        """The same after a while of many small steps like the one that follows."""

    def adopt(
        self, descriptor: int, *, patience: float, send_timeout: float
    ) -> socket.socket:
        """Make a blocking socket from the file *descriptor* of a connected one.

        Args:
            patience: Seconds that `receive` waits; 0 waits for ever.
            send_timeout: Seconds that `send` waits.
        """

    def send(
        self, sock: socket.socket, data: bytes | memoryview, timeout: float
    ) -> None:
        """Send all of *data* within *timeout* seconds, those of `adopt`.

        Raises:
            OSError: The connection is lost, or the peer does not take it in time.
        """

    def send_at_once(self, sock: socket.socket, data: bytes) -> bool:
        """Send *data*, a few bytes, without waiting; False if the kernel takes none.

        Raises:
            OSError: The connection is lost, or only a part of *data* was taken.
        """

    def poll(self) -> Any:
        """A ``select.poll`` object that blocks only the thread or greenlet."""

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        """Read up to *size* bytes; None if none came for *patience* seconds."""

    def wait_readable(self, sock: socket.socket, timeout: float) -> bool:
        """Wait until *sock* has bytes or is closed; False after *timeout* seconds."""


class Threads:
    """Ordinary threads and ordinary sockets."""

    name = "threads"

    def __init__(self) -> None:
        self._turns = ThreadTurns()

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        # A new thread, not one of a `ThreadCache`: what user code leaves in a
        # `threading.local` ends with it (docs/decisions/030-new-threads.md).
        thread = threading.Thread(
            target=self._run,
            args=(function, args),
            name=f"wsocket-{function.__name__}",
            daemon=True,
        )
        thread.start()
        fit_switch_interval()

    def _run(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        finally:
            self._turns.leave()

    def lock(self) -> Lock:
        return threading.Lock()

    def event(self) -> Any:
        return threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def seat(self) -> Seat:
        return ThreadSeat()

    def let_others(self) -> None:
        self._turns.pace()

    def pace(self) -> None:
        self._turns.pace()

    def adopt(
        self, descriptor: int, *, patience: float, send_timeout: float
    ) -> socket.socket:
        sock = socket.socket(fileno=descriptor)
        sock.settimeout(None)
        # The kernel's timeouts. Python's would be the same for receiving and sending,
        # and cost a poll before each recv.
        for option, seconds in (
            (socket.SO_RCVTIMEO, patience),
            (socket.SO_SNDTIMEO, send_timeout),
        ):
            limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
            sock.setsockopt(socket.SOL_SOCKET, option, limit)
        return sock

    def send(
        self, sock: socket.socket, data: bytes | memoryview, timeout: float
    ) -> None:
        if sock.send(data) < len(data):  # the kernel's timeout is over
            raise TimeoutError("the peer does not read")

    def send_at_once(self, sock: socket.socket, data: bytes) -> bool:
        try:
            return _whole(sock.send(data, socket.MSG_DONTWAIT), data)
        except BlockingIOError:
            return False

    def poll(self) -> Any:
        return select.poll()

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        turns = self._turns
        turns.leave()
        try:
            data = sock.recv(min(size, _MUCH))
        except BlockingIOError:
            return None
        if not data:  # the end, of which there may be hundreds at once
            turns.pace()
        elif len(data) == _MUCH < size:  # who waits for a turn has not read the rest
            turns.pace()
            data += _what_is_there(sock, size - _MUCH)
        return data

    def wait_readable(self, sock: socket.socket, timeout: float) -> bool:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout) * 1000))


class GreenletLock:
    """`gevent.lock.BoundedSemaphore` with the signature of `threading.Lock`."""

    def __init__(self) -> None:
        self._semaphore = gevent.lock.BoundedSemaphore()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        wait = None if timeout < 0 else timeout
        return bool(self._semaphore.acquire(blocking, wait))

    def release(self) -> None:
        self._semaphore.release()


class Greenlets:
    """Greenlets of the current gevent hub and gevent's sockets."""

    name = "greenlets"

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        # Nobody joins this greenlet. A raw one costs half as much as a `Greenlet`.
        gevent.spawn_raw(function, *args)

    def lock(self) -> Lock:
        return GreenletLock()

    def event(self) -> Any:
        return gevent.event.Event()

    def now(self) -> float:
        return time.monotonic()

    def seat(self) -> Seat:
        return GreenletSeat()

    def let_others(self) -> None:
        let_others()

    def pace(self) -> None:
        pace_small_steps()

    def adopt(
        self, descriptor: int, *, patience: float, send_timeout: float
    ) -> socket.socket:
        sock: socket.socket = gevent.socket.socket(fileno=descriptor)
        sock.settimeout(None)
        return sock

    def send(self, sock: Any, data: bytes | memoryview, timeout: float) -> None:
        pace_small_steps()
        rest = memoryview(data)[_send_some(sock, data) :]
        if not rest:
            return
        deadline = time.monotonic() + timeout
        while rest:
            if not _wait(sock, WRITE, deadline - time.monotonic()):
                raise TimeoutError("the peer does not read")
            rest = rest[_send_some(sock, rest) :]

    def send_at_once(self, sock: Any, data: bytes) -> bool:
        try:
            return _whole(sock.send(data, 0, 0.0), data)
        except BlockingIOError:
            return False

    def poll(self) -> Any:
        return gevent.select.poll()

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        pace()
        if not patience:
            return sock.recv(size)
        expired = gevent.Timeout.start_new(patience)
        try:
            return sock.recv(size)
        except gevent.Timeout as error:
            if error is not expired:
                raise
            return None
        finally:
            expired.close()

    def wait_readable(self, sock: socket.socket, timeout: float) -> bool:
        return _wait(sock, READ, timeout)


def _what_is_there(sock: socket.socket, size: int) -> bytes:
    """Read up to *size* bytes from *sock*, a blocking one, without waiting."""
    try:
        return sock.recv(size, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def _whole(sent: int, data: bytes) -> bool:
    if sent < len(data):
        raise TimeoutError("the peer took a part of a frame only")
    return True


def _send_some(sock: Any, data: bytes | memoryview) -> int:
    """Send through gevent's *sock* what the kernel takes at once."""
    try:
        return int(sock.send(data, 0, 0.0))  # 0.0: gevent does not wait
    except BlockingIOError:
        return 0


def _wait(sock: socket.socket, event: int, timeout: float) -> bool:
    """Have the greenlet wait for *event*; False after *timeout* seconds."""
    hub = gevent.get_hub()
    watcher = hub.loop.io(sock.fileno(), event)
    expired = gevent.Timeout.start_new(max(0.0, timeout))
    try:
        hub.wait(watcher)
    except gevent.Timeout as error:
        if error is not expired:
            raise
        return False
    finally:
        expired.close()
        watcher.close()
    return True


THREADS = Threads()
GREENLETS = Greenlets()


def concurrency_of(sock: object) -> Concurrency:
    """How to run code for a connection that its server accepted as *sock*."""
    return GREENLETS if isinstance(sock, gevent.socket.socket) else THREADS


def in_greenlet() -> bool:
    """Whether the calling code runs in a greenlet, whose hub must not be blocked.

    The code of a thread, also of the main thread, does not.
    """
    try:
        return gevent.getcurrent().parent is not None
    except SystemError:  # uWSGI ends Python in a thread that has no greenlets any more
        return False


def is_patched() -> bool:
    """Whether gevent has replaced the standard library's blocking calls."""
    return bool(gevent.monkey.is_module_patched("socket"))
