"""A websocket connection driven by its handler: blocking calls.

The handler's own thread or greenlet reads the socket in `WebSocket.receive`, so nothing
runs between calls: a ping is answered, and a close noticed, when the handler next
receives."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from wsocket.core.concurrency.kinds import Concurrency
from wsocket.core.net.limits import Limits
from wsocket.core.net.outbox import Frame
from wsocket.core.websocket import frames
from wsocket.core.websocket.frames import Close, Ping, Pong, WebSocketEvent
from wsocket.core.websocket.handshake import Handshake
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import ProtocolError, WebSocketClosed

# A message of 64 KiB and its header in one read.
READ_SIZE = 65536 + 1024  # bytes


class WebSocket:
    """One websocket, as its handler sees it.

    One thread or greenlet may receive while others send. Leaving a ``with`` block, or
    the handler, closes the websocket.

    Attributes:
        environ: The WSGI environ of the upgrade request.
        protocol: The subprotocol that was agreed on, or None.
        version: The protocol version the client asked for: 13, 8 or 7.
        concurrency: How its handler runs: in a thread or in a greenlet.
        close_timeout: Seconds to wait for the peer's half of the closing handshake.
    """

    def __init__(
        self,
        environ: Mapping[str, Any],
        sock: socket.socket,
        *,
        handshake: Handshake,
        concurrency: Concurrency,
        max_message_size: int,
        read_ahead: bytes = b"",
        limits: Limits | None = None,
        patience: float = 0.0,
    ) -> None:
        self.environ = environ
        self.protocol = handshake.subprotocol
        self.version = handshake.version
        self._deflate = handshake.deflate
        self._sock = sock
        self._limits = limits or Limits()
        self.close_timeout = self._limits.close_timeout
        self.concurrency = concurrency
        self._patience = patience  # seconds of silence after which we ping ourselves
        self._heard = True
        self._reading = False
        self._heard_at = time.monotonic()
        self._pinged: float | None = None  # when, if nothing was heard since
        self._connection = WebSocketProtocol(
            max_message_size=max_message_size, deflate=handshake.deflate
        )
        self._events: deque[WebSocketEvent] = deque(self._connection.feed(read_ahead))
        self._receiving = concurrency.lock()
        self._sending = concurrency.lock()
        # The ping to answer, if another thread was sending when it came.
        self._due_pong: deque[Ping] = deque(maxlen=1)

    def accept(self, response: bytes) -> None:
        """Send the response to the upgrade request; the framework calls this once.

        Raises:
            WebSocketClosed: The client is gone.
        """
        self._sending.acquire()
        try:
            self._write(response)
        finally:
            self._done_sending()

    @property
    def path(self) -> str:
        """The path of the upgrade request."""
        raw: str = self.environ.get("PATH_INFO", "")
        return raw.encode("latin-1").decode("utf-8", "replace")

    @property
    def origin(self) -> str | None:
        """The origin of the page that opened the websocket; None outside browsers."""
        return self.environ.get("HTTP_ORIGIN") or self.environ.get(
            "HTTP_SEC_WEBSOCKET_ORIGIN"
        )

    @property
    def closed(self) -> bool:
        """Whether messages can no longer be sent."""
        return not self._connection.open

    @property
    def do_compress(self) -> bool:
        """Whether permessage-deflate (RFC 7692) was agreed on."""
        return self._deflate is not None

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """Wait for the next message.

        Args:
            timeout: Seconds to wait at most; None waits for ever.

        Returns:
            str for a text message, bytes for a binary one, None when *timeout* passed.

        Raises:
            WebSocketClosed: The connection is closed; `code` and `reason` say why.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._acquire(self._receiving, timeout):
            return None
        self._reading = True
        try:
            return self._next_message(deadline)
        finally:
            self._reading = False
            self._receiving.release()

    def send(self, message: str | bytes, binary: bool | None = None) -> None:
        """Send a message: str as text, bytes as binary.

        Args:
            binary: True sends a str as a binary message (UTF-8), False sends bytes as a
                text message.

        Raises:
            WebSocketClosed: The connection is closed; nothing was sent.
            TypeError: *message* is neither str nor bytes.
            ValueError: *message* is to be text and is not valid UTF-8.
        """
        as_binary = None if binary is None else bool(binary)
        self._sending.acquire()
        try:
            self._write(self._connection.message(message, binary=as_binary))
        finally:
            self._done_sending()

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping (RFC 6455 section 5.5.2).

        Raises:
            WebSocketClosed: The connection is closed.
            ValueError: *payload* is longer than 125 bytes.
        """
        self._sending.acquire()
        try:
            self._write(self._connection.ping(payload))
        finally:
            self._done_sending()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; returns when the peer has answered or `close_timeout`
        passed.

        Later calls do nothing. A thread that waits in `receive` gets `WebSocketClosed`.

        Args:
            reason: At most 123 bytes of UTF-8 (RFC 6455 section 5.5).

        Raises:
            ValueError: *code* or *reason* is invalid; nothing was sent.
        """
        frames.check_close(code, reason)
        deadline = time.monotonic() + self.close_timeout
        if self._say_close(code, reason):
            self._await_close(deadline)
        self._shut_down()
        # A closed descriptor's number may at once become another connection's, so
        # nobody must be using it: those who do have just been woken up.
        self._receiving.acquire()
        self._sending.acquire()
        self._sock.close()
        self._sending.release()
        self._receiving.release()

    def __iter__(self) -> Iterator[str | bytes]:
        """Messages until the connection is closed, by whichever side."""
        while True:
            try:
                message = self.receive()
            except WebSocketClosed:
                return
            if message is not None:
                yield message

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(1000 if error is None else 1011)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        client = self.environ.get("REMOTE_ADDR", "unknown")
        return f"<{type(self).__name__} {self.path} from {client}, {state}>"

    # Receiving

    def _acquire(self, lock: Any, timeout: float | None) -> bool:
        return bool(lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout)))

    def _next_message(self, deadline: float | None) -> str | bytes | None:
        """The next message; the caller holds the receiving lock."""
        expired = False
        while True:
            while self._events:
                event = self._events.popleft()
                if isinstance(event, (str, bytes)):
                    return event
                self._handle_control(event)
            if self._connection.closed:
                raise self._closed()
            if deadline is not None:
                left = deadline - time.monotonic()
                if expired or not self.concurrency.wait_readable(self._sock, left):
                    self._judge_silence()
                    return None
                # What is there already counts, but no more: the peer may go on sending
                # parts of a message.
                expired = left <= 0
            self._read()

    def _judge_silence(self) -> None:
        """The peer is silent: ping it when it is time to, and give it up when it is not
        heard then."""
        now, limits = time.monotonic(), self._limits
        if self._pinged is not None:
            if now - self._pinged >= limits.ping_timeout:
                self._drop()
        elif self._patience and now - self._heard_at >= self._patience:
            self._pinged = now
            self._ping_quietly()

    def _ping_quietly(self) -> None:
        """Ping, unless somebody sends: he finds out by himself that nobody reads."""
        if self._sending.acquire(blocking=False):
            with contextlib.suppress(WebSocketClosed):
                try:
                    self._write(self._connection.ping())
                finally:
                    self._done_sending()

    # What a heartbeat on the loop needs; not for handlers.

    @property
    def alive(self) -> bool:
        """Whether the connection is there."""
        return not self._connection.closed

    @property
    def heard(self) -> bool:
        """Whether the peer gave a sign of life since this was last set to False.

        As long as the handler does not read, nobody would see one.
        """
        return self._heard or not self._reading

    @heard.setter
    def heard(self, heard: bool) -> None:
        self._heard = heard

    def beat(self) -> None:
        """Ask the peer for a sign of life, without waiting; if the handler listens."""
        if self._reading:
            self.concurrency.spawn(self._ping_quietly)
        else:
            self._heard = True

    def drop(self) -> None:
        """End the connection at once; `receive` raises `WebSocketClosed`."""
        self._drop()

    def _read(self) -> None:
        limits = self._limits
        data: bytes | None = None
        try:
            if self._pinged is None or self.concurrency.wait_readable(
                self._sock, limits.ping_timeout
            ):
                data = self.concurrency.receive(self._sock, READ_SIZE, self._patience)
        except OSError:
            data = b""
        if data is None:
            self._judge_silence()
        elif data:
            self._heard = True
            self._heard_at = time.monotonic()
            self._pinged = None
            self._events.extend(self._connection.feed(data))
        else:
            self._drop()

    def _handle_control(self, event: Ping | Pong | Close | ProtocolError) -> None:
        """Answer a control frame, or fail the connection."""
        if isinstance(event, Pong):
            return
        if isinstance(event, Ping):
            self._due_pong.append(event)
            self._send_due_pong()
            return
        # Without the lock's owner progressing there is nothing to answer to: it is
        # stuck in a send to a peer that does not read.
        if not self._sending.acquire(timeout=self.close_timeout):
            self._drop()
            return
        try:
            self._answer(event)
        finally:
            self._sending.release()
        self._drain(time.monotonic() + self.close_timeout)
        self._shut_down()

    def _answer(self, event: Ping | Close | ProtocolError) -> None:
        """Send what *event* demands; the caller holds the sending lock."""
        answer = self._connection.answer(event)
        if answer:
            try:
                self._write(answer)
            except WebSocketClosed:
                return  # the next step of the caller's loop finds the connection closed

    def _send_due_pong(self) -> None:
        """Answer the last ping (RFC 6455 section 5.5.3), or leave it to who is sending:
        waiting for a peer that waits for us to read would never end.
        """
        while self._due_pong and self._sending.acquire(blocking=False):
            try:
                while self._due_pong:
                    self._answer(self._due_pong.popleft())
            finally:
                self._sending.release()

    def _done_sending(self) -> None:
        self._sending.release()
        self._send_due_pong()

    # Closing

    def _say_close(self, code: int, reason: str) -> bool:
        """Start the closing handshake; False when there is nobody to wait for."""
        # A sender that is stuck, because the peer does not read, holds the lock.
        if not self._sending.acquire(timeout=self.close_timeout):
            self._drop()
            return False
        try:
            frame = self._connection.close(code, reason)
            if frame:
                self._write(frame)
        except WebSocketClosed:
            return False  # lost while closing
        finally:
            self._sending.release()
        return True

    def _closed(self) -> WebSocketClosed:
        return WebSocketClosed(
            self._connection.close_code, self._connection.close_reason
        )

    def _await_close(self, deadline: float) -> None:
        """Read until the peer's Close, or the *deadline* (monotonic seconds)."""
        if not self._acquire(self._receiving, deadline - time.monotonic()):
            return  # another thread receives, and does not get to see the peer's Close
        try:
            self._skip_messages()
            while not self._connection.closed:
                if not self._readable_before(deadline):
                    self._drop()
                    return
                self._read()
                self._skip_messages()
        finally:
            self._receiving.release()

    def _skip_messages(self) -> None:
        """Handle what came; messages are too late now that we have said Close."""
        while self._events:
            event = self._events.popleft()
            if not isinstance(event, (str, bytes)):
                self._handle_control(event)

    def _drain(self, deadline: float) -> None:
        """End our direction, then read until the peer ends its own.

        Closing while bytes are unread would reset the connection, and the reset could
        overtake our Close frame.
        """
        try:
            self._sock.shutdown(socket.SHUT_WR)
            while self._readable_before(deadline):
                if not self._sock.recv(READ_SIZE):
                    return
        except OSError:
            return  # reset by the peer: as closed as it gets

    def _readable_before(self, deadline: float) -> bool:
        """Wait for bytes; False from the *deadline* on, even if there are some."""
        left = deadline - time.monotonic()
        return left > 0 and self.concurrency.wait_readable(self._sock, left)

    def _write(self, frame: Frame) -> None:
        """Send a frame; the caller holds the sending lock."""
        try:
            for part in (frame,) if isinstance(frame, bytes) else frame:
                self._sock.sendall(part)
        except OSError:
            self._drop()
            raise self._closed() from None

    def _drop(self) -> None:
        """The TCP connection is gone, or useless."""
        self._connection.lost()
        self._shut_down()

    def _shut_down(self) -> None:
        """End the TCP connection; wakes up who is blocked in recv or send."""
        with contextlib.suppress(OSError):  # not connected any more
            self._sock.shutdown(socket.SHUT_RDWR)
