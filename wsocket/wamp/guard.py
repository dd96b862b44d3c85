"""Between a session's request and what broker or dealer do with it: may the session do
that?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from wsocket.wamp import errors
from wsocket.wamp.authorization import (
    OPEN_GRANTS,
    RoleGrants,
    compile_roles,
    unknown_role,
)
from wsocket.wamp.authorizer import AskAuthorizer, CallProcedure
from wsocket.wamp.config import Action, AuthorizationRequest, Authorizer, Realm
from wsocket.wamp.grants import DENIED, OPEN, Grant
from wsocket.wamp.messages import CALL, PUBLISH, REGISTER, SUBSCRIBE
from wsocket.wamp.runtime import Runtime
from wsocket.wamp.session import Session
from wsocket.wamp.uris import Match, UriRules

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
        call: Calls a WAMP procedure of the realm, for authorizers that are one.
    """

    def __init__(
        self, config: Realm, *, uris: UriRules, runtime: Runtime, call: CallProcedure
    ) -> None:
        self._config = config
        self._uris = uris
        self._runtime = runtime
        self._call = call
        self._ask: AskAuthorizer | None = None
        self._trustlevels = {each.name: each.trustlevel for each in config.roles}
        self._roles: dict[str, RoleGrants] = {}
        self._other_role = OPEN_GRANTS
        self.set_authorizer(config.authorizer)

    def set_authorizer(self, authorizer: Authorizer | str | None) -> None:
        """Ask another authorizer from now on; what the old one said is forgotten."""
        asks = authorizer is not None
        self._ask = None
        if authorizer is not None:
            self._ask = AskAuthorizer(
                authorizer,
                ttl=self._config.authorizer_ttl,
                runtime=self._runtime,
                call=self._call,
            )
        self._roles = compile_roles(self._config.roles, asks=asks)
        restricted = asks or bool(self._config.roles)
        self._other_role = unknown_role(asks=asks) if restricted else OPEN_GRANTS

    def grants_of(self, role: str) -> RoleGrants:
        """What the sessions of *role* are granted."""
        return self._roles.get(role, self._other_role)

    def known(self, session: Session, action: Action, uri: str, match: Match) -> Grant:
        """What rules and kept answers say; where they say nothing, it is denied."""
        grant = session.grants[action][uri, match]
        if grant is None and self._ask is not None:
            grant = self._ask.cached(_request(session, action, uri, match))
        return grant or DENIED

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
            grant = session.grants[action][uri, match]
            if grant is not None and grant.allowed:
                perform(session, message, grant)
            elif under_way is not None and under_way(session, message.request):
                perform(session, message, OPEN)
            elif grant is None and self._uris.valid(uri, match):
                request = _request(session, action, uri, match)
                self._settle(session, message, request, perform)
            else:
                self._deny(session, message, action, match)

        return act

    def _settle(
        self,
        session: Session,
        message: Any,
        request: AuthorizationRequest,
        perform: Perform,
    ) -> None:
        """Ask the authorizer; the session's later messages wait for its answer."""
        asker = self._ask
        grant = asker.cached(request) if asker else DENIED
        session_id = session.id

        def settled(grant: Grant) -> None:
            if grant.allowed:
                if grant.trustlevel is None:
                    level = self._trustlevels.get(session.authrole)
                    grant = replace(grant, trustlevel=level)
                perform(session, message, grant)
            else:
                self._deny(session, message, request.action, request.match)

        def answered(grant: Grant) -> None:
            if session.id == session_id:  # else it has left, or is another one
                settled(grant)
                session.release()

        if grant is not None:
            settled(grant)
        elif asker is not None:
            session.hold()
            asker.ask(request, answered)

    def _deny(
        self, session: Session, message: Any, action: Action, match: Match
    ) -> None:
        code, field = _REQUESTS[action]
        if action == "publish" and not message.options.acknowledge:
            return  # there is no answer at all, not even this one
        uri = getattr(message, field)
        if not self._uris.valid(uri, match):
            problem = f"{field.capitalize()}: {self._uris.problem(uri, match)}"
            session.send_error(code, message.request, errors.INVALID_URI, problem)
            return
        problem = f"role {session.authrole!r} may not {action} {uri!r}"
        if match != "exact":
            problem += f" (match={match!r})"
        session.send_error(code, message.request, errors.NOT_AUTHORIZED, problem)


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
