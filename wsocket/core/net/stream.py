"""A connection that the I/O loop drives: bytes come by callback, few sends go out.

`Stream` reads when bytes are there, and gathers what is written meanwhile
(`stream_writer.py`). A subclass knows what the bytes mean: a websocket
(`wsocket.core.websocket.on_loop`), or another framing.

No stream keeps the loop for long: after a few milliseconds the rest of what it has read
waits for the next turn."""

from __future__ import annotations

import socket
from collections.abc import Callable
from sys import getsizeof
from time import perf_counter
from typing import Any, Final

from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import READABLE, Loop, Timer
from wsocket.core.net.memory import Memory
from wsocket.core.net.socket_io import receive
from wsocket.core.net.stream_writer import StreamWriter
from wsocket.core.net.throttle import Throttle
from wsocket.log import logger

# Compiled code looks up an imported name in a dict each time, but not a `Final` one.
_receive: Final = receive
_clock: Final = perf_counter
_size_of: Final = getsizeof


class Stream(StreamWriter):
    """One TCP or Unix connection on the loop.

    Every method runs on the loop's thread.

    Args:
        memory: What waits here is charged to it.
        throttle: How fast the peer may send; None if that has no limit.
        on_end: Called with the stream when the connection is over.
    """

    __slots__ = (
        "_closer",
        "_gathered",
        "_handling",
        "_on_end",
        "_paused",
        "_pending",
        "_reading",
        "_throttle",
        "_turn",
    )

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        *,
        limits: Limits,
        memory: Memory,
        throttle: Throttle | None = None,
        on_end: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(loop, sock, limits=limits, memory=memory)
        self._on_end = on_end
        self._throttle = throttle
        self._turn = limits.turn
        self._closer: Timer | None = None
        self._pending: list[Any] = []  # events that wait for a later turn
        self._paused = 0  # how often `pause` was called without `resume`
        self._handling = False  # some of them are being handled
        self._reading = True  # the reader is started, if there is one
        self._gathered = 0  # as it is charged

    # For subclasses

    def decode(self, data: bytes) -> list[Any]:
        """The events that *data* completes, in their order."""
        raise NotImplementedError

    def event_received(self, event: Any) -> None:
        """Handle one event of `decode`; an exception aborts the connection."""
        raise NotImplementedError

    def ping(self) -> None:
        """Send what the peer must answer."""
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

    # Reading

    def _readable(self) -> None:
        self._loop.run_reader(self)

    def read(self) -> None:
        """Read once, and handle what came; the loop calls this."""
        if self._reader is None or not self._reading:  # no more, since it was ready
            return
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
            if self.gathered != self._gathered:
                self._gathered = self.gathered
                self._weigh()
            if self._throttle is not None:
                self._wait(self._throttle.read(len(data), self._loop.now()))
            elif len(events) == 1 and not self._paused:  # by far the most frequent case
                before = self._loop.send_queue.writes
                self.event_received(events[0])
                self._loop.send_queue.note(self, before)
                return
        except Exception:
            self._failed()
            return
        if self._paused:
            self._have_wait(events)
        elif events:
            self._handle(events)

    def _have_wait(self, events: list[Any]) -> None:
        """Handle *events* later. There may be a large message, or very many."""
        self._pending.extend(events)
        self.waiting = sum(map(_size_of, self._pending))
        self._weigh()

    def decode_later(self) -> None:
        """Go on in the next turn with what `decode` has held back."""
        self.pause()
        self._loop.go_on_later(self._decode_rest)

    def _decode_rest(self) -> None:
        if self._reader is not None:
            try:
                events = self.decode(b"")
                self._gathered = self.gathered
                self._have_wait(events)
            except Exception:
                self._failed()
        self.resume()

    def _handle(self, events: list[Any]) -> None:
        """Handle *events* for a while; if some are left, go on in the next turn."""
        self._handling = True
        try:
            self._handle_for_a_while(events)
        except Exception:
            self._failed()
        self._handling = False
        self._read_if_wanted()

    def _handle_for_a_while(self, events: list[Any]) -> None:
        half = len(events) // 2
        send_queue = self._loop.send_queue
        deadline = _clock() + self._loop.share(self._turn)
        for number in range(len(events)):
            if number == half:
                self._loop.flush_early(number)
            if number and _clock() > deadline:
                self.pause()
                self._loop.go_on_later(self.resume)
            if self._paused:
                self._have_wait(events[number:])
                return
            before = send_queue.writes
            self.event_received(events[number])
            send_queue.note(self, before)
            if self._throttle is not None:
                self._wait(self._throttle.messages(1, self._loop.now()))

    def _wait(self, seconds: float) -> None:
        """Handle nothing more for some *seconds*: the peer has sent too much."""
        if seconds:
            self.heard = True
            self.pause()
            self._loop.call_later(seconds, self.resume)

    def has_more(self, messages: int) -> None:
        """One event has so many more messages: the peer has to wait for them, too."""
        if self._throttle is not None:
            self._wait(self._throttle.messages(messages, self._loop.now()))

    def _failed(self) -> None:
        """Our bug. The hub would stop the watcher, and the peer would wait forever."""
        logger.exception("handling a message failed; its connection is closed")
        self._forget_pending()
        self.abort()

    def beat(self) -> None:
        """Ask the peer for a sign of life."""
        if self._paused:
            self.heard = True  # it may have sent one, and is not read
        self.ping()

    def pause(self) -> None:
        """Handle and read nothing more, until `resume` was called as often."""
        self._paused += 1
        self._read_if_wanted()

    def resume(self) -> None:
        """Go on, with what has come meanwhile."""
        self._paused -= 1
        if not (self._paused or self._handling):
            events = self._pending
            self._forget_pending()
            self._handle(events)

    def go_on(self) -> None:
        """Resume in a later turn; what it has caused before is sent."""
        self._loop.go_on_later(self.resume)

    def _forget_pending(self) -> None:
        self._pending = []
        if self.waiting:
            self.waiting = 0
            self._weigh()

    def _read_if_wanted(self) -> None:
        """Do not read what cannot be handled: the peer's TCP has to wait, too."""
        if self._reader is None or self._handling:
            return
        if self._paused and self._reading:
            self._reader.stop()
        elif not (self._paused or self._reading):
            self._reader.start(self._readable)
        self._reading = not self._paused

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
        self._pending = []
        self.gathered = self.waiting = 0
        self._weigh()
        if self._closer is not None:
            self._closer.cancel()
        self._sock.close()
        self.lost()
        if self._on_end is not None:
            self._on_end(self)

    def _start_closer(self) -> None:
        if self._closer is None and self._reader is not None:
            self._closer = self._loop.call_later(self._limits.close_timeout, self.drop)
