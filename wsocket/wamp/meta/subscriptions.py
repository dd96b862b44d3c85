"""``wamp.subscription...``, except past events ("Subscription Meta API")."""

from __future__ import annotations

from typing import Any

from wsocket.errors import ApplicationError
from wsocket.wamp.meta import arguments as read
from wsocket.wamp.meta.answer import NOTHING, Procedure
from wsocket.wamp.meta.descriptions import describe_subscription
from wsocket.wamp.meta.lookups import find_subscription, find_target
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.subscriptions import Subscriptions
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.session import Session


class SubscriptionProcedures:
    """Procedures about the subscriptions of a realm."""

    def __init__(
        self, subscriptions: Subscriptions, members: Members, broker: Broker
    ) -> None:
        self._subscriptions = subscriptions
        self._members = members
        self._broker = broker

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""
        return {
            "wamp.subscription.list": self.ids,
            "wamp.subscription.lookup": self.lookup,
            "wamp.subscription.match": self.match,
            "wamp.subscription.get": self.get,
            "wamp.subscription.list_subscribers": self.list_subscribers,
            "wamp.subscription.count_subscribers": self.count_subscribers,
            "wamp.subscription.remove_subscriber": self.remove_subscriber,
        }

    def ids(self, caller: Session) -> dict[Match, list[int]]:
        return self._subscriptions.ids()

    def lookup(
        self, caller: Session, uri: str, options: dict[str, Any] | None = None
    ) -> int | None:
        found = self._subscriptions.get(read.text("uri", uri), read.match_of(options))
        return found.id if found else None

    def match(self, caller: Session, uri: str) -> list[int] | None:
        found = self._subscriptions.matching(read.text("uri", uri))
        return [each.id for each in found] or None

    def get(self, caller: Session, subscription: int) -> dict[str, Any]:
        return describe_subscription(
            find_subscription(self._subscriptions, subscription)
        )

    def list_subscribers(self, caller: Session, subscription: int) -> list[int]:
        found = find_subscription(self._subscriptions, subscription)
        return [each.id for each in found.subscribers]

    def count_subscribers(self, caller: Session, subscription: int) -> int:
        return len(find_subscription(self._subscriptions, subscription).subscribers)

    def remove_subscriber(
        self,
        caller: Session,
        subscription: int,
        subscriber: int,
        *,
        reason: str = errors.UNSUBSCRIBED,
    ) -> object:
        found = find_subscription(self._subscriptions, subscription)
        session = find_target(self._members, subscriber, caller)
        if session not in found.subscribers:
            problem = f"session {subscriber} does not hold subscription {subscription}"
            raise ApplicationError(errors.NO_SUCH_SUBSCRIPTION, problem)
        self._broker.revoke(session, found, read.text("reason", reason))
        return NOTHING
