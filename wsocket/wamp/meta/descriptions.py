"""How the meta API describes a session, a subscription or a registration."""

from __future__ import annotations

from typing import Any

from wsocket.wamp.pubsub.history import rfc3339
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.rpc.registrations import Registration
from wsocket.wamp.session.session import Session


def describe_session(session: Session) -> dict[str, Any]:
    """The result of ``wamp.session.get``, and the event of who joins.

    What is told of the transport is up to the router ("Session Meta API"). The address
    of the client is not: others in the realm have no need of it.
    """
    return {
        "session": session.id,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
        "transport": {"type": session.transport},
    }


def describe_subscription(subscription: Subscription) -> dict[str, Any]:
    """The result of ``wamp.subscription.get``."""
    return {
        "id": subscription.id,
        "created": rfc3339(subscription.created),
        "uri": subscription.uri,
        "match": subscription.match,
    }


def describe_registration(registration: Registration) -> dict[str, Any]:
    """The result of ``wamp.registration.get``."""
    return {
        "id": registration.id,
        "created": rfc3339(registration.created),
        "uri": registration.uri,
        "match": registration.match,
        "invoke": registration.invoke,
    }
