"""The web app's own login: a user that is logged in there is logged in here, too.

The cookies of the upgrade request say who the user is. Browsers send them for any page
that opens the connection; the check of Origin in the handshake keeps other sites out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsocket.core.checks import check_callable, refuse_type
from wsocket.core.keywords import checks_keywords
from wsocket.errors import Denied
from wsocket.wamp.auth.base import (
    AuthRequest,
    Identity,
    application_code,
    requested_authid,
)

WebIdentity = Identity | tuple[str, str] | None
"""Who is logged in: an identity, or (authid, authrole); None for nobody."""


class WebLogin:
    """Lets in clients that are logged in to the web app.

    Applies to clients that offer ``cookie`` or ``anonymous`` or, as autobahn.js does by
    default, no method at all. A client that asks for an authid other than that of its
    login is refused.

    Args:
        who: Takes the WSGI environ of the upgrade request; returns the `WebIdentity`.
            It has no default.

    Raises:
        TypeError: *who* is not a plain callable.
    """

    method = "cookie"
    serves = ("anonymous",)

    @checks_keywords
    def __init__(self, who: Callable[[dict[str, Any]], WebIdentity]) -> None:
        check_callable("WebLogin.who", who, parameters=("environ",))
        self._who = who

    def begin(self, request: AuthRequest) -> Identity | None:
        """Let the client in if it is logged in; None if it is not."""
        offered = not request.authmethods or any(
            map(request.offers, (self.method, *self.serves))
        )
        # Without an HTTP request there is no cookie.
        if not offered or "REQUEST_METHOD" not in request.environ:
            return None
        authid = requested_authid(request)
        identity = self._logged_in(request.environ)
        if identity is not None and authid not in (None, identity.authid):
            raise Denied("cookie: another authid than that of the login")
        return identity

    def why_not(self, request: AuthRequest) -> str:
        """Why a client was not let in that might have been."""
        if "REQUEST_METHOD" not in request.environ:
            return "a login of the web app needs a websocket or long polling"
        return (
            "the web app's login did not recognise this visitor: log in there, and "
            "connect again with its cookie"
        )

    def _logged_in(self, environ: Mapping[str, Any]) -> Identity | None:
        with application_code("the callable in WebLogin.who"):
            return identity_of(self._who(dict(environ)))


def identity_of(login: object) -> Identity | None:
    """A checked `WebIdentity`."""
    if login is None or isinstance(login, Identity):
        return login
    if not isinstance(login, tuple) or len(login) != 2:
        refuse_type("its result", "an Identity, (authid, role) or None", login)
    authid, role = login
    return Identity(authid, role, "dynamic")
