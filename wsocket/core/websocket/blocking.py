"""A websocket connection that its handler drives with blocking calls.

The thread or greenlet of the handler reads the socket in `WebSocket.receive`. Only then
is a ping answered, and a close noticed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from sys import getsizeof
from types import TracebackType
from typing import Any

from wsocket.core.checks import check_seconds, refuse_type
from wsocket.core.concurrency.kinds import Concurrency
from wsocket.core.keywords import checks_keywords
from wsocket.core.net.held_back import HeldBack
from wsocket.core.net.limits import Limits
from wsocket.core.websocket import frames
from wsocket.core.websocket.events import NoMessage, Ping, Pong
from wsocket.core.websocket.frame_sender import WORTH_TELLING, FrameSender
from wsocket.core.websocket.handshake import Handshake
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.core.websocket.received import Received
from wsocket.core.websocket.silence import NextStep, Silence
from wsocket.errors import WebSocketClosed
from wsocket.version_2 import FormerMembers

# One read takes a message of 64 KiB with its header.
READ_SIZE = 65536 + 1024  # bytes


class WebSocket(FormerMembers):
    """One websocket, as its handler sees it. One thread or greenlet may receive while
    others send. Leaving a ``with`` block, or the handler, closes the websocket.

    Args:
        incoming: Told how many bytes of messages that came are kept; may have to wait.
        outgoing: The same for a message that is being sent.

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
        incoming: Callable[[int], bool] | None = None,
        outgoing: Callable[[int], bool] | None = None,
    ) -> None:
        self.environ = environ
        self.protocol = handshake.subprotocol
        self.version = handshake.version
        self._deflate = handshake.deflate
        self._sock = sock
        self._limits = limits = limits or Limits()
        self.close_timeout = limits.close_timeout
        self.concurrency = concurrency
        self._heard = True
        self._reading = False
        self._silence = Silence(
            patience=patience, ping_timeout=limits.ping_timeout, now=concurrency.now()
        )
        self._protocol = WebSocketProtocol(
            max_message_size=max_message_size, deflate=handshake.deflate
        )
        self._received = Received(self._protocol.decoder, read_ahead, tell=incoming)
        self._events = self._received.events
        self._receiving = concurrency.lock()
        self._sender = FrameSender(
            sock,
            self._protocol,
            concurrency=concurrency,
            timeout=limits.send_timeout,
            keeps=outgoing,
        )

    def accept(self, response: bytes) -> None:
        """Send the response to the upgrade request; the framework calls this once.

        Raises:
            WebSocketClosed: The client is gone.
        """
        self._sender.send(lambda: response)

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
        return not self._protocol.open

    @property
    def do_compress(self) -> bool:
        """Whether permessage-deflate (RFC 7692) was agreed on."""
        return self._deflate is not None

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """Wait for the next message.

        Args:
            timeout: Seconds to wait at most; None waits for ever.

        Returns:
            str for a text message, bytes for a binary one; None after *timeout*.

        Raises:
            WebSocketClosed: The connection is closed; `code` and `reason` say why.
            TypeError, ValueError: *timeout* is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout, least=0)
        deadline = None if timeout is None else self.concurrency.now() + timeout
        if not self._receiving.acquire(timeout=-1 if timeout is None else timeout):
            return None
        self._reading = True
        try:
            return self._next_message(deadline)
        finally:
            self._reading = False
            self._receiving.release()

    def send(
        self, message: str | bytes, binary: bool | None = None, do_compress: bool = True
    ) -> None:
        """Send a message: str as text, bytes as binary.

        Args:
            binary: True sends a str as a binary message (UTF-8), False sends bytes as a
                text message.
            do_compress: False sends it as it is, also if compression was agreed on: for
                what is compressed already, and for secrets beside what others choose.

        Raises:
            WebSocketClosed: The connection is closed, or the peer has not read for
                `Limits.send_timeout` seconds.
            TypeError, ValueError: *message* is neither str nor bytes, or no valid text.
        """
        as_binary = None if binary is None else bool(binary)
        encode, compress = self._protocol.message, bool(do_compress)
        sender = self._sender
        sender.lock.acquire()
        try:
            if isinstance(message, (str, bytes)) and len(message) >= WORTH_TELLING:
                sender.prepare(getsizeof(message))
            sender.write(encode(message, binary=as_binary, compress=compress))
        finally:
            sender.release()

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping (RFC 6455 section 5.5.2).

        Raises:
            WebSocketClosed: The connection is closed.
            TypeError, ValueError: *payload* is not bytes, or longer than 125.
        """
        if not isinstance(payload, (bytes, bytearray, memoryview)):
            refuse_type("payload", "bytes, such as b'text' or text.encode()", payload)
        self._sender.send(lambda: self._protocol.ping(payload))

    @checks_keywords
    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, and wait for the peer's answer, up to `close_timeout`.

        Later calls do nothing. A thread that waits in `receive` gets `WebSocketClosed`.

        Args:
            reason: At most 123 bytes of UTF-8 (RFC 6455 section 5.5).

        Raises:
            TypeError, ValueError: *code* or *reason* is invalid; nothing was sent.
        """
        frames.check_close(code, reason)
        deadline = self.concurrency.now() + self.close_timeout
        if self._send_close(code, reason):
            self._await_close(deadline)
        self._sender.shut_down()
        # The number of a closed descriptor may become that of another connection at
        # once, so nobody must use it: those who did have just been woken up.
        self._receiving.acquire()
        self._sender.lock.acquire()
        self._sock.close()
        self._protocol.free()  # the application may keep this object
        self._sender.lock.release()
        self._receiving.release()

    def __iter__(self) -> Iterator[str | bytes]:
        """Messages until one side closes the connection."""
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

    def _next_message(self, deadline: float | None) -> str | bytes | None:
        """The next message; the caller holds the receiving lock."""
        expired = False
        while True:
            while self._events:
                event = self._events.popleft()
                if self._events:  # one read may have thousands of them
                    self.concurrency.pace()
                if isinstance(event, (str, bytes)):
                    return event
                self._handle_control(event)
            if self._protocol.closed:
                raise self._protocol.closed_error()
            if deadline is not None:
                left = deadline - self.concurrency.now()
                if expired or not self.concurrency.wait_readable(self._sock, left):
                    self._judge_silence()
                    return None
                # After the deadline, one more read takes what is already there. There
                # may always be more: the peer may go on sending parts of a message.
                expired = left <= 0
            self._read()

    def _judge_silence(self) -> None:
        """The peer is silent: ping it, or end the connection, if it is time to."""
        step = self._silence.judge(self.concurrency.now())
        if step is NextStep.PING:
            self._sender.ping_unless_busy()
        elif step is NextStep.DROP:
            self._sender.drop()

    # What a heartbeat on the loop needs; not for handlers.

    @property
    def alive(self) -> bool:
        """Whether the connection exists."""
        return not self._protocol.closed

    @property
    def heard(self) -> bool:
        """Whether anything came from the peer since this was last set to False; or
        whether the handler does not read, for then nobody can know."""
        return self._heard or not self._reading

    @heard.setter
    def heard(self, heard: bool) -> None:
        self._heard = heard

    def beat(self) -> None:
        """Ask the peer for a sign of life, without waiting, if the handler reads."""
        if self._reading:
            self.concurrency.spawn(self._sender.ping_unless_busy)
        else:
            self._heard = True

    def drop(self) -> None:
        """End the connection at once; `receive` raises `WebSocketClosed`."""
        self._sender.drop()

    def begin_close(self, code: int, reason: str) -> None:
        """Start the closing handshake without waiting; from any thread.

        The peer's answer ends a `receive` that waits.
        """
        frame = self._protocol.close(code, reason)
        if frame:
            self._sender.close(frame)

    def _read(self) -> None:
        """Read once, and decode what came."""
        concurrency, silence = self.concurrency, self._silence
        if self._received.told:
            self._received.weigh()
        data: bytes | None = None
        try:
            if silence.pinged_at is None or concurrency.wait_readable(
                self._sock, self._limits.ping_timeout
            ):
                data = concurrency.receive(self._sock, READ_SIZE, silence.patience)
        except OSError:
            data = b""
        if data is None:
            self._judge_silence()
        elif data:
            self._heard = True
            silence.end(concurrency.now())
            if self._received.feed(data):
                del data
                self._received.weigh()
        else:
            self._sender.drop()
            self._protocol.decoder.end()

    def _handle_control(self, event: NoMessage) -> None:
        """Answer a control frame, fail the connection, or decode what was held back."""
        if isinstance(event, Ping):
            self._sender.pong(event)
        elif isinstance(event, HeldBack):
            self._received.feed(b"")
            self._received.weigh()
            self.concurrency.let_others()
        elif not isinstance(event, Pong):
            # The peer closes, or broke the protocol: answer, and end our direction.
            self._sender.end(self._protocol.answer(event))

    # Closing

    def _send_close(self, code: int, reason: str) -> bool:
        """Start the closing handshake; False if no answer can come."""
        # A sender that is stuck, because the peer does not read, holds the lock.
        if not self._sender.lock.acquire(timeout=self.close_timeout):
            self._sender.drop()
            return False
        try:
            frame = self._protocol.close(code, reason)
            if frame:
                self._sender.write(frame)
        except WebSocketClosed:
            return False  # lost while closing
        finally:
            self._sender.release()
        return True

    def _await_close(self, deadline: float) -> None:
        """Read until the peer's Close, or the *deadline* (monotonic seconds)."""
        left = max(0.0, deadline - self.concurrency.now())
        if not self._receiving.acquire(timeout=left):
            return  # another thread receives, and has not got the peer's Close
        try:
            self._skip_messages()
            while not self._protocol.closed:
                if not self._readable_before(deadline):
                    self._sender.drop()
                    return
                self._read()
                self._skip_messages()
            self._drain(deadline)
        finally:
            self._receiving.release()

    def _skip_messages(self) -> None:
        """Handle control frames; messages that come after our Close are ignored."""
        while self._events:
            event = self._events.popleft()
            self.concurrency.pace()  # there may be thousands
            if not isinstance(event, (str, bytes)):
                self._handle_control(event)

    def _drain(self, deadline: float) -> None:
        """Read until the peer ends its direction, as we have ended ours."""
        try:
            while self._readable_before(deadline):
                if not self._sock.recv(READ_SIZE):
                    return
        except OSError:
            return  # the peer has reset the connection

    def _readable_before(self, deadline: float) -> bool:
        """Wait for bytes; False from the *deadline* on, even if there are some."""
        left = deadline - self.concurrency.now()
        if left <= 0 or self._sock.fileno() < 0:  # closed by an earlier `close`
            return False
        return self.concurrency.wait_readable(self._sock, left)
