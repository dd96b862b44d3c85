"""A word to those who serve the application on an ASGI server, but not by `as_asgi`."""

from __future__ import annotations

from typing import NoReturn

from wsocket.core.web.wsgi_servers import (
    ASGI_ADAPTER,
    ASGI_SOCKET,
    asgi_adapter,
)
from wsocket.core.wsgi import CONNECTION, Environ
from wsocket.log import logger


class AsgiNotice:
    """Warns once of requests that have come through another adapter.

    Most of them refuse every websocket before an application is asked, so that the
    first HTTP request is the only occasion to say why.
    """

    def __init__(self) -> None:
        self._given = False

    def look_at(self, environ: Environ, start_response: object) -> None:
        """Look at a request of any server, and note in it what it has come through."""
        if CONNECTION in environ or ASGI_SOCKET in environ:
            return
        adapter = asgi_adapter(environ, start_response)
        if not adapter:
            return
        environ[ASGI_ADAPTER] = adapter
        if self._given:
            return
        self._given = True
        logger.warning(
            "HTTP requests come through %s, which has no websockets: they are refused, "
            "mostly with 403 and before this application is asked; serve "
            "wsocket.asgi.as_asgi(app) instead, or have clients use long polling: "
            "WSocketApp(longpoll=...)",
            adapter,
        )


def refuse_asgi_call() -> NoReturn:
    """Answer a call that is none of PEP 3333.

    Raises:
        TypeError: Always.
    """
    raise TypeError(
        "a WSGI application was called by an ASGI server, or without environ and "
        "start_response: on uvicorn and other ASGI servers serve "
        "wsocket.asgi.as_asgi(app) in place of app"
    )
