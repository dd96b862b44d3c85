"""How user code runs and waits: in threads, or in greenlets.

The accepted socket decides (`concurrency_of`), not a setting: a gevent server hands out
gevent sockets, every other server hands out ordinary ones. The same blocking code then
works on both, because it takes its locks, its spawning and its waiting from here."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Protocol

import gevent
import gevent.lock
import gevent.monkey
import gevent.socket

# What user code may raise. gevent's Timeout is no Exception, so that handlers do not
# swallow it by accident, but one that nobody caught is an error like any other.
FAILURES = (Exception, gevent.Timeout)

# Constants survive monkey patching: READ on a gevent loop watcher.
READ = 1


class Lock(Protocol):
    """What both kinds of lock offer."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


class Concurrency(Protocol):
    """One way to run blocking code."""

    name: str

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)`` beside the caller; it must not raise."""

    def lock(self) -> Lock:
        """A lock that blocks only the thread or greenlet that waits for it."""

    def adopt(self, descriptor: int, *, patience: float) -> socket.socket:
        """Wrap the file *descriptor* of a connected socket, in blocking mode.

        Args:
            patience: Seconds for which `receive` waits; 0 for ever.
        """

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        """Read up to *size* bytes; None when none came for *patience* seconds."""

    def wait_readable(self, sock: socket.socket, timeout: float) -> bool:
        """Wait until *sock* has bytes or is closed; False after *timeout* seconds."""


class Threads:
    """Ordinary threads and ordinary sockets."""

    name = "threads"

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        thread = threading.Thread(
            target=function, args=args, name=f"wsocket-{function.__name__}", daemon=True
        )
        thread.start()

    def lock(self) -> Lock:
        return threading.Lock()

    def adopt(self, descriptor: int, *, patience: float) -> socket.socket:
        sock = socket.socket(fileno=descriptor)
        sock.settimeout(None)
        # The kernel's own limit: Python's would hold for sending too, and cost a poll
        # before each recv.
        limit = struct.pack("ll", int(patience), int(patience % 1 * 1e6))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        return sock

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
        try:
            return sock.recv(size)
        except BlockingIOError:
            return None

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
        # A raw greenlet costs half of a Greenlet object and nobody joins this one.
        gevent.spawn_raw(function, *args)

    def lock(self) -> Lock:
        return GreenletLock()

    def adopt(self, descriptor: int, *, patience: float) -> socket.socket:
        sock: socket.socket = gevent.socket.socket(fileno=descriptor)
        sock.settimeout(None)
        return sock

    def receive(self, sock: socket.socket, size: int, patience: float) -> bytes | None:
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
        hub = gevent.get_hub()
        watcher = hub.loop.io(sock.fileno(), READ)
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


def concurrency_of(sock: socket.socket) -> Concurrency:
    """The way to run code for a connection that its server accepted as *sock*."""
    return GREENLETS if isinstance(sock, gevent.socket.socket) else THREADS


def in_greenlet() -> bool:
    """Whether the calling code is a greenlet's: a hub runs it, and must not be blocked.

    The code of a thread, the main one included, is not.
    """
    return gevent.getcurrent().parent is not None


def is_patched() -> bool:
    """Whether gevent has replaced the standard library's blocking calls."""
    return bool(gevent.monkey.is_module_patched("socket"))
