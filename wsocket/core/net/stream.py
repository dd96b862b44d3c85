"""A connection driven by the I/O loop: bytes in by callback, few sends out.

`Stream` reads when bytes are there and gathers what is written meanwhile; the loop says
when to send it (`Loop.flush_later`, `Loop.may_send`). What the kernel does not take at
once waits in a bounded outbox. What the bytes mean is for the subclass: a websocket
(`wsocket.core.websocket.on_loop`), or another framing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import READABLE, WRITABLE, Loop, Timer, Watcher
from wsocket.core.net.outbox import Backlog, Frame
from wsocket.core.net.socket_io import receive, send
from wsocket.log import logger

SEND_SIZE: Final = 262144  # bytes of waiting frames joined for one send

# What is imported is looked up in a dict each time, even by compiled code.
_receive: Final = receive
_send: Final = send


class Stream:
    """One TCP or Unix connection on the loop.

    Every method runs on the loop's thread.

    Args:
        on_end: Called with the stream when the connection is over.

    Attributes:
        dropped: How many frames its outbox had to drop.
        heard: Whether the peer gave a sign of life since this was last set to False.
    """

    __slots__ = (
        "_backlog",
        "_bulky",
        "_closer",
        "_finishing",
        "_limits",
        "_loop",
        "_on_end",
        "_outbox",
        "_reader",
        "_sealed",
        "_sock",
        "_writer",
        "dropped",
        "heard",
    )

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        *,
        limits: Limits,
        on_end: Callable[[Any], None] | None = None,
    ) -> None:
        sock.setblocking(False)
        self._loop = loop
        self._sock = sock
        self._limits = limits
        self._on_end = on_end
        self._outbox: list[bytes | memoryview] = []
        self._bulky = False  # the outbox has parts of large frames
        self._backlog: Backlog | None = None  # while the kernel does not take more
        self._reader: Watcher | None = None
        self._writer: Watcher | None = None
        self._closer: Timer | None = None
        self._sealed = False  # the last frame is queued
        self._finishing = False
        self.dropped = 0
        self.heard = True

    # For subclasses

    def received(self, data: bytes) -> None:
        """Bytes came; what this raises ends the connection."""
        raise NotImplementedError

    def fail(self) -> None:
        """Handling bytes has raised: say so to the peer, and end."""
        raise NotImplementedError

    def gone(self) -> None:
        """The connection is over; called once."""
        raise NotImplementedError

    def start(self, read_ahead: bytes = b"") -> None:
        """Start reading; *read_ahead* was read by the server already."""
        self._reader = self._loop.watch(self._sock.fileno(), READABLE, self._readable)
        if read_ahead:
            self._handle(read_ahead)

    @property
    def alive(self) -> bool:
        """Whether the connection is there."""
        return self._reader is not None

    @property
    def ending(self) -> bool:
        """Whether the connection is over, but for what is queued."""
        return self._finishing or self._reader is None

    # Writing

    def write(self, frame: Frame) -> None:
        """Queue *frame*, whole; it leaves when the loop says so.

        After `seal` nothing may follow, and what is written is ignored.
        """
        if self._sealed:
            return
        outbox = self._outbox
        if not outbox:
            if self._backlog is None and self._loop.may_send() and self._sent(frame):
                return
            self._loop.flush_later(self)
        if isinstance(frame, bytes):
            outbox.append(frame)
        else:
            outbox.extend(frame)
            self._bulky = True

    def _sent(self, frame: Frame) -> bool:
        """Send *frame* now, if the kernel takes it; it may take a part.

        Nothing else happens here, for whoever writes may be in the middle of something:
        that the connection is broken is found out by the next to send or read.
        """
        if not isinstance(frame, bytes):
            return False
        try:
            sent = _send(self._sock, frame)
        except OSError:
            return False
        if sent < len(frame):
            self._outbox.append(memoryview(frame)[sent:])
            self._loop.flush_later(self)
        return True

    def flush(self) -> None:
        """Send what was written in this turn; the loop calls this."""
        frames, self._outbox = self._outbox, []
        if self._reader is None or not frames:
            return
        if self._backlog is not None:
            self._backlog.extend(frames)
            self._enforce_limits(self._backlog)
        elif self._bulky:
            self._send_bulky(frames)
        else:
            self._send(frames[0] if len(frames) == 1 else b"".join(frames), frames)

    def _send(
        self, data: bytes | memoryview, frames: Sequence[bytes | memoryview]
    ) -> None:
        try:
            sent = _send(self._sock, data)
        except OSError:
            self._drop()
            return
        if sent < len(data):
            backlog = self._new_backlog()
            backlog.put_back(frames, sent)
            self._stall(backlog)
        elif self._finishing:
            self._shut_down()

    def _send_bulky(self, frames: Sequence[bytes | memoryview]) -> None:
        """Send frames of which some are too large to be joined with the others."""
        self._bulky = False
        backlog = self._new_backlog()
        backlog.extend(frames)
        try:
            while backlog and self._send_portion(backlog):
                pass
        except OSError:
            self._drop()
            return
        if backlog:
            self._stall(backlog)
        elif self._finishing:
            self._shut_down()

    def _new_backlog(self) -> Backlog:
        limits = self._limits
        return Backlog(messages=limits.outbox_messages, size=limits.outbox_bytes)

    def _stall(self, backlog: Backlog) -> None:
        """The kernel's buffer is full: keep the rest until it takes more."""
        self._backlog = backlog
        self._writer = self._loop.watch(self._sock.fileno(), WRITABLE, self._writable)
        self._enforce_limits(backlog)

    def _enforce_limits(self, backlog: Backlog) -> None:
        """Drop what may be dropped; if that is not enough, the connection."""
        self.dropped += backlog.shed()
        if not backlog.fits:
            logger.warning("closing a connection that does not read: %s", backlog)
            self._drop()

    def _writable(self) -> None:
        try:
            self._resume()
        except Exception:
            logger.exception("writing to a connection failed; it is closed")
            self._drop()

    def _resume(self) -> None:
        """The kernel takes more."""
        backlog, writer = self._backlog, self._writer
        if backlog is None or writer is None:
            return
        try:
            sent = self._send_portion(backlog)
        except OSError:
            self._drop()
            return
        if sent:
            self.heard = True  # it reads, be it slowly
        if not backlog:
            self._backlog = self._writer = None
            writer.stop()
            writer.close()
            if self._finishing and not self._outbox:
                self._shut_down()

    def _send_portion(self, backlog: Backlog) -> int:
        """Send what has waited longest; how many bytes the kernel took.

        Raises:
            OSError: The connection is gone.
        """
        frames = backlog.take(SEND_SIZE)
        # A large frame goes as it is: copying what is left of it each time would be
        # quadratic.
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        sent = _send(self._sock, data)
        if sent < len(data):
            backlog.put_back(frames, sent)
        return sent

    # Reading

    def _readable(self) -> None:
        self._loop.begin_reading()
        try:
            self._read()
        finally:
            self._loop.end_reading()

    def _read(self) -> None:
        try:
            data = _receive(self._sock)
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            self._drop()
        elif not self._finishing:
            self.heard = True
            self._handle(data)

    def _handle(self, data: bytes) -> None:
        try:
            self.received(data)
        except Exception:
            # Our bug; without this the hub would stop the watcher, and the peer would
            # hang.
            logger.exception("handling a message failed; its connection is closed")
            self.fail()

    # Closing

    def seal(self) -> None:
        """Nothing more will be written: the peer has `close_timeout` from now on."""
        self._sealed = True
        self._arm_closer()

    def finish(self) -> None:
        """Send what is queued, then our end of the stream, and wait for the peer's."""
        self._sealed = self._finishing = True
        self._arm_closer()
        if not self._outbox and self._backlog is None:
            self._shut_down()

    def abort(self) -> None:
        """Drop the connection now."""
        self._drop()

    def _arm_closer(self) -> None:
        if self._closer is None and self._reader is not None:
            self._closer = self._loop.call_later(self._limits.close_timeout, self._drop)

    def _shut_down(self) -> None:
        """End our direction and read until the peer ends its own.

        Closing at once would reset the connection while the peer's bytes are unread,
        and the reset could overtake our close frame."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop()

    def _drop(self) -> None:
        """The connection is over, whoever ended it."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        for watcher in (reader, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._writer = self._backlog = None
        self._outbox = []
        if self._closer is not None:
            self._closer.cancel()
        self._sock.close()
        self.gone()
        if self._on_end is not None:
            self._on_end(self)
