"""One event, as it is delivered, retained and remembered."""

from __future__ import annotations

from typing import Any, NamedTuple

from wsocket.wamp.audience import Audience
from wsocket.wamp.serializers import Payload


class Publication(NamedTuple):
    """What was published.

    Attributes:
        id: The publication ID, the same in every EVENT.
        details: What every EVENT says in its details, whoever receives it.
        time: Seconds since the epoch.
    """

    id: int
    topic: str
    payload: Payload
    details: dict[str, Any]
    audience: Audience
    time: float
