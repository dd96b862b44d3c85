"""``wsocket run MODULE:APP`` serves an application on gevent.

The process is patched before the application is imported, so that its blocking calls
become cooperative, too.
"""

from __future__ import annotations

import argparse
import os
import ssl
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from typing import Any

from gevent import monkey

from wsocket.app import WSocketApp
from wsocket.cli import ctrl_c, usage
from wsocket.cli.load import load
from wsocket.cli.reload import run_reloaded
from wsocket.cli.reloaded import reloaded
from wsocket.cli.usage import UsageError
from wsocket.core.checks import host_name_problem
from wsocket.core.http import serve as http
from wsocket.core.net.activation import activated
from wsocket.core.net.endpoints import UnixEndpoint, server_endpoints
from wsocket.core.net.listener import Listener
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.tls.certificates import load_context
from wsocket.log import logger
from wsocket.log_formats import LOG_FORMATS

HOST = "127.0.0.1"
PORT = 8080

EXAMPLES = """\
exit status:
  0 a signal has ended it, 1 it cannot listen there, or the application fails when it is
  imported, 2 a wrong command line, or there is no such application

examples:
  wsocket run chat:app
  wsocket run chat:app --reload --debug
  wsocket run chat:app --host 0.0.0.0 --port 443 --certfile chain.pem --keyfile key.pem
"""


def add_arguments(serve: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket run``."""
    serve.add_argument(
        "target",
        metavar="MODULE:APP",
        help="where the application is, such as chat:app; APP defaults to app",
    )
    _add_addresses(serve)
    serve.add_argument(
        "--rawsocket",
        metavar="URL",
        action="append",
        default=[],
        help="accept WAMP over RawSocket there too, such as tcp://127.0.0.1:8081 or "
        "unix:///run/app/wamp.sock; may be repeated",
    )
    serve.add_argument(
        "--certfile", metavar="FILE", help="serve HTTPS with this certificate (PEM)"
    )
    serve.add_argument(
        "--keyfile", metavar="FILE", help="its private key, if it is in another file"
    )
    serve.add_argument(
        "--reload",
        action="store_true",
        help="for development: start again when a Python file of the application "
        "changes; clients wait meanwhile",
    )
    _add_limits(serve)
    _add_logging(serve)
    serve.epilog = EXAMPLES


def _add_addresses(serve: argparse.ArgumentParser) -> None:
    """Where HTTP is served; by default on the sockets that systemd has opened."""
    serve.add_argument("--host", help=f"address to listen on ({HOST})")
    serve.add_argument(
        "--port", type=usage.number(0, 65535), help=f"port, 0 picks one ({PORT})"
    )
    serve.add_argument(
        "--unix", metavar="PATH", help="listen on a Unix socket instead of a port"
    )
    serve.add_argument(
        "--take-over",
        action="store_true",
        help="with --unix: replace the socket of a process that listens there; it goes "
        "on with the connections that it has",
    )
    serve.add_argument(
        "--fd",
        metavar="N",
        type=usage.number(0),
        action="append",
        help="use this inherited file descriptor, a socket that listens already; may "
        "be repeated (by default those of systemd's socket activation)",
    )


def _add_limits(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--graceful-timeout",
        metavar="SECONDS",
        type=usage.seconds,
        default=30.0,
        help="after SIGTERM, SIGHUP or Ctrl-C, how long responses and calls under way "
        "have to end (%(default)g)",
    )
    serve.add_argument(
        "--close-spread",
        metavar="SECONDS",
        type=usage.seconds,
        default=0.0,
        help="then close the websockets over so many seconds (%(default)g)",
    )
    for name, text in (
        ("--max-connections", "how many connections there may be, others wait"),
        ("--max-connections-per-address", "the same for each client; others get 503"),
    ):
        serve.add_argument(name, metavar="N", type=usage.number(1), help=text)
    serve.add_argument(
        "--max-unsent-bytes",
        metavar="N",
        type=usage.number(1),
        default=http.MAX_UNSENT_BYTES,
        help="how much of responses may wait for clients that do not take it; then who "
        "reads least is cut off (%(default)s)",
    )


def _add_logging(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--access-log",
        action="store_true",
        help="log every request on stderr, in the Combined Log Format with the "
        "duration behind it",
    )
    serve.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        default="text",
        help="json: an object on each line of stderr (%(default)s)",
    )
    serve.add_argument(
        "--debug",
        action="store_true",
        help="log everything, and show tracebacks on error pages",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    ctrl_c.raises()  # the application may have something to leave
    child = reloaded(os.environ) if options.reload else None
    if options.reload and child is None:
        return _run_reloaded(options)
    monkey.patch_all()
    if options.debug:
        logger.setLevel("DEBUG")
    # Like `python -m`: the application is usually in the current folder.
    sys.path.insert(0, os.getcwd())
    context = _tls(options.certfile, options.keyfile)
    host = _host(options) if child is None else child.url
    _check_host(host)
    with nullcontext() if child is None else child.importing():
        app = load(options.target)
    with ExitStack() as listeners:
        for url in options.rawsocket:
            listeners.callback(_listen_rawsocket(app, url).close)
        http.run(
            app,
            host,
            PORT if options.port is None else options.port,
            ssl_context=context,
            take_over=options.take_over,
            graceful_timeout=options.graceful_timeout,
            close_spread=options.close_spread,
            access_log=options.access_log,
            log_format=options.log_format,
            max_connections=options.max_connections,
            max_connections_per_address=options.max_connections_per_address,
            max_unsent_bytes=options.max_unsent_bytes,
        )
    return 0


def _run_reloaded(options: argparse.Namespace) -> int:
    """Keep the sockets, and have children serve."""
    port = PORT if options.port is None else options.port
    host = _host(options)
    _check_host(host)
    with ExitStack() as listeners:
        try:
            sockets = []
            for endpoint in server_endpoints(host, port):
                listening = ListeningSocket(endpoint, take_over=options.take_over)
                listeners.callback(listening.release)
                sockets.append(listening.sock.fileno())
        except OSError as error:
            sys.exit(f"wsocket: {error.strerror or error}")
        return run_reloaded(sockets)


def _host(options: argparse.Namespace) -> str:
    """Where to listen, as `run` wants it."""
    by_port = options.host is not None or options.port is not None
    if options.unix == "":
        raise UsageError("--unix: expected a path, got an empty one")
    if by_port + bool(options.unix) + bool(options.fd) > 1:
        raise UsageError("only one of --host with --port, --unix and --fd can be used")
    if options.take_over and not options.unix:
        raise UsageError("--take-over needs --unix; others inherit a socket by --fd")
    if options.unix:
        return UnixEndpoint(os.path.abspath(options.unix)).url
    descriptors = options.fd or ([] if by_port else activated(os.environ, os.getpid()))
    if descriptors:
        return "fd://" + ",".join(map(str, descriptors))
    return HOST if options.host is None else _host_name(options.host)


def _host_name(host: str) -> str:
    """Refuse what is no name: gevent's resolver would print a traceback."""
    if not host.startswith(("unix:", "fd:")) and (problem := host_name_problem(host)):
        raise UsageError(f"--host: {host!r:.100} is no host name: {problem}")
    return host


def _check_host(host: str) -> None:
    try:
        server_endpoints(host, PORT)
    except ValueError as error:
        raise UsageError(f"--{error}") from error


def _listen_rawsocket(app: Callable[..., Any], url: str) -> Listener:
    if not isinstance(app, WSocketApp):
        raise UsageError(f"--rawsocket needs a WSocketApp, and the app is {app!r:.60}")
    try:
        listener = app.listen_rawsocket(url)
    except (ValueError, RuntimeError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        sys.exit(f"wsocket: {error.strerror or error}")
    http.announce(f"wsocket: RawSocket on {listener.address}")
    return listener


def _tls(certfile: str | None, keyfile: str | None) -> ssl.SSLContext | None:
    """The context for HTTPS, None for HTTP."""
    if certfile is None:
        if keyfile is not None:
            raise UsageError("--keyfile needs --certfile, its certificate")
        return None
    try:
        return load_context(certfile, keyfile)
    except ValueError as error:
        raise UsageError(str(error)) from error
