"""What `WSocketApp` offers its author in WAMP mode, from any thread or greenlet.

Declarations are kept, and no loop is started for them: a server may import the
application and fork afterwards. The session joins on the loop of the process that
first needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsocket.core.budget import Budget
from wsocket.core.concurrency.waiting import outer_task
from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.claims import may_be_listening
from wsocket.core.net.future import Future, Mailbox, ask
from wsocket.core.net.loop import Loop, get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.web import at_exit
from wsocket.errors import ApplicationError
from wsocket.log import logger
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.local.answers import Answer, application_error, fields_of
from wsocket.wamp.local.arguments import (
    check_payload,
    check_uri,
    own_options,
)
from wsocket.wamp.local.client import LocalSession
from wsocket.wamp.local.declaration import Declaration, procedure, subscriber
from wsocket.wamp.local.encoding import payload_of
from wsocket.wamp.local.loop_runtime import LoopRuntime
from wsocket.wamp.local.other_workers import warn_of_other_workers
from wsocket.wamp.local.outgoing_call import OutgoingCall
from wsocket.wamp.local.pending_call import PendingCall
from wsocket.wamp.local.unheard import UnheardEvents
from wsocket.wamp.protocol import client_messages, errors
from wsocket.wamp.protocol.client_messages import ClientMessage
from wsocket.wamp.protocol.options import (
    NO_CALL_OPTIONS,
    NO_PUBLISH_OPTIONS,
    CallOptions,
    PublishOptions,
)
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.router.calls_ending import CallsEnding
from wsocket.wamp.router.config import Realm, check_authorizer
from wsocket.wamp.router.router import Router
from wsocket.wamp.router.snapshot import RouterSnapshot
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

# What may wait for a free worker and run: beyond this calls are refused.
_PLACES = 20_000  # one caller alone gets half
_BYTES = 32 * 2**20

# Threads are expensive, greenlets are cheap.
_MAX_WORKERS = {"threads": 64, "greenlets": 1000}


class Application:
    """The application's access to one realm of its own router.

    Attributes:
        router: The router.
        realm: The name of the realm.

    Args:
        max_workers: How many handlers run at once; None for the default of the kind of
            concurrency.
        connections: Those of the process, on its loop.
        max_message_size: Largest message that is accepted, in bytes.
        debug: Whether to warn of what the application does badly.
        has_served: Whether a server has called the application, or has ended.
    """

    def __init__(
        self,
        router: Router,
        realm: str,
        *,
        max_workers: int | None,
        connections: Callable[[], OpenConnections],
        max_message_size: Callable[[], int],
        debug: Callable[[], bool],
        has_served: Callable[[], bool],
    ) -> None:
        self.router = router
        self._connections = connections
        self._pools: dict[str, Workers] = {}
        self._max_message_size = max_message_size
        self._debug = debug
        self.realm = realm
        self._max_workers = max_workers
        self._declarations: list[Declaration] = []
        # The session, and the loop it was made on: a forked child starts anew.
        self._joined: tuple[Loop, LocalSession] | None = None
        self._lock = threading.Lock()
        self._unheard = UnheardEvents(lambda: has_served() or may_be_listening())
        at_exit.tell(self._unheard)

    def check_uri(self, uri: object, *, match: Match) -> None:
        """Accept the URI of a registration or a subscription; see `check_uri`."""
        check_uri("uri", uri, match=match)

    def register(
        self,
        function: Callable[..., Any],
        uri: str,
        options: client_messages.RegisterOptions,
        *,
        on_loop: bool,
    ) -> None:
        """Register *function* as the procedure *uri*, which `check_uri` has accepted.

        Args:
            on_loop: Whether it runs on the loop, because it never blocks.

        Raises:
            TypeError: *function* cannot be a procedure, or not one on the loop.
            ApplicationError: The router refused, such as because *uri* is taken.
        """
        self._declare(procedure(function, uri, options, on_loop=on_loop))

    def subscribe(
        self,
        function: Callable[..., Any],
        uri: str,
        options: client_messages.SubscribeOptions,
    ) -> None:
        """Subscribe *function* to *uri*, which `check_uri` has accepted.

        Raises:
            TypeError: *function* cannot be a subscriber.
            ApplicationError: The router refused.
        """
        self._declare(subscriber(function, uri, options))

    def publish(
        self,
        topic: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        options: PublishOptions | None,
    ) -> int | None:
        """Publish an event.

        Returns:
            None, at once. With ``acknowledge`` the publication ID, after the router
            has published the event.

        Raises:
            TypeError, ValueError: *topic*, *options* or the payload is invalid.
            ApplicationError: The router refused; only with ``acknowledge``.
        """
        check_uri("topic", topic)
        chosen = NO_PUBLISH_OPTIONS
        if options is not None:
            chosen = own_options(options, PublishOptions)
        fields = fields_of(_checked_payload(args, kwargs))
        loop = get_loop()
        self._unheard.published(loop)

        def message(request: int) -> ClientMessage:
            return client_messages.Publish(request, chosen, topic, *fields)

        if not chosen.acknowledge:
            loop.call_soon(lambda: self._session(loop).request(message))
            return None
        return self._acknowledged(loop, message)

    def _acknowledged(self, loop: Loop, message: Callable[[int], ClientMessage]) -> int:
        def publish(waiter: Future[Answer]) -> None:
            self._session(loop).request(message, lambda *answer: waiter.set(answer))

        head, payload = ask(loop, publish)
        if head[0] == client_messages.ERROR:
            raise application_error(head, payload)
        publication: int = head[2]
        return publication

    def call(
        self,
        uri: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        options: CallOptions | None,
        timeout: float | None,
    ) -> Any:
        """Call, and wait for the result; raises what `PendingCall.result` does, too.

        Raises:
            TypeError, ValueError: As for `start_call`.
        """
        call = self.start_call(
            uri, args, kwargs, options=options, default=NO_CALL_OPTIONS, waits=True
        )
        return call.result(timeout)

    def start_call(
        self,
        uri: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        options: CallOptions | None,
        default: CallOptions,
        waits: bool = False,
    ) -> PendingCall:
        """Start a call.

        Args:
            default: Its options if *options* is None.
            waits: Whether this thread or greenlet is going to wait for it at once.

        Raises:
            TypeError, ValueError: *uri* or *options* is invalid, or the payload is not
                serializable.
        """
        check_uri("procedure", uri, namespace=True)
        chosen = default if options is None else own_options(options, CallOptions)
        loop = get_loop()
        answers: Mailbox[Answer] = Mailbox(loop)
        call = OutgoingCall(
            uri,
            _checked_payload(args, kwargs),
            options=chosen,
            answers=answers,
        )
        outer = outer_task() if waits else None
        loop.call_soon(lambda: call.start(self._session(loop), outer))
        return PendingCall(uri, loop, call=call, answers=answers, awaited=waits)

    def add_realm(self, realm: Realm) -> None:
        """Open another realm; see `Router.add_realm`."""
        self._change(lambda: self.router.add_realm(realm))

    def remove_realm(self, name: str) -> None:
        """Close a realm, but not the application's own; see `Router.remove_realm`."""
        if name == self.realm:
            raise ValueError(f"name: {name!r} is the realm of the application itself")
        self._change(lambda: self.router.remove_realm(name))

    def set_authorizer(self, name: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer; see `Router.set_authorizer`."""
        check_authorizer("authorizer", authorizer)
        self._change(lambda: self.router.set_authorizer(name, authorizer))

    def _change(self, change: Callable[[], None]) -> None:
        """Change the router, from any thread; raises what *change* does."""
        with self._lock:
            joined = self._joined
            if joined is None or joined[0] is not get_loop():
                change()  # no loop of this process uses the router yet
                return

        def run(waiter: Future[None]) -> None:
            change()
            waiter.set(None)

        ask(joined[0], run)

    def snapshot(self) -> RouterSnapshot:
        """What the router of this process holds; from any thread."""
        loop = get_loop()

        def take(waiter: Future[RouterSnapshot]) -> None:
            self._session(loop)
            waiter.set(self.router.snapshot())

        return ask(loop, take)

    def workers(self) -> Mapping[str, Workers]:
        """The pools of this process, by what they do; on the loop."""
        self._session(get_loop())
        return self._pools

    def drain(self, timeout: float) -> bool:
        """Wait until the calls that are under way have ended; from any thread.

        Returns:
            False if some have not, after *timeout* seconds.
        """
        with self._lock:
            joined = self._joined
        if joined is None or joined[0] is not get_loop():
            return True  # there was nobody yet who could have called
        loop = joined[0]
        ended: Future[None] = Future(loop)
        loop.call_soon(
            lambda: CallsEnding(
                self.router.calls,
                call_later=loop.call_later,
                timeout=timeout,
                ended=lambda: ended.set(None),
            )
        )
        try:
            ended.wait(timeout)
        except TimeoutError:
            return False
        return True

    def prepare(self, environ: Mapping[str, Any]) -> None:
        """Join before the first client does; see `Prepare`."""
        self._session(get_loop())
        warn_of_other_workers(environ)

    # Joining

    def _session(self, loop: Loop) -> LocalSession:
        """The session on *loop*, joined; on the loop."""
        if self._joined is not None and self._joined[0] is loop:
            return self._joined[1]
        default = _MAX_WORKERS[loop.concurrency.name]
        procedures = self._workers(loop, self._max_workers or default, "calls")
        logins = self._workers(loop, default, "logins")
        authorizers = self._workers(loop, default, "authorizers")
        runtime = LoopRuntime(
            loop,
            procedures=procedures,
            others={"logins": logins, "authorizers": authorizers},
            turn=self._connections().limits.turn,
        )
        with self._lock:
            self.router.start(runtime)
            session = LocalSession(
                loop,
                self.router.trusted,
                workers=procedures,
                authorizers=authorizers,
                calls=self.router.calls_of(self.realm),
                debug=self._debug,
            )
            session.join(self.realm)
            declarations = list(self._declarations)
            self._joined = loop, session
        for declaration in declarations:
            declaration.apply(session, _log_refusal)
        return session

    def _workers(self, loop: Loop, limit: int, work: str) -> Workers:
        # Two of the largest messages must fit, because one caller gets half.
        size = max(_BYTES, 2 * self._max_message_size())
        budget = Budget(
            f"{work} that wait or run", size, within=self._connections().memory
        )
        pool = Workers(loop, limit=limit, places=_PLACES, budget=budget)
        self._pools[work] = pool
        return pool

    def _declare(self, declaration: Declaration) -> None:
        with self._lock:
            joined = self._joined
            claim = declaration.claim
            if claim and any(each.claim == claim for each in self._declarations):
                problem = f"{claim[0]!r} is registered already, by this application"
                raise ApplicationError(errors.PROCEDURE_ALREADY_EXISTS, problem)
            self._declarations.append(declaration)
        if joined is None or joined[0] is not get_loop():
            return  # the session of this process will apply it when it joins
        loop, session = joined

        def declare(waiter: Future[Answer]) -> None:
            declaration.apply(session, lambda *answer: waiter.set(answer))

        head, payload = ask(loop, declare)
        if head[0] == client_messages.ERROR:
            with self._lock:
                self._declarations.remove(declaration)
            raise application_error(head, payload)


def _log_refusal(head: list[Any], payload: Payload) -> None:
    if head[0] == client_messages.ERROR:
        logger.error("%s", application_error(head, payload))


def _checked_payload(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Payload:
    check_payload(args, kwargs)
    return payload_of(MESSAGEPACK, args, kwargs)
