"""Event history: past events of the topics that are configured for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from wsocket.wamp.protocol.uris import Match, fits
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.session.session import Session


class TopicLog:
    """The last events of the topics that one pattern fits.

    Args:
        limit: How many are kept.
        limit_bytes: How many bytes they may have together.
    """

    def __init__(self, uri: str, match: Match, *, limit: int, limit_bytes: int) -> None:
        self._uri = uri
        self._match = match
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._events: deque[Publication] = deque()

    def offer(self, publication: Publication) -> None:
        """Keep *publication* if its topic fits; the oldest events may be removed."""
        if not fits(publication.topic, self._uri, self._match):
            return
        self._events.append(publication)
        self._bytes += publication.size
        while len(self._events) > self._limit or self._bytes > self._limit_bytes:
            self._bytes -= self._events.popleft().size

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Publication]:
        return iter(self._events)


class History:
    """The logs of one realm ("Event History")."""

    def __init__(self, logs: Iterable[TopicLog]) -> None:
        self._logs = tuple(logs)

    @property
    def count(self) -> int:
        """How many events all logs have together."""
        return sum(map(len, self._logs))

    def store(self, publication: Publication) -> None:
        """Keep *publication*, unless it lists session IDs."""
        if self._logs and not publication.audience.by_session:
            kept = publication.to_keep()
            for log in self._logs:
                log.offer(kept)

    def events(
        self, subscription: Subscription, reader: Session, filters: HistoryFilters
    ) -> list[Publication]:
        """Past events of *subscription* that *reader* may get, the oldest first.

        *filters* select some of them, and may reverse the order.
        """
        found: dict[int, Publication] = {}
        for log in self._logs:
            for event in log:
                if event.audience.admits(reader) and fits(
                    event.topic, subscription.uri, subscription.match
                ):
                    found[event.id] = event
        return filters.apply(sorted(found.values(), key=lambda event: event.time))


class HistoryFilters:
    """The keyword arguments of ``wamp.subscription.get_events``; all must hold.

    Raises:
        ValueError: One is unknown or has the wrong type; the message names it.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._reverse = False
        self._limit: int | None = None
        self._tests: list[Callable[[Publication], bool]] = []
        self._bounds: dict[str, int] = {}
        for name, value in arguments.items():
            if value is None:
                continue
            reader = _READERS.get(name)
            if reader is None:
                raise ValueError(f"{name}: unknown filter")
            reader(self, name, value)

    def apply(self, events: list[Publication]) -> list[Publication]:
        """Those of *events*, oldest first, that pass."""
        passed = [
            event
            for event in self._within_publications(events)
            if all(test(event) for test in self._tests)
        ]
        if self._reverse:
            passed.reverse()
        return list(islice(passed, self._limit))

    def _within_publications(self, events: list[Publication]) -> list[Publication]:
        """Cut at the publications that ``from_publication`` and its kin name."""
        index = {event.id: at for at, event in enumerate(events)}
        start, stop = 0, len(events)
        for name, publication in self._bounds.items():
            at = index.get(publication)
            if at is None:
                return []  # the event it would be relative to is not known here
            if name == "from_publication":
                start = max(start, at)
            elif name == "after_publication":
                start = max(start, at + 1)
            elif name == "before_publication":
                stop = min(stop, at)
            else:
                stop = min(stop, at + 1)
        return events[start:stop]

    def _read_reverse(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected a bool, got {value!r:.80}")
        self._reverse = value

    def _read_limit(self, name: str, value: object) -> None:
        if type(value) is not int or value < 0:
            raise ValueError(f"{name}: expected a number of events, got {value!r:.80}")
        self._limit = value

    def _read_topic(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise ValueError(f"{name}: expected a URI, got {value!r:.80}")
        self._tests.append(lambda event: event.topic == value)

    def _read_publication(self, name: str, value: object) -> None:
        if type(value) is not int:
            raise ValueError(f"{name}: expected a publication ID, got {value!r:.80}")
        self._bounds[name] = value

    def _read_time(self, name: str, value: object) -> None:
        time = _timestamp(name, value)
        passes = _TIME_TESTS[name]
        self._tests.append(lambda event: passes(event.time, time))


_READERS: dict[str, Callable[[HistoryFilters, str, object], None]] = {
    "reverse": HistoryFilters._read_reverse,
    "limit": HistoryFilters._read_limit,
    "topic": HistoryFilters._read_topic,
    "from_publication": HistoryFilters._read_publication,
    "after_publication": HistoryFilters._read_publication,
    "before_publication": HistoryFilters._read_publication,
    "until_publication": HistoryFilters._read_publication,
    "from_time": HistoryFilters._read_time,
    "after_time": HistoryFilters._read_time,
    "before_time": HistoryFilters._read_time,
    "until_time": HistoryFilters._read_time,
}

_TIME_TESTS: dict[str, Callable[[float, float], bool]] = {
    "from_time": lambda event, bound: event >= bound,
    "after_time": lambda event, bound: event > bound,
    "before_time": lambda event, bound: event < bound,
    "until_time": lambda event, bound: event <= bound,
}


def _timestamp(name: str, value: object) -> float:
    """Convert an RFC 3339 time to seconds since the epoch."""
    try:
        if not isinstance(value, str):
            raise ValueError
        # Python 3.10 does not accept the letter Z.
        moment = datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(
            f"{name}: expected an RFC 3339 time such as 2026-01-31T12:00:00Z, "
            f"got {value!r:.80}"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{name}: the time {value!r:.80} has no offset from UTC")
    return moment.timestamp()


def rfc3339(time: float) -> str:
    """Convert seconds since the epoch to RFC 3339, in UTC with milliseconds."""
    moment = datetime.fromtimestamp(time, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
