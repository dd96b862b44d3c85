"""The handshake of RawSocket, from the client's side."""

from __future__ import annotations

from wsocket.client.settings import ClientSettings
from wsocket.errors import ConnectFailed
from wsocket.wamp.transports.rawsocket_frames import (
    SERIALIZER_IDS,
    RawSocketEvent,
    RawSocketFailure,
    RawSocketReply,
    encode_request,
    largest_size,
)


def greeting(settings: ClientSettings) -> bytes:
    """What a client sends first."""
    serializer = SERIALIZER_IDS[settings.serializer]
    return encode_request(serializer, largest_size(settings.max_message_size))


def reply_in(event: RawSocketEvent, settings: ClientSettings) -> RawSocketReply:
    """The reply of the router: the first event of a `ReplyDecoder`.

    Raises:
        ConnectFailed: It refuses, or answers what was not asked.
    """
    url, serializer = settings.address.url, SERIALIZER_IDS[settings.serializer]
    if isinstance(event, RawSocketFailure):
        raise ConnectFailed(f"{url}: {event.problem}")
    assert isinstance(event, RawSocketReply)
    if event.serializer != serializer:
        raise ConnectFailed(
            f"{url}: the router chose serializer {event.serializer}, expected "
            f"{serializer} ({settings.serializer})"
        )
    return event
