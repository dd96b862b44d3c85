"""A router alone: it has no pages, and says so."""

from __future__ import annotations

from typing import Any

from wsocket.app import WSocketApp
from wsocket.core.web.routes import Handler
from wsocket.core.wsgi import Environ

_BODY = """\
404 Not Found: this is a WAMP router. Open a websocket here, on any path, with the
subprotocol wamp.2.json or that of another serializer.
"""


class RouterWithoutPages(WSocketApp):
    """A `WSocketApp` without the page that greets the author of an application."""

    def not_found(self, environ: Environ, start_response: Handler) -> Any:
        """Answer with 404, and say what is here."""
        start_response(404, {"Content-Type": "text/plain; charset=utf-8"})
        return _BODY

    without_routes = not_found
