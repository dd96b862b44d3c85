"""Dynamic authorization: a function or procedure of the application decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from wsocket.log import logger
from wsocket.wamp.protocol.caching import MAX_URI, keep
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.session.grant import Action, Ask, Grant
from wsocket.wamp.session.runtime import Abandoned, Runtime

OnGrant = Callable[["Grant | None"], None]
"""Called with what a session is granted; None: the authorizer has failed."""

CallProcedure = Callable[[str, list[Any], Callable[[object], None]], Callable[[], None]]
"""Calls a WAMP procedure with arguments; its result or an exception comes later.

Returns a function that cancels the call.
"""

_DISCLOSURES = ("allow", "force", "deny")


class AskAuthorizer:
    """Asks an authorizer, and keeps its answers for a while.

    Args:
        ttl: Seconds for which an answer is kept; 0 keeps none.
        timeout: Seconds that it has for an answer.
    """

    def __init__(
        self,
        authorizer: Authorizer | str,
        *,
        ttl: float,
        timeout: float,
        runtime: Runtime,
        call: CallProcedure,
    ) -> None:
        self._authorizer = authorizer
        self._ttl = ttl
        self._timeout = timeout
        self._runtime = runtime
        self._call = call
        self._answers: dict[tuple[str, ...], tuple[float, Grant]] = {}

    def cached(self, request: AuthorizationRequest) -> Grant | None:
        """An answer that is still good; None if the authorizer has to be asked."""
        found = self._answers.get(_key(request))
        if found is None or found[0] <= self._runtime.monotonic():
            return None
        return found[1]

    def ask(self, request: AuthorizationRequest, terms: Ask, then: OnGrant) -> Inquiry:
        """Ask, and call *then* with the answer, or None if there is none in time."""
        answered = partial(self._answered, request, terms, then)
        inquiry = Inquiry(self._runtime, self._timeout, answered)
        inquiry.start(partial(self._put, request))
        return inquiry

    def _answered(
        self, request: AuthorizationRequest, terms: Ask, then: OnGrant, result: object
    ) -> None:
        grant, may_keep = _grant(result, request, terms)
        if grant and may_keep and self._ttl > 0 and len(request.uri) <= MAX_URI:
            expires = self._runtime.monotonic() + self._ttl
            keep(self._answers, _key(request), (expires, grant))
        then(grant)

    def _put(
        self, request: AuthorizationRequest, answered: Callable[[object], None]
    ) -> Callable[[], None]:
        """Call the authorizer; returns a function that cancels the call."""
        authorizer = self._authorizer
        if isinstance(authorizer, str):
            options = {} if request.match == "exact" else {"match": request.match}
            arguments = [request.session, request.uri, request.action, options]
            return self._call(authorizer, arguments, answered)
        return self._runtime.offload(
            lambda: authorizer(request),
            answered,
            work="authorizers",
            caller=request.session["session"],
        )


class Inquiry:
    """One call of the authorizer, with a limit of time.

    Args:
        timeout: Seconds.
        then: Called once, with the answer or with a `TimeoutError`. It may hold a large
            message, so it is forgotten then, and not when this is.
    """

    def __init__(
        self, runtime: Runtime, timeout: float, then: Callable[[object], None]
    ) -> None:
        self._then: Callable[[object], None] | None = then
        self._cancel: Callable[[], None] | None = None
        self._timer = runtime.call_later(timeout, self._expire, timeout)

    @property
    def is_over(self) -> bool:
        """Whether there is an answer, or nobody wants one any more."""
        return self._then is None

    def start(
        self, put: Callable[[Callable[[object], None]], Callable[[], None]]
    ) -> None:
        """Call the authorizer with *put*, which may answer at once."""
        cancel = put(self._answered)
        if not self.is_over:
            self._cancel = cancel

    def give_up(self) -> None:
        """Nobody wants the answer any more: it is not passed on."""
        cancel = self._cancel
        if self._end() is not None and cancel is not None:
            cancel()

    def _answered(self, result: object) -> None:
        then = self._end()
        if then is not None:
            then(result)

    def _expire(self, timeout: float) -> None:
        then = self._then
        self.give_up()
        if then is not None:
            then(TimeoutError(f"no answer within {timeout:g} s"))

    def _end(self) -> Callable[[object], None] | None:
        then, self._then, self._cancel = self._then, None, None
        self._timer.cancel()
        return then


def _key(request: AuthorizationRequest) -> tuple[str, ...]:
    """Sessions of one user that have logged in in the same way share answers."""
    session = request.session
    return (
        session["authid"],
        session["authrole"],
        session["authmethod"],
        session["authprovider"],
        request.action,
        request.uri,
        request.match,
    )


def _grant(
    result: object, request: AuthorizationRequest, terms: Ask
) -> tuple[Grant | None, bool]:
    """Read an authorizer's answer; returns the grant and whether it may be kept."""
    if isinstance(result, Grant):
        return result, terms.cache
    if isinstance(result, bool):
        return Grant(result, terms.disclose), terms.cache
    if isinstance(result, Abandoned):
        return None, False
    if isinstance(result, Exception):
        logger.error("the authorizer failed for %s: %r", request, result)
        return None, False
    if isinstance(result, dict):
        allow, disclose = result.get("allow"), result.get("disclose", terms.disclose)
        if isinstance(disclose, bool):
            disclose = "force" if disclose else "allow"
        if isinstance(allow, bool) and disclose in _DISCLOSURES:
            cache = terms.cache and result.get("cache", True) is True
            return Grant(allow, disclose), cache
    logger.error(
        "the authorizer's answer for %s is not a bool, a Grant, or a dict with a bool "
        "'allow': %r",
        request,
        result,
    )
    return None, False


@dataclass(frozen=True)
class AuthorizationRequest:
    """What an authorizer is asked.

    Attributes:
        session: ``session``, ``authid``, ``authrole``, ``authmethod`` and
            ``authprovider``.
        match: The matching policy of *uri*, in subscribe and register.
    """

    session: dict[str, Any]
    uri: str
    action: Action
    match: Match = "exact"


Authorizer = Callable[[AuthorizationRequest], "bool | Grant | dict[str, Any]"]
