"""WAMP over RawSocket: one message in each frame, on a TCP or Unix connection."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from wsocket.core.net.held_back import HeldBack
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.stream import Stream
from wsocket.log import logger
from wsocket.wamp.serializers.installed import SERIALIZERS
from wsocket.wamp.session.prepare import Prepare
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.frame_codec import FrameCodec
from wsocket.wamp.transports.rawsocket_frames import (
    PING,
    PONG,
    SERIALIZER_IDS,
    Decoder,
    RawSocketEvent,
    RawSocketFailure,
    RawSocketPing,
    RawSocketRefusal,
    RawSocketRequest,
    encode_frame,
    encode_message,
    encode_message_prefix,
    encode_refusal,
    encode_reply,
    largest_size,
)

_SERIALIZERS = {
    SERIALIZER_IDS[each.name]: each
    for each in SERIALIZERS
    if each.name in SERIALIZER_IDS
}


@cache
def _codec(serializer_id: int, max_size: int, most: int) -> FrameCodec:
    """The codec for all sessions with this serializer and largest message."""
    frame = partial(encode_message, max_size=max_size)
    header = partial(encode_message_prefix, max_size=max_size)
    return FrameCodec(_SERIALIZERS[serializer_id], frame, header, most=most)


class RawSocketTransport:
    """Starts a RawSocket connection for each socket that a listener accepts.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: See `Prepare`.
        max_message_size: Largest message that is accepted, in bytes. It is rounded down
            to a power of two, from 512 to 16 MiB: clients can be told no other.
        pings: Whether clients are sent PING frames.

    Raises:
        ValueError: *max_message_size* is less than 512.
    """

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        *,
        prepare: Prepare,
        max_message_size: int,
        pings: bool,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._prepare = prepare
        self._max_size = largest_size(max_message_size)
        self._pings = pings

    def connect(
        self,
        connections: OpenConnections,
        sock: socket.socket,
        environ: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take a new connection; called on the loop.

        Args:
            environ: Returns what is known of the client, after its first bytes came.
        """
        self._prepare({})  # there is no request
        stream = RawSocketStream(
            connections,
            sock,
            self._gatekeeper,
            environ=environ,
            max_size=self._max_size,
        )
        connections.add(stream)
        if self._pings:
            connections.watch(stream)
        stream.start()


class RawSocketStream(Stream):
    """One client's connection: the handshake, then frames for its session.

    Args:
        max_size: The largest message that is accepted, in bytes; a power of two.
    """

    __slots__ = (
        "_deadline",
        "_decoder",
        "_environ",
        "_gatekeeper",
        "_max_size",
        "_peer_max_size",
        "_session",
        "_text",
    )

    def __init__(
        self,
        connections: OpenConnections,
        sock: socket.socket,
        gatekeeper: Gatekeeper,
        *,
        environ: Callable[[], Mapping[str, Any]],
        max_size: int,
    ) -> None:
        super().__init__(
            connections.loop,
            sock,
            limits=connections.limits,
            memory=connections.memory,
            throttle=connections.new_throttle(),
            on_end=connections.forget,
        )
        self._gatekeeper = gatekeeper
        self._environ = environ
        self._max_size = max_size
        self._decoder = Decoder(max_size=max_size)
        self._session: Session | None = None
        self._text = False  # messages are UTF-8
        self._peer_max_size = 0
        # For the handshake. Afterwards the session has a deadline of its own.
        self._deadline: Cancellable = gatekeeper.deadline(self._too_late)

    def ping(self) -> None:
        """Send a PING frame, if the handshake is over."""
        if self._session is not None:
            self.write(encode_frame(PING, b""))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, after what is queued. RawSocket has no close codes.

        The session is told when the client has closed its end, too.
        """
        self.close_sending()

    # What the stream asks of its subclass

    def decode(self, data: bytes) -> list[RawSocketEvent]:
        """The handshake and frames that *data* completes."""
        events = self._decoder.feed(data)
        self.gathered = self._decoder.gathered
        return events

    def event_received(self, event: RawSocketEvent) -> None:
        """Hand a message to the session; answer everything else."""
        if self.closing:
            return
        if type(event) is bytes:
            self._message_received(event)
        elif isinstance(event, RawSocketPing):
            self._pong(event)
        elif isinstance(event, RawSocketRequest):
            self._open(event)
        elif isinstance(event, HeldBack):
            self.decode_later()
        elif isinstance(event, RawSocketFailure):
            self._fail(event)
        # A PONG needs no answer: that it came is a sign of life.

    def abort(self) -> None:
        """Close the connection: RawSocket has no words for our own failures."""
        self.close_sending()

    def lost(self) -> None:
        """The connection is over, whoever ended it."""
        self._deadline.cancel()
        self._decoder.end()
        session, self._session = self._session, None
        if session is not None:
            session.lost()

    # The handshake

    def _open(self, request: RawSocketRequest) -> None:
        self._deadline.cancel()
        serializer = _SERIALIZERS.get(request.serializer)
        if serializer is None:
            known = ", ".join(map(str, _SERIALIZERS))
            problem = f"SERIALIZER {request.serializer} is not one of {known}"
            self._refuse(RawSocketRefusal.SERIALIZER_UNSUPPORTED, problem)
            return
        self.write(encode_reply(request.serializer, self._max_size))
        self._text = not serializer.binary
        self._peer_max_size = request.max_size
        link = RawSocketLink(self, _codec(*request, self.most))
        self._session = Session(link, self._gatekeeper, environ=self._environ())

    def _refuse(self, refusal: RawSocketRefusal, problem: str) -> None:
        logger.info("a RawSocket handshake is refused: %s", problem)
        self.write(encode_refusal(refusal))
        self.close_sending()

    def _too_late(self) -> None:
        logger.info("a client has sent no RawSocket handshake in time")
        self.drop()

    # Frames

    def _message_received(self, message: bytes) -> None:
        session = self._session
        assert session is not None
        if not self._text:
            session.receive(message)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            session.abort_violation(
                f"message: not UTF-8: {error.reason} at {error.start}"
            )
        else:
            session.receive(text)

    def _pong(self, ping: RawSocketPing) -> None:
        if len(ping.payload) <= self._peer_max_size:
            self.write(encode_frame(PONG, ping.payload))
        else:
            problem = (
                f"a PING of {len(ping.payload)} bytes from a client that takes no more "
                f"than {self._peer_max_size}: it can have no PONG"
            )
            self._fail(RawSocketFailure(problem))

    def _fail(self, failure: RawSocketFailure) -> None:
        """The client broke the protocol: tell it if there are words, and end."""
        if self._session is not None:
            self._session.abort_violation(failure.problem)
        elif failure.refusal is not None:
            self._refuse(failure.refusal, failure.problem)
        else:
            logger.info("a RawSocket connection fails: %s", failure.problem)
            self.drop()


class RawSocketLink:
    """What a session writes to."""

    __slots__ = ("_stream", "budget", "codec", "write")

    transport = "rawsocket"

    def __init__(self, stream: RawSocketStream, codec: FrameCodec) -> None:
        self._stream = stream
        self.budget = stream.new_budget()
        self.codec = codec
        self.write = stream.write

    def unread(self, request: int) -> int:
        """How many bytes wait for a client that does not read."""
        return self._stream.backlog

    def close(self) -> None:
        """Close the connection, after what is queued."""
        self._stream.close_sending()

    def abort(self) -> None:
        """The same: RawSocket cannot say why."""
        self._stream.close_sending()
