"""What an INVOCATION tells the callee, and what both sides must have announced."""

from __future__ import annotations

from typing import Any

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CallOptions
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.grant import Grant

# What a callee must have announced to be asked for progressive results. The second is
# the specification's rule; autobahn.js does not announce call_canceling.
PROGRESS_NEEDS = frozenset({"callee.progressive_call_results"})
STRICT_PROGRESS_NEEDS = PROGRESS_NEEDS | {"callee.call_canceling"}


def streams_arguments(features: frozenset[str]) -> bool:
    """Whether a caller with these *features* may send one call's arguments in parts."""
    return "caller.progressive_call_invocations" in features


def unannounced(options: CallOptions, features: frozenset[str]) -> str | None:
    """The violation if a caller uses what is not among its *features*."""
    if (
        options.ppt_scheme is not None
        and "caller.payload_passthru_mode" not in features
    ):
        return "CALL.Options.ppt_scheme: payload_passthru_mode was not announced"
    if options.progress and not streams_arguments(features):
        return "CALL.Options.progress: progressive_call_invocations was not announced"
    return None


def refusal_of(
    options: CallOptions, features: frozenset[str], grant: Grant
) -> Refusal | None:
    """Why a call cannot go to a callee with these *features*; None if it can."""
    refusal = missing_feature(options, features)
    if refusal is None and options.disclose_me and grant.disclose == "deny":
        problem = "disclose_me: callers are never disclosed for this procedure"
        return Refusal(errors.DISCLOSE_ME_DISALLOWED, problem)
    return refusal


def missing_feature(options: CallOptions, features: frozenset[str]) -> Refusal | None:
    """The refusal if the call needs a feature that is not among *features*."""
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


def details_of(call: RoutedCall, *, progress_needs: frozenset[str]) -> dict[str, Any]:
    """INVOCATION.Details of the first INVOCATION.

    Args:
        progress_needs: See `RoutedCall.is_progressive`.
    """
    grant = call.grant
    details: dict[str, Any] = {}
    if call.registration.match != "exact":
        details["procedure"] = call.procedure
    if _discloses_caller(call):
        caller = call.caller
        details["caller"] = caller.id
        details["caller_authid"] = caller.authid
        details["caller_authrole"] = caller.authrole
    if not call.plain:
        details.update(_asked_for(call, progress_needs))
    if (
        grant.trustlevel is not None
        and "callee.call_trustlevels" in call.endpoint.callee.features
    ):
        details["trustlevel"] = grant.trustlevel
    return details


def _discloses_caller(call: RoutedCall) -> bool:
    """Whether the callee is told who calls."""
    disclose = call.grant.disclose
    if disclose == "force" or (call.endpoint.disclose_caller and disclose != "deny"):
        return True
    return not call.plain and call.options.disclose_me


def _asked_for(call: RoutedCall, progress_needs: frozenset[str]) -> dict[str, Any]:
    """The details that CALL.Options ask for."""
    options, endpoint = call.options, call.endpoint
    details: dict[str, Any] = {}
    if call.is_progressive(progress_needs):
        details["receive_progress"] = True
    if options.progress:
        details["progress"] = True
    if (
        options.timeout
        and endpoint.forward_timeout
        and "callee.call_timeout" in endpoint.callee.features
    ):
        details["timeout"] = options.timeout
    if options.ppt_scheme is not None:
        details.update(options.passthru())
    return details


def later_details_of(call: RoutedCall) -> dict[str, Any]:
    """INVOCATION.Details with more arguments ("Progressive Call Invocations")."""
    options = call.options  # those of the first CALL: later ones do not count
    details: dict[str, Any] = {"progress": True} if call.streaming else {}
    if call.registration.match != "exact":
        details["procedure"] = call.procedure
    if options.ppt_scheme is not None:
        details.update(options.passthru())
    return details
