"""The meta API: procedures and events about sessions, registrations and subscriptions.

To clients these are ordinary procedures and events, authorized like any other. Nobody
can register them, and no pattern catches calls to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from wsocket.errors import ApplicationError, PayloadError, PayloadSizeExceeded
from wsocket.log import logger
from wsocket.wamp.authorization.authorizer import OnGrant
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.meta import arguments as read
from wsocket.wamp.meta.events import (
    describe_registration,
    describe_session,
    describe_subscription,
)
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, RESULT, Call
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import Match, UriRules
from wsocket.wamp.pubsub.broker import Broker
from wsocket.wamp.pubsub.history import History, HistoryFilters, rfc3339
from wsocket.wamp.pubsub.subscriptions import Subscription, Subscriptions
from wsocket.wamp.pubsub.testaments import Testament, Testaments
from wsocket.wamp.rpc.dealer import Builtin
from wsocket.wamp.rpc.registrar import Registrar
from wsocket.wamp.rpc.registrations import Registration, Registrations
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.grant import OPEN, Action, Grant
from wsocket.wamp.session.session import Session

BROKER_FEATURES = {"session_meta_api": True, "subscription_meta_api": True}
DEALER_FEATURES = {
    "registration_meta_api": True,
    "session_meta_api": True,
    "testament_meta_api": True,
}

# What a procedure without a result returns; None would be a null.
NOTHING = object()


class Sessions(Protocol):
    """What the meta API needs of its realm."""

    sessions: dict[int, Session]
    trusted: set[Session]

    def kill(
        self,
        session: Session,
        reason: str,
        message: str | None,
        *,
        silent: bool = False,
    ) -> None:
        """End a session with GOODBYE; *silent*: no meta events and no testaments."""

    def ask(self, question: Question, then: OnGrant) -> None:
        """Call *then* with what is granted, now or later."""


class Needs(NamedTuple):
    """What a procedure returns whose caller needs more than the right to call it.

    Attributes:
        then: Makes the result, once the caller is granted the action.
    """

    action: Action
    uri: str
    match: Match
    then: Callable[[Grant], object]


class MetaApi:
    """The meta procedures of one realm."""

    def __init__(
        self,
        realm: Sessions,
        *,
        uris: UriRules,
        subscriptions: Subscriptions,
        registrations: Registrations,
        broker: Broker,
        registrar: Registrar,
        history: History,
        testaments: Testaments,
    ) -> None:
        self._realm = realm
        self._broker = broker
        self._registrar = registrar
        self._uris = uris
        self._subscriptions = subscriptions
        self._registrations = registrations
        self._history = history
        self._testaments = testaments

    def builtins(self) -> dict[str, Builtin]:
        """Every meta procedure, by URI."""
        return {uri: self._builtin(function) for uri, function in PROCEDURES.items()}

    def _builtin(self, function: Callable[..., Any]) -> Builtin:
        def answer(caller: Session, call: Call, payload: Payload) -> None:
            def run() -> object:
                args, kwargs = payload.values()
                return function(self, caller, *args, **kwargs)

            self._answer(caller, call, run, name=function.__qualname__)

        return answer

    def _answer(
        self, caller: Session, call: Call, run: Callable[[], object], *, name: str
    ) -> None:
        """Answer with what *run* returns or raises, now or when the caller is granted
        what that needs.

        Args:
            name: Of the method that stands behind the procedure.
        """
        try:
            result = run()
            if isinstance(result, Needs):
                self._ask(caller, call, result, name=name)
                return
            values = [] if result is NOTHING else [result]
            answer = Payload.of(caller.serializer, values)
        except ApplicationError as error:
            caller.send_error(CALL, call.request, error.error, str(error.args[0]))
        except (PayloadError, TypeError, ValueError) as error:
            # A TypeError is a call with other parameters than the function's.
            logger.debug("%s: %s", call.procedure, error)
            problem = f"{call.procedure}: {error}".replace(f"{name}() ", "")
            caller.send_error(CALL, call.request, errors.INVALID_ARGUMENT, problem)
        else:
            _send_result(caller, call.request, answer)

    def _ask(self, caller: Session, call: Call, needs: Needs, *, name: str) -> None:
        """Go on when it is known whether *caller* has what the procedure needs."""
        action, uri, match, then = needs
        question = Question(caller, action, uri, match)

        def known(grant: Grant | None) -> None:
            def run() -> object:
                if grant is None or not grant.allowed:
                    raise ApplicationError(*question.refusal(grant))
                return then(grant)

            self._answer(caller, call, run, name=name)

        self._realm.ask(question, known)

    # Sessions

    def session_count(
        self, caller: Session, filter_authroles: list[str] | None = None
    ) -> int:
        return len(self.session_list(caller, filter_authroles))

    def session_list(
        self, caller: Session, filter_authroles: list[str] | None = None
    ) -> list[int]:
        wanted = read.texts("filter_authroles", filter_authroles)
        return [
            session.id
            for session in self._realm.sessions.values()
            if wanted is None or session.authrole in wanted
        ]

    def session_get(self, caller: Session, session: int) -> dict[str, Any]:
        return describe_session(self._session(session))

    def session_kill(
        self,
        caller: Session,
        session: int,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> object:
        victim = self._session(session)
        if victim is caller:
            raise ApplicationError(
                errors.NO_SUCH_SESSION, "a session cannot kill itself"
            )
        if victim in self._realm.trusted:
            problem = "the application's own session cannot be killed"
            raise ApplicationError(errors.NOT_AUTHORIZED, problem)
        self._kill([victim], reason, message)
        return NOTHING

    def session_kill_by_authid(
        self,
        caller: Session,
        authid: str,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> list[int]:
        wanted = read.text("authid", authid)
        victims = [each for each in self._others(caller) if each.authid == wanted]
        ids = [each.id for each in victims]
        self._kill(victims, reason, message)
        return ids

    def session_kill_by_authrole(
        self,
        caller: Session,
        authrole: str,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> int:
        wanted = read.text("authrole", authrole)
        victims = [each for each in self._others(caller) if each.authrole == wanted]
        self._kill(victims, reason, message)
        return len(victims)

    def session_kill_all(
        self, caller: Session, *, reason: str | None = None, message: str | None = None
    ) -> int:
        victims = self._others(caller)
        self._kill(victims, reason, message, silent=True)
        return len(victims)

    def session_add_testament(
        self,
        caller: Session,
        topic: str,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *,
        publish_options: dict[str, Any] | None = None,
        scope: str = "destroyed",
    ) -> object:
        options = read.publish_options(publish_options)
        payload = Payload.of(MESSAGEPACK, *read.payload_of(args, kwargs))
        topic = read.text("topic", topic)
        checked_scope = read.scope_of(scope)
        _unless(self._broker.refusal(topic, options, OPEN))

        def add(grant: Grant) -> object:
            _unless(self._broker.refusal(topic, options, grant))
            testament = Testament(topic, payload, options, grant)
            _unless(self._testaments.add(caller, checked_scope, testament))
            return NOTHING

        return Needs("publish", topic, "exact", add)

    def session_flush_testaments(
        self, caller: Session, *, scope: str = "destroyed"
    ) -> int:
        return self._testaments.flush(caller, read.scope_of(scope))

    # Registrations

    def registration_list(self, caller: Session) -> dict[Match, list[int]]:
        return self._registrations.ids()

    def registration_lookup(
        self, caller: Session, uri: str, options: dict[str, Any] | None = None
    ) -> int | None:
        found = self._registrations.get(read.text("uri", uri), read.match_of(options))
        return found.id if found else None

    def registration_match(self, caller: Session, uri: str) -> int | None:
        found = self._registrations.best(read.text("uri", uri))
        return found.id if found else None

    def registration_get(self, caller: Session, registration: int) -> dict[str, Any]:
        return describe_registration(self._registration(registration))

    def registration_list_callees(
        self, caller: Session, registration: int
    ) -> list[int]:
        endpoints = self._registration(registration).endpoints
        return [endpoint.callee.id for endpoint in endpoints]

    def registration_count_callees(self, caller: Session, registration: int) -> int:
        return len(self._registration(registration).endpoints)

    def registration_remove_callee(
        self,
        caller: Session,
        registration: int,
        callee: int,
        *,
        reason: str = errors.UNREGISTERED,
    ) -> object:
        found = self._registration(registration)
        session = self._session(callee)
        if found.endpoint_of(session) is None:
            problem = f"session {callee} does not hold registration {registration}"
            raise ApplicationError(errors.NO_SUCH_REGISTRATION, problem)
        self._registrar.revoke(session, found, read.text("reason", reason))
        return NOTHING

    # Subscriptions

    def subscription_list(self, caller: Session) -> dict[Match, list[int]]:
        return self._subscriptions.ids()

    def subscription_lookup(
        self, caller: Session, uri: str, options: dict[str, Any] | None = None
    ) -> int | None:
        found = self._subscriptions.get(read.text("uri", uri), read.match_of(options))
        return found.id if found else None

    def subscription_match(self, caller: Session, uri: str) -> list[int] | None:
        return [
            each.id for each in self._subscriptions.matching(read.text("uri", uri))
        ] or None

    def subscription_get(self, caller: Session, subscription: int) -> dict[str, Any]:
        return describe_subscription(self._subscription(subscription))

    def subscription_list_subscribers(
        self, caller: Session, subscription: int
    ) -> list[int]:
        return [each.id for each in self._subscription(subscription).subscribers]

    def subscription_count_subscribers(self, caller: Session, subscription: int) -> int:
        return len(self._subscription(subscription).subscribers)

    def subscription_remove_subscriber(
        self,
        caller: Session,
        subscription: int,
        subscriber: int,
        *,
        reason: str = errors.UNSUBSCRIBED,
    ) -> object:
        found = self._subscription(subscription)
        session = self._session(subscriber)
        if session not in found.subscribers:
            problem = f"session {subscriber} does not hold subscription {subscription}"
            raise ApplicationError(errors.NO_SUCH_SUBSCRIPTION, problem)
        self._broker.revoke(session, found, read.text("reason", reason))
        return NOTHING

    def subscription_get_events(
        self, caller: Session, subscription: int, **filters: Any
    ) -> object:
        found = self._subscription(subscription)
        chosen = HistoryFilters(filters)
        return Needs(
            "subscribe",
            found.uri,
            found.match,
            lambda grant: self._past_events(found, caller, chosen),
        )

    def _past_events(
        self, subscription: Subscription, caller: Session, filters: HistoryFilters
    ) -> list[dict[str, Any]]:
        records = []
        for event in self._history.events(subscription, caller, filters):
            try:
                event.payload.to(caller.serializer)
                args, kwargs = event.payload.values()
            except PayloadError as error:
                logger.warning("a past event of %r is left out: %s", event.topic, error)
                continue
            records.append(
                {
                    "timestamp": rfc3339(event.time),
                    "subscription": subscription.id,
                    "publication": event.id,
                    "details": {**event.details, "topic": event.topic},
                    "args": args,
                    "kwargs": kwargs,
                }
            )
        return records

    # What the procedures have in common

    def _session(self, session: int) -> Session:
        found = self._realm.sessions.get(read.id_of("session", session))
        if found is None:
            problem = f"there is no session {session}"
            raise ApplicationError(errors.NO_SUCH_SESSION, problem)
        return found

    def _registration(self, registration: int) -> Registration:
        found = self._registrations.by_id.get(read.id_of("registration", registration))
        if found is None:
            problem = f"there is no registration {registration}"
            raise ApplicationError(errors.NO_SUCH_REGISTRATION, problem)
        return found

    def _subscription(self, subscription: int) -> Subscription:
        found = self._subscriptions.by_id.get(read.id_of("subscription", subscription))
        if found is None:
            problem = f"there is no subscription {subscription}"
            raise ApplicationError(errors.NO_SUCH_SUBSCRIPTION, problem)
        return found

    def _others(self, caller: Session) -> list[Session]:
        """Whom *caller* may kill."""
        return [
            each
            for each in self._realm.sessions.values()
            if each is not caller and each not in self._realm.trusted
        ]

    def _kill(
        self,
        victims: list[Session],
        reason: str | None,
        message: str | None,
        *,
        silent: bool = False,
    ) -> None:
        if reason is not None and not (
            isinstance(reason, str) and self._uris.valid(reason)
        ):
            problem = f"reason: expected a URI, got {reason!r:.80}"
            raise ApplicationError(errors.INVALID_URI, problem)
        if message is not None and not isinstance(message, str):
            raise ValueError(f"message: expected a string, got {message!r:.80}")
        for victim in victims:
            self._realm.kill(
                victim, reason or errors.CLOSE_KILLED, message, silent=silent
            )


PROCEDURES: dict[str, Callable[..., Any]] = {
    "wamp.session.count": MetaApi.session_count,
    "wamp.session.list": MetaApi.session_list,
    "wamp.session.get": MetaApi.session_get,
    "wamp.session.kill": MetaApi.session_kill,
    "wamp.session.kill_by_authid": MetaApi.session_kill_by_authid,
    "wamp.session.kill_by_authrole": MetaApi.session_kill_by_authrole,
    "wamp.session.kill_all": MetaApi.session_kill_all,
    "wamp.session.add_testament": MetaApi.session_add_testament,
    "wamp.session.flush_testaments": MetaApi.session_flush_testaments,
    "wamp.registration.list": MetaApi.registration_list,
    "wamp.registration.lookup": MetaApi.registration_lookup,
    "wamp.registration.match": MetaApi.registration_match,
    "wamp.registration.get": MetaApi.registration_get,
    "wamp.registration.list_callees": MetaApi.registration_list_callees,
    "wamp.registration.count_callees": MetaApi.registration_count_callees,
    "wamp.registration.remove_callee": MetaApi.registration_remove_callee,
    "wamp.subscription.list": MetaApi.subscription_list,
    "wamp.subscription.lookup": MetaApi.subscription_lookup,
    "wamp.subscription.match": MetaApi.subscription_match,
    "wamp.subscription.get": MetaApi.subscription_get,
    "wamp.subscription.list_subscribers": MetaApi.subscription_list_subscribers,
    "wamp.subscription.count_subscribers": MetaApi.subscription_count_subscribers,
    "wamp.subscription.remove_subscriber": MetaApi.subscription_remove_subscriber,
    "wamp.subscription.get_events": MetaApi.subscription_get_events,
}


def _send_result(caller: Session, request: int, result: Payload) -> None:
    try:
        caller.send([RESULT, request, {}], result)
    except PayloadSizeExceeded as error:
        caller.send_error(CALL, request, error.error, f"the result: {error}")


def _unless(refusal: Refusal | None) -> None:
    """Go on, unless there is a reason not to."""
    if refusal is not None:
        raise ApplicationError(*refusal)
