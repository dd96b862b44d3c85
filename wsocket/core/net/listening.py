"""Listening sockets, and what to do when one cannot be opened."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
from typing import Any

from wsocket.core.net.endpoints import (
    Endpoint,
    InheritedEndpoint,
    TcpEndpoint,
    UnixEndpoint,
)
from wsocket.core.net.sockets import happens, plain_socket

_PASS_IT = "pass the number of a listening socket that the process inherits"

# Connections that wait to be accepted; the kernel may allow fewer.
BACKLOG = 2048

# accept() fails with these because the waiting connection itself has failed: the next
# one may be fine (accept(2)).
_IS_LOST = {
    getattr(errno, name)
    for name in (
        *("ECONNABORTED", "EPROTO", "ENOPROTOOPT", "EOPNOTSUPP", "ENETDOWN"),
        *("EHOSTDOWN", "ENONET", "EHOSTUNREACH", "ENETUNREACH", "EPERM"),
    )
    if hasattr(errno, name)
}

_TCP_PROBLEMS = {
    errno.EADDRINUSE: "is already in use: stop the program that has it, or choose "
    "another port (0 picks a free one)",
    errno.EACCES: "needs more rights: choose a port above 1023 (0 picks a free one)",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose host 127.0.0.1 for "
    "this machine alone, 0.0.0.0 for the network",
}

_UNIX_PROBLEMS = {
    errno.EADDRINUSE: "is already in use: stop the program that listens there, or "
    "choose another path",
    errno.EEXIST: "is a file that is not a socket: remove it, or choose another path",
    errno.ENOENT: "is in a folder that does not exist: make the folder, or choose "
    "another path",
    errno.ENOTDIR: "is not in a folder: choose another path",
    errno.EACCES: "is in a folder that this user may not write to: change the rights "
    "of the folder, or choose another path",
    errno.ENAMETOOLONG: "is too long for a socket: choose a path of at most 100 bytes",
}


class ListeningSocket:
    """A listening socket, with the file that a Unix socket has.

    The socket does not block. It is never one of gevent's.

    Args:
        take_over: Replace a Unix socket, even if somebody listens on it.

    Attributes:
        sock: The socket.
        endpoint: Where it listens, with the real port.
        shared: Whether another process has the same socket, and accepts when this one
            does not any more.

    Raises:
        OSError: *endpoint* cannot be listened on; the message says what to do.
    """

    def __init__(self, endpoint: Endpoint, *, take_over: bool = False) -> None:
        self._file: tuple[int, int] | None = None
        self.shared = isinstance(endpoint, InheritedEndpoint)
        if isinstance(endpoint, InheritedEndpoint):
            listener = inherited(endpoint.descriptor)
        elif isinstance(endpoint, UnixEndpoint):
            listener = listen_unix(endpoint.path, take_over=take_over)
            self._file = _identity(endpoint.path)
        else:
            listener = listen_tcp(endpoint.host, endpoint.port)
            endpoint = TcpEndpoint(endpoint.host, listener.getsockname()[1])
        self.endpoint = endpoint
        self.sock = plain_socket(listener.detach())
        self.sock.setblocking(False)

    def accept(self) -> tuple[socket.socket, Any] | None:
        """A connection and its client's address; None if no client waits.

        Raises:
            OSError: There is no room for the client that waits.
        """
        while True:
            try:
                return self.sock.accept()
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno in _IS_LOST:
                    continue
                # Linux looks for a free descriptor before it looks whether anybody
                # waits.
                if happens(self.sock.fileno(), select.POLLIN):
                    raise
                return None

    def release(self) -> None:
        """Stop listening, and remove the file if it is still that of this socket.

        Raises:
            OSError: The file cannot be removed.
        """
        self.sock.close()
        if isinstance(self.endpoint, UnixEndpoint) and self._file is not None:
            path = self.endpoint.path
            if _identity(path) == self._file:
                os.unlink(path)


def inherited(descriptor: int) -> socket.socket:
    """The listening socket that this process was started with.

    Raises:
        OSError: *descriptor* is no such socket; the message says what to do.
    """
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        problem = f"file descriptor {descriptor} is no socket: {error.strerror}"
        raise OSError(error.errno, f"{problem}; {_PASS_IT}") from error
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        problem = f"file descriptor {descriptor} is a socket that does not listen"
        raise OSError(errno.EINVAL, f"{problem}; {_PASS_IT}")
    listener.set_inheritable(False)
    return listener


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen on a TCP port.

    Args:
        host: ``""`` is every IPv4 address of this machine, ``"::"`` every address.

    Raises:
        OSError: It cannot; the message says what to do.
    """
    try:
        family, address = _resolve(host, port)
    except socket.gaierror as error:
        raise OSError(
            error.errno,
            f"cannot listen on {host!r}: {error.strerror}: choose a name or an address "
            "of this machine, such as 127.0.0.1",
        ) from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        if host == "::" and hasattr(socket, "IPV6_V6ONLY"):
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, False)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        problem = _TCP_PROBLEMS.get(error.errno or 0, f"failed: {error.strerror}")
        where = f"port {port} on {host or 'any address'}"
        if error.errno == errno.EADDRNOTAVAIL:
            where = host
        raise OSError(error.errno, f"{where} {problem}") from error
    return listener


def listen_unix(path: str, *, take_over: bool = False) -> socket.socket:
    """Listen on a Unix socket; a file that nobody listens on any more is replaced.

    Args:
        take_over: Replace it, even if somebody listens. There is a socket at any time:
            clients get either the old one or the new one.

    Raises:
        OSError: It cannot; the message says what to do.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_room(path)
        if take_over:
            _bind_in_place(listener, path)
        else:
            listener.bind(path)
            listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        # For a path that is too long Python raises an error without a number.
        number = error.errno or errno.ENAMETOOLONG
        problem = _UNIX_PROBLEMS.get(number, f"failed: {error.strerror}")
        raise OSError(number, f"{path} {problem}") from error
    return listener


def _bind_in_place(listener: socket.socket, path: str) -> None:
    """Listen on a new file, and give it the name of the old one."""
    new = f"{path}.{os.getpid()}"
    listener.bind(new)
    try:
        listener.listen(BACKLOG)
        os.rename(new, path)
    except OSError:
        os.unlink(new)
        raise


def _make_room(path: str) -> None:
    """Remove a socket file that a dead program has left behind; others stay.

    Raises:
        FileExistsError: *path* is a file that is not a socket.
        OSError: The file cannot be examined or removed.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(path) == errno.ECONNREFUSED:
            os.unlink(path)  # if somebody listens, bind() fails with a clear error


def _identity(path: str) -> tuple[int, int] | None:
    """Identifies a file, whatever its name; None if there is no such file."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The address to listen on; an IPv4 address if *host* has both kinds."""
    found = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address
