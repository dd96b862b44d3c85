"""The application's own session, inside the router's process.

The router treats it like any other session: it joins with HELLO, and its messages take
the same way. Only its link is special: it passes messages as objects, not as bytes.
Everything here runs on the loop; handlers run in workers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.concurrency.workers import InOrder, Workers
from wsocket.core.net.loop import Loop
from wsocket.log import logger
from wsocket.wamp.local.answers import Answer, error_answer, fields_of
from wsocket.wamp.local.handlers import (
    CallDetails,
    EventDetails,
    Failure,
    Interruption,
    UserHandler,
)
from wsocket.wamp.protocol import client_messages, errors
from wsocket.wamp.protocol.client_messages import (
    ClientMessage,
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
)
from wsocket.wamp.protocol.ids import next_id
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.in_process import DIRECT, DirectMessage, unlimited
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

# How many events wait for one subscriber function; then the oldest are dropped.
_EVENT_QUEUE = 10_000


class LocalSession:
    """A client, and its link to the router; see the module's docstring."""

    codec = DIRECT

    def __init__(self, loop: Loop, gatekeeper: Gatekeeper, *, workers: Workers) -> None:
        self._loop = loop
        self._workers = workers
        self._last_request = 0
        self._waiting: dict[int, OnAnswer] = {}
        self._procedures: dict[int, UserHandler] = {}
        self._running: dict[int, Interruption] = {}  # by INVOCATION.Request
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
        self, make: Callable[[int], ClientMessage], on_answer: OnAnswer | None = None
    ) -> int:
        """Send the message that *make* returns for a new request ID; return the ID."""
        request = self._last_request = next_id(self._last_request)
        if on_answer is not None:
            self._waiting[request] = on_answer
        if self._ended:
            self._give_up(request)
        else:
            self._session.handle(make(request))
        return request

    def forget(self, request: int) -> None:
        """Ignore the answer to a request."""
        self._waiting.pop(request, None)

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
            self._workers, limit=_EVENT_QUEUE, name=f"subscriber {handler!r}"
        )
        self._subscribers.setdefault(subscription, []).append((handler, queue))

    # Reactions

    def _on_answer(self, head: list[Any], payload: Payload) -> None:
        on_answer = self._waiting.get(head[1])
        if on_answer is None:
            return
        if not (head[0] == client_messages.RESULT and head[2].get("progress")):
            del self._waiting[head[1]]
        on_answer(head, payload)

    def _on_error(self, head: list[Any], payload: Payload) -> None:
        on_answer = self._waiting.pop(head[2], None)
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
            queue.run(handler.notify, payload, details)

    def _on_invocation(self, head: list[Any], payload: Payload) -> None:
        _, request, registration, raw = head
        handler = self._procedures[registration]
        details = CallDetails(
            procedure=raw.get("procedure", handler.uri),
            caller=raw.get("caller"),
            caller_authid=raw.get("caller_authid"),
            caller_authrole=raw.get("caller_authrole"),
            trustlevel=raw.get("trustlevel"),
            progressive=raw.get("receive_progress", False),
        )
        self._running[request] = Interruption()
        if not self._workers.run(self._invoke, handler, request, payload, details):
            busy = Payload.of(MESSAGEPACK, ["too many calls wait for this application"])
            self._answer(request, Failure(errors.UNAVAILABLE, busy))

    def _on_interrupt(self, head: list[Any], payload: Payload) -> None:
        interruption = self._running.get(head[1])
        if interruption is not None:
            interruption.requested = True

    def _invoke(
        self, handler: UserHandler, request: int, payload: Payload, details: CallDetails
    ) -> None:
        """Run a procedure in a worker."""

        def progress(part: Payload) -> None:
            self._loop.call_soon(self._session.handle, _progress(request, part))

        interruption = self._running[request]
        outcome = handler.invoke(
            payload, details, progress=progress, interruption=interruption
        )
        self._loop.call_soon(self._answer, request, outcome)

    def _answer(self, request: int, outcome: Payload | Failure) -> None:
        del self._running[request]
        self._session.handle(_answer(request, outcome))


def _canceled(request: int, explanation: str) -> Answer:
    """The ERROR for a call, when the router will send none."""
    return error_answer(errors.CANCELED, explanation, request=request)


def _progress(request: int, payload: Payload) -> ClientMessage:
    """The message with a progressive result."""
    options = client_messages.YieldOptions(progress=True)
    return client_messages.Yield(request, options, *fields_of(payload))


def _answer(request: int, outcome: Payload | Failure) -> ClientMessage:
    """The message that ends an invocation."""
    if isinstance(outcome, Failure):
        return client_messages.Error(
            client_messages.INVOCATION,
            request,
            client_messages.ErrorDetails(),
            outcome.error,
            *fields_of(outcome.payload),
        )
    options = client_messages.YieldOptions()
    return client_messages.Yield(request, options, *fields_of(outcome))
