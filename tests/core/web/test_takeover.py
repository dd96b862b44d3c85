"""Taking a connection from its server, with stand-ins for each server's objects.

The servers themselves are in tests/servers."""

from __future__ import annotations

import io
import os
import socket
from types import SimpleNamespace

import gevent.socket
import pytest

from tests.patience import SECONDS
from wsocket.core.concurrency.kinds import GREENLETS, THREADS
from wsocket.core.web.takeover import take_over
from wsocket.core.wsgi import CONNECTION
from wsocket.errors import HandshakeError, UpgradeUnavailable

REQUEST = b"GET / HTTP/1.1\r\n\r\n"
SOCKET_CLASSES = {"threads": socket.socket, "greenlets": gevent.socket.socket}


class Handler:
    """An object whose bound method is a server's start_response."""

    def __init__(self, **attributes) -> None:
        self.__dict__.update(attributes)

    def start_response(self, status, headers) -> None:
        raise AssertionError("taking over is silent")


def read_ahead(sock, reader) -> bytes:
    """What a server read together with the request."""
    sock.settimeout(0)
    data = reader.read(len(reader.peek()))
    sock.settimeout(None)
    return data


def ours(sock, reader):
    connection = SimpleNamespace(
        sock=sock, buffer=reader, keep_place=lambda: lambda: None
    )
    return {CONNECTION: connection}, Handler().start_response


def gunicorn(sock, reader):
    """With the read-ahead method of today's gunicorn."""
    held = [read_ahead(sock, reader)]
    unreader = SimpleNamespace(take_buffered=held.pop)
    stream = SimpleNamespace(reader=SimpleNamespace(unreader=unreader))
    environ = {"gunicorn.socket": sock, "wsgi.input": stream}
    return environ, Handler().start_response


def old_gunicorn(sock, reader):
    """Which keeps its read-ahead in a buffer that `read` empties."""
    buffer = io.BytesIO()
    buffer.write(read_ahead(sock, reader))

    def read() -> bytes:
        assert buffer.getvalue(), "it would wait for the client"
        data = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return data

    unreader = SimpleNamespace(buf=buffer, read=read)
    stream = SimpleNamespace(reader=SimpleNamespace(unreader=unreader))
    environ = {"gunicorn.socket": sock, "wsgi.input": stream}
    return environ, Handler().start_response


def werkzeug(sock, reader):
    environ = {"werkzeug.socket": sock, "wsgi.input": reader}
    return environ, Handler().start_response


def pywsgi(sock, reader):
    return {}, Handler(socket=sock, rfile=reader).start_response


def wsgiref(sock, reader):
    request_handler = SimpleNamespace(connection=sock, rfile=reader)
    return {}, Handler(request_handler=request_handler).start_response


SERVERS = [ours, gunicorn, old_gunicorn, werkzeug, pywsgi, wsgiref]


class Accepted:
    """A connection as its server has it, after reading the request."""

    def __init__(self, socket_class, server, *, pipelined: bytes = b"") -> None:
        self.client, accepted = socket.socketpair()
        self.client.settimeout(SECONDS)
        self.sock = socket_class(fileno=accepted.detach())
        self.client.sendall(REQUEST + pipelined)
        self.reader = self.sock.makefile("rb")
        assert self.reader.read(len(REQUEST)) == REQUEST
        self.environ, self.start_response = server(self.sock, self.reader)

    def take_over(self):
        return take_over(self.environ, self.start_response)

    def close(self) -> None:
        self.client.close()
        self.reader.close()
        self.sock.close()


@pytest.fixture(params=list(SOCKET_CLASSES))
def concurrency(request) -> str:
    return request.param


@pytest.fixture
def accept(concurrency):
    accepted = []

    def accept_one(server, **how) -> Accepted:
        accepted.append(Accepted(SOCKET_CLASSES[concurrency], server, **how))
        return accepted[-1]

    yield accept_one
    for connection in accepted:
        connection.close()


@pytest.mark.parametrize("server", SERVERS)
def test_the_connection_is_ours_and_the_server_has_a_dead_one(
    server, accept, concurrency
):
    """We talk to the client; the server's writes fail and its reads end, silently."""
    accepted = accept(server)
    taken = accepted.take_over()
    assert taken.concurrency is (GREENLETS if concurrency == "greenlets" else THREADS)
    assert taken.read_ahead == b""
    with pytest.raises(BrokenPipeError):
        accepted.sock.sendall(b"HTTP/1.1 500 Internal Server Error")
    assert accepted.sock.recv(100) == b""
    accepted.reader.close()
    accepted.sock.close()
    with socket.socket(fileno=taken.descriptor) as ours:
        ours.setblocking(True)
        ours.sendall(b"ours")
        assert accepted.client.recv(100) == b"ours"
        accepted.client.sendall(b"yours")
        assert ours.recv(100) == b"yours"
    assert accepted.client.recv(100) == b""


@pytest.mark.parametrize("server", SERVERS)
def test_what_the_server_read_ahead_is_taken_from_it(server, accept):
    """Left in the server's buffer, frames would be its next request."""
    accepted = accept(server, pipelined=b"frames")
    taken = accepted.take_over()
    os.close(taken.descriptor)
    assert taken.read_ahead == b"frames"
    assert accepted.reader.read() == b""


@pytest.mark.parametrize("server", SERVERS)
def test_the_servers_timeout_does_not_matter(server, accept):
    """Taking the read-ahead waits for nothing, however the socket was set."""
    accepted = accept(server)
    accepted.sock.settimeout(60)
    os.close(accepted.take_over().descriptor)


@pytest.mark.parametrize("server", SERVERS)
def test_no_descriptor_is_lost(server, accept):
    """As many as before, when both the server and we have closed ours."""
    accept(server).take_over()  # whatever is opened once is open now
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        accepted = accept(server, pipelined=b"frames")
        descriptor = accepted.take_over().descriptor
        accepted.close()
        os.close(descriptor)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_gevent_connection_keeps_its_descriptor():
    """libev has it registered under that number."""
    accepted = Accepted(gevent.socket.socket, pywsgi)
    number = accepted.sock.fileno()
    assert accepted.take_over().descriptor == number
    assert accepted.sock.fileno() != number
    os.close(number)
    accepted.close()


@pytest.mark.parametrize(
    "header", [{"CONTENT_LENGTH": "2"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
def test_a_request_with_a_body_is_refused(accept, header):
    """Before anything has changed; an empty body is none."""
    accepted = accept(wsgiref)
    accepted.environ.update(header)
    with pytest.raises(HandshakeError, match="no body"):
        accepted.take_over()
    accepted.sock.sendall(b"still the server's")
    accepted.environ.update({"CONTENT_LENGTH": "0", "HTTP_TRANSFER_ENCODING": ""})
    os.close(accepted.take_over().descriptor)


@pytest.mark.parametrize("server", SERVERS)
def test_tls_in_the_server_is_refused(server):
    """The encryption is the server's; the message says where TLS may end instead."""

    class EncryptedSocket(socket.socket):
        def cipher(self) -> str:
            return "TLS_AES_128_GCM_SHA256"

    accepted = Accepted(EncryptedSocket, server)
    with pytest.raises(UpgradeUnavailable, match=r"TLS.*reverse proxy"):
        accepted.take_over()
    accepted.sock.sendall(b"still the server's")
    assert accepted.client.recv(100) == b"still the server's"
    accepted.close()


def test_an_unknown_server_is_named():
    """With what to do."""
    environ = {"SERVER_SOFTWARE": "Unheard/1.0"}
    advice = r"Unheard/1.0.*run under .*long polling"
    with pytest.raises(UpgradeUnavailable, match=advice):
        take_over(environ, lambda status, headers: None)
