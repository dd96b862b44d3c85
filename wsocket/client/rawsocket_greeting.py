"""The handshake of RawSocket, from the client's side."""

from __future__ import annotations

from wsocket.client.dialing import problems
from wsocket.client.settings import ClientSettings
from wsocket.errors import ConnectFailed
from wsocket.wamp.transports.rawsocket_frames import (
    MAGIC,
    SERIALIZER_IDS,
    RawSocketFailure,
    RawSocketReply,
    ReplyDecoder,
    encode_request,
    largest_size,
)


def greeting(settings: ClientSettings) -> bytes:
    """What a client sends first."""
    serializer = SERIALIZER_IDS[settings.serializer]
    return encode_request(serializer, largest_size(settings.max_message_size))


def reply_in(
    data: bytes, decoder: ReplyDecoder, settings: ClientSettings
) -> RawSocketReply | None:
    """The reply of the router; None while a part of it is missing.

    Args:
        data: What has come of it.

    Raises:
        ConnectFailed: It refuses, or answers what was not asked.
    """
    url, serializer = settings.address.url, SERIALIZER_IDS[settings.serializer]
    if not decoder.gathered and data[0] != MAGIC:
        raise problems().another_protocol(data, settings)
    for event in decoder.feed(data):
        if isinstance(event, RawSocketFailure):
            raise ConnectFailed(f"{url}: {event.problem}")
        assert isinstance(event, RawSocketReply)
        if event.serializer != serializer:
            raise ConnectFailed(
                f"{url}: the router chose serializer {event.serializer}, expected "
                f"{serializer} ({settings.serializer})"
            )
        return event
    return None
