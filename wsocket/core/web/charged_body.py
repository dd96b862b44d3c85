"""The body of a request, charged to `Limits.memory` while it is gathered and used."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from wsocket.core.net.incoming import Incoming
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.net.sockets import plain_socket
from wsocket.core.web.loop_for_request import request_loop
from wsocket.core.web.read_body import read_body
from wsocket.core.web.takeover import client_descriptor
from wsocket.core.wsgi import Environ
from wsocket.errors import HttpError, RequestError


@contextmanager
def charged_body(
    environ: Environ, *, limit: int, connections: PerProcess[OpenConnections]
) -> Iterator[tuple[bytes, Incoming]]:
    """The request's body, which is charged to `Limits.memory` in this block.

    Args:
        limit: Bytes that it may have.

    Raises:
        HttpError: See `read_body`; or all connections together keep too much.
        RequestError: The client broke HTTP; our own server answers that.
    """
    incoming = Incoming(request_loop(), lambda: connections.get().memory)
    incoming.stop = partial(_stop_reading, client_descriptor(environ))
    try:
        yield _read(environ, incoming, limit), incoming
    finally:
        incoming.finish()


def _read(environ: Environ, incoming: Incoming, limit: int) -> bytes:
    try:
        return read_body(environ, limit=limit, has=incoming.has)
    except (HttpError, RequestError) as error:
        if not incoming.stopped:
            raise
        problem = (
            "All requests and connections together keep too much "
            "(Limits.memory); try again later."
        )
        retry = [("Retry-After", "5")]
        raise HttpError("503 Service Unavailable", problem, retry) from error


def _stop_reading(descriptor: int | None) -> None:
    """Wake up who reads the body of a request; it can still be answered."""
    if descriptor is not None:
        with plain_socket(os.dup(descriptor)) as sock, suppress(OSError):
            sock.shutdown(socket.SHUT_RD)
