"""A connection that the I/O loop drives: bytes come by callback, few sends go out.

`Stream` reads when bytes are there, and gathers what is written meanwhile. The loop
says when to send it (`Loop.flush_later`). What the kernel does not take at once waits
in a bounded `Outbox`. A subclass knows what the bytes mean: a websocket
(`wsocket.core.websocket.on_loop`), or another framing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import READABLE, WRITABLE, Loop, LoopReader, Timer, Watcher
from wsocket.core.net.outbox import Frame, Outbox
from wsocket.core.net.socket_io import receive, send
from wsocket.log import logger

SEND_SIZE: Final = 262144  # bytes of waiting frames that are joined for one send

# Compiled code looks up an imported name in a dict each time, but not a `Final` one.
_receive: Final = receive
_send: Final = send


class Stream(LoopReader):
    """One TCP or Unix connection on the loop.

    Every method runs on the loop's thread.

    Args:
        on_end: Called with the stream when the connection is over.

    Attributes:
        dropped: How many frames were dropped because the peer is too slow.
        heard: Whether anything came from the peer since this was last set to False.
    """

    __slots__ = (
        "_closer",
        "_has_parts",
        "_last_written",
        "_limits",
        "_loop",
        "_on_end",
        "_outbox",
        "_reader",
        "_sending_closed",
        "_sock",
        "_writer",
        "_written",
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
        self._written: list[bytes | memoryview] = []  # in this turn
        self._has_parts = False  # parts of large frames are among them
        self._outbox: Outbox | None = None  # while the kernel does not take more
        self._reader: Watcher | None = None
        self._writer: Watcher | None = None
        self._closer: Timer | None = None
        self._last_written = False  # what is written from now on is ignored
        self._sending_closed = False  # our direction ends after what is queued
        self.dropped = 0
        self.heard = True

    # For subclasses

    def decode(self, data: bytes) -> list[Any]:
        """The events that *data* completes, in their order."""
        raise NotImplementedError

    def event_received(self, event: Any) -> None:
        """Handle one event of `decode`; an exception aborts the connection."""
        raise NotImplementedError

    def abort(self) -> None:
        """End the connection, and tell the peer that something went wrong here."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is over; called once."""
        raise NotImplementedError

    def start(self, read_ahead: bytes = b"") -> None:
        """Start reading; *read_ahead* was read by the server already."""
        self._reader = self._loop.watch(self._sock.fileno(), READABLE, self._readable)
        if read_ahead:
            self._data_received(read_ahead)

    @property
    def alive(self) -> bool:
        """Whether the connection exists."""
        return self._reader is not None

    @property
    def closing(self) -> bool:
        """Whether only what is queued is still sent, or nothing at all."""
        return self._sending_closed or self._reader is None

    @property
    def backlog(self) -> int:
        """How many bytes wait for a peer that does not read."""
        return 0 if self._outbox is None else self._outbox.size

    # Writing

    def write(self, frame: Frame) -> None:
        """Queue *frame*; the loop sends it, at the end of the turn at the latest.

        After `begin_close` or `close_sending` nothing may follow, and *frame* is
        ignored.
        """
        if self._last_written:
            return
        written = self._written
        if not written:
            self._loop.flush_later(self)
        if isinstance(frame, bytes):
            written.append(frame)
        else:
            written.extend(frame)
            self._has_parts = True

    def flush(self) -> None:
        """Send what was written in this turn; the loop calls this."""
        frames, self._written = self._written, []
        if self._reader is None or not frames:
            return
        if self._outbox is not None:
            self._outbox.extend(frames)
            self._enforce_limits(self._outbox)
        elif self._has_parts:
            self._send_parts(frames)
        else:
            self._send(frames[0] if len(frames) == 1 else b"".join(frames), frames)

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
        self.dropped += outbox.drop_oldest()
        if not outbox.fits:
            logger.warning("dropping a connection that does not read: %s", outbox)
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
            sent = self._send_portion(outbox)
        except OSError:
            self.drop()
            return
        if sent:
            self.heard = True  # the peer reads, even if slowly
        if not outbox:
            self._outbox = self._writer = None
            writer.close()
            if self._sending_closed and not self._written:
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

    # Reading

    def _readable(self) -> None:
        self._loop.run_reader(self)

    def read(self) -> None:
        """Read once, and handle what came; the loop calls this."""
        try:
            data = _receive(self._sock)
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            self.drop()
        elif not self._sending_closed:
            self.heard = True
            self._data_received(data)

    def _data_received(self, data: bytes) -> None:
        try:
            events = self.decode(data)
            half = len(events) // 2
            for number, event in enumerate(events):
                if number == half:
                    self._loop.flush_early(number)
                self.event_received(event)
        except Exception:
            # Our bug. The hub would stop the watcher, and the peer would wait forever.
            logger.exception("handling a message failed; its connection is closed")
            self.abort()

    # Ends

    def begin_close(self) -> None:
        """The last frame is queued: the peer has `close_timeout` to end the connection.

        What it sends is still handled.
        """
        self._last_written = True
        self._start_closer()

    def close_sending(self) -> None:
        """Send what is queued, end our direction, and wait for the peer to end its own.

        What it sends is ignored from now on.
        """
        self._last_written = self._sending_closed = True
        self._start_closer()
        if not self._written and self._outbox is None:
            self._shut_down()

    def drop(self) -> None:
        """End the connection at once; later calls do nothing."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        reader.close()
        if self._writer is not None:
            self._writer.close()
        self._writer = self._outbox = None
        self._written = []
        if self._closer is not None:
            self._closer.cancel()
        self._sock.close()
        self.lost()
        if self._on_end is not None:
            self._on_end(self)

    def _start_closer(self) -> None:
        if self._closer is None and self._reader is not None:
            self._closer = self._loop.call_later(self._limits.close_timeout, self.drop)

    def _shut_down(self) -> None:
        """End our direction, and read until the peer ends its own.

        If the socket were closed while bytes of the peer are unread, the connection
        would be reset, and the reset could overtake our last frame."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop()
