"""A WAMP session from the client's side, without sockets, threads and clocks.

Messages come in as bytes, and `outgoing` has what is to be sent. What happened is
returned in order. A core outlives its connections: what is subscribed and registered is
restored in the next session. One thread at a time may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.client.callee import Callee
from wsocket.client.final_reasons import FINAL_REASONS
from wsocket.client.happenings import (
    Answered,
    Challenged,
    Ended,
    Failed,
    Happened,
    Happening,
    Joined,
    Progressed,
    Revoked,
)
from wsocket.client.incoming import (
    abort_explanation,
    decoded,
    error_in,
    event_details,
    explanation,
    payload_in,
    revocation,
)
from wsocket.client.joining import (
    JoinRequest,
    LoginExchange,
    RandomBytes,
    Signature,
    hello_details,
)
from wsocket.client.kept_records import KeptRecords
from wsocket.client.records import Record, SubscriptionRecord
from wsocket.client.requests import ASKS, LEAVES, Requests, SentRequest
from wsocket.client.wire import Outgoing, given
from wsocket.errors import (
    ApplicationError,
    CallCanceled,
    ConnectFailed,
    ConnectionLost,
    JoinRefused,
    PayloadSizeExceeded,
    ProtocolError,
)
from wsocket.wamp.protocol import client_messages as sent
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol import router_messages as got
from wsocket.wamp.protocol.field_names import name_of
from wsocket.wamp.serializers.base import Payload, Serializer

# CLOSED: no connection. JOINING: HELLO is sent. JOINED: WELCOME has come. LEAVING:
# GOODBYE is sent.
CLOSED, JOINING, JOINED, LEAVING = "closed", "joining", "joined", "leaving"


class Core:
    """See the module's docstring.

    Args:
        random_bytes: Such as `os.urandom`.

    Attributes:
        state: `CLOSED`, `JOINING`, `JOINED` or `LEAVING`.
        session: WELCOME.Session; None while there is no session.
        details: WELCOME.Details of the last session.
        outgoing: What is to be sent.
        callee: Answers calls of this client's procedures.
    """

    def __init__(
        self, login: JoinRequest, serializer: Serializer, *, random_bytes: RandomBytes
    ) -> None:
        self.state = CLOSED
        self.session: int | None = None
        self.details = got.WelcomeDetails(got.RouterRoles())
        self.realm = login.realm
        self.serializer = serializer
        self.outgoing = Outgoing(serializer)
        self._login = login
        self._random_bytes = random_bytes
        self._exchange: LoginExchange | None = None  # as long as it may be challenged
        self._challenged: Challenged | None = None  # as long as it is not answered
        self._kept = KeptRecords()
        self._requests = Requests()
        self.callee = Callee(serializer, self.outgoing.send)
        self._restoring = 0  # how many answers are missing
        self._refused: list[ApplicationError] = []
        self._happened: list[Happening] = []
        self._reactions: dict[type, Callable[[Any], object]] = {
            got.Published: lambda message: self._finish(
                message.request, sent.PUBLISH, message.publication
            ),
            got.Subscribed: lambda message: self._placed(
                message.request, sent.SUBSCRIBE, message.subscription
            ),
            got.Unsubscribed: self._on_left,
            got.Event: self._on_event,
            got.Result: self._on_result,
            got.Registered: lambda message: self._placed(
                message.request, sent.REGISTER, message.registration
            ),
            got.Unregistered: self._on_left,
            got.Invocation: self._on_invocation,
            got.Interrupt: self._on_interrupt,
            sent.Error: self._on_error,
        }

    # The connection

    def open(self, *, max_size: int | None = None) -> list[Happening]:
        """There is a new connection: say HELLO.

        Args:
            max_size: The largest message that the router takes, in bytes, if it says.
        """
        self.outgoing.begin(max_size=max_size)
        self._requests = Requests()
        self.state = JOINING
        self._exchange = self._login.credentials.begin(self._random_bytes)
        details = hello_details(self._login, self._exchange)
        try:
            self.outgoing.send([sent.HELLO, self._login.realm, details])
        except PayloadSizeExceeded as error:
            self._end(ConnectFailed(str(error)), final=True)
        return self._take_happened()

    def receive(self, data: str | bytes) -> list[Happening]:
        """Take a message of the router; a wrong one ends the session with ABORT."""
        if self.state == CLOSED:
            return []
        try:
            self._handle(decoded(self.serializer, data))
        except ProtocolError as error:
            self._abort(error.problem)
        return self._take_happened()

    def authenticate(
        self, challenged: Challenged, answer: Signature | ProtocolError | ImportError
    ) -> list[Happening]:
        """Send what `Challenged.answer` returned, unless it comes too late."""
        if self._challenged is challenged:
            self._challenged = None
            if isinstance(answer, ProtocolError):
                self._abort(answer.problem)
            elif isinstance(answer, ImportError):
                self._end(ConnectFailed(str(answer)), final=True)
            else:
                self.outgoing.send([sent.AUTHENTICATE, *answer])
        return self._take_happened()

    def lost(self, problem: str) -> list[Happening]:
        """The connection is gone, or it ends now, for this reason."""
        self._end(self._trouble(problem), final=False)
        return self._take_happened()

    def violated(self, problem: str) -> list[Happening]:
        """The router broke a protocol below WAMP: end the session with ABORT."""
        self._abort(problem)
        return self._take_happened()

    def leave(self) -> None:
        """Say GOODBYE, if there is somebody to say it to."""
        if self.state == JOINED:
            self.state = LEAVING
            self.outgoing.send([sent.GOODBYE, {}, errors.CLOSE_GOODBYE_AND_OUT])

    # Requests

    def call(
        self, uri: str, payload: Payload, options: sent.CallOptions, waiter: Any
    ) -> int:
        """Send CALL; returns its number, for `cancel`.

        Raises:
            ConnectionLost: There is no session.
            PayloadSizeExceeded: The router does not take so large a message.
        """
        request = SentRequest(sent.CALL, waiter)
        return self._request(request, [given(options), uri], payload)

    def cancel(
        self, number: int, waiter: Any, mode: sent.CancelMode
    ) -> list[Happening]:
        """Send CANCEL, unless the call has ended; only ``kill`` waits for the callee.

        Args:
            waiter: That of the call: *number* may be of an earlier session.
        """
        request = self._requests.get(number)
        if request is not None and request.waiter is waiter:
            self.outgoing.send([sent.CANCEL, number, {"mode": mode}])
            if mode != "kill":  # a router may never answer
                self._requests.end(number)
                error = CallCanceled(errors.CANCELED, "canceled by the caller")
                self._happened.append(Failed(request.waiter, error))
        return self._take_happened()

    def publish(
        self, topic: str, payload: Payload, options: sent.PublishOptions, waiter: Any
    ) -> None:
        """Send PUBLISH; *waiter* is for an acknowledgement. Raises as `call` does."""
        request = SentRequest(sent.PUBLISH, waiter)
        self._request(request, [given(options), topic], payload)

    def ask_for(self, record: Record, waiter: Any) -> None:
        """Send SUBSCRIBE or REGISTER; raises as `call` does."""
        uri = record.topic if isinstance(record, SubscriptionRecord) else record.uri
        request = SentRequest(ASKS[type(record)], waiter, record)
        self._request(request, [given(record.options), uri])

    def drop(self, record: Record, waiter: Any) -> list[Happening]:
        """End a subscription or registration, for ever."""
        self._drop(record, waiter)
        return self._take_happened()

    def _drop(self, record: Record, waiter: Any) -> None:
        number = self._kept.drop(record)
        if number is None or self.state != JOINED:
            self._happened.append(Answered(waiter, None))
        else:
            self._request(SentRequest(LEAVES[type(record)], waiter), [number])

    # Sending

    def _request(
        self, request: SentRequest, rest: list[Any], payload: Payload | None = None
    ) -> int:
        if self.state != JOINED:
            raise ConnectionLost("there is no session at the moment")
        self.outgoing.send([request.kind, self._requests.next, *rest], payload)
        awaited = request.kind != sent.PUBLISH or request.waiter is not None
        return self._requests.sent(request if awaited else None)

    def _take_happened(self) -> list[Happening]:
        happened, self._happened = self._happened, []
        return happened

    # The end

    def _abort(self, problem: str) -> None:
        said = {"message": problem}
        self.outgoing.send([sent.ABORT, said, errors.PROTOCOL_VIOLATION])
        error = self._trouble(f"the router broke the protocol: {problem}")
        self._end(error, final=False)

    def _trouble(self, problem: str) -> Exception:
        kind = ConnectFailed if self.state == JOINING else ConnectionLost
        return kind(problem)

    def _end(self, error: Exception | None, *, final: bool) -> None:
        if self.state == CLOSED:
            return
        self.state = CLOSED
        self.session = self._challenged = None
        self._kept.forget_session()
        self._restoring = 0
        why = ConnectionLost(str(error or "this client has left"))
        for request in self._requests.end_all():
            if request.waiter is not None:
                self._happened.append(Failed(request.waiter, why))
        self._happened += self.callee.end()
        self._happened.append(Ended(error, final))

    # Reactions

    def _handle(self, message: got.RouterMessage) -> None:
        if isinstance(message, sent.Abort):
            self._on_abort(message)
        elif isinstance(message, sent.Goodbye):
            self._on_goodbye(message)
        elif self.state == JOINING:
            self._on_joining(message)
        else:
            reaction = self._reactions.get(type(message))
            if reaction is None:
                raise ProtocolError(f"{name_of(type(message))} in a session")
            reaction(message)

    def _on_joining(self, message: got.RouterMessage) -> None:
        exchange = self._exchange
        assert exchange is not None
        if isinstance(message, got.Challenge):
            self._challenged = Challenged(exchange, message)
            self._happened.append(self._challenged)
        elif isinstance(message, got.Welcome):
            exchange.check(message.details.authextra or {})
            self._exchange = self._challenged = None
            self._welcome(message)
        else:
            raise ProtocolError(f"{name_of(type(message))} before WELCOME")

    def _welcome(self, welcome: got.Welcome) -> None:
        self.state, self.session = JOINED, welcome.session
        self.details = welcome.details
        self._refused = []
        records = self._kept.to_restore()
        self._restoring = len(records)
        for record in records:
            self.ask_for(record, None)
        if not records:
            self._happened.append(Joined(()))

    def _restored(self, refused: ApplicationError | None) -> None:
        """An answer to what `_welcome` has asked for."""
        if refused is not None:
            self._refused.append(refused)
        self._restoring -= 1
        if self._restoring == 0:
            self._happened.append(Joined(tuple(self._refused)))

    def _on_abort(self, abort: sent.Abort) -> None:
        text = abort_explanation(abort, self.serializer)
        final = abort.reason in FINAL_REASONS
        if self.state == JOINING:
            self._end(JoinRefused(text, reason=abort.reason), final=final)
        else:
            problem = f"the router aborted the session: {text}"
            self._end(ConnectionLost(problem), final=final)

    def _on_goodbye(self, goodbye: sent.Goodbye) -> None:
        if self.state == LEAVING:
            self._end(None, final=True)
            return
        self.outgoing.send([sent.GOODBYE, {}, errors.CLOSE_GOODBYE_AND_OUT])
        text = explanation(goodbye.details, goodbye.reason)
        self._end(ConnectionLost(f"the router ended the session: {text}"), final=False)

    def _finish(self, number: int, kind: int, value: Any) -> SentRequest | None:
        """The answer to a request is there."""
        request = self._requests.find(number, kind)
        if request is not None:
            self._requests.end(number)
            if request.waiter is not None:
                self._happened.append(Answered(request.waiter, value))
        return request

    def _placed(self, number: int, kind: int, given_id: int) -> None:
        request = self._requests.find(number, kind)
        if request is None or request.record is None:
            return
        record, is_new = request.record, request.waiter is not None
        wanted = is_new or record in self._kept
        self._kept.place(record, given_id)
        self._finish(number, kind, record)
        if not wanted:  # it was ended meanwhile
            self._drop(record, None)
        if not is_new:
            self._restored(None)

    def _on_left(self, message: got.Unsubscribed | got.Unregistered) -> None:
        kind, number, reason = revocation(message)
        if message.request:
            self._finish(message.request, LEAVES[kind], None)
            return
        for record in self._kept.revoke(kind, number):
            self._happened.append(Revoked(record, reason))

    def _on_event(self, event: got.Event) -> None:
        payload = payload_in(self.serializer, event)
        for record in self._kept.subscribers(event.subscription):
            details = event_details(event, record.topic)
            self._happened.append(Happened(record, payload, details))

    def _on_result(self, result: got.Result) -> None:
        payload = payload_in(self.serializer, result)
        request = self._requests.find(result.request, sent.CALL)
        if request is not None and result.details.progress:
            self._happened.append(Progressed(request.waiter, payload))
        else:
            self._finish(result.request, sent.CALL, payload)

    def _on_error(self, message: sent.Error) -> None:
        error = error_in(self.serializer, message)
        request = self._requests.find(message.request, message.request_type)
        if request is None:
            return
        self._requests.end(message.request)
        if request.waiter is not None:
            self._happened.append(Failed(request.waiter, error))
        elif request.record is not None:
            self._kept.drop(request.record)
            self._restored(error)

    def _on_invocation(self, message: got.Invocation) -> None:
        payload = payload_in(self.serializer, message)
        record = self._kept.procedure(message.registration)
        self._happened += self.callee.begin(message, record, payload)

    def _on_interrupt(self, interrupt: got.Interrupt) -> None:
        self._happened += self.callee.interrupt(interrupt.request)
