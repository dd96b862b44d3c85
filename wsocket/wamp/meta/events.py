"""The events of the meta API (Advanced Profile, "Session Meta API" and others)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.meta.descriptions import (
    describe_registration,
    describe_session,
    describe_subscription,
)
from wsocket.wamp.protocol.uris import reserved
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.rpc.registrations import Registration
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.session import Session

Announce = Callable[[str, list[Any]], None]
"""Publish an event with this topic and these arguments."""


class Announcer:
    """Publishes meta events to the members of a realm that may see them."""

    def __init__(self, broker: Broker, judge: Judge, members: Members) -> None:
        self._broker = broker
        self._judge = judge
        self._members = members

    def announce(self, topic: str, args: list[Any]) -> None:
        """Publish an event. Its payload is encoded only if somebody gets it."""
        self._broker.announce(
            topic,
            lambda: Payload.of(MESSAGEPACK, args),
            permits=partial(self._permits, topic),
        )

    def _permits(
        self, topic: str, session: Session, subscription: Subscription
    ) -> bool:
        if session.id not in self._members.by_id:
            return False  # it is leaving: GOODBYE or ABORT was its last message
        # A pattern outside "wamp." was granted without regard to these topics.
        return (
            reserved(subscription.uri)
            or self._judge.known(Question(session, "subscribe", topic)).allowed
        )


class SessionEvents:
    """``wamp.session.on_...``"""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def joined(self, session: Session) -> None:
        self._announce("wamp.session.on_join", [describe_session(session)])

    def left(self, session: Session) -> None:
        self._announce(
            "wamp.session.on_leave", [session.id, session.authid, session.authrole]
        )


class RegistrationEvents:
    """``wamp.registration.on_...``"""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def created(self, session: Session, registration: Registration) -> None:
        details = describe_registration(registration)
        self._announce("wamp.registration.on_create", [session.id, details])

    def registered(self, session: Session, registration: Registration) -> None:
        self._announce("wamp.registration.on_register", [session.id, registration.id])

    def unregistered(self, session: Session, registration: Registration) -> None:
        self._announce("wamp.registration.on_unregister", [session.id, registration.id])

    def deleted(self, session: Session, registration: Registration) -> None:
        self._announce("wamp.registration.on_delete", [session.id, registration.id])


class SubscriptionEvents:
    """``wamp.subscription.on_...``"""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce

    def created(self, session: Session, subscription: Subscription) -> None:
        details = describe_subscription(subscription)
        self._announce("wamp.subscription.on_create", [session.id, details])

    def subscribed(self, session: Session, subscription: Subscription) -> None:
        self._announce("wamp.subscription.on_subscribe", [session.id, subscription.id])

    def unsubscribed(self, session: Session, subscription: Subscription) -> None:
        self._announce(
            "wamp.subscription.on_unsubscribe", [session.id, subscription.id]
        )

    def deleted(self, session: Session, subscription: Subscription) -> None:
        self._announce("wamp.subscription.on_delete", [session.id, subscription.id])
