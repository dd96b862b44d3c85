"""Event history: past events of the topics that are configured for it."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from operator import itemgetter
from typing import Any, Final

from wsocket.errors import ApplicationError
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import Match, fits, fitting
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.session.session import Session

MAX_EVENTS: Final = 1000
"""In one answer; more can be had with ``after_publication``."""

# Events are numbered as they come. Their times say nothing about the order, because
# clocks are set.
Kept = tuple[int, Publication]
_number = itemgetter(0)


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
        self._events: deque[Kept] = deque()

    def offer(self, number: int, publication: Publication) -> None:
        """Keep *publication* if its topic fits; the oldest events may be removed."""
        if not fits(publication.topic, self._uri, self._match):
            return
        self._events.append((number, publication))
        self._bytes += publication.size
        while len(self._events) > self._limit or self._bytes > self._limit_bytes:
            self._bytes -= self._events.popleft()[1].size

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._events)

    def __reversed__(self) -> Iterator[Kept]:
        return reversed(self._events)


class History:
    """The logs of one realm ("Event History")."""

    def __init__(self, logs: Iterable[TopicLog]) -> None:
        self._logs = tuple(logs)
        self._stored = 0

    @property
    def count(self) -> int:
        """How many events all logs have together."""
        return sum(map(len, self._logs))

    def store(self, publication: Publication) -> None:
        """Keep *publication*, unless it lists session IDs."""
        if self._logs and not publication.audience.by_session:
            self._stored += 1
            kept = publication.to_keep()
            for log in self._logs:
                log.offer(self._stored, kept)

    def events(
        self, subscription: Subscription, reader: Session, filters: HistoryFilters
    ) -> list[Publication]:
        """Past events of *subscription* that *reader* may get, the oldest first.

        *filters* select some of them, and may reverse the order.

        Raises:
            ApplicationError: An event that a filter names is not among them.
        """
        topic_fits = fitting(subscription.uri, subscription.match)

        def is_visible(event: Publication) -> bool:
            return topic_fits(event.topic, event.topic_code) and event.audience.admits(
                reader
            )

        def is_bound(event: Publication) -> bool:
            known = event.audience.is_known_to(reader)
            return known and topic_fits(event.topic, event.topic_code)

        first, last = self._range(filters.publications, is_bound)
        found: list[Publication] = []
        for number, event in self._in_order(reverse=filters.reverse):
            if len(found) == filters.limit:
                break
            if first <= number <= last and filters.passes(event) and is_visible(event):
                found.append(event)
        return found

    def _in_order(self, *, reverse: bool) -> Iterator[Kept]:
        """All events in the order in which they came; one in two logs comes once."""
        logs = [reversed(log) if reverse else iter(log) for log in self._logs]
        previous = 0
        for number, event in heapq.merge(*logs, key=_number, reverse=reverse):
            if number != previous:
                yield number, event
            previous = number

    def _range(
        self, publications: dict[str, int], is_bound: Callable[[Publication], bool]
    ) -> tuple[int, int]:
        """The first and the last number between the events that filters name."""
        first, last = 1, self._stored
        for name, publication in publications.items():
            number = self._find(name, publication, is_bound)
            if name == "from_publication":
                first = max(first, number)
            elif name == "after_publication":
                first = max(first, number + 1)
            elif name == "before_publication":
                last = min(last, number - 1)
            else:
                last = min(last, number)
        return first, last

    def _find(
        self, name: str, publication: int, is_bound: Callable[[Publication], bool]
    ) -> int:
        for log in self._logs:
            for number, event in log:
                if event.id == publication and is_bound(event):
                    return number
        raise ApplicationError(
            errors.NO_SUCH_PUBLICATION,
            f"{name}: event {publication} is not kept, or not any more: what came "
            "after it or before it is not known",
        )


class HistoryFilters:
    """The keyword arguments of ``wamp.subscription.get_events``; all must hold.

    Attributes:
        reverse: Whether the newest event comes first.
        limit: How many events there may be.
        publications: The events that ``from_publication`` and its kin name, by filter.

    Raises:
        ValueError: One is unknown or has the wrong type; the message names it.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.reverse = False
        self.limit = MAX_EVENTS
        self.publications: dict[str, int] = {}
        self._tests: list[Callable[[Publication], bool]] = []
        for name, value in arguments.items():
            if value is None:
                continue
            reader = _READERS.get(name)
            if reader is None:
                raise ValueError(f"{name}: unknown filter")
            reader(self, name, value)

    def passes(self, event: Publication) -> bool:
        """Whether *event* has the right topic and time."""
        return all(test(event) for test in self._tests)

    def _read_reverse(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected a bool, got {value!r:.80}")
        self.reverse = value

    def _read_limit(self, name: str, value: object) -> None:
        if type(value) is not int or value < 0:
            raise ValueError(f"{name}: expected a number of events, got {value!r:.80}")
        if value > MAX_EVENTS:
            raise ValueError(f"{name}: at most {MAX_EVENTS} events, got {value}")
        self.limit = value

    def _read_topic(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise ValueError(f"{name}: expected a URI, got {value!r:.80}")
        self._tests.append(lambda event: event.topic == value)

    def _read_publication(self, name: str, value: object) -> None:
        if type(value) is not int:
            raise ValueError(f"{name}: expected a publication ID, got {value!r:.80}")
        self.publications[name] = value

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
