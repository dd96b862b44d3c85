"""Which other process accepts connections on the sockets of this one; on Linux.

A process that serves claims what it listens on: with a name that the kernel lets only
one process have, and that it forgets when the process ends."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from gevent import monkey

from wsocket.core.net.endpoints import TcpEndpoint, UnixEndpoint
from wsocket.core.net.sockets import plain_socket

_DESCRIPTORS: Final = "/proc/self/fd"
_PREFIX: Final = "\0wsocket-"  # unix(7), "abstract"
_CREDENTIALS: Final = struct.Struct("3i")  # process, user, group: SO_PEERCRED
_BACKLOG: Final = 64

_socket: Callable[..., socket.socket] = monkey.get_original("socket", "socket")

_claims: list[int] = []  # descriptors that stay open: others find this process by them


class _Listening(NamedTuple):
    """A socket that this process listens on.

    Attributes:
        identity: The same in each process that gets some of its connections.
        url: For people.
    """

    identity: str
    url: str


def claim_listening_sockets() -> str:
    """Claim every socket that this process listens on, also for other libraries.

    Returns:
        Who has claimed one of them before, and which one: ``"process 7 has sessions at
        tcp://127.0.0.1:8080"``; "" if nobody has, or the system does not tell.
    """
    found = [_claim(each) for each in set(_listening_sockets())]
    return next(filter(None, found), "")


def may_be_listening() -> bool:
    """Whether this process listens on a socket; True if the system does not tell."""
    if not os.path.isdir(_DESCRIPTORS):
        return True
    return any(True for _ in _listening_sockets())


def _listening_sockets() -> Iterator[_Listening]:
    try:
        names = os.listdir(_DESCRIPTORS)
    except OSError:  # not Linux, or without /proc
        return
    for name in names:
        with suppress(OSError):  # no socket, or it was closed meanwhile
            sock = plain_socket(int(name))
            try:
                found = _listening(sock)
            finally:
                sock.detach()
            if found is not None:
                yield found


def _listening(sock: socket.socket) -> _Listening | None:
    """What *sock* listens on; None if it does not, or is a claim."""
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return None
    address = sock.getsockname()
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        # Sockets with the same address share its connections (SO_REUSEPORT).
        url = TcpEndpoint(*address[:2]).url
        return _Listening(url, url)
    # A path says less: it may be relative, or may have become that of another socket.
    path = os.fsdecode(address)
    inode = os.fstat(sock.fileno()).st_ino
    is_claim = path.startswith(_PREFIX)
    return None if is_claim else _Listening(f"inode {inode}", UnixEndpoint(path).url)


def _claim(listening: _Listening) -> str:
    """Claim one socket, or say who has."""
    text = f"wsocket {os.getuid()} {listening.identity}"
    name = _PREFIX + hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    claim = _socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(name)
        claim.listen(_BACKLOG)
    except OSError:  # taken
        claim.close()
        owner = _owner(name)
        return owner and f"{owner} has sessions at {listening.url}"
    _claims.append(claim.detach())
    return ""


def _owner(name: str) -> str:
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
