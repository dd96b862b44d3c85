"""Raw HTTP clients, and the servers that they try, each in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from tests.patience import SECONDS
from tests.programs import Server, running

KINDS = ["threads", "gevent"]
PATCHED = "from gevent import monkey; monkey.patch_all(); "
HTTP_APP = "tests.core.http.http_app"


def command(
    kind: str, timeout: float, module: str = HTTP_APP, **settings: int
) -> list[str]:
    """How to run the application of a module on one of the servers."""
    patch = PATCHED if kind == "gevent" else ""
    serve = f"from {module} import app; from wsocket import run; "
    given = "".join(f", {name}={value}" for name, value in settings.items())
    call = f"run(app, port=0, timeout={timeout}{given})"
    return [sys.executable, "-c", f"{patch}{serve}{call}"]


def run_app(
    kind: str,
    folders: pytest.TempPathFactory,
    timeout: float = 30,
    module: str = HTTP_APP,
    **settings: int,
) -> contextlib.AbstractContextManager[Server]:
    """Run the application until the block ends."""
    started = command(kind, timeout, module, **settings)
    return running(started, folders.mktemp(kind) / "log")


class Client:
    """A raw connection to a server."""

    def __init__(self, server: Server) -> None:
        address = urlsplit(server.url)
        self.sock = socket.create_connection((address.hostname, address.port), SECONDS)
        self.received = b""

    def send(self, *lines: bytes, body: bytes = b"") -> None:
        """Send a request with its header lines."""
        self.sock.sendall(b"\r\n".join([*lines, b"", body]))

    def get(self, path: bytes, *headers: bytes, method: bytes = b"GET") -> None:
        self.send(method + b" " + path + b" HTTP/1.1", b"Host: a", *headers)

    def until(self, marker: bytes) -> bytes:
        """What arrives up to and with `marker`."""
        while marker not in self.received:
            data = self.sock.recv(65536)
            assert data, f"the connection ended after {self.received!r}"
            self.received += data
        found, _, rest = self.received.partition(marker)
        self.received = rest
        return found + marker

    def rest(self) -> bytes:
        """What arrives until the server closes."""
        while data := self.sock.recv(65536):
            self.received += data
        return self.received

    def head(self) -> bytes:
        return self.until(b"\r\n\r\n")


class Connect(Protocol):
    """Makes connections that are closed with the test."""

    def __call__(self, server: Server) -> Client: ...


@contextlib.contextmanager
def connections() -> Iterator[Connect]:
    """Close the connections that were made."""
    with contextlib.ExitStack() as stack:

        def connect(server: Server) -> Client:
            client = Client(server)
            stack.callback(client.sock.close)
            return client

        yield connect


def exchange(connect, server, *lines: bytes, body: bytes = b"") -> bytes:
    """Send one request and return everything until the server closes."""
    client = connect(server)
    client.send(*lines, body=body)
    return client.rest()


def fetch(server: Server, path: str, method: str = "GET", **more):
    """One request, by the standard library's client."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=SECONDS
    )
    with contextlib.closing(connection):
        connection.request(method, path, **more)
        response = connection.getresponse()
        return response, response.read()


def is_alive(server: Server) -> bool:
    return fetch(server, "/")[1] == b"Hello World!"
