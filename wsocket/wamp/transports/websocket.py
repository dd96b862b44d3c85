"""WAMP over a websocket: one message in each (``wamp.2.json``, ``.msgpack``,
``.cbor``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from wsocket.core.channel import Channel
from wsocket.core.frames import BINARY, TEXT, encode_frame
from wsocket.wamp.formats import SERIALIZERS
from wsocket.wamp.serializers import Serializer
from wsocket.wamp.session import Gatekeeper, Session
from wsocket.wamp.transports.codec import FrameCodec

PREFIX = "wamp.2."


def _codec(serializer: Serializer) -> FrameCodec:
    opcode = BINARY if serializer.binary else TEXT
    return FrameCodec(serializer, partial(encode_frame, opcode))


CODECS = {PREFIX + each.name: _codec(each) for each in SERIALIZERS}


class WebSocketLink:
    """A session's end of a channel, in both directions."""

    __slots__ = ("_channel", "_message_type", "_session", "codec", "write")

    def __init__(
        self,
        channel: Channel,
        codec: FrameCodec,
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


class WampSubprotocol:
    """The subprotocol that core's framework is given: ``wamp.2.*`` on any path.

    Args:
        gatekeeper: Lets sessions into realms.
        prepare: Called on the loop before each connection; what must be there before
            the first session joins.
    """

    names: Sequence[str] = tuple(CODECS)

    def __init__(self, gatekeeper: Gatekeeper, *, prepare: Callable[[], None]) -> None:
        self._gatekeeper = gatekeeper
        self._prepare = prepare

    def claims(self, offered: Sequence[str]) -> bool:
        """Whether a request offers WAMP, be it in a serializer that is unknown here."""
        return any(name.startswith(PREFIX) for name in offered)

    def connect(
        self, channel: Channel, name: str, environ: Mapping[str, Any]
    ) -> WebSocketLink:
        """Start a session, still without a realm, on *channel*."""
        self._prepare()
        return WebSocketLink(channel, CODECS[name], self._gatekeeper, environ=environ)
