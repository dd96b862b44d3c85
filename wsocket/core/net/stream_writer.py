"""What is written to a connection: gathered, sent once a turn, and never too much.

The loop says when to send (`Loop.flush_later`). What the kernel does not take at once
waits in a bounded `Outbox`, which is weighed already while the turn goes on."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from wsocket.core.budget import Budget
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import WRITABLE, Loop, LoopReader, Watcher
from wsocket.core.net.memory import Memory
from wsocket.core.net.outbox import Frame, Outbox
from wsocket.core.net.socket_io import send
from wsocket.log import logger

SEND_SIZE: Final = 262144  # bytes of waiting frames that are joined for one send

# Compiled code looks up an imported name in a dict each time, but not a `Final` one.
_send: Final = send


class StreamWriter(LoopReader):
    """The sending half of a connection on the loop.

    Args:
        memory: What waits here is charged to it.

    Attributes:
        backlog: How many bytes wait here: for the peer, or for the rest of a message.
        dropped: How many frames were dropped because the peer is too slow.
        gathered: Bytes of a message that has come in part; the receiving half sets it.
        heard: Whether anything came from the peer since this was last set to False.
        waiting: Bytes that messages take which wait to be handled; see `gathered`.
    """

    __slots__ = (
        "_has_parts",
        "_last_written",
        "_limit",
        "_limits",
        "_loop",
        "_memory",
        "_outbox",
        "_reader",
        "_room",
        "_sending_closed",
        "_sock",
        "_writer",
        "_written",
        "backlog",
        "dropped",
        "gathered",
        "heard",
        "waiting",
    )

    def __init__(
        self, loop: Loop, sock: socket.socket, *, limits: Limits, memory: Memory
    ) -> None:
        super().__init__()
        sock.setblocking(False)
        self._loop = loop
        self._sock = sock
        self._limits = limits
        self._limit = limits.outbox_bytes
        self._memory = memory
        self._written: list[bytes | memoryview] = []  # in this turn
        self._has_parts = False  # parts of large frames are among them
        self._room = self._limit  # how much more may be written in this turn
        self._outbox: Outbox | None = None  # while the kernel does not take more
        self._reader: Watcher | None = None  # while the connection exists
        self._writer: Watcher | None = None
        self._last_written = False  # what is written from now on is ignored
        self._sending_closed = False  # our direction ends after what is queued
        self.backlog = 0
        self.gathered = 0
        self.waiting = 0
        self.dropped = 0
        self.heard = True

    @property
    def most(self) -> int:
        """How many bytes may wait here for the peer."""
        return self._limit

    def new_budget(self) -> Budget:
        """A budget for what is kept because of a session on this connection."""
        return self._memory.part(self._limits.session_bytes)

    def drop(self) -> None:
        """End the connection at once; later calls do nothing."""
        raise NotImplementedError

    def write(self, frame: Frame) -> None:
        """Queue *frame*; the loop sends it, at the end of the turn at the latest.

        After `begin_close` or `close_sending` nothing may follow, and *frame* is
        ignored.
        """
        if self._last_written:
            return
        self._loop.send_queue.writes += 1
        written = self._written
        if not written:
            self._loop.flush_later(self)
        if isinstance(frame, bytes):
            written.append(frame)
            self._room -= len(frame)
        else:
            written.extend(frame)
            self._has_parts = True
            for part in frame:
                self._room -= len(part)
        if self._room < 0:
            self._put_aside()

    def flush(self) -> None:
        """Send what was written in this turn; the loop calls this."""
        frames, self._written = self._written, []
        if self._reader is None or not frames:
            return
        self._room = self._limit
        if self._outbox is not None:
            self._outbox.extend(frames)
            self._enforce_limits(self._outbox)
        elif self._has_parts:
            self._send_parts(frames)
        else:
            self._send(frames[0] if len(frames) == 1 else b"".join(frames), frames)

    def _put_aside(self) -> None:
        """More was written in one turn than may wait: do not wait for its end."""
        if self._outbox is None and self._reader is not None:
            self._has_parts = False
            self._stall(self._new_outbox())
        self.flush()  # into the outbox

    def _send(
        self, data: bytes | memoryview, frames: Sequence[bytes | memoryview]
    ) -> None:
        """Send *data*, which is *frames* joined."""
        try:
            sent = _send(self._sock, data)
        except OSError:
            self.drop()
            return
        if sent < len(data):
            outbox = self._new_outbox()
            outbox.put_back(frames, sent)
            self._stall(outbox)
        elif self._sending_closed:
            self._shut_down()

    def _send_parts(self, frames: Sequence[bytes | memoryview]) -> None:
        """Send frames of which some are too large to be joined with others."""
        self._has_parts = False
        outbox = self._new_outbox()
        outbox.extend(frames)
        try:
            while outbox and self._send_portion(outbox):
                pass
        except OSError:
            self.drop()
            return
        if outbox:
            self._stall(outbox)
        elif self._sending_closed:
            self._shut_down()

    def _new_outbox(self) -> Outbox:
        limits = self._limits
        return Outbox(messages=limits.outbox_messages, size=limits.outbox_bytes)

    def _stall(self, outbox: Outbox) -> None:
        """The kernel's buffer is full: keep the rest until it takes more."""
        self._outbox = outbox
        self._writer = self._loop.watch(self._sock.fileno(), WRITABLE, self._writable)
        self._enforce_limits(outbox)

    def _enforce_limits(self, outbox: Outbox) -> None:
        """Drop the oldest events; if that is not enough, drop the connection."""
        dropped = outbox.drop_oldest()
        self.dropped += dropped
        self._memory.too_slow += dropped
        self._room = self._limit - outbox.size
        self._weigh()
        if not outbox.fits:
            logger.warning("dropping a connection that does not read: %s", outbox)
            # Not now: somebody may be writing to many connections.
            self._last_written = True
            self._loop.call_soon(self.drop)

    def _weigh(self) -> None:
        """Charge what waits here."""
        backlog = self.gathered + self.waiting
        if self._outbox is not None:
            backlog += self._outbox.size
        before, self.backlog = self.backlog, backlog
        self._memory.weigh(self, before, backlog)

    def shed(self) -> None:
        """Give up half of what waits here: events, or the connection."""
        before = self.backlog
        outbox = self._outbox
        if outbox is not None:
            dropped = outbox.shrink(before // 2)
            self.dropped += dropped
            self._memory.shed += dropped
            self._weigh()
        if self.backlog > before // 2:
            logger.warning("dropping a connection that keeps %d bytes waiting", before)
            self.drop()

    def _writable(self) -> None:
        try:
            self._resume()
        except Exception:
            logger.exception("sending to a connection failed; it is dropped")
            self.drop()

    def _resume(self) -> None:
        """The kernel takes more."""
        outbox, writer = self._outbox, self._writer
        if outbox is None or writer is None:
            return
        try:
            # It is empty if the oldest that waited was an event, and too large to wait.
            sent = self._send_portion(outbox) if outbox else 0
        except OSError:
            self.drop()
            return
        if sent:
            self.heard = True  # the peer reads, even if slowly
            self._room += sent
        if not outbox:
            self._outbox = self._writer = None
            writer.close()
        self._weigh()
        if not outbox and self._sending_closed and not self._written:
            self._shut_down()

    def _send_portion(self, outbox: Outbox) -> int:
        """Send what has waited longest; return how many bytes the kernel took.

        Raises:
            OSError: The connection is broken.
        """
        frames = outbox.take(SEND_SIZE)
        # A large frame is sent from where it is. To copy the rest of it each time would
        # be quadratic.
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        sent = _send(self._sock, data)
        if sent < len(data):
            outbox.put_back(frames, sent)
        return sent

    def _shut_down(self) -> None:
        """End our direction, and read until the peer ends its own.

        If the socket were closed while bytes of the peer are unread, the connection
        would be reset, and the reset could overtake our last frame."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop()
