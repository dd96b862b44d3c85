"""A WAMP session of a test with the application's router."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from wsocket.errors import ApplicationError
from wsocket.testing.calls import (
    ClientCall,
    ReceivedEvent,
    ReceivedInvocation,
    payload,
    payload_at,
    raised,
)
from wsocket.testing.credentials import Credentials
from wsocket.testing.wamp import CODES, ClientWamp
from wsocket.wamp.protocol import errors

_FEATURES = {
    "caller": ["call_canceling", "progressive_call_results", "caller_identification"],
    "callee": ["call_canceling", "progressive_call_results", "caller_identification"],
    "publisher": ["publisher_identification", "publisher_exclusion"],
    "subscriber": ["publisher_identification", "pattern_based_subscription"],
}
ROLES = {
    role: {"features": dict.fromkeys(features, True)}
    for role, features in _FEATURES.items()
}
"""HELLO.Details.roles."""

_ERROR_REQUEST = 2  # the position of the request in ERROR; else it is 1
_NO_ANSWERS = {CODES["EVENT"], CODES["INVOCATION"], CODES["INTERRUPT"]}


class ClientSession(ClientWamp):
    """A session in a realm; `Client.join` makes it.

    What is asked of the router is awaited, and its ERROR is raised as
    `ApplicationError`. Options are those of the messages, by their names in WAMP.

    Attributes:
        id: The session ID.
        welcome: WELCOME.Details.
    """

    id = 0
    welcome: Mapping[str, Any] = {}
    _requests: count[int]
    _topics: dict[int, str]
    _procedures: dict[int, tuple[str, Callable[..., Any] | None]]

    @property
    def authid(self) -> str | None:
        """Who the session is, as the router says."""
        return self.welcome.get("authid")

    @property
    def authrole(self) -> str | None:
        """Its role."""
        return self.welcome.get("authrole")

    def join(
        self,
        realm: str,
        *,
        authid: str | None,
        auth: Credentials | None,
        details: Mapping[str, Any],
    ) -> None:
        """Say HELLO, answer CHALLENGE, and wait for WELCOME.

        Raises:
            ApplicationError: The router has refused, with the reason of its ABORT.
        """
        self._requests = count(1)
        self._topics, self._procedures = {}, {}
        hello: dict[str, Any] = {"roles": ROLES}
        if authid is not None:
            hello["authid"] = authid
        if auth is not None:
            hello["authmethods"] = [auth.method]
            hello["authextra"] = dict(auth.authextra)
        self.send([CODES["HELLO"], realm, {**hello, **details}])
        answer = self._verdict()
        if answer[0] == CODES["CHALLENGE"]:
            answer = self._authenticate(answer, auth, authid or "")
        self._welcomed(answer)

    def subscribe(self, topic: str, **options: Any) -> int:
        """Subscribe; returns the subscription ID."""
        answer = self._request("SUBSCRIBE", options, topic)
        subscription: int = answer[2]
        self._topics[subscription] = topic
        return subscription

    def unsubscribe(self, subscription: int) -> None:
        """End a subscription."""
        self._request("UNSUBSCRIBE", subscription)

    def publish(
        self,
        topic: str,
        /,
        *args: Any,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> int:
        """Publish an event, and wait until the router has it; the publication ID."""
        asked = {**(options or {}), "acknowledge": True}
        answer = self._request("PUBLISH", asked, topic, *payload(args, kwargs))
        publication: int = answer[2]
        return publication

    def receive_event(self, timeout: float | None = None) -> ReceivedEvent:
        """The next event; other messages stay where they are.

        Raises:
            ConversationFailure: None came.
            WebSocketClosed: The session has ended.
        """
        message = self._await_kind("EVENT", timeout=timeout)
        _, subscription, publication, details, *_ = message
        args, kwargs = payload_at(message, 4)
        topic = details.get("topic") or self._topics.get(subscription, "")
        return ReceivedEvent(topic, args, kwargs, details, subscription, publication)

    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a procedure; its result is that of `WSocketApp.call`."""
        return self.start_call(procedure, *args, options=options, **kwargs).result()

    def start_call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> ClientCall:
        """Start a call.

        Args:
            options: For progressive results, ``{"receive_progress": True}``. A timeout,
                ``{"timeout": 1000}``, is in milliseconds of the clock that the test
                moves.
        """
        request = next(self._requests)
        message = [CODES["CALL"], request, dict(options or {}), procedure]
        self.send([*message, *payload(args, kwargs)])
        return ClientCall(self, request)

    def register(
        self, procedure: str, function: Callable[..., Any] | None = None, **options: Any
    ) -> int:
        """Register a procedure; returns the registration ID.

        Args:
            function: Answers the calls, in a thread or greenlet of its own. Without it
                the test takes them with `receive_invocation`.
        """
        answer = self._request("REGISTER", options, procedure)
        registration: int = answer[2]
        self._procedures[registration] = procedure, function
        return registration

    def unregister(self, registration: int) -> None:
        """End a registration."""
        self._request("UNREGISTER", registration)

    def receive_invocation(self, timeout: float | None = None) -> ReceivedInvocation:
        """The next call of a procedure without a function; it must be answered."""
        return self._invocation(self._await_kind("INVOCATION", timeout=timeout))

    def leave(self) -> str:
        """Say GOODBYE, and wait for the answer; returns its reason."""
        self.send([CODES["GOODBYE"], {}, errors.CLOSE_REALM])
        reason: str = self._await_kind("GOODBYE")[2]
        return reason

    def answer_to(self, request: int, timeout: float | None = None) -> list[Any]:
        """Wait for the next answer to a request of this session."""

        def fits(message: list[Any]) -> bool:
            code = message[0]
            position = _ERROR_REQUEST if code == CODES["ERROR"] else 1
            return code not in _NO_ANSWERS and message[position] == request

        return self._await(fits, f"the answer to request {request}", timeout)

    def checked(self, answer: list[Any]) -> list[Any]:
        """An answer that is no ERROR; that is raised as `ApplicationError`."""
        if answer[0] == CODES["ERROR"]:
            error = raised(answer[4], *payload_at(answer, 5))
            raise self._conversation.explained(error)
        return answer

    # Joining

    def _authenticate(
        self, challenge: list[Any], auth: Credentials | None, authid: str
    ) -> list[Any]:
        _, method, extra = challenge
        if auth is None or method != auth.method:
            raise self._failure(
                f"{self._name} got a challenge for {method!r}; say join(auth=...)"
            )
        signature, more = auth.answer(extra, authid)
        self.send([CODES["AUTHENTICATE"], signature, dict(more)])
        return self._verdict()

    def _verdict(self) -> list[Any]:
        """The router's answer. A refusal comes after the `login_delay` of the realm.

        Nobody can move the clock meanwhile. So it moves on to what is due next, until
        the answer comes; in the end that is the `join_timeout`.
        """
        world = self._world
        while world.settle(self._timeout) and not (self._inbox or self.closed):
            due = world.clock.next_due()
            if due is None:
                break
            world.advance(due - world.clock.passed, self._timeout)
        return self.receive()

    def _welcomed(self, answer: list[Any]) -> None:
        if answer[0] == CODES["ABORT"]:
            _, details, reason, *_ = answer
            error = raised(reason, [details.get("message", "")], {})
            raise self._conversation.explained(error)
        if answer[0] != CODES["WELCOME"]:
            shown = self._shown(answer)
            raise self._failure(f"{self._name} expected WELCOME, and got {shown}")
        _, self.id, self.welcome = answer
        if self.welcome.get("authmethod") != "anonymous":
            self._name = f"{self._name} ({self.authid})"

    # Requests and invocations

    def _request(self, kind: str, *rest: Any) -> list[Any]:
        request = next(self._requests)
        self.send([CODES[kind], request, *rest])
        return self.checked(self.answer_to(request))

    def _takes(self, message: list[Any]) -> bool:
        """Have the function of a procedure answer; on the loop."""
        if message[0] != CODES["INVOCATION"]:
            return False
        _, function = self._procedures.get(message[2], ("", None))
        if function is None:
            return False
        invocation = self._invocation(message)
        self._world.concurrency.spawn(_answer, function, invocation)
        return True

    def _invocation(self, message: list[Any]) -> ReceivedInvocation:
        _, request, registration, details, *_ = message
        procedure, _ = self._procedures.get(registration, ("", None))
        args, kwargs = payload_at(message, 4)
        name = details.get("procedure") or procedure
        return ReceivedInvocation(name, args, kwargs, details, request, self.send)


def _answer(function: Callable[..., Any], invocation: ReceivedInvocation) -> None:
    """Answer an invocation with what *function* returns or raises."""
    try:
        result = function(*invocation.args, **invocation.kwargs)
    except ApplicationError as error:
        invocation.fail(error.error, *error.args, **error.kwargs)
    except Exception as error:
        invocation.fail(errors.RUNTIME_ERROR, str(error))
    else:
        invocation.answer(*([] if result is None else [result]))
