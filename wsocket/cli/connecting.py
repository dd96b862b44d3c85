"""The options of the commands that connect to a router, and the connection."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

from wsocket.cli import usage
from wsocket.cli.credentials import add_credentials, given_credentials
from wsocket.cli.failures import explained
from wsocket.cli.usage import UsageError
from wsocket.client import Session, StateChange, connect
from wsocket.client.log import prepared_by
from wsocket.client.serializer_choice import SERIALIZERS
from wsocket.wamp.local import arguments
from wsocket.wamp.protocol.uris import Match

if TYPE_CHECKING:
    import ssl
    from logging import Logger

REALM = "realm1"
TIMEOUT = 10.0  # seconds

STATUS = """\
exit status:
  0 success, 1 a failure: a WAMP error, a refused login, an output that cannot be
  written, 2 a wrong command line, 3 the router cannot be reached or the connection was
  lost, 130 Ctrl-C, 141 nobody reads the output any more
"""


def add_connection(parser: argparse.ArgumentParser) -> None:
    """The URL, and the options that say how to connect."""
    parser.add_argument(
        "url",
        metavar="URL",
        help="of the router: ws://, wss://, or for RawSocket tcp://, tcps:// or "
        "unix:///PATH",
    )
    group = parser.add_argument_group("connection")
    group.add_argument("--realm", default=REALM, help="(%(default)s)")
    group.add_argument(
        "--serializer",
        choices=SERIALIZERS,
        default="json",
        help="(%(default)s)",
    )
    group.add_argument(
        "--connect-timeout",
        metavar="SECONDS",
        type=usage.positive_seconds,
        default=TIMEOUT,
        help="for connecting and joining (%(default)g)",
    )
    group.add_argument(
        "--cafile", metavar="FILE", help="trust this authority for TLS (PEM)"
    )
    usage.add_debug(group)
    add_credentials(parser)


def check_uri(
    name: str, uri: str, match: Match = "exact", *, ours: bool = False
) -> None:
    """Refuse what is no URI before anything is connected.

    Args:
        name: Of the argument, as the help has it.
        ours: Whether it must not be one of the protocol's own.

    Raises:
        UsageError: It is none; the message says why.
    """
    try:
        arguments.check_uri(name, uri, match=match, namespace=not ours)
    except ValueError as error:
        raise UsageError(str(error)) from error


@contextmanager
def joined(
    options: argparse.Namespace,
    *,
    on_state: Callable[[StateChange], object] | None = None,
    handlers: int = 1,
) -> Iterator[Session]:
    """A session while the block runs, which closes it.

    It connects again when the connection is lost if *on_state* wants to hear of it.

    Args:
        handlers: How many handlers of events and calls run at once.

    Raises:
        CommandFailed: The router cannot be reached, or it or a peer answered with an
            error.
    """
    _check_url(options.url)
    check_uri("--realm", options.realm)
    with explained(options.url), nullcontext() if options.debug else _log_shown():
        credentials = given_credentials(options)
        try:
            session = connect(
                options.url,
                options.realm,
                auth=credentials,
                serializer=options.serializer,
                tls=_tls(options.cafile),
                timeout=options.connect_timeout,
                reconnect=on_state is not None,
                on_state=on_state,
                max_workers=handlers,
            )
        except (ValueError, ImportError) as error:
            raise UsageError(str(error)) from error
        with session:
            yield session


@contextmanager
def _log_shown() -> Iterator[None]:
    """What the client logs in this block is shown as the command's own lines."""
    with ExitStack() as stack:

        def prepare(logger: Logger) -> None:
            handler = import_module("wsocket.cli.log_lines").log_lines
            logger.addHandler(handler)
            stack.callback(logger.removeHandler, handler)

        stack.enter_context(prepared_by(prepare))
        yield


def _check_url(url: str) -> None:
    """Refuse a URL with a password, which the client would refuse in other words."""
    authority = url.partition("://")[2].partition("/")[0]
    if "@" in authority:
        raise UsageError(
            "URL: expected no user and no password in it: use --authid NAME, and one "
            "of the options for a secret, such as --ticket-file FILE"
        )


def _tls(cafile: str | None) -> ssl.SSLContext | None:
    if cafile is None:
        return None
    maker = import_module("ssl")  # only who uses TLS waits for it
    try:
        context: ssl.SSLContext = maker.create_default_context(cafile=cafile)
    except OSError as error:
        problem = error.strerror or error
        raise UsageError(f"--cafile: cannot use {cafile}: {problem}") from error
    return context
