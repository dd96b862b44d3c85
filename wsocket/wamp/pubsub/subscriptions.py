"""The subscriptions of a realm and their subscribers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from wsocket.wamp.protocol.errors import Refusal, too_many, too_much
from wsocket.wamp.protocol.patterns import PatternMap, pattern_size
from wsocket.wamp.protocol.uris import MATCHES, Match
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.session.session import Session

# Bytes that a subscription with one subscriber takes, without its URI.
_SUBSCRIBER = 600


class Subscription:
    """All subscribers of one (topic, match) share one subscription.

    Attributes:
        created: Seconds since the epoch.
        late: Subscribers that still get retained events, and what waits until then.
        subscribers: In the order in which they subscribed.
    """

    __slots__ = ("created", "id", "late", "match", "subscribers", "uri")

    def __init__(self, id: int, uri: str, *, match: Match, created: float) -> None:
        self.id = id
        self.uri = uri
        self.match = match
        self.created = created
        self.late: dict[Session, deque[Publication]] = {}
        self.subscribers: dict[Session, None] = {}


class SubscriptionObserver(Protocol):
    """Is told about changes, in the order in which they happen."""

    def created(self, session: Session, subscription: Subscription) -> None: ...

    def subscribed(self, session: Session, subscription: Subscription) -> None: ...

    def unsubscribed(self, session: Session, subscription: Subscription) -> None: ...

    def deleted(self, session: Session, subscription: Subscription) -> None: ...


class Subscriptions:
    """The table of one realm.

    Args:
        limit: How many subscriptions one session may have.
        pattern_limit: How many of them may be prefixes and wildcards. An event can fit
            all of these, and costs one EVENT for each.
        unlimited: Sessions without this limit.
    """

    def __init__(
        self,
        *,
        next_id: Callable[[], int],
        time: Callable[[], float],
        limit: int,
        pattern_limit: int,
        unlimited: Collection[Session] = (),
    ) -> None:
        self._limit = limit
        self._pattern_limit = pattern_limit
        self._unlimited = unlimited
        self._next_id = next_id
        self._time = time
        self._observers: list[SubscriptionObserver] = []
        self._registry = PatternMap[Subscription]()
        self._held: dict[Session, dict[Subscription, None]] = {}
        self._patterns_held: dict[Session, int] = {}
        self.by_id: dict[int, Subscription] = {}
        self.get = self._registry.get
        self.matching = self._registry.matching

    def observe(self, observer: SubscriptionObserver) -> None:
        """Tell *observer* about changes from now on."""
        self._observers.append(observer)

    def ids(self) -> dict[Match, list[int]]:
        """Subscription IDs by matching policy."""
        return {
            match: [each.id for each in self._registry.entries(match)]
            for match in MATCHES
        }

    @property
    def holders(self) -> Collection[Session]:
        """The sessions that have a subscription."""
        return self._held.keys()

    def held_by(self, subscriber: Session) -> Iterator[Subscription]:
        """The subscriptions of *subscriber*."""
        return iter(self._held.get(subscriber, ()))

    def refusal(self, subscriber: Session, uri: str, match: Match) -> Refusal | None:
        """Why *subscriber* may not get this subscription; None if it may."""
        held = self._held.get(subscriber, ())
        has_it_already = self._registry.get(uri, match) in held
        if has_it_already or subscriber in self._unlimited:
            return None
        if len(held) >= self._limit:
            return too_many("subscriptions", self._limit)
        patterns = self._patterns_held.get(subscriber, 0)
        if match != "exact" and patterns >= self._pattern_limit:
            return too_many("pattern subscriptions", self._pattern_limit)
        lacking = subscriber.budget.lacking(_weight(uri, match))
        return None if lacking is None else too_much("this subscription", lacking)

    def add(
        self,
        subscriber: Session,
        uri: str,
        match: Match,
        *,
        then: Callable[[Subscription], None],
    ) -> None:
        """Subscribe; the same (topic, match) again gives the same subscription.

        Args:
            then: Called before observers are told, because they may publish an event
                for this very subscription.
        """
        subscription = self._registry.get(uri, match)
        is_new = subscription is None
        if subscription is None:
            subscription = Subscription(
                self._next_id(), uri, match=match, created=self._time()
            )
            self._registry.add(uri, match, subscription)
            self.by_id[subscription.id] = subscription
        has_joined = subscriber not in subscription.subscribers
        if has_joined:
            subscriber.budget.charge(_weight(uri, match))
            subscription.subscribers[subscriber] = None
            self._held.setdefault(subscriber, {})[subscription] = None
            if match != "exact":
                patterns = self._patterns_held.get(subscriber, 0)
                self._patterns_held[subscriber] = patterns + 1
        then(subscription)
        for observer in self._observers:
            if is_new:
                observer.created(subscriber, subscription)
            if has_joined:
                observer.subscribed(subscriber, subscription)

    def remove(
        self, subscriber: Session, subscription: Subscription, *, silent: bool = False
    ) -> None:
        """Remove *subscriber*, which must be subscribed, from *subscription*.

        Args:
            silent: Do not tell the observers.
        """
        held = self._held[subscriber]
        held.pop(subscription, None)
        if not held:
            del self._held[subscriber]
        if subscription.match != "exact":
            self._patterns_held[subscriber] -= 1
            if not self._patterns_held[subscriber]:
                del self._patterns_held[subscriber]
        del subscription.subscribers[subscriber]
        subscriber.budget.give_back(_weight(subscription.uri, subscription.match))
        observers = () if silent else self._observers
        for observer in observers:
            observer.unsubscribed(subscriber, subscription)
        if not subscription.subscribers:
            self._registry.remove(subscription.uri, subscription.match)
            del self.by_id[subscription.id]
            for observer in observers:
                observer.deleted(subscriber, subscription)


def _weight(uri: str, match: Match) -> int:
    """The memory that one subscriber of a pattern takes, in bytes; an estimate."""
    return _SUBSCRIBER + pattern_size(uri, match)
