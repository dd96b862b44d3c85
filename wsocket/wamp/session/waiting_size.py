"""What a message takes in memory while it waits."""

from __future__ import annotations

from wsocket.wamp.protocol.client_messages import ClientMessage, Publish
from wsocket.wamp.protocol.publish_lists import lists_size

_OVERHEAD = 500  # bytes of a message, besides its own


def waiting_size(message: ClientMessage, size: int) -> int:
    """Bytes that *message* takes, with *size* bytes on the wire; an estimate.

    Everything long in it stays encoded, but for the lists of a PUBLISH: their members
    take up to fifteen times as much as they came in.
    """
    lists = lists_size(message.options) if isinstance(message, Publish) else 0
    return size + _OVERHEAD + lists
