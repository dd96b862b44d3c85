"""Calls on their way from caller to callee, and what their INVOCATION says."""

from __future__ import annotations

from typing import Any

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import ABSENT, Call, CallOptions
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.rpc.registrations import RegisteredCallee, Registration
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.runtime import Cancellable
from wsocket.wamp.session.session import Session

# What a callee must have announced to be asked for progressive results. The second is
# the specification's rule; autobahn.js has not announced call_canceling.
PROGRESS_NEEDS = frozenset({"callee.progressive_call_results"})
STRICT_PROGRESS_NEEDS = PROGRESS_NEEDS | {"callee.call_canceling"}


class RoutedCall:
    """A call on its way: asked by `caller`, answered by the callee of `endpoint`.

    Attributes:
        call_request: CALL.Request.
        calls: The caller's calls, by CALL.Request; this one is among them.
        request: INVOCATION.Request.
        invocations: The callee's invocations, by INVOCATION.Request; this one too.
        payload: Kept where another callee may have to run the call.
        streaming: Whether more arguments may come ("Progressive Call Invocations").
        progressive: Whether the callee was asked for progressive results.
        canceled: Whether the callee was interrupted, and its answer is awaited
            (``kill``).
        timeout: Seconds that may pass between answers; 0 for no limit of ours.
        tried: Endpoints that have declined this call, this one included.
    """

    __slots__ = (
        "call_request",
        "caller",
        "calls",
        "canceled",
        "endpoint",
        "grant",
        "invocations",
        "message",
        "payload",
        "progressive",
        "registration",
        "request",
        "streaming",
        "timeout",
        "timer",
        "tried",
    )

    def __init__(
        self,
        caller: Session,
        message: Call,
        *,
        calls: dict[int, RoutedCall],
        registration: Registration,
        grant: Grant,
    ) -> None:
        self.caller = caller
        self.grant = grant
        self.call_request = message.request
        self.calls = calls
        self.registration = registration
        # The payload is on its way: it must not be kept until the answer is there.
        message.args = message.kwargs = ABSENT
        self.message = message
        self.payload: Payload | None = None
        self.streaming = message.options.progress
        self.timeout = 0.0
        self.timer: Cancellable | None = None
        self.tried: tuple[RegisteredCallee, ...] = ()
        self.canceled = False
        self.progressive = False
        # Where it is run, once that is decided.
        self.endpoint: RegisteredCallee
        self.request = 0
        self.invocations: dict[int, RoutedCall]

    def stop_timer(self) -> None:
        """The callee may take its time from now on."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class CallerState:
    """What the dealer knows of one caller."""

    __slots__ = ("calls", "last_request")

    def __init__(self) -> None:
        self.calls: dict[int, RoutedCall] = {}  # by CALL.Request
        self.last_request = 0


class CalleeState:
    """What the dealer knows of one callee."""

    __slots__ = ("invocations", "last_request")

    def __init__(self) -> None:
        self.invocations: dict[int, RoutedCall] = {}  # by INVOCATION.Request
        self.last_request = 0


def missing_feature(features: frozenset[str], options: CallOptions) -> Refusal | None:
    """What the call needs and a callee with these *features* does not have."""
    needed: tuple[str, ...] = ()
    if options.ppt_scheme is not None:
        needed = ("payload_passthru_mode",)
    if options.progress:
        needed += ("progressive_call_invocations", "call_canceling")
    for feature in needed:
        if f"callee.{feature}" not in features:
            problem = f"the callee has not announced {feature}"
            return Refusal(errors.FEATURE_NOT_SUPPORTED, problem)
    return None


def no_procedure(uri: str, uris: UriRules) -> Refusal:
    """Why there is nobody to call for *uri*."""
    if not uris.valid(uri):
        return Refusal(errors.INVALID_URI, f"Procedure: {uris.problem(uri)}")
    problem = f"no callee has registered a procedure for {uri!r}"
    return Refusal(errors.NO_SUCH_PROCEDURE, problem)


def disclosure_refusal(options: CallOptions, grant: Grant) -> Refusal | None:
    """Why the caller cannot disclose itself, if it wants to."""
    if options.disclose_me and grant.disclose == "deny":
        return Refusal(errors.DISCLOSE_ME_DISALLOWED, "callers stay anonymous here")
    return None


def details_of(
    invocation: RoutedCall,
    endpoint: RegisteredCallee,
    *,
    progress_needs: frozenset[str],
) -> dict[str, Any]:
    """Make INVOCATION.Details, and note on *invocation* what was granted.

    Args:
        progress_needs: Features of a callee that is asked for progressive results.
    """
    caller, message, callee = invocation.caller, invocation.message, endpoint.callee
    grant, options = invocation.grant, message.options
    details: dict[str, Any] = {}
    if invocation.registration.match != "exact":
        details["procedure"] = message.procedure
    if (
        options.disclose_me
        or grant.disclose == "force"
        or (endpoint.disclose_caller and grant.disclose != "deny")
    ):
        details["caller"] = caller.id
        details["caller_authid"] = caller.authid
        details["caller_authrole"] = caller.authrole
    invocation.progressive = (
        options.receive_progress and progress_needs <= callee.features
    )
    if invocation.progressive:
        details["receive_progress"] = True
    if options.progress:
        details["progress"] = True
    if (
        options.timeout
        and endpoint.forward_timeout
        and "callee.call_timeout" in callee.features
    ):
        details["timeout"] = options.timeout
    if grant.trustlevel is not None and "callee.call_trustlevels" in callee.features:
        details["trustlevel"] = grant.trustlevel
    if options.ppt_scheme is not None:
        details.update(options.passthru())
    return details


def may_pass(session: Session, role: str) -> bool:
    """Whether *session* announced the payload passthru mode it uses; if not, ABORT."""
    if f"{role}.payload_passthru_mode" in session.features:
        return True
    session.abort_violation("ppt_scheme: payload_passthru_mode was not announced")
    return False
