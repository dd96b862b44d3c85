"""What a connection uses of the server that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wsocket.core.http.at_once import AtOnce
from wsocket.core.http.connections import Connections
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.http.unsent import Unsent
from wsocket.core.wsgi import Environ

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class HttpServer(Protocol):
    """The part of a server that its connections use."""

    application: WSGIApplication
    client_timeout: float
    connections: Connections
    at_once: AtOnce
    unsent: Unsent
    hurried: Turnstile
    """Where requests pass that came before the responses to those before them."""
    base_environ: Environ
    """The part of WSGI's environ that is the same for every connection."""
