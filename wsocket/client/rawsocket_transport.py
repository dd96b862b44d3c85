"""WAMP over RawSocket, in threads."""

from __future__ import annotations

import threading

from wsocket.client.byte_stream import ByteStream
from wsocket.client.dialing import dial, explained, problems, seconds_until
from wsocket.client.rawsocket_greeting import greeting, reply_in
from wsocket.client.rawsocket_messages import RawSocketMessages
from wsocket.client.settings import ClientSettings
from wsocket.wamp.transports.rawsocket_frames import (
    HANDSHAKE_SIZE,
    MESSAGE,
    PONG,
    RawSocketReply,
    ReplyDecoder,
    encode_frame,
)

_CHUNK = 65536  # bytes


class BlockingRawSocket:
    """A connection; one thread calls `receive`, any thread the others.

    The kernel finds out if the network is cut (`keep_alive`): some routers end the
    connection when they get a PING.

    Attributes:
        max_size: The largest message that the router takes, in bytes.
        code: RawSocket has no close codes.
    """

    pings = False

    def __init__(
        self, stream: ByteStream, decoder: ReplyDecoder, *, max_size: int
    ) -> None:
        self.max_size: int | None = max_size
        self.code: int | None = None
        self._stream = stream
        self._messages = RawSocketMessages(decoder, self._pong)
        self._sending = threading.Lock()

    def send(self, data: bytes) -> None:
        """Send a message; raises OSError if the connection is broken."""
        self._send_frame(MESSAGE, data)

    def ping(self) -> None:
        """The kernel does that."""

    def settimeout(self, timeout: float | None) -> None:
        """How many seconds `receive` may take; None for ever."""
        self._stream.settimeout(timeout)

    def receive(self) -> bytes | None:
        """The next message; b"" if there is a sign of life only; None at the end.

        Raises:
            OSError: The connection is broken.
            ProtocolError: The router broke the protocol.
        """
        if not self._messages:
            data = self._stream.recv(_CHUNK)
            if not data:
                return None
            self._messages.feed(data)
        return self._messages.next()

    def close(self) -> None:
        """RawSocket has no closing handshake: the connection ends."""
        self.shutdown()

    def shutdown(self) -> None:
        """End the connection at once: `receive` returns, and `send` fails."""
        self._stream.shutdown()

    def release(self) -> None:
        """Give its descriptor back; nobody uses it any more."""
        self._stream.close()

    def _send_frame(self, kind: int, payload: bytes) -> None:
        frame = encode_frame(kind, payload)
        with self._sending:
            self._stream.sendall(frame)

    def _pong(self, payload: bytes) -> None:
        self._send_frame(PONG, payload)


def open_rawsocket(settings: ClientSettings, deadline: float) -> BlockingRawSocket:
    """Connect, and shake hands.

    Args:
        deadline: A time of `time.monotonic`.

    Raises:
        ConnectFailed: That failed; the message says why.
    """
    stream = dial(settings, deadline)
    decoder = ReplyDecoder(max_size=settings.max_message_size)
    try:
        with explained(settings):
            stream.settimeout(seconds_until(deadline))
            reply = _shaken(stream, decoder, settings)
        return BlockingRawSocket(stream, decoder, max_size=reply.max_size)
    except BaseException:
        stream.close()
        raise


def _shaken(
    stream: ByteStream, decoder: ReplyDecoder, settings: ClientSettings
) -> RawSocketReply:
    stream.sendall(greeting(settings))
    while data := stream.recv(HANDSHAKE_SIZE - decoder.gathered):
        reply = reply_in(data, decoder, settings)
        if reply is not None:
            return reply
    raise problems().ended(settings)
