"""What authorization decides: may this session do that?"""

from __future__ import annotations

from wsocket.wamp.authorization.authorizer import AuthorizationRequest
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.session.grant import Action, Grant, Verdict
from wsocket.wamp.session.role_grants import asked
from wsocket.wamp.session.session import Session


class Question:
    """Whether *session* may do *action* with the URIs that (*uri*, *match*) fits."""

    __slots__ = ("_session_id", "action", "match", "session", "uri")

    def __init__(
        self, session: Session, action: Action, uri: str, match: Match = "exact"
    ) -> None:
        self.session = session
        self.action = action
        self.uri = uri
        self.match = match
        self._session_id = session.id

    @property
    def is_current(self) -> bool:
        """Whether the session is still in the realm in which it asked."""
        return self.session.is_in_realm(self._session_id)

    @property
    def verdict(self) -> Verdict:
        """What the rules of the session's role say."""
        return self.session.grants[self.action][asked(self.uri, self.match)]

    def request(self) -> AuthorizationRequest:
        """The same question for the application's authorizer."""
        session = self.session
        details = {
            "session": session.id,
            "authid": session.authid,
            "authrole": session.authrole,
            "authmethod": session.authmethod,
            "authprovider": session.authprovider,
        }
        return AuthorizationRequest(details, self.uri, self.action, self.match)

    def refusal(self, grant: Grant | None) -> Refusal:
        """What the session is told if the answer is no.

        Args:
            grant: The answer; None if the authorizer has failed.
        """
        what = repr(self.uri)
        if self.match != "exact":
            what += f" (match={self.match!r})"
        if grant is None:
            problem = f"the authorizer failed to decide about: {self.action} {what}"
            return Refusal(errors.AUTHORIZATION_FAILED, problem)
        problem = f"role {self.session.authrole!r} may not {self.action} {what}"
        return Refusal(errors.NOT_AUTHORIZED, problem)
