"""What an application has done, and what it holds: the figures of `WSocketApp.metrics`.

All counters begin with 0 when the process starts, and only grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsocket.core.histogram import BOUNDS
from wsocket.wamp.router.router_metrics import RouterMetrics


@dataclass(frozen=True)
class WorkersMetrics:
    """One pool of workers.

    Attributes:
        busy: How many tasks run; also those that wait for calls of their own.
        waiting: How many tasks wait for a worker.
        bytes: What these tasks keep.
    """

    busy: int
    waiting: int
    bytes: int


@dataclass(frozen=True)
class Metrics:
    """The figures of one process.

    Attributes:
        connections: Open websockets, RawSocket connections and long-poll resources.
        backlog_bytes: What waits in connections: for receivers, or for the rest of a
            message.
        memory_bytes: What is charged to `Limits.memory`, backlogs among it.
        memory_limit: `Limits.memory`.
        events_dropped: Events that receivers did not get, by reason: ``too_slow`` (the
            outbox was full), ``memory`` (the process kept too much), ``unwritable``
            (their serializer has no form for the payload), ``late`` (too many came
            while a new subscriber got retained ones).
        longest_turn: Seconds of the longest turn of the loop since `metrics` was called
            last. For so long everybody had to wait.
        workers: Pools by what they do: ``calls`` (procedures and subscribers of the
            application), ``logins``, ``authorizers``. Empty before the first session.
        router: The figures of the router; None if there is none.
    """

    connections: int
    backlog_bytes: int
    memory_bytes: int
    memory_limit: int
    events_dropped: Mapping[str, int]
    longest_turn: float
    workers: Mapping[str, WorkersMetrics]
    router: RouterMetrics | None


__all__ = ["BOUNDS", "Metrics", "RouterMetrics", "WorkersMetrics"]
