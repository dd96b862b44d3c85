"""What the sessions of a router have done so far: integers that only grow."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from wsocket.core.histogram import Histogram
from wsocket.core.tally import Tally
from wsocket.wamp.protocol.client_messages import Message

_CODES: Final = 100  # above the numbers of all types of messages
_REASONS: Final = 100  # that are told apart: an authenticator may give any reason


class Traffic:
    """The counters of one router. All its sessions share them.

    Attributes:
        received: Messages of clients, by type.
        sent: Messages to clients, by the number of their type; without events.
        events: EVENTs that were handed to the connections of their receivers.
        unwritable: EVENTs that receivers did not get, because their serializer has no
            form for the payload.
        late: EVENTs that new subscribers did not get, because too many came while they
            still got retained ones.
        joins: Sessions that have joined a realm.
        refusals: ABORTs, by reason.
        calls: How long calls took, from CALL to the answer.
    """

    __slots__ = (
        "calls",
        "events",
        "joins",
        "late",
        "received",
        "refusals",
        "sent",
        "unwritable",
    )

    def __init__(self) -> None:
        self.received: defaultdict[type[Message], Tally] = defaultdict(Tally)
        self.sent = [Tally() for _ in range(_CODES)]
        self.events = self.unwritable = self.late = self.joins = 0
        self.refusals: dict[str, int] = {}
        self.calls = Histogram()

    def refused(self, reason: str) -> None:
        """Count an ABORT."""
        if reason not in self.refusals and len(self.refusals) >= _REASONS:
            reason = "other"
        self.refusals[reason] = self.refusals.get(reason, 0) + 1
