"""What a router holds at one moment, for tests and for whoever inspects it.

IDs, names and counts only: a snapshot has no reference to anything that changes later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wsocket.wamp.protocol.client_messages import InvokePolicy
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.pubsub.subscriptions import Subscription
from wsocket.wamp.router.parts import RealmParts
from wsocket.wamp.rpc.registrations import Registration
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.session import Session


@dataclass(frozen=True)
class SessionSnapshot:
    """A session, and how much it holds.

    Attributes:
        features: What its client announced, such as ``"callee.call_canceling"``.
        trusted: Whether it is the application's own session.
        subscriptions: How many subscriptions it holds; the next two are such numbers.
    """

    id: int
    authid: str
    authrole: str
    authmethod: str
    authprovider: str
    features: frozenset[str]
    trusted: bool
    subscriptions: int
    registrations: int
    testaments: int


@dataclass(frozen=True)
class SubscriptionSnapshot:
    """A subscription, with the IDs of its subscribers' sessions."""

    id: int
    uri: str
    match: Match
    subscribers: tuple[int, ...]


@dataclass(frozen=True)
class RegistrationSnapshot:
    """A registration, with the IDs of its callees' sessions."""

    id: int
    uri: str
    match: Match
    invoke: InvokePolicy
    callees: tuple[int, ...]


@dataclass(frozen=True)
class CallSnapshot:
    """A call that a callee has not answered yet.

    Attributes:
        caller: The session ID of the caller; 0 is the router itself.
        request: CALL.Request.
        callee: The session ID of the callee.
        invocation: INVOCATION.Request.
    """

    procedure: str
    registration: int
    caller: int
    request: int
    callee: int
    invocation: int


@dataclass(frozen=True)
class RealmSnapshot:
    """A realm.

    Attributes:
        sessions: Every session that some part of the realm knows.
        retained: The topics that have a retained event.
        history: How many events are kept for the event history.
        questions: How many calls of authorizers have not been answered yet.
    """

    name: str
    sessions: tuple[SessionSnapshot, ...]
    subscriptions: tuple[SubscriptionSnapshot, ...]
    registrations: tuple[RegistrationSnapshot, ...]
    calls: tuple[CallSnapshot, ...]
    retained: tuple[str, ...]
    history: int
    questions: int


@dataclass(frozen=True)
class RouterSnapshot:
    """A router: its realms, by name."""

    realms: Mapping[str, RealmSnapshot]


def realm_snapshot(name: str, parts: RealmParts) -> RealmSnapshot:
    """What a realm holds now."""
    return RealmSnapshot(
        name,
        sessions=tuple(_session(each, parts) for each in _known_sessions(parts)),
        subscriptions=tuple(map(_subscription, parts.subscriptions.by_id.values())),
        registrations=tuple(map(_registration, parts.registrations.by_id.values())),
        calls=tuple(map(_call, parts.dealer.calls.running())),
        retained=tuple(parts.retained.topics),
        history=parts.history.count,
        questions=parts.client.waiting,
    )


def _known_sessions(parts: RealmParts) -> Iterator[Session]:
    """Members first; a session that only another part knows was not removed there."""
    members = parts.members
    known = dict.fromkeys(members.by_id.values())
    for others in (
        members.trusted,
        parts.subscriptions.holders,
        parts.registrations.holders,
        parts.testaments.holders,
        parts.dealer.calls.sessions(),
    ):
        known.update(dict.fromkeys(others))
    return (each for each in known if each is not parts.client.session)


def _session(session: Session, parts: RealmParts) -> SessionSnapshot:
    return SessionSnapshot(
        session.id,
        authid=session.authid,
        authrole=session.authrole,
        authmethod=session.authmethod,
        authprovider=session.authprovider,
        features=session.features,
        trusted=session in parts.members.trusted,
        subscriptions=len(tuple(parts.subscriptions.held_by(session))),
        registrations=len(tuple(parts.registrations.held_by(session))),
        testaments=parts.testaments.count(session),
    )


def _subscription(subscription: Subscription) -> SubscriptionSnapshot:
    return SubscriptionSnapshot(
        subscription.id,
        uri=subscription.uri,
        match=subscription.match,
        subscribers=tuple(each.id for each in subscription.subscribers),
    )


def _registration(registration: Registration) -> RegistrationSnapshot:
    return RegistrationSnapshot(
        registration.id,
        uri=registration.uri,
        match=registration.match,
        invoke=registration.invoke,
        callees=tuple(each.callee.id for each in registration.endpoints),
    )


def _call(call: RoutedCall) -> CallSnapshot:
    return CallSnapshot(
        procedure=call.procedure,
        registration=call.registration.id,
        caller=call.caller.id,
        request=call.call_request,
        callee=call.endpoint.callee.id,
        invocation=call.invocation_request,
    )
