"""WAMP over RawSocket: one message in each frame, on a TCP or Unix connection."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.stream import Stream
from wsocket.log import logger
from wsocket.wamp.serializers.installed import SERIALIZERS
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.frame_codec import FrameCodec
from wsocket.wamp.transports.rawsocket_frames import (
    PING,
    PONG,
    SERIALIZER_IDS,
    Decoder,
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
def _codec(serializer_id: int, max_size: int) -> FrameCodec:
    """The codec that all sessions share whose clients take the same."""
    frame = partial(encode_message, max_size=max_size)
    header = partial(encode_message_prefix, max_size=max_size)
    return FrameCodec(_SERIALIZERS[serializer_id], frame, header)


class RawSocketTransport:
    """What a listener's connections speak.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: Called on the loop before each connection; what must be there before
            the first session joins.
        max_message_size: Largest message that is accepted, in bytes. What clients are
            told is the largest power of two in it, from 512 to 16 MiB.
        pings: Whether clients are sent PING frames.

    Raises:
        ValueError: *max_message_size* is less than 512.
    """

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        *,
        prepare: Callable[[], None],
        max_message_size: int,
        pings: bool,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._prepare = prepare
        self._max_size = largest_size(max_message_size)
        self._pings = pings

    def connect(
        self,
        switchboard: OpenConnections,
        sock: socket.socket,
        environ: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take a new connection; called on the loop.

        Args:
            environ: What is known of the client, once its first bytes are there.
        """
        self._prepare()
        stream = RawSocketStream(
            switchboard,
            sock,
            self._gatekeeper,
            environ=environ,
            max_size=self._max_size,
        )
        switchboard.add(stream)
        if self._pings:
            switchboard.watch(stream)
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
        switchboard: OpenConnections,
        sock: socket.socket,
        gatekeeper: Gatekeeper,
        *,
        environ: Callable[[], Mapping[str, Any]],
        max_size: int,
    ) -> None:
        super().__init__(
            switchboard.loop,
            sock,
            limits=switchboard.limits,
            on_end=switchboard.discard,
        )
        self._gatekeeper = gatekeeper
        self._environ = environ
        self._max_size = max_size
        self._decoder = Decoder(max_size=max_size)
        self._session: Session | None = None
        self._text = False  # messages are UTF-8
        self._peer_max_size = 0
        # For the handshake; afterwards the session has one of its own.
        self._deadline: Cancellable = gatekeeper.deadline(self._too_late)

    def beat(self) -> None:
        """Ask the peer for a sign of life."""
        if self._session is not None:
            self.write(encode_frame(PING, b""))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, after what is queued; RawSocket has no words for that.

        What the session holds is free when the client has closed its end, too.
        """
        self.finish()

    # What the stream asks of its subclass

    def received(self, data: bytes) -> None:
        """Decode bytes, and hand the messages to the session."""
        events = self._decoder.feed(data)
        if len(events) == 1:
            self._loop.handle_alone()
        middle = len(events) // 2
        for number, event in enumerate(events):
            if number == middle:
                self._loop.flush_early(number)
            if self.ending:
                return
            if type(event) is bytes:
                self._message(event)
            elif isinstance(event, RawSocketPing):
                self._pong(event)
            elif isinstance(event, RawSocketRequest):
                self._open(event)
            elif isinstance(event, RawSocketFailure):
                self._broken(event)
            # That a PONG came was all it had to say.

    def fail(self) -> None:
        """Handling bytes has raised."""
        self.finish()

    def gone(self) -> None:
        """The connection is over, whoever ended it."""
        self._deadline.cancel()
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
        link = RawSocketLink(self, _codec(*request))
        self._session = Session(link, self._gatekeeper, environ=self._environ())

    def _refuse(self, refusal: RawSocketRefusal, problem: str) -> None:
        logger.info("a RawSocket handshake is refused: %s", problem)
        self.write(encode_refusal(refusal))
        self.finish()

    def _too_late(self) -> None:
        logger.info("a client has not begun a RawSocket handshake in time")
        self.abort()

    # Frames

    def _message(self, message: bytes) -> None:
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
            self._broken(RawSocketFailure(problem))

    def _broken(self, failure: RawSocketFailure) -> None:
        """The client broke the protocol: tell it what is wrong, and end."""
        if self._session is not None:
            self._session.abort_violation(failure.problem)
        elif failure.refusal is not None:
            self._refuse(failure.refusal, failure.problem)
        else:
            logger.info("a RawSocket connection fails: %s", failure.problem)
            self.abort()


class RawSocketLink:
    """A session's way out to its client."""

    __slots__ = ("_stream", "codec", "write")

    def __init__(self, stream: RawSocketStream, codec: FrameCodec) -> None:
        self._stream = stream
        self.codec = codec
        self.write = stream.write

    def close(self) -> None:
        """Close the connection, after what is queued."""
        self._stream.finish()

    def abort(self) -> None:
        """The same: RawSocket cannot say why."""
        self._stream.finish()
