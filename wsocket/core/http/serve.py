"""`run` and `make_server`: gevent's HTTP server, or the threaded one."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

from wsocket.core.concurrency.kinds import is_patched
from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.http.servers import GeventServer, ThreadedServer
from wsocket.core.net.listening import listen_tcp
from wsocket.core.net.tls.terminator import Terminator
from wsocket.log import log_to_stderr

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication

# An address for a URL, in place of those that mean every address of this machine.
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class Server(Protocol):
    """The methods of both servers, named as in wsgiref."""

    server_address: Any
    """The server's own address, as from `socket.socket.getsockname`."""

    @property
    def server_port(self) -> int:
        """The server's port."""

    def serve_forever(self) -> None:
        """Serve until `shutdown`."""

    def shutdown(self) -> None:
        """Stop `serve_forever`; called from another thread or greenlet."""

    def interrupt(self) -> None:
        """Stop `serve_forever` soon; called from a signal handler."""

    def server_close(self) -> None:
        """Stop listening."""

    def settle(self) -> None:
        """Wait a moment until everything is sent, before the process ends."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *unused: Any) -> None: ...


def make_server(
    host: str,
    port: int,
    app: WSGIApplication,
    *,
    ssl_context: ssl.SSLContext | None = None,
    timeout: float = 30.0,
) -> Server:
    """Listen on `host` and `port`, ready to serve the WSGI application `app`.

    The server is gevent's when gevent has patched the process (``wsocket run`` does
    that, or ``gevent.monkey.patch_all()`` at the very beginning), otherwise the
    threaded one.

    Args:
        host: A name or an address, IPv4 or IPv6; ``""`` or ``"0.0.0.0"`` for every
            IPv4 address of this machine, ``"::"`` for every address.
        port: 0 picks a free one, see `Server.server_port`.
        ssl_context: Makes it an HTTPS server, with the certificate in the context.
        timeout: Longest wait for a client, in seconds: for a TLS handshake, for its
            next request, for a request's head, for a part of a request's body, and for
            taking a part of the response.

    Raises:
        OSError: The address cannot be listened on; the message says why.
    """
    if not callable(app):
        raise TypeError(f"app must be a WSGI application (a callable), not {app!r}")
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise ValueError(f"port must be an int from 0 to 65535, not {port!r}")
    if timeout <= 0:
        raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
    terminator = None
    if ssl_context is not None:
        terminator = Terminator(ssl_context, timeout=timeout, plain_answer=TLS_EXPECTED)
    listener = listen_tcp(host, port)
    server = GeventServer if is_patched() else ThreadedServer
    return server(listener, app, timeout=timeout, terminator=terminator)


def run(
    app: WSGIApplication,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    ssl_context: ssl.SSLContext | None = None,
    timeout: float = 30.0,
) -> None:
    """Serve `app` until Ctrl-C or SIGTERM, then call ``app.close()`` if there is one.

    The first line on stdout has the URL. See `make_server` for the arguments.

    Raises:
        SystemExit: The address cannot be listened on; stderr says why.
    """
    log_to_stderr()
    try:
        server = make_server(host, port, app, ssl_context=ssl_context, timeout=timeout)
    except OSError as error:
        sys.exit(f"wsocket: {error.strerror or error}")
    scheme = "http" if ssl_context is None else "https"
    with server:
        try:
            where = _url(host, server.server_port, scheme=scheme)
            _print(f"wsocket: serving on {where}")
            _serve(server)
        finally:
            # Long polls end now. The server waits for requests when it is left.
            close = getattr(app, "close", None)
            if callable(close):
                close()
    server.settle()
    _print("wsocket: stopped")


def _serve(server: Server) -> None:
    """Serve until a signal comes, or `shutdown` is called elsewhere."""
    if threading.current_thread() is not threading.main_thread():
        server.serve_forever()  # only the main thread hears signals
        return
    before = {
        number: signal.signal(number, lambda *unused: server.interrupt())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        server.serve_forever()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(host: str, port: int, *, scheme: str) -> str:
    """The URL for a browser on this machine, with a note about other addresses."""
    reachable = _REACHABLE.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    others = " and every other address of this machine" if host in _REACHABLE else ""
    return f"{scheme}://{bracketed}:{port}/{others}"


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - for the user in the terminal
