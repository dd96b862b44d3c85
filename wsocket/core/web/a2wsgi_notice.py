"""A word to those who run the application in a2wsgi, and wonder about a 403."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsocket.core.web.server_connections import ASGI_SOCKET
from wsocket.log import logger


class A2wsgiNotice:
    """Warns once of requests that have come through a2wsgi alone.

    It refuses every websocket before an application is asked, so that the first HTTP
    request is the only occasion to say why.
    """

    def __init__(self) -> None:
        self._given = False

    def notice(self, environ: Mapping[str, Any]) -> None:
        """Look at a request of an ASGI server."""
        if self._given or ASGI_SOCKET in environ:
            return
        self._given = True
        logger.warning(
            "HTTP requests come through a2wsgi, which refuses websockets with 403 "
            "before this application is asked; serve wsocket.asgi.as_asgi(app) "
            "instead, or have clients use long polling: WSocketApp(longpoll=...)"
        )
