"""The meta API's events, and how it describes what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.wamp.pubsub.history import rfc3339
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.rpc.registrations import Registration
from wsocket.wamp.session.session import Session

Announce = Callable[[str, list[Any]], None]


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


def describe_session(session: Session) -> dict[str, Any]:
    """What ``wamp.session.get`` returns."""
    return {
        "session": session.id,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
    }


def describe_subscription(subscription: Subscription) -> dict[str, Any]:
    """What ``wamp.subscription.get`` returns."""
    return {
        "id": subscription.id,
        "created": rfc3339(subscription.created),
        "uri": subscription.uri,
        "match": subscription.match,
    }


def describe_registration(registration: Registration) -> dict[str, Any]:
    """What ``wamp.registration.get`` returns."""
    return {
        "id": registration.id,
        "created": rfc3339(registration.created),
        "uri": registration.uri,
        "match": registration.match,
        "invoke": registration.invoke,
    }
