"""Files and variables that a configuration names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wsocket.core.net.endpoints import Endpoint, TcpEndpoint, UnixEndpoint
from wsocket.core.net.listening import listen_tcp
from wsocket.core.net.tls.certificates import load_context
from wsocket.core.secret_files import exposure, read_secret

if TYPE_CHECKING:
    # A name that was imported from `ssl` before gevent patches it is not patched.
    from ssl import SSLContext

# Bytes of the path of a Unix socket, with which every system can do.
_LONGEST_SOCKET = 100


class Machine:
    """The files and the environment of this process.

    Args:
        folder: Where the configuration is: relative paths begin there.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder.absolute()
        self._environ = environ

    def path(self, name: str) -> str:
        """The absolute path of a file; a relative one is beside the configuration."""
        return os.path.normpath(self._folder / name)

    def secret_of_file(self, path: str) -> str:
        """The secret in a file, without the end of its line.

        Raises:
            ValueError: It cannot be had; the message says why.
        """
        return read_secret(path)

    def secret_of_variable(self, name: str) -> str:
        """The secret in a variable of the environment.

        Raises:
            ValueError: There is none; the message says so.
        """
        secret = self._environ.get(name, "")
        if not secret:
            state = "is empty" if name in self._environ else "does not exist"
            raise ValueError(f"the environment variable {name} {state}: set it")
        return secret

    def exposure(self, path: str) -> str | None:
        """What is to be said of a file that everybody can read; None of another one."""
        return exposure(path)

    def no_listener(self, endpoint: Endpoint) -> str | None:
        """Why nobody can listen there on this machine; None if it seems possible.

        Whether a port is free is not asked: the router may be running.
        """
        if isinstance(endpoint, UnixEndpoint):
            return _no_socket_file(endpoint.path)
        if isinstance(endpoint, TcpEndpoint):
            try:
                listen_tcp(endpoint.host, 0).close()
            except OSError as error:
                return error.strerror or str(error)
        return None

    def tls(self, certfile: str, keyfile: str | None) -> SSLContext:
        """A context with the certificate and key of these files.

        Raises:
            ValueError: A file cannot be used; the message says which one, and why.
        """
        return load_context(certfile, keyfile)


def _no_socket_file(path: str) -> str | None:
    """Why there can be no socket with this path; None if there can be one."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return f"there is no folder {folder}: make it before the router is started"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"this user may not write to {folder}: change its rights"
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        return f"too long for a socket: expected at most {_LONGEST_SOCKET} bytes"
    return None
