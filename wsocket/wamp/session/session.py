"""The router's side of one WAMP session: HELLO to GOODBYE as a state table.

A transport, or the in-process client, feeds messages to the session, which writes to
its `Link`. Requests of an established session go to the actions of its realm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    ABORT,
    CHALLENGE,
    GOODBYE,
    WELCOME,
    Abort,
    Authenticate,
    Call,
    ClientMessage,
    Error,
    Goodbye,
    Hello,
    Message,
    Publish,
    Yield,
)
from wsocket.wamp.protocol.errors import too_much
from wsocket.wamp.protocol.field_names import name_of
from wsocket.wamp.serializers.base import DECODE_ERRORS, Payload
from wsocket.wamp.session.counted_action import CountedAction
from wsocket.wamp.session.features import announced_features
from wsocket.wamp.session.held_messages import HeldMessages
from wsocket.wamp.session.link import Link
from wsocket.wamp.session.recipient import Recipient
from wsocket.wamp.session.role_grants import OPEN_GRANTS, RoleGrants
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.state import State
from wsocket.wamp.session.traffic import Traffic

# These are never held back: the authorizer may be a procedure that they answer.
_NEVER_HELD = (Yield, Error)


class Joinable(Protocol):
    """What a session needs of its realm."""

    @property
    def actions(self) -> Mapping[type[Message], CountedAction]:
        """Message type to what an established session does with it."""

    def leave(
        self, session: Session, *, silent: bool, left: Callable[[], object]
    ) -> None:
        """Remove *session*, with everything that it holds. That may take some turns.

        Args:
            silent: Publish neither its testaments nor meta events.
            left: Called when nothing is left of it.
        """


class Gatekeeper(Protocol):
    """What a session needs of the router: the way into a realm."""

    @property
    def traffic(self) -> Traffic:
        """Counts what sessions do."""

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer HELLO: `Session.welcome`, `challenge` or `refuse`, now or later."""

    def verify(self, session: Session, message: Authenticate) -> None:
        """Answer AUTHENTICATE: `Session.welcome` or `refuse`, now or later."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """Call back when the client's time for HELLO or GOODBYE is over."""

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """See `Runtime.in_turns`."""


NO_ACTIONS: Mapping[type[Message], CountedAction] = {}


def _to_nobody(frame: object = None) -> None:
    """Where messages for a session go that is leaving its realm: nothing is done."""


class Session(Recipient):
    """One WAMP session, as the router sees it.

    Attributes:
        environ: The WSGI environ of the request that opened the transport. Transports
            without a request give what they know of the client's address.
        features: What the client announced, such as ``"callee.call_canceling"``.
        grants: What its role may do, by action.
        login: What the gatekeeper keeps while the client logs in.
        last_request: How many requests it has sent, if the realm checks numbers.
        size: Bytes of the message that is handled, on the wire.
    """

    __slots__ = (
        "_actions",
        "_deadline",
        "_decode",
        "_gatekeeper",
        "_held",
        "_leaving",
        "_realm",
        "_received",
        "_state",
        "authid",
        "authmethod",
        "authprovider",
        "authrole",
        "environ",
        "features",
        "grants",
        "last_request",
        "login",
        "size",
    )

    def __init__(
        self,
        link: Link,
        gatekeeper: Gatekeeper,
        *,
        environ: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(link, gatekeeper.traffic)
        self._received = gatekeeper.traffic.received
        self._gatekeeper = gatekeeper
        self._realm: Joinable | None = None
        self._state = State.CLOSED
        self._actions = NO_ACTIONS
        self._held: HeldMessages | None = None
        self._leaving = False  # something of it is still in the realm
        self._decode = self.serializer.decode
        self.environ = environ or {}
        self.last_request = self.size = 0
        self.features: frozenset[str] = frozenset()
        self.grants: RoleGrants = OPEN_GRANTS
        self.authid = self.authrole = self.authmethod = self.authprovider = ""
        self.login: Cancellable | None = None
        self._deadline: Cancellable | None = gatekeeper.deadline(self._too_late)

    @property
    def admitting(self) -> bool:
        """Whether the router owes an answer to HELLO or AUTHENTICATE."""
        return self._state is State.ADMITTING

    def is_in_realm(self, session_id: int) -> bool:
        """Whether it is the session with this ID, and has not begun to leave."""
        return self._realm is not None and self.id == session_id

    @property
    def over(self) -> bool:
        """Whether the session has ended; all messages that still come are ignored."""
        return self._state is State.ENDED

    # Messages of the client

    def receive(self, data: str | bytes) -> None:
        """Handle one message, still encoded."""
        try:
            message = self._decode(data)
        except DECODE_ERRORS as error:
            self._reread(data, error)
            return
        self.handle(message, len(data))

    def _reread(self, data: str | bytes, refused: Exception) -> None:
        """Handle a message that is not legal as it stands, if it can be forgiven."""
        try:
            message = self.serializer.reread(data, refused)
        except DECODE_ERRORS as error:
            self.abort_violation(self.serializer.explain(error, data))
            return
        self.handle(message, len(data))

    def handle(self, message: ClientMessage, size: int = 0) -> None:
        """Handle one message, of *size* bytes on the wire."""
        kind, held = type(message), self._held
        self.size = size
        action = self._actions.get(kind) if held is None else None
        if action is not None:  # nearly always
            action.tally.number += 1
            action.run(self, message)
        elif held is None or kind in _NEVER_HELD:
            self._act(message)
        else:
            lacking = held.put(message, size)
            if lacking is not None:
                self.abort(*too_much("what waits for an authorizer", lacking))

    def _act(self, message: ClientMessage) -> None:
        action = self._actions.get(type(message))
        if action is not None:
            action.tally.number += 1
            action.run(self, message)
            return
        self._received[type(message)].number += 1
        step = ON_RECEIVE[self._state].get(type(message))
        if step is not None:
            step(self, message)
        elif self._state not in _DEAF:
            name = name_of(type(message))
            self.abort_violation(
                f"{name} is not allowed: the session is {self._state.value}"
            )

    def hold(self) -> None:
        """Hold back later messages until as many `release`: an authorizer is asked."""
        if self._held is None:
            self._held = HeldMessages(self.budget)
        self._held.questions += 1

    def release(self) -> None:
        """Take an answer; after the last one, handle the messages held back."""
        held = self._held
        if held is not None:  # else the answer has ended the session
            held.questions -= 1
        if held is not None and not held.questions:
            self._gatekeeper.in_turns(self._catch_up(held), _to_nobody)

    def _catch_up(self, held: HeldMessages) -> Iterator[None]:
        """Handle held messages until the authorizer is asked about one of them."""
        while held and not held.questions:
            message, self.size = held.take()
            self._act(message)
            yield
        if not held.questions and self._held is held:
            self._held = None

    def payload(self, message: Publish | Call | Yield | Error) -> Payload | None:
        """The payload of *message*; None if it is invalid, which ends the session."""
        try:
            return self.serializer.payload(message.args, message.kwargs)
        except PayloadError as error:
            self.abort_violation(f"{name_of(type(message))}.{error}")
            return None

    def lost(self) -> None:
        """The transport has ended."""
        self._leave_realm(State.ENDED)

    # Begin and end

    def welcome(self, realm: Joinable, details: dict[str, Any]) -> None:
        """Begin the session, which is in *realm* now: WELCOME."""
        self._cancel_deadline()
        self.login = None
        self._realm = realm
        self.last_request = 0
        self._state = State.ESTABLISHED
        self._actions = realm.actions
        self.send([WELCOME, self.id, details])

    def challenge(self, method: str, extra: Mapping[str, Any]) -> None:
        """Ask the client to prove who it is: CHALLENGE."""
        self._state = State.CHALLENGED
        self.send([CHALLENGE, method, extra])

    def refuse(self, reason: str, explanation: str) -> None:
        """Do not let the client into the realm: ABORT."""
        if self._state is not State.ENDED:
            self._send_abort(reason, explanation)
            self._link.close()

    def abort_violation(self, explanation: str) -> None:
        """ABORT, because the client broke the protocol; later messages are ignored."""
        logger.info("session %d broke the protocol: %s", self.id, explanation)
        self.abort(errors.PROTOCOL_VIOLATION, explanation)

    def close(
        self, reason: str, message: str | None = None, *, silent: bool = False
    ) -> None:
        """Send GOODBYE, and wait for that of the client.

        Args:
            silent: Publish neither the testaments of the session nor meta events.
        """
        if self._state is State.ESTABLISHED:
            self.send(
                [GOODBYE, {} if message is None else {"message": message}, reason]
            )
            self._leave_realm(State.SHUTTING_DOWN, silent=silent)
            self._deadline = self._gatekeeper.deadline(self._too_late)

    def abort(self, reason: str, explanation: str) -> None:
        """ABORT; later messages are ignored."""
        if self._state is not State.ENDED:
            self._send_abort(reason, explanation)
            self._link.abort()

    def _send_abort(self, reason: str, explanation: str) -> None:
        self._gatekeeper.traffic.refused(reason)
        self.send([ABORT, {"message": explanation}, reason])
        self._leave_realm(State.ENDED)

    def _leave_realm(self, state: State, *, silent: bool = False) -> None:
        """Go to *state*, outside the realm, and give up what was held there."""
        self._cancel_deadline()
        self._state = state
        self._actions = NO_ACTIONS
        login, self.login = self.login, None
        if login is not None:
            login.cancel()
        held, self._held = self._held, None
        if held is not None:
            held.clear()
        realm, self._realm = self._realm, None
        if realm is not None:
            self._leaving = True
            self.deliver = _to_nobody
            realm.leave(self, silent=silent, left=self._left)

    def _left(self) -> None:
        """Nothing of the session is in the realm any more."""
        self._leaving = False
        self.id = 0
        self.deliver = self._link.write
        if self._held is not None:
            self.release()

    def _too_late(self) -> None:
        """The client has not sent what it had to send in time."""
        self._deadline = None
        if self._state is State.SHUTTING_DOWN:
            self._leave_realm(State.ENDED)
            self._link.close()
        else:
            problem = f"too late: the session is {self._state.value}"
            self.abort(errors.PROTOCOL_VIOLATION, problem)

    def _cancel_deadline(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None:
            deadline.cancel()

    # The steps of the state table

    def _on_hello(self, message: Hello) -> None:
        roles = message.details.roles
        if not (roles.caller or roles.callee or roles.publisher or roles.subscriber):
            self.abort_violation(
                "HELLO.Details.roles: expected at least one of caller, callee, "
                "publisher, subscriber"
            )
            return
        self.features = announced_features(roles)
        self._state = State.ADMITTING
        self._gatekeeper.admit(self, message)

    def _on_authenticate(self, message: Authenticate) -> None:
        self._state = State.ADMITTING
        self._gatekeeper.verify(self, message)

    def _on_goodbye(self, message: Goodbye) -> None:
        self.send([GOODBYE, {}, errors.CLOSE_GOODBYE_AND_OUT])
        self._await_hello()

    def _on_goodbye_reply(self, message: Goodbye) -> None:
        self._await_hello()

    def _await_hello(self) -> None:
        """The session has ended; another one may begin on its transport."""
        self._leave_realm(State.CLOSED)
        if self._leaving:
            self.hold()  # the next HELLO waits until the session has left
        self._deadline = self._gatekeeper.deadline(self._too_late)

    def _on_abort(self, message: Abort) -> None:
        logger.info("session %d aborted: %s", self.id, message.reason)
        self._leave_realm(State.ENDED)
        self._link.close()


Transition = Callable[[Session, Any], None]

# Messages that the session handles itself. All others are actions of the realm, or
# violations.
ON_RECEIVE: dict[State, dict[type[Message], Transition]] = {
    State.CLOSED: {Hello: Session._on_hello, Abort: Session._on_abort},
    State.ADMITTING: {Abort: Session._on_abort},
    State.CHALLENGED: {
        Authenticate: Session._on_authenticate,
        Abort: Session._on_abort,
    },
    State.ESTABLISHED: {Goodbye: Session._on_goodbye, Abort: Session._on_abort},
    State.SHUTTING_DOWN: {Goodbye: Session._on_goodbye_reply, Abort: Session._on_abort},
    State.ENDED: {},
}

# In these states all other messages are ignored: they crossed GOODBYE or ABORT.
_DEAF = (State.SHUTTING_DOWN, State.ENDED)
