"""What the IDs in calls of the meta API stand for.

All functions raise `ValueError` if the argument is not an ID, and `ApplicationError` if
nothing has this ID.
"""

from __future__ import annotations

from wsocket.errors import ApplicationError
from wsocket.wamp.meta.arguments import id_of
from wsocket.wamp.protocol import errors
from wsocket.wamp.pubsub.subscriptions import Subscription, Subscriptions
from wsocket.wamp.rpc.registrations import Registration, Registrations
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.session import Session


def find_session(members: Members, session: int) -> Session:
    """The member with this session ID."""
    found = members.by_id.get(id_of("session", session))
    if found is None:
        problem = f"there is no session {session}"
        raise ApplicationError(errors.NO_SUCH_SESSION, problem)
    return found


def find_target(members: Members, session: int, caller: Session) -> Session:
    """The member with this session ID, to which *caller* wants to do something.

    Raises:
        ApplicationError: Also if it is the application's own session, which is out of
            reach for clients, whatever they may call.
    """
    found = find_session(members, session)
    if found in members.trusted and caller not in members.trusted:
        problem = f"session {found.id} is the application's own"
        raise ApplicationError(errors.NOT_AUTHORIZED, problem)
    return found


def find_registration(registrations: Registrations, registration: int) -> Registration:
    """The registration with this ID."""
    found = registrations.by_id.get(id_of("registration", registration))
    if found is None:
        problem = f"there is no registration {registration}"
        raise ApplicationError(errors.NO_SUCH_REGISTRATION, problem)
    return found


def find_subscription(subscriptions: Subscriptions, subscription: int) -> Subscription:
    """The subscription with this ID."""
    found = subscriptions.by_id.get(id_of("subscription", subscription))
    if found is None:
        problem = f"there is no subscription {subscription}"
        raise ApplicationError(errors.NO_SUCH_SUBSCRIPTION, problem)
    return found
