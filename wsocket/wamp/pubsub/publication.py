"""One published event, as it is delivered and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsocket.wamp.protocol.uris import uri_code
from wsocket.wamp.pubsub.audience import Audience
from wsocket.wamp.serializers.base import Payload


class Publication:
    """One published event.

    Attributes:
        id: The publication ID, the same in every EVENT.
        details: EVENT.Details that are the same for all receivers.
        time: Seconds since the epoch.
        trustlevel: Sent to receivers that announced trust levels.
        topic_code: The `uri_code` of its topic; only what is kept has it.
    """

    topic_code: int

    __slots__ = (
        "audience",
        "details",
        "id",
        "payload",
        "time",
        "topic",
        "topic_code",
        "trustlevel",
    )

    def __init__(
        self,
        id: int,
        topic: str,
        payload: Payload,
        *,
        details: dict[str, Any],
        audience: Audience,
        time: float,
        trustlevel: int | None,
    ) -> None:
        self.id = id
        self.topic = topic
        self.payload = payload
        self.details = details
        self.audience = audience
        self.time = time
        self.trustlevel = trustlevel

    def to_keep(self) -> Publication:
        """A copy that does not keep the rest of the PUBLISH in memory."""
        kept = Publication(
            self.id,
            self.topic,
            self.payload.copy(),
            details=self.details,
            audience=self.audience,
            time=self.time,
            trustlevel=self.trustlevel,
        )
        kept.topic_code = uri_code(self.topic)
        return kept

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes; an estimate."""
        rest = texts_size(self.details) + self.audience.size
        return len(self.topic) + self.payload.size + rest


def texts_size(details: Mapping[str, Any]) -> int:
    """Characters of all texts in *details*; some are chosen by peers."""
    return sum(len(value) for value in details.values() if isinstance(value, str))
