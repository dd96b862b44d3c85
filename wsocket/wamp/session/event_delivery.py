"""One EVENT for many sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.link import Codec
from wsocket.wamp.session.session import Session

_LONGEST_TOPIC = 200  # characters in the log


def deliver_event(
    receivers: Iterable[Session], head: list[Any], payload: Payload, topic: str
) -> int:
    """Queue one EVENT for many sessions, encoding it once for each kind of link.

    Args:
        topic: For the log, if it cannot be encoded.

    Returns:
        How many of them cannot get it.
    """
    frames: dict[Codec, Any] = {}
    unable = 0
    codec, frame = None, None
    for receiver in receivers:
        if receiver.codec is not codec:
            codec = receiver.codec
            if codec in frames:
                frame = frames[codec]
            else:
                frame = frames[codec] = _event_frame(codec, head, payload, topic)
        if frame is not None:
            receiver.deliver(frame)
        else:
            unable += 1
    return unable


def _event_frame(codec: Codec, head: list[Any], payload: Payload, topic: str) -> Any:
    """The frame of an EVENT; None if the payload cannot be written."""
    try:
        return codec.encode_event(head, payload)
    except PayloadError as error:
        name = codec.serializer.name
        logger.warning(
            "an event of %a is not delivered to some %s sessions: %s",
            topic[:_LONGEST_TOPIC],
            name,
            error,
        )
        return None
