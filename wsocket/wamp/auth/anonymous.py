"""Anonymous: every client is let in, under a name that the router chooses."""

from __future__ import annotations

from wsocket.core.checks import check_text
from wsocket.core.keywords import checks_keywords
from wsocket.wamp.auth.base import AuthRequest, Identity


class Anonymous:
    """Lets in clients that offer ``anonymous``, or no method at all.

    The authid is made from the session ID, which is random. A client does not get an
    authid that it asks for, because it has not proved that this is its own.

    Args:
        role: The authrole of all these clients; ``"anonymous"`` by default.

    Raises:
        TypeError, ValueError: *role* is not a non-empty string.
    """

    method = "anonymous"

    @checks_keywords
    def __init__(self, role: str = "anonymous") -> None:
        check_text("Anonymous.role", role)
        self._role = role

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are known before anybody logs in."""
        return frozenset([self._role])

    def begin(self, request: AuthRequest) -> Identity | None:
        """Let the client in."""
        if request.authmethods and not request.offers(self.method):
            return None
        return Identity(f"anonymous-{request.session:x}", self._role)
