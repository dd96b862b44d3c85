"""What clients did and saw, and what is wrong with it.

A history is a list of records, only ever appended to, in the order in which one program
made them. The checker knows the rules, and nothing of clients, sockets or the router.

The rules:

* Every call is answered exactly once, with what was asked for, unless its caller left.
* Nobody who reads loses the connection.
* At each subscriber, the events of one publisher on a topic come in the order in which
  they were published, and none comes twice.
* A subscriber that reads misses none: it gets every event that was published after it
  had been told that it is subscribed, and acknowledged before it unsubscribed or left.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Published(NamedTuple):
    """A publisher sent an event: its *number* counts its events on this topic."""

    time: float
    client: int
    topic: str
    number: int


class Acknowledged(NamedTuple):
    """The router has confirmed that event."""

    time: float
    client: int
    topic: str
    number: int


class Subscribed(NamedTuple):
    """A client was told that it is subscribed."""

    time: float
    client: int
    topic: str


class Unsubscribed(NamedTuple):
    """A client has asked not to be subscribed any more."""

    time: float
    client: int
    topic: str


class Received(NamedTuple):
    """An event came."""

    time: float
    client: int
    topic: str
    publisher: int
    number: int


class Called(NamedTuple):
    """A client sent a call; *value* is what its answer must have."""

    time: float
    client: int
    request: int
    value: object


class Answered(NamedTuple):
    """A result or an error came for a call; an error has no value to compare."""

    time: float
    client: int
    request: int
    value: object
    error: bool


class Stalled(NamedTuple):
    """A client does not promise any more to read: events for it may be dropped."""

    time: float
    client: int


class Lost(NamedTuple):
    """The server has ended the connection of a client; *why* is what it said."""

    time: float
    client: int
    why: str


class Left(NamedTuple):
    """A client has left, or was killed: it expects nothing any more."""

    time: float
    client: int


Record = (
    Published
    | Acknowledged
    | Subscribed
    | Unsubscribed
    | Received
    | Called
    | Answered
    | Stalled
    | Lost
    | Left
)


@dataclass
class Subscription:
    """One subscription of one client, from its confirmation to its end.

    Attributes:
        received: Numbers of events by publisher, in the order of arrival.
    """

    client: int
    topic: str
    begin: float
    end: float = float("inf")
    reads: bool = True
    received: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def faults(history: Iterable[Record]) -> list[str]:
    """Everything that is wrong, in words; nothing if all is well."""
    records = list(history)
    return [
        *disorder_of_time(records),
        *lost_connections(records),
        *wrong_answers(records),
        *wrong_events(records),
    ]


def disorder_of_time(records: list[Record]) -> Iterator[str]:
    """A history that was not appended to in its order proves nothing."""
    for before, after in itertools.pairwise(records):
        if after.time < before.time:
            yield f"the history is not in order: {after} after {before}"
            return


def lost_connections(records: list[Record]) -> Iterator[str]:
    """Clients that read, and were disconnected in spite of that."""
    stalled = {each.client for each in records if isinstance(each, Stalled)}
    for each in records:
        if isinstance(each, Lost) and each.client not in stalled:
            yield f"a client was disconnected: {each}"


def wrong_answers(records: list[Record]) -> Iterator[str]:
    """Calls that were not answered exactly once, with what was asked for."""
    waiting: dict[tuple[int, int], Called] = {}
    answered: set[tuple[int, int]] = set()
    for each in records:
        if isinstance(each, Called):
            waiting[each.client, each.request] = each
        elif isinstance(each, Answered):
            key = (each.client, each.request)
            call = waiting.pop(key, None)
            if key in answered:
                yield f"a call was answered twice: {each}"
            elif call is None:
                yield f"an answer without a call: {each}"
            elif not each.error and each.value != call.value:
                yield f"a wrong answer: {each} to {call}"
            answered.add(key)
        elif isinstance(each, Left | Lost):
            for key in [key for key in waiting if key[0] == each.client]:
                del waiting[key]
    yield from (f"never answered: {call}" for call in waiting.values())


def wrong_events(records: list[Record]) -> Iterator[str]:
    """Events that were lost, doubled, or out of order."""
    published = publications(records)
    subscriptions, strays = gather(records)
    for each in strays:
        yield f"an event without a subscription: {each}"
    for subscription in subscriptions:
        topic = subscription.topic
        for publisher in sorted({key[0] for key in published if key[1] == topic}):
            events = published[publisher, topic]
            numbers = subscription.received.pop(publisher, [])
            for problem in judged(subscription, events, numbers):
                where = f"client {subscription.client}, {topic!r}, of {publisher}"
                yield f"{problem}: {where}"
        for publisher in subscription.received:
            yield f"nobody published that: {subscription.client}, {topic}, {publisher}"


@dataclass
class Publications:
    """The events of one publisher on one topic.

    Attributes:
        sent: When each was sent, by number; the first is 1.
        acknowledged: When each was confirmed; infinity if it was not.
    """

    sent: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)


def publications(records: list[Record]) -> dict[tuple[int, str], Publications]:
    """By publisher and topic."""
    found: dict[tuple[int, str], Publications] = defaultdict(Publications)
    for each in records:
        if isinstance(each, Published):
            events = found[each.client, each.topic]
            events.sent.append(each.time)
            events.acknowledged.append(float("inf"))
            assert each.number == len(events.sent)
        elif isinstance(each, Acknowledged):
            found[each.client, each.topic].acknowledged[each.number - 1] = each.time
    return found


def gather(records: list[Record]) -> tuple[list[Subscription], list[Received]]:
    """All subscriptions with what they received; and events that belong to none.

    Events that were under way when a client unsubscribed still belong to it.
    """
    latest: dict[tuple[int, str], Subscription] = {}
    topics: dict[int, list[Subscription]] = defaultdict(list)
    subscriptions: list[Subscription] = []
    strays: list[Received] = []
    for each in records:
        if isinstance(each, Subscribed):
            new = Subscription(each.client, each.topic, each.time)
            latest[each.client, each.topic] = new
            topics[each.client].append(new)
            subscriptions.append(new)
        elif isinstance(each, Received):
            found = latest.get((each.client, each.topic))
            if found is None:
                strays.append(each)
            else:
                found.received[each.publisher].append(each.number)
        elif isinstance(each, Unsubscribed):
            end(latest[each.client, each.topic], each.time)
        elif isinstance(each, Left | Lost | Stalled):
            for one in topics[each.client]:
                end(one, each.time)
    return subscriptions, strays


def end(subscription: Subscription, time: float) -> None:
    """From now on nothing is due; only the first end counts."""
    subscription.end = min(subscription.end, time)


def judged(
    subscription: Subscription, events: Publications, numbers: list[int]
) -> Iterator[str]:
    """What is wrong with the events of one publisher at one subscriber.

    Those that are due are a range of numbers: both lists of times only grow.
    """
    for before, after in itertools.pairwise(numbers):
        if after == before:
            yield f"event {after} came twice"
        elif after < before:
            yield f"event {after} came after {before}"
    first = bisect.bisect_right(events.sent, subscription.begin) + 1
    last = bisect.bisect_left(events.acknowledged, subscription.end)
    missing = sorted(set(range(first, last + 1)).difference(numbers))
    if missing:
        yield f"{len(missing)} events were lost, the first is {missing[0]}"
    if numbers and max(numbers) > len(events.sent):
        yield f"event {max(numbers)} was never published"
