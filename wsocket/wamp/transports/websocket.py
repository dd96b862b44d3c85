"""WAMP over a websocket.

A websocket message has one WAMP message (``wamp.2.json``, ``wamp.2.msgpack``, ...), or
a batch of them (``wamp.2.json.batched``, ...)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from sys import getsizeof
from typing import Any

from wsocket.core.websocket.frames import (
    BINARY,
    FIN,
    TEXT,
    encode_header,
    encode_unmasked,
)
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.errors import BatchError
from wsocket.wamp.protocol.errors import too_much
from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.serializers.batching import (
    SEPARATED,
    SEPARATED_BY_AUTOBAHN,
    Batching,
    Messages,
    batching_of,
)
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.session.prepare import Prepare
from wsocket.wamp.session.session import Gatekeeper, Session
from wsocket.wamp.transports.frame_codec import FrameCodec
from wsocket.wamp.transports.protocol_names import BATCHED, PLAIN, PREFIX


def _first_byte(serializer: Serializer) -> int:
    """The first byte of a frame with a whole message."""
    return FIN | (BINARY if serializer.binary else TEXT)


class BatchedCodec(FrameCodec):
    """Frames whose messages are batches of one WAMP message each.

    docs/decisions/008-batches-of-one.md says why.
    """

    __slots__ = ("batching",)

    def __init__(
        self, serializer: Serializer, batching: Batching, *, most: int
    ) -> None:
        frame = partial(encode_unmasked, _first_byte(serializer))
        super().__init__(
            serializer, lambda message: frame(batching.join([message])), most=most
        )
        self.batching = batching


@cache
def codec_of(name: str, most: int) -> FrameCodec:
    """The codec of all sessions with this subprotocol, one message in each frame.

    Args:
        most: How many bytes a frame may have that must arrive.
    """
    serializer = PLAIN[name]
    first = _first_byte(serializer)
    frame, header = partial(encode_unmasked, first), partial(encode_header, first)
    return FrameCodec(serializer, frame, header, most=most)


@cache
def _batched_codec_of(name: str, most: int) -> BatchedCodec:
    serializer = BATCHED[name]
    return BatchedCodec(serializer, batching_of(serializer), most=most)


@cache
def _autobahn_codec(most: int) -> BatchedCodec:
    return BatchedCodec(JSON, SEPARATED_BY_AUTOBAHN, most=most)


class WebSocketLink:
    """What a session writes to, and what hands it the messages of its client."""

    __slots__ = ("_message_type", "_session", "_stream", "budget", "codec", "write")

    transport = "websocket"

    def __init__(
        self,
        stream: WebSocketStream,
        codec: FrameCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
    ) -> None:
        self._stream = stream
        self.budget = stream.new_budget()
        self.codec = codec
        self.write = stream.write
        self._message_type = bytes if codec.serializer.binary else str
        self._session = Session(self, gatekeeper, environ=environ)

    def message_received(self, message: str | bytes) -> None:
        """A websocket message: one WAMP message."""
        if type(message) is self._message_type:
            self._session.receive(message)
        else:
            expected = "binary" if self._message_type is bytes else "text"
            name = self.codec.serializer.name
            self._session.abort_violation(
                f"expected {expected} messages for wamp.2.{name}"
            )

    def unread(self, request: int) -> int:
        """How many bytes wait for a client that does not read."""
        return self._stream.backlog

    def lost(self, code: int, reason: str) -> None:
        """The connection is over."""
        self._session.lost()

    def close(self) -> None:
        """Close the websocket, after what is queued."""
        self._stream.close(1000)

    def abort(self) -> None:
        """Close the websocket, after what is queued, with the code for violations."""
        self._stream.close(1002)


class BatchedLink(WebSocketLink):
    """The same for a websocket whose messages are batches."""

    __slots__ = ("_batching", "_gatekeeper")

    def __init__(
        self,
        stream: WebSocketStream,
        codec: BatchedCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
    ) -> None:
        super().__init__(stream, codec, gatekeeper, environ=environ)
        self._batching = codec.batching
        self._gatekeeper = gatekeeper

    def message_received(self, message: str | bytes) -> None:
        """A websocket message: a batch of WAMP messages."""
        if type(message) is not self._message_type:
            super().message_received(message)  # it ends the session
            return
        if self._batching is SEPARATED and message[-1:] == "\x18":
            self._speak_as_autobahn()
        try:
            messages = self._batching.split(message)
        except BatchError as error:
            self._session.abort_violation(f"batch: {error}")
            return
        if len(messages) == 1:
            self._session.receive(next(iter(messages)))
            return
        size = getsizeof(message)
        lacking = self.budget.take(size)
        if lacking is not None:
            self._session.abort(*too_much("this batch", lacking))
            return
        self._stream.has_more(len(messages) - 1)
        # There may be so many of them that others have to get in between.
        self._stream.pause()
        self._gatekeeper.in_turns(
            self._receive(messages), partial(self._received, size)
        )

    def _received(self, size: int) -> None:
        """A batch of *size* bytes is handled."""
        self.budget.give_back(size)
        self._stream.resume()

    def _receive(self, messages: Messages) -> Iterator[None]:
        session = self._session
        for each in messages:
            if session.over:  # the rest is ignored
                return
            session.receive(each)
            yield

    def _speak_as_autobahn(self) -> None:
        """Use the separator that the client uses: it understands no other."""
        codec = _autobahn_codec(self._stream.most)
        self._batching = codec.batching
        self.codec = self._session.codec = codec


class WampSubprotocol:
    """The subprotocol that core's framework is given: ``wamp.2.*`` on any path.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: See `Prepare`.
    """

    def __init__(self, gatekeeper: Gatekeeper, *, prepare: Prepare) -> None:
        self.names: Sequence[str] = (*PLAIN, *BATCHED)
        self._gatekeeper = gatekeeper
        self._prepare = prepare

    def claims(self, offered: Sequence[str]) -> bool:
        """Whether a request offers WAMP, even with an unknown serializer."""
        return any(name.startswith(PREFIX) for name in offered)

    def choose(self, offered: Sequence[str]) -> str | None:
        """The first name that is known here; one without batches if there is any."""
        return next(
            (name for known in (PLAIN, BATCHED) for name in offered if name in known),
            None,
        )

    def connect(
        self, stream: WebSocketStream, name: str, environ: Mapping[str, Any]
    ) -> WebSocketLink:
        """Start a session, still without a realm, on *stream*."""
        self._prepare(environ)
        if name in BATCHED:
            batched = _batched_codec_of(name, stream.most)
            return BatchedLink(stream, batched, self._gatekeeper, environ=environ)
        codec = codec_of(name, stream.most)
        return WebSocketLink(stream, codec, self._gatekeeper, environ=environ)
