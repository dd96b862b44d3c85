"""Dynamic authorization: a function of the application or a procedure decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wsocket.log import logger
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.session.grant import Action, Ask, Grant
from wsocket.wamp.session.role_grants import CACHED_LENGTH
from wsocket.wamp.session.runtime import Runtime

Then = Callable[["Grant | None"], None]
"""Takes what a session is granted; None: the authorizer has failed."""

CallProcedure = Callable[[str, list[Any], Callable[[object], None]], Callable[[], None]]
"""Call a WAMP procedure with arguments; the result, or an exception, comes later.

It returns what gives the call up.
"""

Key = tuple[str, ...]

_CACHE_SIZE = 10_000
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
        self._answers: dict[Key, tuple[float, Grant]] = {}

    def cached(self, request: AuthorizationRequest) -> Grant | None:
        """An answer that is still good; None: ask."""
        found = self._answers.get(_key(request))
        if found is None or found[0] <= self._runtime.time():
            return None
        return found[1]

    def ask(self, request: AuthorizationRequest, terms: Ask, then: Then) -> None:
        """Ask, and hand *then* the answer, or None when there is none in time."""
        waiting = [then]

        def answered(result: object) -> None:
            if not waiting:
                return  # too late
            timer.cancel()
            grant, cache = _grant(result, request, terms)
            if grant and cache and self._ttl > 0 and len(request.uri) <= CACHED_LENGTH:
                self._keep(request, grant)
            waiting.pop()(grant)

        def give_up() -> None:
            cancel()
            logger.error(
                "the authorizer has not answered within %g s: %s",
                self._timeout,
                request,
            )
            waiting.pop()(None)

        timer = self._runtime.call_later(self._timeout, give_up)
        cancel = self._put(request, answered)

    def _put(
        self, request: AuthorizationRequest, answered: Callable[[object], None]
    ) -> Callable[[], None]:
        """Put the question; returns what gives it up."""
        authorizer = self._authorizer
        if isinstance(authorizer, str):
            options = {} if request.match == "exact" else {"match": request.match}
            arguments = [request.session, request.uri, request.action, options]
            return self._call(authorizer, arguments, answered)
        self._runtime.offload(lambda: authorizer(request), answered)
        return lambda: None  # a function that runs cannot be stopped

    def _keep(self, request: AuthorizationRequest, grant: Grant) -> None:
        if len(self._answers) >= _CACHE_SIZE:
            self._answers.clear()
        self._answers[_key(request)] = self._runtime.time() + self._ttl, grant


def _key(request: AuthorizationRequest) -> Key:
    """Sessions that have logged in as the same user in the same way share answers."""
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
    """Read an authorizer's answer: the grant, and whether it may be kept."""
    if isinstance(result, Grant):
        return result, terms.cache
    if isinstance(result, bool):
        return Grant(result, terms.disclose), terms.cache
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
        match: How *uri* is meant, in subscribe and register.
    """

    session: dict[str, Any]
    uri: str
    action: Action
    match: Match = "exact"


Authorizer = Callable[[AuthorizationRequest], "bool | Grant | dict[str, Any]"]
