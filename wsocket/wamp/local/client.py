"""The application's own session, inside the router's process.

The router treats it like any other session: it joins with HELLO, and its messages take
the same way. Only its link is special: it passes messages as objects, not as bytes.
Everything here runs on the loop; handlers run in workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from time import perf_counter
from typing import Any

from wsocket.core.concurrency.in_order import InOrder
from wsocket.core.concurrency.waiting import Outer
from wsocket.core.concurrency.workers import Workers
from wsocket.core.net.loop import Loop
from wsocket.log import logger
from wsocket.wamp.local.answers import Answer, error_answer
from wsocket.wamp.local.calling import EventDetails
from wsocket.wamp.local.encoding import Failure
from wsocket.wamp.local.generators import Gathered, Progress
from wsocket.wamp.local.handlers import UserHandler
from wsocket.wamp.local.own_call import OwnCall
from wsocket.wamp.local.results_ahead import ResultsAhead
from wsocket.wamp.protocol import client_messages, errors
from wsocket.wamp.protocol.client_messages import (
    ClientMessage,
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
)
from wsocket.wamp.protocol.ids import next_id
from wsocket.wamp.rpc.call_table import CallTable
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.in_process import (
    DIRECT,
    TRANSPORT,
    DirectMessage,
    as_fields,
    unlimited,
)
from wsocket.wamp.session.session import Gatekeeper, Session

OnAnswer = Callable[[list[Any], Payload], None]

# The features of this client, by role.
FEATURES: dict[str, tuple[str, ...]] = {
    "caller": (
        "call_canceling",
        "call_timeout",
        "caller_identification",
        "progressive_call_results",
    ),
    "callee": (
        "call_canceling",
        "call_trustlevels",
        "caller_identification",
        "pattern_based_registration",
        "progressive_call_results",
        "shared_registration",
    ),
    "publisher": (
        "publisher_exclusion",
        "publisher_identification",
        "subscriber_blackwhite_listing",
    ),
    "subscriber": (
        "pattern_based_subscription",
        "publication_trustlevels",
        "publisher_identification",
    ),
}

# What waits for one subscriber function; beyond this the oldest events are dropped.
_EVENTS = 10_000
_EVENT_BYTES = 8 * 2**20

# Seconds on the loop from which on a procedure is not a quick one.
_LONG_TURN = 0.005

# They are read only.
_FINAL = client_messages.YieldOptions()
_PROGRESS = client_messages.YieldOptions(progress=True)
_NO_DETAILS = client_messages.ErrorDetails()


class LocalSession:
    """A client, and its link to the router; see the module's docstring."""

    codec = DIRECT
    transport = TRANSPORT

    def __init__(
        self,
        loop: Loop,
        gatekeeper: Gatekeeper,
        *,
        workers: Workers,
        authorizers: Workers,
        calls: CallTable,
        debug: Callable[[], bool],
    ) -> None:
        self._loop = loop
        self._workers = workers
        self._authorizers = authorizers
        self._calls = calls
        self._debug = debug
        self._gathered = Gathered()
        self.results_ahead = ResultsAhead(loop)
        self._last_request = 0
        self._waiting: dict[int, OnAnswer] = {}
        self._unread: dict[int, Callable[[], int]] = {}  # as long as it is awaited
        self._procedures: dict[int, UserHandler] = {}
        self._running: dict[int, OwnCall] = {}  # by INVOCATION.Request
        self._outer: Outer | None = None  # the task that waits for the CALL being sent
        self._subscribers: dict[int, list[tuple[UserHandler, InOrder]]] = {}
        self._reactions: dict[int, Callable[[list[Any], Payload], None]] = {
            client_messages.REGISTERED: self._on_answer,
            client_messages.SUBSCRIBED: self._on_answer,
            client_messages.PUBLISHED: self._on_answer,
            client_messages.RESULT: self._on_answer,
            client_messages.ERROR: self._on_error,
            client_messages.INVOCATION: self._on_invocation,
            client_messages.INTERRUPT: self._on_interrupt,
            client_messages.EVENT: self._on_event,
            client_messages.ABORT: self._on_end,
            client_messages.GOODBYE: self._on_end,
        }
        self._ended = False
        self.budget = unlimited()
        self._session = Session(self, gatekeeper)

    # The link

    def write(self, frame: DirectMessage) -> None:
        """Take a message from the router."""
        head, payload = frame
        reaction = self._reactions.get(head[0])
        if reaction is not None:
            reaction(head, payload)

    def unread(self, request: int) -> int:
        """How many bytes of progressive results a call has not read."""
        unread = self._unread.get(request)
        return 0 if unread is None else unread()

    def close(self) -> None:
        """The router has ended the session; `_on_end` has logged the reason."""
        self._session.lost()

    def abort(self) -> None:
        """The same as `close`: there is nothing to send."""
        self._session.lost()

    # The client

    def join(self, realm: str) -> None:
        """Say HELLO."""
        roles = ClientRoles(
            **{
                role: ClientRole(dict.fromkeys(features, True))
                for role, features in FEATURES.items()
            }
        )
        self._session.handle(Hello(realm, HelloDetails(roles)))

    def request(
        self,
        make: Callable[[int], ClientMessage],
        on_answer: OnAnswer | None = None,
        *,
        unread: Callable[[], int] | None = None,
    ) -> int:
        """Send the message that *make* returns for a new request ID; return the ID.

        Args:
            unread: How many bytes of answers wait for whoever takes them.
        """
        request = self._last_request = next_id(self._last_request)
        if on_answer is not None:
            self._waiting[request] = on_answer
        if unread is not None:
            self._unread[request] = unread
        if self._ended:
            self._give_up(request)
        else:
            self._session.handle(make(request))
        return request

    @contextmanager
    def calling_from(self, outer: Outer) -> Iterator[None]:
        """In this block there is one `request`: a CALL for which *outer* waits."""
        self._outer = outer
        try:
            yield
        finally:
            self._outer = None

    def hurry(self, request: int, outer: Outer) -> None:
        """*outer* waits for this call: if it waits in line here, it runs now."""
        call = self._calls.made_by(self._session, request)
        if call is not None and call.endpoint.callee is self._session:
            inner = self._running.get(call.invocation_request)
            if inner is not None and inner.workers is outer.pool:
                outer.hurry(inner)

    def forget(self, request: int) -> None:
        """Ignore the answer to a request."""
        self._waiting.pop(request, None)
        self._unread.pop(request, None)

    def cancel(self, request: int, mode: client_messages.CancelMode) -> None:
        """Cancel a call of this session."""
        options = client_messages.CancelOptions(mode=mode)
        self._session.handle(client_messages.Cancel(request, options))
        if mode != "kill" and request in self._waiting:
            # The router may not answer (`Realm.compat_autobahn_js`).
            self._on_error(*_canceled(request, "canceled by the caller"))

    def add_procedure(self, registration: int, handler: UserHandler) -> None:
        """Run *handler* for invocations of *registration*."""
        self._procedures[registration] = handler

    def add_subscriber(self, subscription: int, handler: UserHandler) -> None:
        """Run *handler* for events of *subscription*, one at a time and in order."""
        queue = InOrder(
            self._workers,
            limit=_EVENTS,
            limit_bytes=_EVENT_BYTES,
            name=f"subscriber {handler!r}",
        )
        self._subscribers.setdefault(subscription, []).append((handler, queue))

    # Reactions

    def _on_answer(self, head: list[Any], payload: Payload) -> None:
        on_answer = self._waiting.get(head[1])
        if on_answer is None:
            return
        if not (head[0] == client_messages.RESULT and head[2].get("progress")):
            self.forget(head[1])
        on_answer(head, payload)

    def _on_error(self, head: list[Any], payload: Payload) -> None:
        on_answer = self._waiting.get(head[2])
        self.forget(head[2])
        if on_answer is not None:
            on_answer(head, payload)

    def _on_end(self, head: list[Any], payload: Payload) -> None:
        """ABORT or GOODBYE: answer everybody who waits, because the router will not."""
        logger.error("the router ended the application's own session: %r", head)
        self._ended = True
        for request in list(self._waiting):
            self._give_up(request)

    def _give_up(self, request: int) -> None:
        problem = "the application's own session has ended"
        self._on_error(*_canceled(request, problem))

    def _on_event(self, head: list[Any], payload: Payload) -> None:
        _, subscription, publication, raw = head
        for handler, queue in self._subscribers.get(subscription, ()):
            details = EventDetails(
                topic=raw.get("topic", handler.uri),
                publication=publication,
                publisher=raw.get("publisher"),
                publisher_authid=raw.get("publisher_authid"),
                publisher_authrole=raw.get("publisher_authrole"),
                trustlevel=raw.get("trustlevel"),
                retained=raw.get("retained", False),
            )
            queue.put(handler.notify, payload, details, size=payload.size)

    def _on_invocation(self, head: list[Any], payload: Payload) -> None:
        _, request, registration, details = head
        handler = self._procedures[registration]
        call = self._calls.run_by(self._session, request)
        assert call is not None
        caller = call.caller
        invocation = OwnCall(
            self,
            handler,
            request,
            payload,
            details,
            caller=caller,
            call_request=call.call_request,
            by_client=caller is not self._session,
            # The router itself calls an authorizer, which must not wait for others.
            workers=self._workers if caller.id else self._authorizers,
        )
        self._running[request] = invocation
        outer = self._outer
        if handler.on_loop:
            self._run_here(invocation, handler)
        elif outer and caller is self._session and outer.pool is invocation.workers:
            outer.run(invocation)
        else:
            invocation.workers.run(invocation, caller.id)

    def _run_here(self, invocation: OwnCall, handler: UserHandler) -> None:
        """Run a procedure on the loop, where everybody waits for it."""
        begun = perf_counter()
        Context().run(invocation.work)
        seconds = perf_counter() - begun
        if seconds > _LONG_TURN and self._debug():
            logger.warning(
                "%r kept everybody waiting for %.0f ms: on_loop=True is for functions "
                "that never block",
                handler,
                seconds * 1000,
            )
        self.answer(invocation)

    def _on_interrupt(self, head: list[Any], payload: Payload) -> None:
        invocation = self._running.get(head[1])
        if invocation is not None:
            invocation.cancel()
            invocation.workers.cancel(invocation)

    # What invocations need

    def progress(self, invocation: OwnCall) -> Progress:
        """The way of progressive results to the caller; from any thread."""
        request = invocation.request

        def send(part: Payload) -> None:
            fields = as_fields(part)
            self._session.handle(client_messages.Yield(request, _PROGRESS, *fields))

        unread = partial(invocation.caller.unread, invocation.call_request)
        worker = Outer(invocation.workers, invocation)
        return Progress(
            self._loop, send, unread, worker=worker, gathered=self._gathered
        )

    def answer(self, invocation: OwnCall) -> None:
        """Answer with the outcome, after all progressive results."""
        if invocation.progress is None:
            self._answer(invocation)
        else:
            invocation.progress.finish(partial(self._answer, invocation))

    def _answer(self, invocation: OwnCall) -> None:
        request, outcome = invocation.request, invocation.outcome
        del self._running[request]
        assert outcome is not None
        if isinstance(outcome, Failure):
            error, payload = outcome
            fields = as_fields(payload)
            self._session.handle(
                client_messages.Error(
                    client_messages.INVOCATION, request, _NO_DETAILS, error, *fields
                )
            )
        else:
            fields = as_fields(outcome)
            self._session.handle(client_messages.Yield(request, _FINAL, *fields))


def _canceled(request: int, explanation: str) -> Answer:
    """The ERROR for a call, when the router will send none."""
    return error_answer(errors.CANCELED, explanation, request=request)
