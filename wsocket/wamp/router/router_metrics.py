"""The figures of a router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wsocket.wamp.protocol.field_names import name_of, name_of_code
from wsocket.wamp.session.traffic import Traffic


@dataclass(frozen=True)
class Latencies:
    """How long calls took.

    Attributes:
        counts: How many calls were in each range; `wsocket.metrics.BOUNDS` has the
            upper ends in seconds, and the last range has none.
        total: All of them together, in seconds.
    """

    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True)
class RouterMetrics:
    """What a router has done, and how many sessions it has.

    Attributes:
        sessions: Open sessions, by realm; that of the application itself is one.
        joins: Sessions that have joined.
        refusals: ABORTs, by reason.
        received: Messages of clients, by type such as ``PUBLISH``.
        sent: Messages to clients, by type; ``EVENT`` counts each receiver.
        calls: How long answered calls took, from CALL to the answer.
    """

    sessions: Mapping[str, int]
    joins: int
    refusals: Mapping[str, int]
    received: Mapping[str, int]
    sent: Mapping[str, int]
    calls: Latencies


def router_metrics(traffic: Traffic, sessions: Mapping[str, int]) -> RouterMetrics:
    """The figures at this moment; they do not change later."""
    sent = {
        name_of_code(code): tally.number
        for code, tally in enumerate(traffic.sent)
        if tally.number
    }
    sent["EVENT"] = traffic.events
    received = {name_of(kind): tally.number for kind, tally in traffic.received.items()}
    return RouterMetrics(
        sessions=MappingProxyType(dict(sessions)),
        joins=traffic.joins,
        refusals=MappingProxyType(dict(traffic.refusals)),
        received=MappingProxyType(received),
        sent=MappingProxyType(sent),
        calls=Latencies(traffic.calls.counts, traffic.calls.total),
    )
