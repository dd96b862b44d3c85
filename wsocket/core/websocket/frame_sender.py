"""The sending half of a blocking websocket: one frame after the other."""

from __future__ import annotations

import contextlib
import socket
from collections import deque

from wsocket.core.concurrency.kinds import Lock
from wsocket.core.net.outbox import Frame
from wsocket.core.websocket.frames import Close, Ping
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import ProtocolError, WebSocketClosed


class FrameSender:
    """Sends the frames of one websocket for several threads or greenlets.

    Who sends holds `lock`, and gives it back by `release`. Compression is stateful, so
    a message is encoded while the lock is held under which it is written.

    A pong does not wait for the lock: the thread that sends may wait until the peer
    reads, and the peer until we read. So whoever holds the lock sends the pong when it
    releases the lock.

    Attributes:
        lock: Held by the thread or greenlet that sends.
    """

    __slots__ = ("_due_pong", "_protocol", "_sock", "lock")

    def __init__(
        self, sock: socket.socket, protocol: WebSocketProtocol, *, lock: Lock
    ) -> None:
        self._sock = sock
        self._protocol = protocol
        self.lock = lock
        # Only the last ping must be answered (RFC 6455 section 5.5.3).
        self._due_pong: deque[Ping] = deque(maxlen=1)

    def release(self) -> None:
        """Let others send, after the pong that is due."""
        self.lock.release()
        if self._due_pong:
            self._send_due_pong()

    def write(self, frame: Frame) -> None:
        """Send a frame; the caller holds the lock.

        Raises:
            WebSocketClosed: The connection is lost.
        """
        try:
            for part in (frame,) if isinstance(frame, bytes) else frame:
                self._sock.sendall(part)
        except OSError:
            self.drop()
            raise self._protocol.closed_error() from None

    def answer(self, event: Ping | Close | ProtocolError) -> None:
        """Send what *event* demands, if anything; the caller holds the lock."""
        frame = self._protocol.answer(event)
        if frame:
            # If the connection is lost, the next step of the caller finds that out.
            with contextlib.suppress(WebSocketClosed):
                self.write(frame)

    def pong(self, ping: Ping) -> None:
        """Answer *ping* now, or have the thread that sends just now answer it."""
        self._due_pong.append(ping)
        self._send_due_pong()

    def ping_unless_busy(self) -> None:
        """Send a ping, unless somebody sends, who will notice if the peer is lost."""
        if self.lock.acquire(blocking=False):
            try:
                with contextlib.suppress(WebSocketClosed):
                    self.write(self._protocol.ping())
            finally:
                self.release()

    def drop(self) -> None:
        """The TCP connection is lost, or no longer wanted: end it."""
        self._protocol.lost()
        self.shut_down()

    def shut_down(self) -> None:
        """End the TCP connection; wakes up who is blocked in recv or send."""
        with contextlib.suppress(OSError):  # not connected any more
            self._sock.shutdown(socket.SHUT_RDWR)

    def _send_due_pong(self) -> None:
        while self._due_pong and self.lock.acquire(blocking=False):
            try:
                while self._due_pong:
                    self.answer(self._due_pong.popleft())
            finally:
                self.lock.release()
