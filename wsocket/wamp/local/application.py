"""What `WSocketApp` offers its author in WAMP mode, from any thread or greenlet.

Declarations are kept, and no loop is started for them: the application may be imported
by a server that forks afterwards. The session joins on the loop of the process that
first needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.future import Future, Mailbox, ask
from wsocket.core.net.loop import Loop, get_loop
from wsocket.errors import ApplicationError
from wsocket.log import logger
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.local.client import LocalSession
from wsocket.wamp.local.handlers import UserHandler
from wsocket.wamp.local.pending_call import Answer, PendingCall, application_error
from wsocket.wamp.protocol import client_messages, errors
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.uris import MATCHES, Match, UriRules, reserved
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.router import Router
from wsocket.wamp.router.snapshot import RouterSnapshot
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

_T = TypeVar("_T")

# Calls that wait for a free worker; beyond this they are refused.
_CALL_QUEUE = 10_000


# Threads are dear and greenlets are cheap.
_MAX_WORKERS = {"threads": 64, "greenlets": 1000}


class LoopRuntime:
    """Time and workers for the router, from the process's loop."""

    def __init__(self, loop: Loop, workers: Workers) -> None:
        self._loop = loop
        self._workers = workers
        self.time = time.time
        self.call_later = loop.call_later

    def offload(
        self, function: Callable[[], _T], then: Callable[[_T | Exception], object]
    ) -> None:
        """Run *function* in a worker, and *then* on the loop with the outcome."""

        def run() -> None:
            try:
                outcome: _T | Exception = function()
            except Exception as error:
                outcome = error
            except KeyboardInterrupt:  # the process ends
                raise
            except BaseException as error:  # gevent.Timeout, exit(): somebody waits
                outcome = RuntimeError(f"{function!r} raised {error!r}")
            self._loop.call_soon(then, outcome)

        if not self._workers.run(run):
            then(RuntimeError("too much work waits for this application's workers"))


class Declaration(NamedTuple):
    """What the application wants to be called for.

    Attributes:
        request: Makes the message that puts the handler in place.
        place: What to do with the ID in the answer.
        claim: The URI and the match that nobody else may register; None otherwise.
    """

    handler: UserHandler
    request: Callable[[int], ClientMessage]
    place: Callable[[LocalSession, int, UserHandler], None]
    claim: tuple[str, Match] | None = None


class Application:
    """The application's access to one realm of its own router.

    Args:
        max_workers: How many handlers run at once; None for as many as is sensible.
    """

    def __init__(self, router: Router, *, realm: str, max_workers: int | None) -> None:
        self._router = router
        self._uris = UriRules()
        self._realm = realm
        self._max_workers = max_workers
        self._declarations: list[Declaration] = []
        # The session, and the loop it was made on: a forked child starts anew.
        self._joined: tuple[Loop, LocalSession] | None = None
        self._lock = threading.Lock()

    def register(
        self,
        function: Callable[..., Any],
        uri: str,
        options: client_messages.RegisterOptions,
    ) -> None:
        """Have *function* answer calls of *uri*.

        Raises:
            ValueError: *uri* is not valid.
            ApplicationError: The router refused, such as because *uri* is taken.
        """
        self._check_uri(uri, options.match)
        _check_options(options)
        alone = options.invoke == "single" and not options.force_reregister
        self._declare(
            Declaration(
                UserHandler(function, uri),
                lambda request: client_messages.Register(request, options, uri),
                LocalSession.add_procedure,
                (uri, options.match) if alone else None,
            )
        )

    def subscribe(
        self,
        function: Callable[..., Any],
        uri: str,
        options: client_messages.SubscribeOptions,
    ) -> None:
        """Have *function* called for events of *uri*, one at a time and in order.

        Raises:
            ValueError: *uri* is not valid.
            ApplicationError: The router refused.
        """
        self._check_uri(uri, options.match)
        _check_options(options)
        self._declare(
            Declaration(
                UserHandler(function, uri),
                lambda request: client_messages.Subscribe(request, options, uri),
                LocalSession.add_subscriber,
            )
        )

    def publish(
        self,
        topic: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        options: client_messages.PublishOptions,
    ) -> int | None:
        """Publish an event.

        Returns:
            None, at once; with ``acknowledge`` the publication ID, when the event is
            out.

        Raises:
            ValueError: *topic* is not a valid URI, or the payload is not serializable.
            ApplicationError: The router refused; only with ``acknowledge``.
        """
        self._check_uri(topic, "exact")
        _check_options(options)
        payload = Payload.of(MESSAGEPACK, args, kwargs)

        def make(request: int) -> ClientMessage:
            return client_messages.Publish(request, options, topic, *_fields(payload))

        loop = get_loop()
        if not options.acknowledge:
            loop.call_soon(lambda: self._session(loop).request(make))
            return None

        def publish(waiter: Future[Answer]) -> None:
            self._session(loop).request(make, lambda *answer: waiter.set(answer))

        head, payload = ask(loop, publish)
        if head[0] == client_messages.ERROR:
            raise application_error(head, payload)
        publication: int = head[2]
        return publication

    def start_call(
        self,
        procedure: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        options: client_messages.CallOptions,
    ) -> PendingCall:
        """Start a call.

        Raises:
            ValueError: *procedure* is not a valid URI, or the payload is not
                serializable.
        """
        self._check_uri(procedure, "exact", namespace=True)
        _check_options(options)
        payload = Payload.of(MESSAGEPACK, args, kwargs)
        loop = get_loop()
        mailbox: Mailbox[Answer] = Mailbox(loop)
        issued: list[int] = []

        def make(request: int) -> ClientMessage:
            issued.append(request)
            return client_messages.Call(request, options, procedure, *_fields(payload))

        def forget() -> None:
            for request in issued:
                self._session(loop).forget(request)

        def cancel(mode: client_messages.CancelMode) -> None:
            for request in issued:
                self._session(loop).cancel(request, mode)

        loop.call_soon(
            lambda: self._session(loop).request(
                make, lambda *answer: mailbox.put(answer)
            )
        )
        return PendingCall(
            procedure,
            mailbox,
            cancel=lambda mode: loop.call_soon(cancel, mode),
            forget=lambda: loop.call_soon(forget),
        )

    def add_realm(self, realm: Realm) -> None:
        """Open another realm; see `Router.add_realm`."""
        self._change(lambda: self._router.add_realm(realm))

    def remove_realm(self, name: str) -> None:
        """Close a realm, but not the application's own; see `Router.remove_realm`."""
        if name == self._realm:
            raise ValueError(f"{name!r} is the realm of the application itself")
        self._change(lambda: self._router.remove_realm(name))

    def set_authorizer(self, name: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer; see `Router.set_authorizer`."""
        self._change(lambda: self._router.set_authorizer(name, authorizer))

    def _change(self, change: Callable[[], None]) -> None:
        """Change the router, from any thread; raises what *change* does."""
        with self._lock:
            joined = self._joined
            if joined is None or joined[0] is not get_loop():
                change()  # no loop of this process has it yet
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
            waiter.set(self._router.snapshot())

        return ask(loop, take)

    def prepare(self) -> None:
        """Join before the first client does; on the loop."""
        self._session(get_loop())

    # Joining

    def _session(self, loop: Loop) -> LocalSession:
        """The session on *loop*, joined; on the loop."""
        if self._joined is not None and self._joined[0] is loop:
            return self._joined[1]
        limit = self._max_workers or _MAX_WORKERS[loop.concurrency.name]
        workers = Workers(loop.concurrency, limit=limit, queue_limit=_CALL_QUEUE)
        with self._lock:
            self._router.start(LoopRuntime(loop, workers))
            session = LocalSession(loop, self._router.trusted, workers=workers)
            session.join(self._realm)
            declarations = list(self._declarations)
            self._joined = loop, session
        for declaration in declarations:
            _put_in_place(session, declaration, _log_refusal)
        return session

    def _declare(self, declaration: Declaration) -> None:
        with self._lock:
            joined = self._joined
            claim = declaration.claim
            if claim and any(each.claim == claim for each in self._declarations):
                problem = f"{claim[0]!r} is registered already, by this application"
                raise ApplicationError(errors.PROCEDURE_ALREADY_EXISTS, problem)
            self._declarations.append(declaration)
        if joined is None or joined[0] is not get_loop():
            return  # the session that joins in this process will have it
        loop, session = joined

        def declare(waiter: Future[Answer]) -> None:
            _put_in_place(session, declaration, lambda *answer: waiter.set(answer))

        head, payload = ask(loop, declare)
        if head[0] == client_messages.ERROR:
            with self._lock:
                self._declarations.remove(declaration)
            raise application_error(head, payload)

    def _check_uri(self, uri: str, match: Match, *, namespace: bool = False) -> None:
        if not isinstance(uri, str):
            raise TypeError(f"a URI is a str such as 'com.example.add', got {uri!r}")
        if match not in MATCHES:
            raise ValueError(f"match must be exact, prefix or wildcard, got {match!r}")
        if not self._uris.valid(uri, match):
            raise ValueError(f"invalid URI: {self._uris.problem(uri, match)}")
        if reserved(uri) and not namespace:
            raise ValueError(f"{uri!r} is in the protocol's own namespace, 'wamp.'")


def _check_options(options: client_messages.Fields) -> None:
    """Refuse here what would otherwise be a violation by the application's session.

    Raises:
        ValueError: A field has a wrong type or value, or is for remote clients only.
    """
    fields = msgspec.structs.asdict(options)
    msgspec.convert(fields, type(options))
    for name in ("progress", "ppt_scheme"):
        if fields.get(name):
            kind = type(options).__name__
            raise ValueError(
                f"{kind}.{name}: the application's session has no such mode"
            )


def _put_in_place(
    session: LocalSession,
    declaration: Declaration,
    on_answer: Callable[[list[Any], Payload], None],
) -> None:
    """Register or subscribe a declaration's handler."""

    def answered(head: list[Any], payload: Payload) -> None:
        if head[0] != client_messages.ERROR:
            declaration.place(session, head[2], declaration.handler)
        on_answer(head, payload)

    session.request(declaration.request, answered)


def _log_refusal(head: list[Any], payload: Payload) -> None:
    if head[0] == client_messages.ERROR:
        logger.error("%s", application_error(head, payload))


def _fields(payload: Payload) -> tuple[Any, Any]:
    args, kwargs = (*payload.parts, ABSENT, ABSENT)[:2]
    return args, kwargs
