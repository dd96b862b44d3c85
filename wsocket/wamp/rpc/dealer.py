"""The dealer: sends each call to one callee, and the answer back to the caller.

Every method runs on the loop, with an established session."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from wsocket.core.histogram import Histogram
from wsocket.errors import PayloadError
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    CALL,
    ERROR,
    INVOCATION,
    NO_CALL_OPTIONS,
    RESULT,
    Call,
    Cancel,
    Error,
    Yield,
)
from wsocket.wamp.protocol.errors import Refusal, too_many, too_much
from wsocket.wamp.protocol.fields import Passthru
from wsocket.wamp.protocol.uris import UriRules, reserved
from wsocket.wamp.rpc.builtins import Builtins
from wsocket.wamp.rpc.call_ending import CallEnding
from wsocket.wamp.rpc.call_table import CallTable
from wsocket.wamp.rpc.invocation_details import (
    PROGRESS_NEEDS,
    details_of,
    later_details_of,
    refusal_of,
    unannounced,
)
from wsocket.wamp.rpc.registrations import Registrations, no_procedure
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

# Compiled code looks up an imported name in a dict each time, but not a final one.
_NO_OPTIONS: Final = NO_CALL_OPTIONS

# The first calls of a session are not weighed: that would cost time for each call.
_UNWEIGHED = 64

_ALL_BUSY = Refusal(
    errors.NO_AVAILABLE_CALLEE,
    "every callee is at the limit of calls that it registered with (concurrency)",
)
_ALL_DECLINED = Refusal(
    errors.NO_AVAILABLE_CALLEE, "every callee that could run this call has declined it"
)


class Dealer:
    """Routes the calls of one realm.

    Attributes:
        calls: The calls that are under way.

    Args:
        durations: How long calls take is added to it.
        builtins: Procedures that the router answers itself.
        limit: How many calls of one session may be under way.
        unlimited: Sessions without this limit.
        answers_canceled: See `CallEnding`.
        progress_needs: Features that a callee must have announced to be asked for
            progressive results.
    """

    def __init__(
        self,
        registrations: Registrations,
        *,
        uris: UriRules,
        runtime: Runtime,
        durations: Histogram,
        builtins: Builtins,
        limit: int,
        unlimited: Collection[Session] = (),
        answers_canceled: bool = True,
        progress_needs: frozenset[str] = PROGRESS_NEEDS,
    ) -> None:
        self._limit = limit
        self._unlimited = unlimited
        self._registrations = registrations
        self._uris = uris
        self._builtins = builtins
        self._now = runtime.monotonic
        self._progress_needs = progress_needs
        self.calls = CallTable()
        self._ending = CallEnding(
            self.calls,
            runtime,
            durations=durations,
            answers_canceled=answers_canceled,
        )

    # From caller to callee

    def call(self, caller: Session, message: Call, grant: Grant) -> None:
        """Answer CALL with an INVOCATION to one callee, or an ERROR to the caller."""
        payload = caller.payload(message)
        if payload is None:
            return
        request, options = message.request, message.options
        plain = options == _NO_OPTIONS
        if not plain and (problem := unannounced(options, caller.features)):
            caller.abort_violation(problem)
            return
        made = self.calls.of_caller(caller)
        active = made.calls.get(request)
        if active is not None:
            self._continue(active, message, payload)
            return
        if request > made.last_request:
            made.last_request = request
        elif self._builtins.is_waiting(caller, request):
            self._abort_in_use(caller, request)
            return
        if made.cut_off and made.is_late(request, more=options.progress):
            return
        refusal = self._route(
            caller,
            message,
            payload,
            plain=plain,
            grant=grant,
            under_way=len(made.calls),
        )
        if refusal is not None:
            if options.progress:
                made.cut_off_stream(request)
            caller.send_error(CALL, request, *refusal)

    def _route(
        self,
        caller: Session,
        message: Call,
        payload: Payload,
        *,
        plain: bool,
        grant: Grant,
        under_way: int,
    ) -> Refusal | None:
        """Select a callee and send the INVOCATION, or say why not."""
        procedure = message.procedure
        if reserved(procedure):
            return self._builtins.call(caller, message, payload)
        registration = self._registrations.best(procedure)
        if registration is None:
            return no_procedure(procedure, self._uris)
        if under_way >= self._limit and caller not in self._unlimited:
            return too_many("calls under way", self._limit)
        endpoint = self._registrations.choose(registration)
        if endpoint is None:
            return _ALL_BUSY
        if not plain:
            refusal = refusal_of(message.options, endpoint.callee.features, grant)
            if refusal is not None:
                return refusal
        call = RoutedCall(
            caller,
            message,
            plain=plain,
            registration=registration,
            endpoint=endpoint,
            grant=grant,
            started=self._now(),
        )
        call.keep(payload, weighed=under_way >= _UNWEIGHED)
        lacking = caller.budget.lacking(call.weight) if call.weight else None
        if lacking is not None:
            return too_much("this call", lacking)
        return self._invoke(call, payload)

    def _invoke(self, call: RoutedCall, payload: Payload) -> Refusal | None:
        """Send the INVOCATION, or say why that cannot be done."""
        call.invocation_request = self.calls.next_invocation(call.endpoint.callee)
        self.calls.add(call)
        details = details_of(call, progress_needs=self._progress_needs)
        if not call.plain and call.options.timeout:
            self._ending.limit_time(call, forwarded="timeout" in details)
        head = [INVOCATION, call.invocation_request, call.registration.id, details]
        try:
            # Last: a callee in this process may answer before this returns.
            call.endpoint.callee.send(head, payload)
        except PayloadError as error:
            self.calls.undo(call)
            call.stop_timer()
            return Refusal(error.error, f"payload: {error}")
        return None

    def _continue(self, call: RoutedCall, message: Call, payload: Payload) -> None:
        """Send more arguments of a call that runs ("Progressive Call Invocations")."""
        caller, callee = call.caller, call.endpoint.callee
        if not call.streaming:
            self._abort_in_use(caller, message.request)
            return
        if message.procedure != call.procedure:
            caller.abort_violation(
                f"CALL.Procedure: expected {call.procedure!r}, as in the first CALL "
                f"with this request ID, got {message.procedure!r:.100}"
            )
            return
        call.streaming = message.options.progress
        if call.canceled:
            return
        details = later_details_of(call)
        head = [INVOCATION, call.invocation_request, call.registration.id, details]
        try:
            callee.send(head, payload)
        except PayloadError as error:
            self._ending.refuse(call, error.error, f"payload: {error}")
            self._ending.interrupt(call, "killnowait")

    def _abort_in_use(self, caller: Session, request: int) -> None:
        """Nobody could tell which of two calls with one number is answered."""
        caller.abort_violation(f"CALL.Request: {request} is in use by another call")

    def is_calling(self, caller: Session, request: int) -> bool:
        """Whether a call with this number is under way."""
        call = self.calls.made_by(caller, request)
        return call is not None or self._builtins.is_waiting(caller, request)

    # From callee to caller

    def yield_(self, callee: Session, message: Yield) -> None:
        """Answer YIELD with a RESULT to the caller."""
        payload = callee.payload(message)
        if payload is None:
            return
        request, options = message.request, message.options
        progress = options.progress
        call = self._awaited(callee, request, "YIELD.INVOCATION.Request")
        if call is None:
            if not progress:
                self.calls.settle(callee, request)
            return
        details = self._answer_details(call, options)
        if details is None:
            return
        if not progress:
            self._ending.complete(call)
            self._send_answer(call, [RESULT, call.call_request, details], payload)
        elif call.is_progressive(self._progress_needs) and not call.canceled:
            details["progress"] = True
            if call.timer is not None:
                call.timer.restart()
            self._send_answer(call, [RESULT, call.call_request, details], payload)

    def error(self, callee: Session, message: Error) -> None:
        """Pass an ERROR of a callee on to the caller, or call another callee."""
        if message.request_type != INVOCATION:
            callee.abort_violation(
                f"ERROR.REQUEST.Type: expected {INVOCATION} (INVOCATION), "
                f"got {message.request_type}"
            )
            return
        payload = callee.payload(message)
        if payload is None:
            return
        call = self._awaited(callee, message.request, "ERROR.REQUEST.Request")
        if call is None:
            self.calls.settle(callee, message.request)
            return
        details = self._answer_details(call, message.details)
        if details is None:
            return
        error = message.error
        if not self._uris.valid(error):
            problem = f"the callee's error URI: {self._uris.problem(error)}"
            self._ending.refuse(call, errors.INVALID_URI, problem)
        elif (
            error == errors.UNAVAILABLE
            and call.endpoint.may_decline
            and not call.canceled
        ):
            self._reroute(call)
        else:
            self._ending.complete(call)
            head = [ERROR, CALL, call.call_request, details, error]
            self._send_answer(call, head, payload)

    def _awaited(self, callee: Session, request: int, field: str) -> RoutedCall | None:
        """The call that *callee* answers; None if nobody waits for the answer."""
        call = self.calls.run_by(callee, request)
        if call is None and not self.calls.was_sent(callee, request):
            callee.abort_violation(f"{field}: there was no invocation {request}")
        return call

    def _answer_details(
        self, call: RoutedCall, options: Passthru
    ) -> dict[str, Any] | None:
        """Details of the caller's message; None if the answer cannot be passed on.

        Args:
            options: Those of the callee's answer.
        """
        if options.ppt_scheme is None:
            return {}
        callee = call.endpoint.callee
        if "callee.payload_passthru_mode" not in callee.features:
            callee.abort_violation(
                "ppt_scheme: payload_passthru_mode was not announced"
            )
            return None
        if "caller.payload_passthru_mode" in call.caller.features:
            return {**options.passthru()}
        # The callee is told, and the call ends: no other answer would come.
        callee.send_error(
            INVOCATION,
            call.invocation_request,
            errors.FEATURE_NOT_SUPPORTED,
            "the caller has not announced payload_passthru_mode",
        )
        problem = "the callee answered in payload passthru mode"
        self._ending.refuse(call, errors.FEATURE_NOT_SUPPORTED, problem)
        return None

    def _send_answer(self, call: RoutedCall, head: list[Any], payload: Payload) -> None:
        """Pass an answer on, or an ERROR if it cannot be encoded for the caller."""
        try:
            call.caller.send(head, payload)
        except PayloadError as error:
            if self.is_calling(call.caller, call.call_request):  # a progressive result
                self._ending.give_up(call)
                self._ending.interrupt(call, "killnowait")
            problem = f"the callee's answer: {error}"
            call.caller.send_error(CALL, call.call_request, error.error, problem)

    def _reroute(self, call: RoutedCall) -> None:
        """Call another callee, because this one declines ("Call Rerouting")."""
        # Not completed: the timer goes on, because the caller has waited since CALL.
        self.calls.remove(call)
        call.tried = (*call.tried, call.endpoint)
        refusal = self._invoke_next(call)
        if refusal is not None:
            call.stop_timer()
            call.caller.send_error(CALL, call.call_request, *refusal)

    def _invoke_next(self, call: RoutedCall) -> Refusal | None:
        """Send the INVOCATION to a callee that was not tried yet, or say why not."""
        registration, payload = call.registration, call.payload
        if payload is None or not registration.endpoints:
            return _ALL_DECLINED
        endpoint = self._registrations.choose(registration, call.tried)
        if endpoint is None:
            return _ALL_DECLINED
        refusal = refusal_of(call.options, endpoint.callee.features, call.grant)
        if refusal is not None:
            return refusal
        call.endpoint = endpoint
        return self._invoke(call, payload)

    # Ending a call early

    def cancel(self, caller: Session, message: Cancel) -> None:
        """CANCEL ("Call Canceling"); ignored if the call was answered already."""
        call = self.calls.made_by(caller, message.request)
        if call is not None and not call.canceled:
            self._ending.cancel(call, message.options.mode)

    def leave(self, session: Session, *, silent: bool) -> Iterator[None]:
        """Forget a session with its registrations, its calls, and those it runs; one of
        them in each step.

        Args:
            silent: Publish no meta events about its registrations.
        """
        for call in self.calls.remove_caller(session):
            call.stop_timer()
            if call.endpoint.callee is not session:
                self._ending.interrupt(call, "killnowait")
            yield
        for registration in list(self._registrations.held_by(session)):
            # Somebody may have revoked it in the meantime.
            if registration.endpoint_of(session) is not None:
                self._registrations.remove(session, registration, silent=silent)
            yield
        for call in self.calls.remove_callee(session):
            call.stop_timer()
            problem = "the callee has left"
            call.caller.send_error(CALL, call.call_request, errors.CANCELED, problem)
            yield
