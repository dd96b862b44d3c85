"""Running a view: the handler of an HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wsocket.core.concurrency.kinds import FAILURES
from wsocket.core.web.response import Response
from wsocket.core.web.routes import Handler
from wsocket.core.web.upgrade_refusal import lacks_websocket, websocket_only
from wsocket.core.web.watched_input import watch_input
from wsocket.core.wsgi import Environ, Write


def respond(
    handler: Handler,
    environ: Environ,
    start_response: Callable[..., Write],
    *,
    debug: bool,
    look_at: Callable[[Handler, object], None] | None = None,
    report_url: str | None = None,
) -> Iterable[bytes]:
    """Run `handler` and return its answer as a WSGI iterable.

    A handler is a WSGI application that may give `start_response` and return more types
    than PEP 3333 allows. What PEP 3333 allows is passed on unchanged.

    Args:
        debug: Show the client the traceback of an error, rather than only its id.
        look_at: Called with the handler and what it returned.
        report_url: See `error_page.render`.

    Raises:
        ResponseAborted: The handler failed after it had sent something with the
            ``write`` of `start_response`. Iterating over the result may raise it too.
        RequestError: The client broke HTTP while the handler read the request's body,
            on our own server, which answers that.
    """
    response = Response(environ, start_response)
    watch_input(environ, response.lose_client)
    try:
        result = handler(environ, response.start_response)
        if look_at is not None:
            look_at(handler, result)
        return response.deliver(result)
    except FAILURES as error:
        if lacks_websocket(error, environ):
            return response.deliver_refusal(websocket_only())
        return response.deliver_error(error, debug=debug, report_url=report_url)
