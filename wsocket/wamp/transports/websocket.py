"""WAMP over a websocket: one message in each (``wamp.2.json``, ``.msgpack``,
``.cbor``), or a batch (``wamp.2.json.batched`` and so on).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsocket.core.channel import Channel, Droppable
from wsocket.core.frames import BINARY, TEXT, encode_frame
from wsocket.errors import BatchError
from wsocket.wamp.batching import (
    PREFIXED,
    SEPARATED,
    SEPARATED_BY_AUTOBAHN,
    Batching,
)
from wsocket.wamp.formats import SERIALIZERS
from wsocket.wamp.serializers import JSON, Payload, Serializer
from wsocket.wamp.session import Gatekeeper, Session

PREFIX = "wamp.2."
BATCHED = ".batched"


class WebSocketCodec:
    """Frames of one serializer; every session that speaks it shares this."""

    def __init__(self, serializer: Serializer) -> None:
        self.serializer = serializer
        self._encode = serializer.encode
        self._opcode = BINARY if serializer.binary else TEXT

    def encode(self, head: list[Any], payload: Payload | None) -> bytes:
        """The frame of a message that must arrive; PayloadError if it cannot be
        written.
        """
        serializer = self.serializer
        if payload is not None:
            same = payload.serializer is serializer  # in nearly all messages
            head = [*head, *(payload.parts if same else payload.to(serializer))]
        return encode_frame(self._opcode, self._encode(head))

    def encode_event(self, head: list[Any], payload: Payload) -> Droppable:
        """The frame of an EVENT, which a receiver that is too slow may lose."""
        message = [*head, *payload.to(self.serializer)]
        return Droppable(encode_frame(self._opcode, self._encode(message)))


class BatchedCodec(WebSocketCodec):
    """Frames whose messages are batches: of one WAMP message each, see
    docs/architecture.md.
    """

    def __init__(self, serializer: Serializer, batching: Batching) -> None:
        super().__init__(serializer)
        self.batching = batching
        self._encode = self._encode_batch

    def _encode_batch(self, message: list[Any]) -> bytes:
        return self.batching.join([self.serializer.encode(message)])


CODECS = {PREFIX + each.name: WebSocketCodec(each) for each in SERIALIZERS}
BATCHED_CODECS = {
    PREFIX + each.name + BATCHED: BatchedCodec(
        each, PREFIXED if each.binary else SEPARATED
    )
    for each in SERIALIZERS
}
AUTOBAHN_CODEC = BatchedCodec(JSON, SEPARATED_BY_AUTOBAHN)


class WebSocketLink:
    """A session's end of a channel, in both directions."""

    __slots__ = ("_channel", "_message_type", "_session", "codec", "write")

    def __init__(
        self,
        channel: Channel,
        codec: WebSocketCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
    ) -> None:
        self._channel = channel
        self.codec = codec
        self.write = channel.write
        self._message_type = bytes if codec.serializer.binary else str
        self._session = Session(self, gatekeeper, environ=environ)

    def received(self, message: str | bytes) -> None:
        """A websocket message: one WAMP message."""
        if type(message) is self._message_type:
            self._session.received(message)
        else:
            expected = "binary" if self._message_type is bytes else "text"
            name = self.codec.serializer.name
            self._session.violate(f"expected {expected} messages for wamp.2.{name}")

    def disconnected(self, code: int, reason: str) -> None:
        """The websocket is gone."""
        self._session.disconnected()

    def close(self, *, failed: bool) -> None:
        """Close the websocket, after what is queued."""
        self._channel.close(1002 if failed else 1000)


class BatchedLink(WebSocketLink):
    """A session's end of a channel whose messages are batches."""

    __slots__ = ("_batching",)

    def __init__(
        self,
        channel: Channel,
        codec: BatchedCodec,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any],
    ) -> None:
        super().__init__(channel, codec, gatekeeper, environ=environ)
        self._batching = codec.batching

    def received(self, message: str | bytes) -> None:
        """A websocket message: WAMP messages, which are handled in their order."""
        if type(message) is not self._message_type:
            super().received(message)  # which says so
            return
        if self._batching is SEPARATED and message[-1:] == "\x18":
            self._speak_as_autobahn()
        session = self._session
        try:
            messages = self._batching.split(message)
        except BatchError as error:
            session.violate(f"batch: {error}")
            return
        for each in messages:
            if session.ended:  # the rest is ignored
                return
            session.received(each)

    def _speak_as_autobahn(self) -> None:
        """Answer with the separator that the client writes: it knows no other."""
        self._batching = AUTOBAHN_CODEC.batching
        self.codec = self._session.codec = AUTOBAHN_CODEC


class WampSubprotocol:
    """The subprotocol that core's framework is given: ``wamp.2.*`` on any path.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: Called on the loop before each connection; what must be there before
            the first session joins.
    """

    names: Sequence[str] = (*CODECS, *BATCHED_CODECS)

    def __init__(self, gatekeeper: Gatekeeper, *, prepare: Callable[[], None]) -> None:
        self._gatekeeper = gatekeeper
        self._prepare = prepare

    def claims(self, offered: Sequence[str]) -> bool:
        """Whether a request offers WAMP, be it in a serializer that is unknown here."""
        return any(name.startswith(PREFIX) for name in offered)

    def choose(self, offered: Sequence[str]) -> str | None:
        """The first that is known here, and one without batches if there is any."""
        return next(
            (
                name
                for codecs in (CODECS, BATCHED_CODECS)
                for name in offered
                if name in codecs
            ),
            None,
        )

    def connect(
        self, channel: Channel, name: str, environ: Mapping[str, Any]
    ) -> WebSocketLink:
        """Start a session, still without a realm, on *channel*."""
        self._prepare()
        if name in BATCHED_CODECS:
            codec = BATCHED_CODECS[name]
            return BatchedLink(channel, codec, self._gatekeeper, environ=environ)
        return WebSocketLink(channel, CODECS[name], self._gatekeeper, environ=environ)
