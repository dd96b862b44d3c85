"""The sending half of a blocking websocket: one frame after the other."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable

from wsocket.core.budget import STEP
from wsocket.core.concurrency.kinds import NO_ROOM, Concurrency
from wsocket.core.net.outbox import Frame
from wsocket.core.net.socket_io import send
from wsocket.core.websocket.events import Ping
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import WebSocketClosed

# Most bytes in one send, which may take `send_timeout`. So a slow peer must read this
# much in that time.
SEND_SIZE = 64 * 1024

# Characters or bytes of a message from which on `prepare` is worth its cost.
WORTH_TELLING = 4096

# Bytes of a message from which on there has to be room before its frame is made.
_LARGE = 64 * 1024


class FrameSender:
    """Sends the frames of one websocket for several threads or greenlets.

    Who sends holds `lock`, and gives it back by `release`. Compression is stateful, so
    a message is encoded while the lock is held under which it is written.

    A pong or a Close does not wait for the lock: the thread that sends may wait until
    the peer reads, and the peer until we read. So whoever holds the lock sends what is
    due when it releases the lock.

    Args:
        timeout: Seconds that the peer has to take `SEND_SIZE` bytes.
        keeps: Told how many bytes are kept for the peer; may have to wait.

    Attributes:
        lock: Held by the thread or greenlet that sends.
    """

    __slots__ = (
        "_concurrency",
        "_due",
        "_keeps",
        "_last",
        "_prepared",
        "_protocol",
        "_sock",
        "_timeout",
        "_told",
        "lock",
    )

    def __init__(
        self,
        sock: socket.socket,
        protocol: WebSocketProtocol,
        *,
        concurrency: Concurrency,
        timeout: float,
        keeps: Callable[[int], bool] | None = None,
    ) -> None:
        self._sock = sock
        self._protocol = protocol
        self._concurrency = concurrency
        self._timeout = timeout
        self._keeps = keeps
        self._prepared = 0  # bytes of the message that is being sent
        self._told = 0
        self.lock = concurrency.lock()
        # Only the last ping must be answered (RFC 6455 section 5.5.3), and nothing
        # follows a Close. So one frame is due at most.
        self._due: deque[bytes] = deque(maxlen=1)
        self._last = False  # our direction ends after what is due

    def prepare(self, size: int) -> None:
        """A message that takes *size* bytes is to be sent; the caller holds the lock.

        A large one waits here until there is room for it, and for its frame. Of others
        only what the kernel does not take at once is worth to be told.
        """
        self._prepared = self._told = size
        if size >= _LARGE:
            self._keep(2 * size)

    def release(self) -> None:
        """Let others send, after the frame that is due."""
        if self._told:
            self._prepared = 0
            self._keep(0)
        self.lock.release()
        if self._due:
            self._send_due()

    def send(self, encode: Callable[[], Frame]) -> None:
        """Send the frame that *encode* makes, when it is its turn.

        Raises:
            WebSocketClosed: The connection is lost, or *encode* says that it is closed.
        """
        self.lock.acquire()
        try:
            self.write(encode())
        finally:
            self.release()

    def write(self, frame: Frame) -> None:
        """Send a frame; the caller holds the lock.

        Raises:
            WebSocketClosed: The connection is lost, or the peer does not read.
        """
        try:
            if isinstance(frame, bytes) and len(frame) < STEP:
                self._concurrency.send(self._sock, frame, self._timeout)
                return
            for part in (frame,) if isinstance(frame, bytes) else frame:
                self._send_large(memoryview(part))
        except OSError:
            self.drop()
            raise self._protocol.closed_error() from None

    def pong(self, ping: Ping) -> None:
        """Answer *ping* now, or have the thread that sends just now answer it."""
        frame = self._protocol.answer(ping)
        if frame:
            self._due.append(frame)
            self._send_due()

    def ping_unless_busy(self) -> None:
        """Send a ping, unless somebody sends, who will notice if the peer is lost."""
        if self.lock.acquire(blocking=False):
            try:
                with contextlib.suppress(WebSocketClosed):
                    self.write(self._protocol.ping())
            finally:
                self.release()

    def close(self, frame: bytes) -> None:
        """Send our Close *frame*, without waiting; from any thread."""
        self._due.append(frame)
        self._send_at_once()

    def end(self, frame: bytes) -> None:
        """Send the last *frame*, if it is one, and end our direction; without waiting.

        The peer still ends its own. If the socket were closed while bytes are unread,
        the connection would be reset, and the reset could overtake our Close frame.
        """
        self._last = True
        self._due.append(frame)
        self._send_at_once()

    def drop(self) -> None:
        """The TCP connection is lost, or no longer wanted: end it."""
        self._protocol.lost()
        self.shut_down()

    def shut_down(self) -> None:
        """End the TCP connection; wakes up who is blocked in recv or send."""
        with contextlib.suppress(OSError):  # not connected any more
            self._sock.shutdown(socket.SHUT_RDWR)

    def _send_large(self, data: memoryview) -> None:
        """Send what the kernel takes at once; tell of the rest, and send that, too."""
        self._concurrency.pace()
        sent = taken = send(self._sock, data[:SEND_SIZE])
        while taken and sent < len(data):
            self._concurrency.pace()
            taken = send(self._sock, data[sent : sent + SEND_SIZE])
            sent += taken
        if sent < len(data):
            self._keep(self._prepared + len(data))
            for start in range(sent, len(data), SEND_SIZE):
                portion = data[start : start + SEND_SIZE]
                self._concurrency.send(self._sock, portion, self._timeout)

    def _keep(self, size: int) -> None:
        self._told = size
        if self._keeps is not None:
            self._keeps(size)

    def _send_due(self) -> None:
        """Send what is due, unless somebody sends, who will do it."""
        while self._due and self.lock.acquire(blocking=False):
            try:
                while self._due:
                    # If the connection is lost, the next step finds that out.
                    with contextlib.suppress(WebSocketClosed):
                        self.write(self._due.popleft())
                self._end_direction()
            finally:
                self.lock.release()

    def _send_at_once(self) -> None:
        """Send what is due; if the kernel's buffer is full, somebody else waits."""
        if not self.lock.acquire(blocking=False):
            return  # whoever holds it sends what is due
        try:
            full = not self._try_due()
        finally:
            self.lock.release()
        if full:
            try:
                self._concurrency.spawn(self._send_due)
            except NO_ROOM:
                self.drop()

    def _try_due(self) -> bool:
        """Send what is due, if the kernel takes it; the caller holds the lock."""
        while self._due:
            frame = self._due.popleft()
            try:
                taken = self._concurrency.send_at_once(self._sock, frame)
            except OSError:
                self.drop()
                return True
            if not taken:
                self._due.appendleft(frame)
                return False
        self._end_direction()
        return True

    def _end_direction(self) -> None:
        if self._last:
            with contextlib.suppress(OSError):  # not connected any more
                self._sock.shutdown(socket.SHUT_WR)
