"""A warning for those who serve one application from several processes.

Each process has a router of its own. Nothing fails, and events are lost in silence: so
the first session of a process has it look for others."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gevent import monkey

from wsocket.log import logger

ServerAddress: TypeAlias = tuple[str, int]
"""Where a server listens: host and port."""

_socket: Callable[..., socket.socket] = monkey.get_original("socket", "socket")
_CREDENTIALS = struct.Struct("3i")  # process, user, group: unix(7), SO_PEERCRED
_BACKLOG = 64

_looked_in = 0  # the process that has looked
_claims: list[int] = []  # descriptors that stay open: others find this process by them


def warn_of_other_workers(
    environ: Mapping[str, Any], address: Callable[[], ServerAddress | None]
) -> None:
    """Look for other processes, at the first call in each process; on the loop.

    Args:
        environ: Of the request that opens the session.
        address: Gives the server's address, where the session has arrived; None if it
            is not known.
    """
    global _looked_in
    if _looked_in == os.getpid():
        return
    _looked_in = os.getpid()
    evidence = _evidence(environ, address)
    if evidence:
        logger.warning(
            "several processes serve this application: %s. Each has a router of its "
            "own: events, registrations and sessions of one process are unknown in "
            "the others, so events and calls get lost, and long polls fail. Serve it "
            "from one process, with threads or greenlets: wsocket run, gunicorn -w 1 "
            "--threads 64 (or -k gevent), uvicorn --workers 1, uwsgi --processes 1 "
            "--threads 16",
            evidence,
        )


def _evidence(
    environ: Mapping[str, Any], address: Callable[[], ServerAddress | None]
) -> str:
    """Why there must be others; "" if none are known."""
    scope = environ.get("asgi.scope")
    if scope is not None:  # ASGI does not say, but a2wsgi says True
        server = scope.get("server")
        return _other_at((server[0], server[1]) if server and server[1] else None)
    if environ.get("wsgi.multiprocess"):
        return "the server says so (wsgi.multiprocess)"
    return _other_at(address())


def _other_at(address: ServerAddress | None) -> str:
    """What is known of another process with sessions at *address*; this one claims it.

    Two processes that have accepted connections at one address share its socket. The
    claim is a name in the namespace that Linux has for this: the kernel forgets it when
    the process ends.
    """
    if address is None or sys.platform != "linux":
        return ""
    claim = _socket(socket.AF_UNIX, socket.SOCK_STREAM)
    name = _name(address)
    try:
        claim.bind(name)
        claim.listen(_BACKLOG)
    except OSError:  # taken, or there are no such names here
        claim.close()
        owner = _owner(name)
        return owner and (
            f"{owner} has sessions at {address[0]}:{address[1]}, too (if it is an old "
            "process that is about to end, all is well)"
        )
    _claims.append(claim.detach())
    return ""


def _name(address: ServerAddress) -> bytes:
    text = f"wsocket {os.getuid()} {address[0]} {address[1]}"
    return b"\0wsocket-" + hashlib.sha256(text.encode()).hexdigest().encode()


def _owner(name: bytes) -> str:
    """Which process has claimed *name*; "" if it has just ended."""
    with _socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(name)
            option = (socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            process, _, _ = _CREDENTIALS.unpack(sock.getsockopt(*option))
        except BlockingIOError:  # many have asked
            return "another process"
        except OSError:
            return ""
    return f"process {process}"
