"""`run` and `make_server`: serving with gevent, or with threads."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from wsocket.core.checks import (
    check_bool,
    check_handler,
    check_number,
    check_seconds,
)
from wsocket.core.concurrency.kinds import GREENLETS, THREADS, is_patched
from wsocket.core.concurrency.switching import switch_threads_often
from wsocket.core.http.allocator import give_freed_memory_back
from wsocket.core.http.graceful import Ending
from wsocket.core.http.importing import refuse_while_imported
from wsocket.core.http.places import PlaceLimits
from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.http.servers import Server
from wsocket.core.http.stop_signals import stop_signals
from wsocket.core.http.unsent import Unsent
from wsocket.core.keywords import check_keywords, checks_keywords
from wsocket.core.net.endpoints import Endpoint, UnixEndpoint, server_endpoints
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.tls.terminator import Terminator
from wsocket.log_formats import LogFormat, log_to_stderr

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Unpack

# An address for a URL, in place of those that mean every address of this machine.
_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class Settings(TypedDict, total=False):
    """What `run` hands to `make_server`, which explains it."""

    ssl_context: ssl.SSLContext | None
    timeout: float
    max_connections: int | None
    max_connections_per_address: int | None
    max_unsent_bytes: int
    take_over: bool


# What `run` serves if it is told nothing, as programs for version 2 do: no application.
_NO_APP: Any = None

# The names that `run` knows, for whoever writes another one.
_SETTINGS = (
    *("app", "host", "port", "graceful_timeout", "close_spread"),
    *("access_log", "log_format"),
    *Settings.__annotations__,
)

# HTTP connections at once, by default; and how many of them have a request that is
# being answered, in a thread.
_MOST_CONNECTIONS = 10_000
_MOST_THREADS = 1000

# Bytes of responses that wait for clients, by default.
MAX_UNSENT_BYTES = 64 * 2**20


@checks_keywords
def make_server(
    host: str,
    port: int,
    app: WSGIApplication,
    *,
    ssl_context: ssl.SSLContext | None = None,
    timeout: float = 30.0,
    max_connections: int | None = None,
    max_connections_per_address: int | None = None,
    max_unsent_bytes: int = MAX_UNSENT_BYTES,
    take_over: bool = False,
) -> Server:
    """Listen, ready to serve `app` in threads, or in greenlets if gevent has patched.

    Args:
        host: A name or an address, ``"0.0.0.0"`` for all of IPv4, ``"::"`` for all; or,
            without a port, ``"unix:///PATH"``, or ``"fd://3"`` for a listening socket.
        port: 0 picks a free one, see `Server.server_port`.
        ssl_context: Makes it an HTTPS server, with the certificate in the context.
        timeout: Longest wait for a client, in seconds: for a TLS handshake, its next
            request, a request's head, a part of a body or of a response.
        max_connections: How many may be open, with websockets; others wait. By default
            only HTTP has a limit, 10,000; on threads 1,000 requests run at once.
        max_connections_per_address: The same for each client; others get 503.
        max_unsent_bytes: What responses may keep in memory until clients take them.
        take_over: Replace the Unix socket even if a process listens there.

    Raises:
        TypeError, ValueError, OSError: The message says which argument, and why.
    """
    _check(app, host, port, timeout, take_over)
    return Server(
        app,
        concurrency=GREENLETS if is_patched() else THREADS,
        timeout=timeout,
        limits=_limits(max_connections, max_connections_per_address),
        unsent=_unsent(max_unsent_bytes),
        terminator=_terminator(ssl_context, timeout),
        listening=_listen(server_endpoints(host, port), take_over=take_over),
    )


def _check(
    app: object, host: object, port: object, timeout: object, take_over: object
) -> None:
    if app is None:
        raise TypeError(
            "app: expected a WSGI application, got none; write run(WSocketApp()) for "
            "the echo demo that version 2 served without one"
        )
    if not callable(app):
        raise TypeError(
            f"app must be a WSGI application (a callable), not {app!r:.100}"
        )
    check_handler("app", app)
    if not isinstance(host, str):
        advice = f"; write port={host}" if type(host) is int else ""
        raise TypeError(f"host: expected a name or an address, got {host!r}{advice}")
    if type(port) is not int or not 0 <= port <= 65535:
        raise ValueError(f"port must be an int from 0 to 65535, not {port!r}")
    if isinstance(timeout, (int, float)) and timeout <= 0:
        raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
    check_seconds("timeout", timeout, least=0)
    check_bool("take_over", take_over)


def _limits(in_all: int | None, per_address: int | None) -> PlaceLimits:
    for name, limit in (
        ("max_connections", in_all),
        ("max_connections_per_address", per_address),
    ):
        if limit is not None:
            check_number(name, limit, least=1)
    http = in_all or _MOST_CONNECTIONS
    at_once = http if is_patched() else min(http, _MOST_THREADS)
    return PlaceLimits(http, at_once, in_all=in_all, per_address=per_address)


def _unsent(limit: int) -> Unsent:
    check_number("max_unsent_bytes", limit, least=1, unit="bytes")
    return Unsent(limit)


def _terminator(context: ssl.SSLContext | None, timeout: float) -> Terminator | None:
    if context is None:
        return None
    return Terminator(context, timeout=timeout, plain_answer=TLS_EXPECTED)


def _listen(endpoints: Sequence[Endpoint], *, take_over: bool) -> list[ListeningSocket]:
    with contextlib.ExitStack() as opened:
        listening = []
        for endpoint in endpoints:
            listening.append(ListeningSocket(endpoint, take_over=take_over))
            opened.callback(listening[-1].release)
        opened.pop_all()
    return listening


def run(
    app: WSGIApplication = _NO_APP,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    graceful_timeout: float = 30.0,
    close_spread: float = 0.0,
    access_log: bool = False,
    log_format: LogFormat = "text",
    **settings: Unpack[Settings],
) -> None:
    """Serve `app` until Ctrl-C, SIGTERM or SIGHUP, then let it end gracefully.

    The first line on stdout has the URL. Other settings are those of `make_server`.

    Args:
        graceful_timeout: Seconds that responses and WAMP calls under way have to end
            after the signal. Then ``app.close()`` is called, if there is one: a
            `WSocketApp` closes its websockets with 1012. A second signal ends at once.
        close_spread: Seconds over which websockets are closed, one after the other.
        access_log: Log every request, to the logger ``wsocket.access``.
        log_format: How log records look on stderr: ``"text"``, or ``"json"`` for an
            object on each line. It is for the application if that sets up logging.

    Raises:
        TypeError, ValueError: An argument is invalid.
        ImportUnderWay: A server imports the module that calls this.
        SystemExit: The address cannot be listened on; stderr says why.
    """
    refuse_while_imported(sys._getframe(1))
    check_keywords("run", settings, _SETTINGS)
    _check_own(graceful_timeout, close_spread, access_log)
    _prepare_process(log_format, access_log)
    server = _made(host, port, app, settings)
    with server, stop_signals(server.interrupt) as stop:
        announce(f"wsocket: serving on {_where(server, host)}")
        _serve(server, Ending(server, app, stop), graceful_timeout, close_spread)
    server.settle()
    announce("wsocket: stopped")


def _check_own(
    graceful_timeout: object, close_spread: object, access_log: object
) -> None:
    """Check the arguments that `make_server` does not have."""
    check_seconds("graceful_timeout", graceful_timeout, least=0)
    check_seconds("close_spread", close_spread, least=0)
    check_bool("access_log", access_log)


def _prepare_process(log_format: LogFormat, access_log: bool) -> None:
    """What is for the whole process, which serves and does nothing else."""
    log_to_stderr(log_format, access_log=access_log)
    give_freed_memory_back()
    switch_threads_often()


def _serve(
    server: Server, ending: Ending, graceful_timeout: float, close_spread: float
) -> None:
    """Serve until a signal comes, and let everything end."""
    try:
        server.serve_forever()
        ending.drain(graceful_timeout)
        ending.close_slowly(close_spread)
    finally:
        # Long polls end now. The server waits for requests when it is left.
        ending.close()


def _made(host: str, port: int, app: WSGIApplication, settings: Settings) -> Server:
    try:
        return make_server(host, port, app, **settings)
    except OSError as error:
        sys.exit(f"wsocket: {error.strerror or error}")


def _where(server: Server, host: str) -> str:
    """What the user is told of where the server listens."""
    address = server.server_address
    if not isinstance(address, tuple):  # bytes are an abstract name
        return UnixEndpoint(os.fsdecode(address)).url
    if "://" in host:
        host = address[0]
    scheme = "https" if server.terminator else "http"
    return _url(host, address[1], scheme=scheme)


def _url(host: str, port: int, *, scheme: str) -> str:
    """The URL for a browser on this machine, with a note about other addresses."""
    reachable = _REACHABLE.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    others = " and every other address of this machine" if host in _REACHABLE else ""
    return f"{scheme}://{bracketed}:{port}/{others}"


def announce(line: str) -> None:
    """Tell the user in the terminal; serving matters more, so this does not fail.

    Not by `print`: what cannot be written would stay in the buffer, fail once more when
    Python exits, and change its status.
    """
    with contextlib.suppress(OSError, ValueError):  # a full disk, a closed stdout
        try:
            descriptor = sys.stdout.fileno()
        except (AttributeError, OSError):  # none, or something that only looks like one
            print(line, flush=True)  # noqa: T201
        else:
            sys.stdout.flush()
            os.write(descriptor, f"{line}\n".encode())
