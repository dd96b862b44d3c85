"""Noticing that the client of a request is gone, while the request still waits.

The socket belongs to the server, which reads and closes it. It is only looked at."""

from __future__ import annotations

import select
from collections.abc import Callable

from wsocket.core.net.loop import READABLE, Loop, Timer, Watcher
from wsocket.core.net.sockets import happens

# Linux says when a peer has closed its side. Other systems say POLLHUP for that.
_GONE = (
    getattr(select, "POLLHUP", 0)
    | getattr(select, "POLLERR", 0)
    | getattr(select, "POLLNVAL", 0)
    | getattr(select, "POLLRDHUP", 0)
)

# Seconds between two looks at a socket that has unread bytes: it is always readable.
_INTERVAL = 1.0


def is_gone(descriptor: int) -> bool:
    """Whether the peer of a socket has closed its side, or the connection is broken.

    Bytes that nobody has read do not hide this. False where the system cannot tell.
    """
    return bool(_GONE) and happens(descriptor, _GONE)


class PeerWatch:
    """Calls back once when a peer is gone; on the loop.

    Args:
        descriptor: A connected socket. It must stay open until `close`.
    """

    __slots__ = ("_descriptor", "_gone", "_loop", "_timer", "_watcher")

    def __init__(self, loop: Loop, descriptor: int, gone: Callable[[], object]) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._gone = gone
        self._timer: Timer | None = None
        self._watcher: Watcher | None = loop.watch(descriptor, READABLE, self._look)

    @property
    def is_gone(self) -> bool:
        """Whether the peer is gone, even if the loop has not noticed yet."""
        return is_gone(self._descriptor)

    def close(self) -> None:
        """Do not call back any more."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.close()
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look(self) -> None:
        self.close()
        if is_gone(self._descriptor):
            self._gone()
        else:
            self._timer = self._loop.call_later(_INTERVAL, self._look)
