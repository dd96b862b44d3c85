"""The dealer: who runs this call, and who gets its answer.

Every method runs on the loop with an established session. What a call needs of the
features of the Advanced Profile is decided when it is routed; from then on the
`RoutedCall` knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from wsocket.errors import PayloadError
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    CALL,
    ERROR,
    INTERRUPT,
    INVOCATION,
    REGISTER,
    REGISTERED,
    RESULT,
    UNREGISTER,
    UNREGISTERED,
    Call,
    Cancel,
    CancelMode,
    Error,
    Register,
    Unregister,
    Yield,
)
from wsocket.wamp.protocol.errors import Refusal, too_many
from wsocket.wamp.protocol.uris import UriRules, reserved
from wsocket.wamp.rpc.registrations import RegisteredCallee, Registrations
from wsocket.wamp.rpc.revocation import revoke
from wsocket.wamp.rpc.routed_call import (
    PROGRESS_NEEDS,
    CalleeState,
    CallerState,
    RoutedCall,
    details_of,
    disclosure_refusal,
    may_pass,
    missing_feature,
    no_procedure,
)
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

FEATURES = {
    "call_canceling": True,
    "call_reroute": True,
    "call_timeout": True,
    "call_trustlevels": True,
    "caller_identification": True,
    "pattern_based_registration": True,
    "payload_passthru_mode": True,
    "progressive_call_invocations": True,
    "progressive_call_results": True,
    "registration_revocation": True,
    "shared_registration": True,
}

Builtin = Callable[[Session, Call, Payload], None]


class Dealer:
    """The way of one realm's calls.

    Args:
        builtins: Procedures that the router answers itself, by URI.
        limit: How many calls of one session may be under way.
        unlimited: Sessions that may have any number.
        answers_canceled: Whether a caller that cancels is told so. autobahn.js
            forgets the call at once, and closes the connection when an answer comes.
        progress_needs: Features of a callee that is asked for progressive results.
    """

    def __init__(
        self,
        registrations: Registrations,
        *,
        uris: UriRules,
        runtime: Runtime,
        builtins: Mapping[str, Builtin],
        limit: int,
        unlimited: Collection[Session] = (),
        answers_canceled: bool = True,
        progress_needs: frozenset[str] = PROGRESS_NEEDS,
    ) -> None:
        self._limit = limit
        self._unlimited = unlimited
        self._registrations = registrations
        self._uris = uris
        self._runtime = runtime
        self._builtins = builtins
        self._answers_canceled = answers_canceled
        self._progress_needs = progress_needs
        self._callers: dict[Session, CallerState] = {}
        self._callees: dict[Session, CalleeState] = {}

    # Registering

    def register(self, callee: Session, message: Register, grant: Grant) -> None:
        """REGISTER."""
        uri, options = message.procedure, message.options
        refusal = self._registrations.refusal(callee, uri, options)
        if refusal is None and options.disclose_caller and grant.disclose == "deny":
            refusal = Refusal(
                errors.DISCLOSE_ME_DISALLOWED,
                "disclose_caller: callers stay anonymous here",
            )
        if refusal is not None:
            callee.send_error(REGISTER, message.request, *refusal)
            return
        if options.force_reregister:
            self._evict(callee, uri, message)
        registration = self._registrations.add(callee, uri, options)
        callee.send([REGISTERED, message.request, registration.id])

    def unregister(self, callee: Session, message: Unregister) -> None:
        """UNREGISTER; invocations that are under way stay valid."""
        registration = self._registrations.by_id.get(message.registration)
        if registration is None or registration.endpoint_of(callee) is None:
            callee.send_error(
                UNREGISTER,
                message.request,
                errors.NO_SUCH_REGISTRATION,
                f"this session does not hold registration {message.registration}",
            )
            return
        self._registrations.remove(callee, registration)
        callee.send([UNREGISTERED, message.request])

    def _evict(self, callee: Session, uri: str, message: Register) -> None:
        """Make room for a callee that takes over a procedure."""
        registration = self._registrations.get(uri, message.options.match)
        if registration is None:
            return
        for endpoint in list(registration.endpoints):
            if endpoint.callee is callee:
                self._registrations.remove(callee, registration)
            else:
                revoke(
                    self._registrations,
                    endpoint.callee,
                    registration,
                    errors.UNREGISTERED,
                )

    # Calling

    def call(self, caller: Session, message: Call, grant: Grant) -> None:
        """CALL: INVOCATION to one callee, or ERROR to the caller."""
        payload = caller.payload(message)
        if payload is None:
            return
        state = self._callers.get(caller)
        if state is None:
            state = self._callers[caller] = CallerState()
        request, options = message.request, message.options
        if options.ppt_scheme is not None and not may_pass(caller, "caller"):
            return
        active = state.calls.get(request)
        if active is not None:
            self._continue(active, message, payload)
            return
        streams = "caller.progressive_call_invocations" in caller.features
        if options.progress and not streams:
            caller.abort_violation(
                "CALL.Options.progress: progressive_call_invocations was not announced"
            )
            return
        if request > state.last_request:
            state.last_request = request
        elif streams:
            return  # more arguments for a call whose answer has crossed them
        refusal = self._route(caller, message, payload, grant)
        if refusal is not None:
            caller.send_error(CALL, request, *refusal)

    def _route(
        self, caller: Session, message: Call, payload: Payload, grant: Grant
    ) -> Refusal | None:
        procedure = message.procedure
        if reserved(procedure):
            builtin = self._builtins.get(procedure)
            if builtin is not None:
                # It takes neither a stream of arguments nor foreign payloads.
                refusal = missing_feature(frozenset(), message.options)
                if refusal is None:
                    builtin(caller, message, payload)
                return refusal
            registration = None
        else:
            registration = self._registrations.best(procedure)
        if registration is None:
            return no_procedure(procedure, self._uris)
        calls = self._callers[caller].calls
        if len(calls) >= self._limit and caller not in self._unlimited:
            return too_many("calls under way", self._limit)
        endpoint = self._registrations.choose(registration)
        if endpoint is None:
            return Refusal(
                errors.NO_AVAILABLE_CALLEE,
                "every callee runs as many calls as it registered for (concurrency)",
            )
        invocation = RoutedCall(
            caller, message, calls=calls, registration=registration, grant=grant
        )
        return self._invoke(invocation, endpoint, payload)

    def _invoke(
        self, invocation: RoutedCall, endpoint: RegisteredCallee, payload: Payload
    ) -> Refusal | None:
        """Send the INVOCATION, or say why that cannot be done."""
        callee, options = endpoint.callee, invocation.message.options
        if options.progress or options.disclose_me or options.ppt_scheme is not None:
            refusal = missing_feature(callee.features, options) or disclosure_refusal(
                options, invocation.grant
            )
            if refusal is not None:
                return refusal
        state = self._callees.get(callee)
        if state is None:
            state = self._callees[callee] = CalleeState()
        state.last_request += 1
        details = details_of(invocation, endpoint, progress_needs=self._progress_needs)
        invocation.request, invocation.endpoint = state.last_request, endpoint
        endpoint.active += 1
        invocation.invocations = state.invocations
        invocation.invocations[invocation.request] = invocation
        invocation.calls[invocation.call_request] = invocation
        if options.timeout:
            self._start_timer(invocation, forwarded="timeout" in details)
        if "callee.call_reroute" in callee.features and not options.progress:
            invocation.payload = payload
        head = [INVOCATION, invocation.request, invocation.registration.id, details]
        try:
            # Last: a callee in this process may answer before this returns.
            callee.send(head, payload)
        except PayloadError as error:
            self._finish(invocation)
            state.last_request -= 1
            return Refusal(error.error, f"payload: {error}")
        return None

    def _continue(
        self, invocation: RoutedCall, message: Call, payload: Payload
    ) -> None:
        """More arguments for a call that runs ("Progressive Call Invocations")."""
        caller, callee = invocation.caller, invocation.endpoint.callee
        if not invocation.streaming:
            caller.abort_violation(
                f"CALL.Request: {message.request} is in use by another call"
            )
            return
        if message.procedure != invocation.message.procedure:
            caller.abort_violation(
                f"CALL.Procedure: expected {invocation.message.procedure!r}, which "
                f"this continues, got {message.procedure!r:.100}"
            )
            return
        if invocation.canceled:
            return
        invocation.streaming = message.options.progress
        details: dict[str, Any] = {"progress": True} if invocation.streaming else {}
        if invocation.registration.match != "exact":
            details["procedure"] = message.procedure
        first = invocation.message.options  # those of later messages do not count
        if first.ppt_scheme is not None:
            details.update(first.passthru())
        head = [INVOCATION, invocation.request, invocation.registration.id, details]
        try:
            callee.send(head, payload)
        except PayloadError as error:
            self._fail(invocation, error.error, f"payload: {error}")
            self._interrupt(invocation, "killnowait")

    def is_calling(self, caller: Session, request: int) -> bool:
        """Whether a call of this number is under way."""
        state = self._callers.get(caller)
        return state is not None and request in state.calls

    def calls(self) -> Iterator[RoutedCall]:
        """The calls whose callee has not answered yet."""
        for state in self._callees.values():
            yield from state.invocations.values()

    def sessions(self) -> set[Session]:
        """The sessions that have called or have been called."""
        return {*self._callers, *self._callees}

    # Answering

    def yield_(self, callee: Session, message: Yield) -> None:
        """YIELD: RESULT to the caller."""
        payload = callee.payload(message)
        if payload is None:
            return
        invocation = self._awaited(callee, message.request, "YIELD.INVOCATION.Request")
        if invocation is None:
            return
        options = message.options
        details: dict[str, Any] = {}
        if options.ppt_scheme is not None:
            if not may_pass(callee, "callee"):
                return
            if not self._passes(invocation, callee):
                return
            details.update(options.passthru())
        if options.progress:
            if invocation.progressive and not invocation.canceled:
                details["progress"] = True
                self._restart_timer(invocation)
                head = [RESULT, invocation.call_request, details]
                self._send_answer(invocation, head, payload)
            return
        self._finish(invocation)
        self._send_answer(
            invocation, [RESULT, invocation.call_request, details], payload
        )

    def error(self, callee: Session, message: Error) -> None:
        """ERROR of a callee: the same ERROR to the caller, or another callee's turn."""
        if message.request_type != INVOCATION:
            callee.abort_violation(
                f"ERROR.REQUEST.Type: expected {INVOCATION} (INVOCATION), "
                f"got {message.request_type}"
            )
            return
        payload = callee.payload(message)
        if payload is None:
            return
        invocation = self._awaited(callee, message.request, "ERROR.REQUEST.Request")
        if invocation is None:
            return
        details: dict[str, Any] = {}
        if message.details.ppt_scheme is not None:
            if not may_pass(callee, "callee"):
                return
            if not self._passes(invocation, callee):
                return
            details.update(message.details.passthru())
        error = message.error
        if not self._uris.valid(error):
            problem = f"the callee's error URI: {self._uris.problem(error)}"
            self._fail(invocation, errors.INVALID_URI, problem)
        elif (
            error == errors.UNAVAILABLE
            and "callee.call_reroute" in callee.features
            and not invocation.canceled
        ):
            self._reroute(invocation)
        else:
            self._finish(invocation)
            head = [ERROR, CALL, invocation.call_request, details, error]
            self._send_answer(invocation, head, payload)

    def _reroute(self, invocation: RoutedCall) -> None:
        """The callee declines: it is another one's turn ("Call Rerouting")."""
        # The caller has been waiting since its CALL: the time that it gave runs on.
        timer, invocation.timer = invocation.timer, None
        self._finish(invocation)
        invocation.timer = timer
        invocation.tried = (*invocation.tried, invocation.endpoint)
        endpoint, payload = None, invocation.payload
        if invocation.registration.endpoints and payload is not None:
            endpoint = self._registrations.choose(
                invocation.registration, invocation.tried
            )
        if endpoint is None or payload is None:
            problem = "every callee that could run this call has declined it"
            refusal: Refusal | None = Refusal(errors.NO_AVAILABLE_CALLEE, problem)
        else:
            refusal = self._invoke(invocation, endpoint, payload)
        if refusal is not None:
            invocation.stop_timer()
            invocation.caller.send_error(CALL, invocation.call_request, *refusal)

    # Ending a call early

    def cancel(self, caller: Session, message: Cancel) -> None:
        """CANCEL ("Call Canceling"); for a call that is over it crossed the answer."""
        state = self._callers.get(caller)
        invocation = state.calls.get(message.request) if state else None
        if invocation is None or invocation.canceled:
            return
        mode = message.options.mode or "killnowait"
        if "callee.call_canceling" not in invocation.endpoint.callee.features:
            mode = "skip"
        if mode == "kill":
            invocation.canceled = True
            self._interrupt(invocation, mode)
            return
        self._finish(invocation)
        if mode == "killnowait":
            self._interrupt(invocation, mode)
        # autobahn.js waits for an answer to `kill`, whatever the callee announced.
        if self._answers_canceled or message.options.mode == "kill":
            caller.send_error(
                CALL, message.request, errors.CANCELED, "canceled by the caller"
            )

    def leave(self, session: Session, *, silent: bool) -> None:
        """End the registrations and the calls of a session that has ended.

        Args:
            silent: Publish no meta events about its registrations.
        """
        caller_state = self._callers.pop(session, None)
        if caller_state is not None:
            for invocation in list(caller_state.calls.values()):
                self._forget(invocation)
                if invocation.endpoint.callee is not session:
                    self._interrupt(invocation, "killnowait")
        for registration in list(self._registrations.held_by(session)):
            self._registrations.remove(session, registration, silent=silent)
        callee_state = self._callees.pop(session, None)
        if callee_state is not None:
            for invocation in list(callee_state.invocations.values()):
                self._fail(invocation, errors.CANCELED, "the callee has left")

    def _interrupt(self, invocation: RoutedCall, mode: CancelMode) -> None:
        callee = invocation.endpoint.callee
        if callee in self._callees and "callee.call_canceling" in callee.features:
            callee.send([INTERRUPT, invocation.request, {"mode": mode}])

    def _expire(self, invocation: RoutedCall) -> None:
        """The time for an answer is up ("Call Timeouts")."""
        milliseconds = invocation.message.options.timeout
        self._fail(invocation, errors.TIMEOUT, f"no answer within {milliseconds} ms")
        self._interrupt(invocation, "killnowait")

    def _start_timer(self, invocation: RoutedCall, *, forwarded: bool) -> None:
        """Limit the time for an answer, unless the callee does that itself."""
        if forwarded:
            invocation.timeout = 0.0
            invocation.stop_timer()
        elif invocation.timer is None:  # else the call was rerouted
            invocation.timeout = invocation.message.options.timeout / 1000
            self._restart_timer(invocation)

    def _restart_timer(self, invocation: RoutedCall) -> None:
        if invocation.timeout:
            invocation.stop_timer()
            invocation.timer = self._runtime.call_later(
                invocation.timeout, self._expire, invocation
            )

    # The tables

    def _awaited(self, callee: Session, request: int, field: str) -> RoutedCall | None:
        """The invocation that *request* answers; None when nobody waits for that."""
        state = self._callees.get(callee)
        invocation = state.invocations.get(request) if state else None
        if invocation is None and (state is None or request > state.last_request):
            callee.abort_violation(f"{field}: there was no invocation {request}")
        return invocation

    def _finish(self, invocation: RoutedCall) -> None:
        """The call has its final answer: what comes later is discarded."""
        del invocation.calls[invocation.call_request]
        self._forget(invocation)

    def _forget(self, invocation: RoutedCall) -> None:
        """The callee's answer is not awaited any more."""
        invocation.endpoint.active -= 1
        del invocation.invocations[invocation.request]
        if invocation.timer is not None:
            invocation.stop_timer()

    def _fail(self, invocation: RoutedCall, error: str, explanation: str) -> None:
        """End a call with an ERROR of ours."""
        self._finish(invocation)
        invocation.caller.send_error(CALL, invocation.call_request, error, explanation)

    def _send_answer(
        self, invocation: RoutedCall, head: list[Any], payload: Payload
    ) -> None:
        """Pass an answer on; one that cannot be written for the caller is an ERROR."""
        try:
            invocation.caller.send(head, payload)
        except PayloadError as error:
            if invocation.calls.get(invocation.call_request) is invocation:
                self._finish(invocation)
                self._interrupt(invocation, "killnowait")
            invocation.caller.send_error(
                CALL,
                invocation.call_request,
                error.error,
                f"the callee's answer: {error}",
            )

    def _passes(self, invocation: RoutedCall, callee: Session) -> bool:
        """Whether the caller takes an answer in payload passthru mode.

        If not, the callee is told, and the call ends: its caller would wait for ever.
        """
        if "caller.payload_passthru_mode" in invocation.caller.features:
            return True
        problem = "the caller has not announced payload_passthru_mode"
        callee.send_error(
            INVOCATION, invocation.request, errors.FEATURE_NOT_SUPPORTED, problem
        )
        problem = "the callee answered in payload passthru mode"
        self._fail(invocation, errors.FEATURE_NOT_SUPPORTED, problem)
        return False
