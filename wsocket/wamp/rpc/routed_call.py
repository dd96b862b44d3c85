"""One call on its way from its caller to its callee."""

from __future__ import annotations

from wsocket.wamp.protocol.client_messages import Call
from wsocket.wamp.rpc.answer_timer import AnswerTimer
from wsocket.wamp.rpc.registrations import RegisteredCallee, Registration
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.session import Session

_CALL = 1500  # bytes that a call under way takes, beside its URI and payload


class RoutedCall:
    """A call that one callee was selected for.

    It does not keep the message: that would keep the payload until the answer comes.

    Attributes:
        call_request: CALL.Request.
        invocation_request: INVOCATION.Request; 0 until there is one.
        plain: Whether the options are empty.
        started: When the CALL came, by the runtime's monotonic clock.
        payload: Kept only if another callee may have to run the call.
        streaming: Whether more arguments may come ("Progressive Call Invocations").
        canceled: Whether the callee was interrupted and still has to answer (``kill``).
        timer: Limits the time between answers; None if there is no limit, or if the
            callee itself has to keep it.
        tried: Callees that have declined this call ("Call Rerouting").
        weight: Bytes that are charged to the caller as long as the call is under way.
    """

    __slots__ = (
        "call_request",
        "caller",
        "canceled",
        "endpoint",
        "grant",
        "invocation_request",
        "options",
        "payload",
        "plain",
        "procedure",
        "registration",
        "started",
        "streaming",
        "timer",
        "tried",
        "weight",
    )

    def __init__(
        self,
        caller: Session,
        message: Call,
        *,
        plain: bool,
        registration: Registration,
        endpoint: RegisteredCallee,
        grant: Grant,
        started: float,
    ) -> None:
        self.started = started
        self.caller = caller
        self.call_request = message.request
        self.options = message.options
        self.plain = plain
        self.procedure = message.procedure
        self.registration = registration
        self.endpoint = endpoint
        self.invocation_request = 0
        self.grant = grant
        self.payload: Payload | None = None
        self.streaming = not plain and self.options.progress
        self.canceled = False
        self.timer: AnswerTimer | None = None
        self.tried: tuple[RegisteredCallee, ...] = ()
        self.weight = 0

    def keep(self, payload: Payload, *, weighed: bool) -> None:
        """Keep *payload* if another callee may have to run the call; it is weighed.

        Args:
            weighed: Whether the call itself is weighed, too.
        """
        if self.endpoint.may_decline and not self.streaming:
            self.payload = payload
            self.weight = payload.size
        if weighed:
            self.weight += _CALL + len(self.procedure)

    def is_progressive(self, needs: frozenset[str]) -> bool:
        """Whether the callee is asked for progressive results.

        Args:
            needs: The features that it must have announced.
        """
        return self.options.receive_progress and needs <= self.endpoint.callee.features

    def stop_timer(self) -> None:
        """Do not limit the time for an answer any more."""
        if self.timer is not None:
            self.timer.stop()
            self.timer = None
