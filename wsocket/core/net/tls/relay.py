"""One end of a relay: a socket on the loop that is read only while that is wanted, and
that keeps what the kernel does not take yet.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from functools import partial

from wsocket.core.net.loop import READABLE, WRITABLE, Loop, Watcher
from wsocket.core.net.socket_io import receive, send

Step = Callable[[], object]


class RelayEnd:
    """A connected socket; every method runs on the loop's thread.

    Args:
        run: Runs each step that the loop starts; it must not raise.
        readable: The step to run when there is something to `receive`.

    Attributes:
        unsent: What the kernel did not take yet.
        sent_at: When it last took something, or our end of the stream, by the loop's
            clock.
        ended: Whether nothing more will come.
        finished: Whether our own end of the stream has been sent.
        lost: Whether the connection broke; what is sent is thrown away from then on.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        *,
        run: Callable[[Step], None],
        readable: Step,
    ) -> None:
        sock.setblocking(False)
        self._loop = loop
        self._sock = sock
        self._run = run
        self._on_readable = readable
        self._reader: Watcher | None = None
        self._writer: Watcher | None = None
        self._finishing = False
        self.unsent: bytes | memoryview = b""
        self.sent_at = 0.0
        self.ended = False
        self.finished = False
        self.lost = False

    @property
    def over(self) -> bool:
        """Whether both directions have ended."""
        return self.ended and self.finished

    def listen(self, *, wanted: bool) -> None:
        """Say whether to run `readable` when something came."""
        wanted = wanted and not self.ended
        if not wanted:
            self._stop_reading()
        elif self._reader is None:
            self._reader = self._watch(READABLE, self._on_readable)

    def receive(self) -> bytes | None:
        """What came; ``b""`` at the end of the stream, None for nothing yet."""
        try:
            data = receive(self._sock)
        except OSError:
            self.lost = True
            data = b""
        self.ended = data == b""
        return data

    def send(self, data: bytes) -> None:
        """Send *data*, after what is unsent; nothing after `finish`."""
        if data and not (self.lost or self._finishing):
            self.unsent = b"".join((self.unsent, data)) if self.unsent else data
            self._flush()

    def finish(self) -> None:
        """Send our end of the stream, after what is unsent."""
        self._finishing = True
        self._flush()

    def is_deserted(self) -> bool:
        """Whether nobody reads at the other end of this socket pair any more.

        The loop has no event for that, but sending nothing tells.
        """
        try:
            self._sock.send(b"")
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def reset(self) -> None:
        """Close so that it is an error for the peer, not the end of a stream."""
        no_time = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):  # it ended by itself
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
        self.close()

    def close(self) -> None:
        """Close the socket; later calls do nothing."""
        self._stop_reading()
        self._stop_writing()
        self.unsent = b""
        self.ended = self.finished = self.lost = True
        self._sock.close()

    def _watch(self, events: int, step: Step) -> Watcher:
        return self._loop.watch(self._sock.fileno(), events, partial(self._run, step))

    def _flush(self) -> None:
        """Send what the kernel takes, and the end of the stream if it is due."""
        try:
            if self.unsent:
                self._send_unsent()
            if self._finishing and not self.unsent and not self.finished:
                self.finished = True
                self.sent_at = self._loop.now()
                self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.lost = self.finished = True
            self.unsent = b""
        if not self.unsent:
            self._stop_writing()
        elif self._writer is None:
            self._writer = self._watch(WRITABLE, self._flush)

    def _send_unsent(self) -> None:
        sent = send(self._sock, self.unsent)
        if sent:
            self.sent_at = self._loop.now()
            rest = memoryview(self.unsent)[sent:]
            self.unsent = rest if rest else b""

    def _stop_reading(self) -> None:
        watcher, self._reader = self._reader, None
        if watcher is not None:
            watcher.stop()
            watcher.close()

    def _stop_writing(self) -> None:
        watcher, self._writer = self._writer, None
        if watcher is not None:
            watcher.stop()
            watcher.close()
