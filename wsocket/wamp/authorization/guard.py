"""Between a session's request and what broker or dealer do with it: may the session do
that?
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from wsocket.wamp.authorization.authorizer import (
    AskAuthorizer,
    AuthorizationRequest,
    Authorizer,
    CallProcedure,
    Then,
)
from wsocket.wamp.authorization.roles import Role
from wsocket.wamp.authorization.rules import compile_roles, unknown_role
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, PUBLISH, REGISTER, SUBSCRIBE
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import Match, UriRules
from wsocket.wamp.session.grant import DENIED, OPEN, Action, Grant
from wsocket.wamp.session.role_grants import OPEN_GRANTS, RoleGrants, asked
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

Perform = Callable[[Session, Any, Grant], None]

# Action -> code of its message, and where the URI is in it.
_REQUESTS: dict[Action, tuple[int, str]] = {
    "publish": (PUBLISH, "topic"),
    "subscribe": (SUBSCRIBE, "topic"),
    "call": (CALL, "procedure"),
    "register": (REGISTER, "procedure"),
}


class Guard:
    """The authorization of one realm.

    Args:
        roles: What the realm's roles may do.
        authorizer: Decides where no rule does; None if there is none.
        ttl: Seconds for which its answers are kept; 0 keeps none.
        timeout: Seconds that it has for an answer.
        call: Calls a WAMP procedure of the realm, for authorizers that are one.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        authorizer: Authorizer | str | None,
        *,
        ttl: float,
        timeout: float,
        uris: UriRules,
        runtime: Runtime,
        call: CallProcedure,
    ) -> None:
        self._configured_roles = roles
        self._ttl = ttl
        self._timeout = timeout
        self._uris = uris
        self._runtime = runtime
        self._call = call
        self._ask: AskAuthorizer | None = None
        self._trustlevels = {each.name: each.trustlevel for each in roles}
        self._roles: dict[str, RoleGrants] = {}
        self._other_role = OPEN_GRANTS
        self.set_authorizer(authorizer)

    def set_authorizer(self, authorizer: Authorizer | str | None) -> None:
        """Ask another authorizer from now on; what the old one said is forgotten."""
        asks = authorizer is not None
        self._ask = None
        if authorizer is not None:
            self._ask = AskAuthorizer(
                authorizer,
                ttl=self._ttl,
                timeout=self._timeout,
                runtime=self._runtime,
                call=self._call,
            )
        self._roles = compile_roles(self._configured_roles, asks=asks)
        restricted = asks or bool(self._configured_roles)
        self._other_role = unknown_role(asks=asks) if restricted else OPEN_GRANTS

    def grants_of(self, role: str) -> RoleGrants:
        """What the sessions of *role* are granted."""
        return self._roles.get(role, self._other_role)

    def known(self, session: Session, action: Action, uri: str, match: Match) -> Grant:
        """What rules and kept answers say; where they say nothing, it is denied."""
        verdict = session.grants[action][asked(uri, match)]
        if isinstance(verdict, Grant):
            return verdict
        return self._kept(_request(session, action, uri, match)) or DENIED

    def ask(
        self, session: Session, action: Action, uri: str, match: Match, *, then: Then
    ) -> None:
        """Hand *then* what rules, kept answers or the authorizer say, now or later.

        While the authorizer is asked, the session's later messages wait; if it ends
        before the answer, *then* is not called.
        """
        verdict = session.grants[action][asked(uri, match)]
        if isinstance(verdict, Grant):
            then(verdict)
            return
        request, asker = _request(session, action, uri, match), self._ask
        kept = self._kept(request)
        if kept is not None or asker is None:
            then(kept and self._with_trustlevel(session, kept))
            return
        session_id = session.id

        def answered(grant: Grant | None) -> None:
            if session.id == session_id:  # else it has left, or is another one
                then(grant and self._with_trustlevel(session, grant))
                session.release()

        session.hold()
        asker.ask(request, verdict, answered)

    def _kept(self, request: AuthorizationRequest) -> Grant | None:
        """The authorizer's answer, if it was kept."""
        return self._ask.cached(request) if self._ask else DENIED

    def _with_trustlevel(self, session: Session, grant: Grant) -> Grant:
        """An authorizer's answer, with the role's trust level if it gives none."""
        if grant.trustlevel is not None:
            return grant
        return replace(grant, trustlevel=self._trustlevels.get(session.authrole))

    def guarded(
        self,
        action: Action,
        perform: Perform,
        *,
        under_way: Callable[[Session, int], bool] | None = None,
    ) -> Callable[[Session, Any], None]:
        """An action of the realm that asks before it performs.

        Args:
            under_way: Whether a request only goes on with what was permitted before.
        """
        uri_of = attrgetter(_REQUESTS[action][1])
        takes_patterns = action in ("subscribe", "register")

        def act(session: Session, message: Any) -> None:
            uri = uri_of(message)
            match: Match = message.options.match if takes_patterns else "exact"
            verdict = session.grants[action][asked(uri, match)]
            if isinstance(verdict, Grant) and verdict.allowed:
                perform(session, message, verdict)
            elif under_way is not None and under_way(session, message.request):
                perform(session, message, OPEN)
            else:
                self._settle(session, message, action, match, perform=perform)

        return act

    def _settle(
        self,
        session: Session,
        message: Any,
        action: Action,
        match: Match,
        *,
        perform: Perform,
    ) -> None:
        """Perform what no rule permits if the authorizer does; else refuse it."""
        code, field = _REQUESTS[action]
        uri = getattr(message, field)

        def refuse(refusal: Refusal) -> None:
            # Without `acknowledge` there is no answer at all, not even this one.
            if action != "publish" or message.options.acknowledge:
                session.send_error(code, message.request, *refusal)

        def settled(grant: Grant | None) -> None:
            if grant is not None and grant.allowed:
                perform(session, message, grant)
            else:
                refuse(why_not(session, action, uri, match, grant))

        if self._uris.valid(uri, match):
            self.ask(session, action, uri, match, then=settled)
        else:
            problem = f"{field.capitalize()}: {self._uris.problem(uri, match)}"
            refuse(Refusal(errors.INVALID_URI, problem))


def why_not(
    session: Session, action: Action, uri: str, match: Match, grant: Grant | None
) -> Refusal:
    """What *session* is told that may not do something.

    Args:
        grant: None when the authorizer has failed.
    """
    what = repr(uri) if match == "exact" else f"{uri!r} (match={match!r})"
    if grant is None:
        problem = f"whether to {action} {what} is permitted could not be found out"
        return Refusal(errors.AUTHORIZATION_FAILED, problem)
    problem = f"role {session.authrole!r} may not {action} {what}"
    return Refusal(errors.NOT_AUTHORIZED, problem)


def _request(
    session: Session, action: Action, uri: str, match: Match
) -> AuthorizationRequest:
    details = {
        "session": session.id,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
    }
    return AuthorizationRequest(details, uri, action, match)
