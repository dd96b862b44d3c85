"""One event, as it is delivered, retained and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsocket.wamp.pubsub.audience import Audience
from wsocket.wamp.serializers.base import Payload


class Publication:
    """What was published.

    Attributes:
        id: The publication ID, the same in every EVENT.
        details: What every EVENT says in its details, whoever receives it.
        time: Seconds since the epoch.
        trustlevel: For receivers that announced trust levels.
    """

    __slots__ = (
        "audience",
        "details",
        "id",
        "payload",
        "time",
        "topic",
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
        """The same, without the rest of the message that the payload was read from:
        its bytes would all be kept.
        """
        return Publication(
            self.id,
            self.topic,
            self.payload.copy(),
            details=self.details,
            audience=self.audience,
            time=self.time,
            trustlevel=self.trustlevel,
        )

    @property
    def size(self) -> int:
        """About what it costs to keep, in bytes."""
        rest = texts_size(self.details) + self.audience.size
        return len(self.topic) + self.payload.size + rest


def texts_size(details: Mapping[str, Any]) -> int:
    """Characters of the texts in *details*; peers choose some of them."""
    return sum(len(value) for value in details.values() if isinstance(value, str))
