"""A WSGI application that another one wraps, such as Flask behind our routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wsocket.core.http.headers import forwardable
from wsocket.core.web.routes import Handler, request_path
from wsocket.core.wsgi import Environ, ExcInfo
from wsocket.log import logger

if TYPE_CHECKING:
    from wsocket.core.http.headers import HeadersLike


class Wrapped:
    """The handler of the requests that are for a wrapped application.

    What it says about the connection is dropped. A handler of one's own gets an error
    for that, but an application such as Flask may be somebody else's, and some servers
    do not mind.
    """

    def __init__(self, app: Handler) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Handler) -> Any:
        """Run the application (PEP 3333)."""

        def start(
            status: int | str = 200,
            headers: HeadersLike = (),
            exc_info: ExcInfo | None = None,
        ) -> Any:
            forwarded, dropped = forwardable(headers)
            if dropped:
                path = request_path(environ)
                logger.debug("%a: hop-by-hop headers are dropped: %s", path, dropped)
            return start_response(status, forwarded, exc_info)

        return self._app(environ, start)
