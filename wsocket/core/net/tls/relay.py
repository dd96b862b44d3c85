"""One end of a relay: a socket on the loop that is read only while somebody wants it.

A relay has two ends and passes bytes from each to the other. It stops reading one end
while the other still has bytes to send, so what waits needs no limit. That, and sending
at once, is why an end is no `wsocket.core.net.stream.Stream`
(docs/decisions/029-relay-ends.md)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from functools import partial

from wsocket.core.net.loop import READABLE, WRITABLE, Loop, Watcher
from wsocket.core.net.socket_io import receive, send
from wsocket.core.net.sockets import reset_on_close, untaken

Step = Callable[[], object]


class RelayEnd:
    """A connected socket; every method runs on the loop's thread.

    Args:
        run: Runs each step that the loop starts; it must not raise.
        readable: The step to run when there is something to `receive`.

    Attributes:
        unsent: What the kernel has not taken yet.
        sent_at: When it last took something, or the end of our direction, by the loop's
            clock.
        peer_ended: Whether nothing more will come.
        sending_closed: Whether our direction has ended.
        lost: Whether the connection broke; what is written is ignored from then on.
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
        self._last_written = False  # our direction ends after what is unsent
        self.unsent: bytes | memoryview = b""
        self.sent_at = 0.0
        self.peer_ended = False
        self.sending_closed = False
        self.lost = False

    @property
    def over(self) -> bool:
        """Whether both directions have ended."""
        return self.peer_ended and self.sending_closed

    def listen(self, *, wanted: bool) -> None:
        """Say whether to run `readable` when something came."""
        if not wanted or self.peer_ended:
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
        self.peer_ended = data == b""
        return data

    def write(self, data: bytes) -> None:
        """Send *data*, after what is unsent; nothing after `close_sending`."""
        if data and not (self.lost or self._last_written):
            self.unsent = b"".join((self.unsent, data)) if self.unsent else data
            self._flush()

    def close_sending(self) -> None:
        """End our direction, after what is unsent."""
        self._last_written = True
        self._flush()

    def is_peer_gone(self) -> bool:
        """Whether nobody reads at the other end of this socket pair any more.

        The loop has no event for that, but the result of sending nothing tells.
        """
        try:
            self._sock.send(b"")
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def untaken(self) -> int:
        """How many bytes our kernel keeps until the peer takes them; any thread."""
        return untaken(self._sock)

    def abort(self) -> None:
        """Reset the TCP connection: the peer gets an error, not the end of a stream."""
        with contextlib.suppress(OSError):  # it has ended by itself
            reset_on_close(self._sock)
        self.drop()

    def drop(self) -> None:
        """Close the socket; later calls do nothing."""
        self._stop_reading()
        self._stop_writing()
        self.unsent = b""
        self.peer_ended = self.sending_closed = self.lost = True
        self._sock.close()

    def _watch(self, events: int, step: Step) -> Watcher:
        return self._loop.watch(self._sock.fileno(), events, partial(self._run, step))

    def _flush(self) -> None:
        """Send what the kernel takes, and end our direction if it is time to."""
        try:
            if self.unsent:
                self._send_unsent()
            if self._last_written and not self.unsent and not self.sending_closed:
                self.sending_closed = True
                self.sent_at = self._loop.now()
                self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.lost = self.sending_closed = True
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
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _stop_writing(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
