"""New subscribers that get retained events before live ones.

There may be many retained events. So they are delivered in turns of the loop, and live
events wait meanwhile, as well as later messages of the subscriber.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from wsocket.wamp.protocol.errors import Refusal, too_much
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.retention import RetainedEvents
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.traffic import Traffic

_REFERENCE = 8  # bytes

Deliver = Callable[[Publication, Subscription, list[Session]], None]


class CatchingUp:
    """Those subscribers of a realm that still get retained events.

    Args:
        deliver_retained: Delivers a retained event.
        deliver: Delivers a live event.
    """

    def __init__(
        self,
        retained: RetainedEvents,
        *,
        runtime: Runtime,
        traffic: Traffic,
        deliver_retained: Deliver,
        deliver: Deliver,
    ) -> None:
        self._retained = retained
        self._runtime = runtime
        self._traffic = traffic
        self._deliver_retained = deliver_retained
        self._deliver = deliver

    def refusal(self, subscriber: Session, match: Match) -> Refusal | None:
        """Why *subscriber* cannot get retained events now; None if it can."""
        lacking = subscriber.budget.lacking(self._weight(match))
        if lacking is None:
            return None
        return too_much("what this subscription needs for retained events", lacking)

    def start(self, subscriber: Session, subscription: Subscription) -> None:
        """Deliver the retained events for a subscription that has just begun."""
        session_id = subscriber.id
        weight = self._weight(subscription.match)
        subscriber.budget.charge(weight)
        subscriber.hold()
        waiting = subscription.late[subscriber] = deque()

        def done() -> None:
            subscriber.budget.give_back(weight)
            if subscriber.is_in_realm(session_id):
                subscriber.release()

        steps = self._steps(subscriber, subscription, waiting)
        self._runtime.in_turns(steps, done)

    def held_back(
        self,
        publication: Publication,
        subscription: Subscription,
        receivers: list[Session],
    ) -> list[Session]:
        """Let *publication* wait for those *receivers* that are catching up.

        Returns:
            The other receivers.
        """
        late = subscription.late
        for receiver in receivers:
            waiting = late.get(receiver)
            # An event may be lost if its receiver is too slow.
            if waiting is None:
                continue
            if receiver.budget.take(publication.size) is None:
                waiting.append(publication)
            else:
                self._traffic.late += 1
        return [each for each in receivers if each not in late]

    def _weight(self, match: Match) -> int:
        return 0 if match == "exact" else _REFERENCE * self._retained.count

    def _steps(
        self,
        subscriber: Session,
        subscription: Subscription,
        waiting: deque[Publication],
    ) -> Iterator[None]:
        try:
            yield from self._retained_steps(subscriber, subscription)
            while waiting and subscriber in subscription.subscribers:
                publication = waiting.popleft()
                subscriber.budget.give_back(publication.size)
                self._deliver(publication, subscription, [subscriber])
                yield
        finally:
            del subscription.late[subscriber]
            for publication in waiting:
                subscriber.budget.give_back(publication.size)

    def _retained_steps(
        self, subscriber: Session, subscription: Subscription
    ) -> Iterator[None]:
        events = self._retained.matching(
            subscription.uri, subscription.match, subscriber
        )
        for publication in events:
            if subscriber not in subscription.subscribers:
                return  # it has left, or the subscription was revoked
            if publication is not None:
                self._deliver_retained(publication, subscription, [subscriber])
            yield
