"""A realm: its sessions, and how its parts are put together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wsocket.errors import ApplicationError, PayloadError
from wsocket.wamp.authorization.authorizer import Authorizer, OnGrant
from wsocket.wamp.authorization.guard import Guard
from wsocket.wamp.authorization.guarded_action import GuardedAction
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.meta import events as meta_events
from wsocket.wamp.meta import procedures as meta
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    ERROR,
    Call,
    CallOptions,
    Cancel,
    CancelOptions,
    Error,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wsocket.wamp.protocol.ids import RandomBelow, random_id
from wsocket.wamp.protocol.uris import UriRules, reserved
from wsocket.wamp.pubsub import broker
from wsocket.wamp.pubsub.history import History, TopicLog
from wsocket.wamp.pubsub.retention import RetainedEvents
from wsocket.wamp.pubsub.subscriptions import Subscription, Subscriptions
from wsocket.wamp.pubsub.testaments import Testaments
from wsocket.wamp.router import config as configuration
from wsocket.wamp.router.request_numbers import Numbering
from wsocket.wamp.router.router_client import RouterClient
from wsocket.wamp.rpc import dealer
from wsocket.wamp.rpc.invocation_details import PROGRESS_NEEDS, STRICT_PROGRESS_NEEDS
from wsocket.wamp.rpc.registrar import Registrar
from wsocket.wamp.rpc.registrations import Registrations
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.grant import OPEN
from wsocket.wamp.session.role_grants import OPEN_GRANTS, RoleGrants
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

AGENT = "wsocket"

ROLES = {
    "broker": {"features": broker.FEATURES | meta.BROKER_FEATURES},
    "dealer": {"features": dealer.FEATURES | meta.DEALER_FEATURES},
}


class RunningRealm:
    """A routing namespace: nothing crosses from one realm to another.

    Attributes:
        actions: Message type to what an established session does with it.
        sessions: The sessions of this realm, by ID.
        trusted: Those of the application and of the router itself: they may do
            everything, and no client may end them.
    """

    def __init__(
        self,
        config: configuration.Realm,
        *,
        runtime: Runtime,
        random_below: RandomBelow,
    ) -> None:
        self.config = config
        self.sessions: dict[int, Session] = {}
        self._random_below = random_below
        self._caller = RouterClient()
        self.trusted: set[Session] = {self._caller.session}
        self._silent = False
        self._testaments = Testaments(
            limit=config.testaments, limit_bytes=config.testament_bytes
        )
        uris = UriRules(strict=config.strict_uris)
        self._guard = Guard(
            config.roles,
            config.authorizer,
            ttl=config.authorizer_ttl,
            timeout=config.authorizer_timeout,
            runtime=runtime,
            call=self._call_procedure,
        )
        next_id = itertools.count(1).__next__
        subscriptions = self._new_subscriptions(next_id, runtime=runtime)
        registrations = self._new_registrations(next_id, runtime=runtime, uris=uris)
        history = _new_history(config)
        self._broker = broker.Broker(
            subscriptions,
            uris=uris,
            random_below=random_below,
            runtime=runtime,
            retained=RetainedEvents(
                max_topics=config.retained_topics, max_bytes=config.retained_bytes
            ),
            history=history,
        )
        self._registrar = Registrar(registrations)
        self._dealer = dealer.Dealer(
            registrations,
            uris=uris,
            runtime=runtime,
            limit=config.calls,
            unlimited=self.trusted,
            answers_canceled=not config.compat_autobahn_js,
            progress_needs=_progress_needs(config),
        )
        self._dealer.builtins = meta.MetaApi(
            self,
            uris=uris,
            broker=self._broker,
            registrar=self._registrar,
            subscriptions=subscriptions,
            registrations=registrations,
            history=history,
            testaments=self._testaments,
        ).builtins()
        self.actions = self._actions(uris)

    def _new_subscriptions(
        self, next_id: Callable[[], int], *, runtime: Runtime
    ) -> Subscriptions:
        return Subscriptions(
            next_id=next_id,
            time=runtime.time,
            observer=meta_events.SubscriptionEvents(self._announce),
            limit=self.config.subscriptions,
            unlimited=self.trusted,
        )

    def _new_registrations(
        self, next_id: Callable[[], int], *, runtime: Runtime, uris: UriRules
    ) -> Registrations:
        return Registrations(
            uris=uris,
            random_below=self._random_below,
            next_id=next_id,
            time=runtime.time,
            observer=meta_events.RegistrationEvents(self._announce),
            limit=self.config.registrations,
            protected=self.trusted,
        )

    def _actions(
        self, uris: UriRules
    ) -> dict[type[Message], Callable[[Session, Any], None]]:
        guarded = partial(GuardedAction, self._guard, uris=uris)
        actions: dict[type[Message], Callable[[Session, Any], None]] = {
            Publish: guarded("publish", self._broker.publish),
            Subscribe: guarded("subscribe", self._broker.subscribe),
            Unsubscribe: self._broker.unsubscribe,
            Call: guarded("call", self._dealer.call, under_way=self._dealer.is_calling),
            Cancel: self._dealer.cancel,
            Register: guarded("register", self._registrar.register),
            Unregister: self._registrar.unregister,
            Yield: self._dealer.yield_,
            Error: self._dealer.error,
        }
        if not self.config.strict_request_ids:
            return actions
        return Numbering(self._dealer.is_calling).checked(actions)

    # Sessions

    def new_session_id(self) -> int:
        """An ID that no session of this realm has."""
        while True:
            candidate = random_id(self._random_below)
            if candidate not in self.sessions:
                return candidate

    def join(
        self, session: Session, authextra: Mapping[str, Any], *, trusted: bool = False
    ) -> None:
        """Take in a session whose ID and identity are settled, and welcome it."""
        self.sessions[session.id] = session
        if trusted:
            self.trusted.add(session)
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
        session.welcome(self, details)
        self._announce("wamp.session.on_join", [meta_events.describe_session(session)])

    def leave(self, session: Session) -> None:
        """Forget a session, with all that it held; its testaments are published."""
        del self.sessions[session.id]
        self.trusted.discard(session)
        testaments = list(self._testaments.take(session))
        self._broker.leave(session)
        self._dealer.leave(session)
        if self._silent:
            return
        for topic, payload, options, grant in testaments:
            self._broker.publish_for(
                session, topic, payload, options=options, grant=grant
            )
        self._announce(
            "wamp.session.on_leave", [session.id, session.authid, session.authrole]
        )

    def kill(
        self,
        session: Session,
        reason: str,
        message: str | None,
        *,
        silent: bool = False,
    ) -> None:
        """End a session with GOODBYE; *silent*: no testaments, and nobody is told."""
        self._silent = silent
        session.close(reason, message)
        self._silent = False

    def close(self, reason: str) -> None:
        """End every session."""
        for session in list(self.sessions.values()):
            session.close(reason)

    # Authorization

    def set_authorizer(self, authorizer: Authorizer | str | None) -> None:
        """Decide by another authorizer from now on."""
        self._guard.set_authorizer(authorizer)
        for session in self.sessions.values():
            session.grants = self._grants_of(session)

    def _grants_of(self, session: Session) -> RoleGrants:
        # Not by its role: a role of that name may be among the configured ones.
        if session in self.trusted:
            return OPEN_GRANTS
        return self._guard.grants_of(session.authrole)

    def ask(self, question: Question, then: OnGrant) -> None:
        """Call *then* with what is granted, now or later; see `Guard.ask`."""
        self._guard.ask(question, then)

    # The router's own events and calls

    def _announce(self, topic: str, args: list[Any]) -> None:
        """Publish an event of the meta API."""
        if self._silent:
            return

        def permits(session: Session, subscription: Subscription) -> bool:
            if session.id not in self.sessions:
                return False  # it is leaving, and has been told the last word
            # Other patterns were granted without a word about the protocol's topics.
            return (
                reserved(subscription.uri)
                or self._guard.known(Question(session, "subscribe", topic)).allowed
            )

        self._broker.announce(
            topic, lambda: Payload.of(MESSAGEPACK, args), permits=permits
        )

    def _call_procedure(
        self,
        procedure: str,
        args: list[Any],
        then: Callable[[object], None],
    ) -> Callable[[], None]:
        """Call a procedure in the router's name; *then* gets the result or an
        exception.

        Returns:
            What gives the call up.
        """

        def answered(head: list[Any], payload: Payload) -> None:
            try:
                values, _ = payload.values()
            except PayloadError as error:
                then(error)
                return
            if head[0] == ERROR:
                then(ApplicationError(head[4], *values))
            else:
                then(values[0] if values else None)

        request = self._caller.expect(answered)
        payload = Payload.of(MESSAGEPACK, args)
        call = Call(request, CallOptions(), procedure, payload.parts[0], ABSENT)
        self._dealer.call(self._caller.session, call, OPEN)
        return partial(self._give_up, request)

    def _give_up(self, request: int) -> None:
        """Cancel a call in the router's name; nobody waits for its result."""
        self._caller.forget(request)
        self._dealer.cancel(self._caller.session, Cancel(request, CancelOptions()))


def _new_history(config: configuration.Realm) -> History:
    return History(
        TopicLog(each.uri, each.match, limit=each.limit, limit_bytes=each.limit_bytes)
        for each in config.history
    )


def _progress_needs(config: configuration.Realm) -> frozenset[str]:
    strict = config.strict_progressive_results
    return STRICT_PROGRESS_NEEDS if strict else PROGRESS_NEEDS
