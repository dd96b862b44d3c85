"""A realm that is open: its sessions join and leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.authorization.guard import Guard
from wsocket.wamp.meta import procedures as meta
from wsocket.wamp.protocol.client_messages import (
    Call,
    Cancel,
    Error,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wsocket.wamp.pubsub import broker
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.parts import RealmParts
from wsocket.wamp.router.request_numbers import Numbering
from wsocket.wamp.rpc import features as rpc_features
from wsocket.wamp.session.counted_action import CountedAction
from wsocket.wamp.session.role_grants import OPEN_GRANTS, RoleGrants
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.traffic import Traffic

AGENT = "wsocket"

# WELCOME.Details.roles
ROLES = {
    "broker": {"features": broker.FEATURES | meta.BROKER_FEATURES},
    "dealer": {"features": rpc_features.FEATURES | meta.DEALER_FEATURES},
}


class RunningRealm:
    """A routing namespace: nothing crosses from one realm to another.

    `build_realm` makes it.

    Attributes:
        parts: What it is made of.
        actions: Message type to what an established session does with it.
        is_closed: Whether nobody can join any more.
    """

    def __init__(
        self, config: Realm, parts: RealmParts, *, runtime: Runtime, traffic: Traffic
    ) -> None:
        self.config = config
        self._traffic = traffic
        self.parts = parts
        self._runtime = runtime
        actions = _actions(parts, strict_numbers=config.strict_request_ids)
        self.actions = {
            kind: CountedAction(run, traffic.received[kind])
            for kind, run in actions.items()
        }
        self.is_closed = False

    def new_session_id(self) -> int:
        """A session ID that no session of this realm has."""
        return self.parts.members.new_id()

    def join(
        self, session: Session, authextra: Mapping[str, Any], *, trusted: bool = False
    ) -> None:
        """Add a session whose ID and identity are settled, and send WELCOME.

        Args:
            authextra: For ``WELCOME.Details.authextra``.
            trusted: Whether it is the application's own session.
        """
        members = self.parts.members
        members.add(session)
        if trusted:
            members.trusted.add(session)
        session.grants = self._grants_of(session)
        details = {
            "agent": AGENT,
            "realm": self.config.name,
            "roles": ROLES,
            "authid": session.authid,
            "authrole": session.authrole,
            "authmethod": session.authmethod,
            "authprovider": session.authprovider,
        }
        if authextra:
            details["authextra"] = dict(authextra)
        self._traffic.joins += 1
        session.welcome(self, details)
        self.parts.events.joined(session)

    def leave(
        self, session: Session, *, silent: bool, left: Callable[[], object]
    ) -> None:
        """Remove a session and everything it holds, and publish its testaments.

        Args:
            silent: Publish neither its testaments nor meta events.
            left: Called when that is done: what takes long goes on in later turns.
        """
        self.parts.members.remove(session)
        self.parts.judge.left(session)
        self._runtime.left(session.id)
        self._runtime.in_turns(self._leaving(session, silent=silent), left)

    def _leaving(self, session: Session, *, silent: bool) -> Iterator[None]:
        parts = self.parts
        testaments = list(parts.testaments.take(session))
        yield from parts.broker.leave(session, silent=silent)
        yield from parts.dealer.leave(session, silent=silent)
        if silent:
            return
        for topic, payload, options, grant in testaments:
            parts.broker.publish_for(
                session, topic, payload, options=options, grant=grant
            )
            yield
        parts.events.left(session)

    def close(self, reason: str) -> None:
        """End every session with GOODBYE; nobody can join any more."""
        self.is_closed = True
        members = self.parts.members
        steps = members.closing(list(members.by_id), reason)
        self._runtime.in_turns(steps, lambda: None)

    def set_authorizer(self, authorizer: Authorizer | str | None) -> None:
        """Ask another authorizer from now on."""
        self.parts.judge.set_authorizer(authorizer)
        for session in self.parts.members.by_id.values():
            session.grants = self._grants_of(session)

    def _grants_of(self, session: Session) -> RoleGrants:
        # Roles do not decide this: one of them may have the name of the trusted role.
        if session in self.parts.members.trusted:
            return OPEN_GRANTS
        return self.parts.judge.grants_of(session.authrole)


def _actions(
    parts: RealmParts, *, strict_numbers: bool
) -> dict[type[Message], Callable[[Session, Any], None]]:
    guarded = partial(Guard, parts.judge, uris=parts.uris)
    broker, dealer, registrar = parts.broker, parts.dealer, parts.registrar
    actions: dict[type[Message], Callable[[Session, Any], None]] = {
        Publish: guarded("publish", broker.publish),
        Subscribe: guarded("subscribe", broker.subscribe),
        Unsubscribe: broker.unsubscribe,
        Call: guarded("call", dealer.call, under_way=dealer.is_calling),
        Cancel: dealer.cancel,
        Register: guarded("register", registrar.register),
        Unregister: registrar.unregister,
        Yield: dealer.yield_,
        Error: dealer.error,
    }
    if not strict_numbers:
        return actions
    return Numbering(dealer.is_calling).checked(actions)
