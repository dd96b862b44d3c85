"""``wamp.subscription.get_events`` ("Event History")."""

from __future__ import annotations

from functools import partial
from typing import Any

from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.meta.answer import Needs, Procedure
from wsocket.wamp.meta.lookups import find_subscription
from wsocket.wamp.pubsub.history import History, HistoryFilters, rfc3339
from wsocket.wamp.pubsub.publication import Publication
from wsocket.wamp.pubsub.subscriptions import Subscription, Subscriptions
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.session import Session


class HistoryProcedures:
    """The procedure that returns past events."""

    def __init__(self, subscriptions: Subscriptions, history: History) -> None:
        self._subscriptions = subscriptions
        self._history = history

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""
        return {"wamp.subscription.get_events": self.get_events}

    def get_events(self, caller: Session, subscription: int, **filters: Any) -> object:
        found = find_subscription(self._subscriptions, subscription)
        past_events = partial(self._past_events, caller, found, HistoryFilters(filters))
        return Needs("subscribe", found.uri, found.match, past_events)

    def _past_events(
        self,
        caller: Session,
        subscription: Subscription,
        filters: HistoryFilters,
        grant: Grant,
    ) -> list[dict[str, Any]]:
        records = []
        for event in self._history.events(subscription, caller, filters):
            try:
                event.payload.to(caller.serializer)
                records.append(_record(event, subscription))
            except PayloadError as error:
                logger.warning("a past event of %r is left out: %s", event.topic, error)
        return records


def _record(event: Publication, subscription: Subscription) -> dict[str, Any]:
    args, kwargs = event.payload.values()
    return {
        "timestamp": rfc3339(event.time),
        "subscription": subscription.id,
        "publication": event.id,
        "details": {**event.details, "topic": event.topic},
        "args": args,
        "kwargs": kwargs,
    }
