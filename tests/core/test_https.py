"""HTTPS and wss on both servers of `run`, for clients that we did not write."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from tests.certificates import Certificates
from tests.core.http_client import KINDS, PATCHED
from tests.core.tls_app import SIZE
from tests.patience import SECONDS
from tests.programs import Server, running

SERVE = "from tests.core.tls_app import serve; "


def command(kind: str, certificates: Certificates, timeout: float = 30.0) -> list[str]:
    patch = PATCHED if kind == "gevent" else ""
    call = f"serve({certificates.server!r}, timeout={timeout})"
    return [sys.executable, "-c", patch + SERVE + call]


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    """A server with the usual patience; nothing may surprise it."""
    log = tmp_path_factory.mktemp(request.param) / "log"
    with running(command(request.param, certificates), log) as started:
        yield started
    logged = log.read_text()
    expected = logged.count("ValueError: in the middle")
    assert logged.count("Traceback") == expected, logged


@pytest.fixture(scope="module", params=KINDS)
def hasty(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    """A server that waits for nobody."""
    log = tmp_path_factory.mktemp(f"hasty-{request.param}") / "log"
    with running(command(request.param, certificates, 1.0), log) as started:
        yield started
    assert "Traceback" not in log.read_text()


@pytest.fixture
def browse(certificates) -> Iterator[Callable[[Server], HTTPSConnection]]:
    """Connections of http.client that end with the test."""
    context = certificates.client_context()
    with contextlib.ExitStack() as stack:

        def connect(server: Server) -> HTTPSConnection:
            address = urlsplit(server.url)
            connection = HTTPSConnection(
                address.hostname, address.port, timeout=SECONDS, context=context
            )
            return stack.enter_context(closing(connection))

        yield connect


@pytest.fixture
def dial(certificates) -> Iterator[Callable[..., ssl.SSLSocket]]:
    """TLS connections that end with the test, and for which a ragged end is one."""
    context = certificates.client_context()
    with contextlib.ExitStack() as stack:

        def connect(server: Server) -> ssl.SSLSocket:
            address = urlsplit(server.url)
            sock = socket.create_connection((address.hostname, address.port), SECONDS)
            return stack.enter_context(
                context.wrap_socket(
                    sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False
                )
            )

        yield connect


@pytest.fixture
def open_websocket(certificates) -> Iterator[Callable[..., websocket.WebSocket]]:
    """Connections of websocket-client that end with the test."""
    with contextlib.ExitStack() as stack:

        def connect(server: Server, path: str = "/echo") -> websocket.WebSocket:
            options: dict[str, Any] = {"ca_certs": certificates.authority}
            client = websocket.create_connection(
                server.ws(path),
                timeout=SECONDS,
                sslopt=options,
                skip_utf8_validation=True,  # which takes seconds for a MiB
            )
            stack.callback(client.shutdown)  # its `close` may leave the socket open
            return client

        yield connect


def get(connection: HTTPSConnection, path: str, method: str = "GET", **more) -> bytes:
    connection.request(method, path, **more)
    return connection.getresponse().read()


def read_to_end(sock: ssl.SSLSocket) -> bytes:
    received = bytearray()
    while data := sock.recv(65536):
        received += data
    return bytes(received)


# HTTP


def test_pages_are_served_over_tls(server, browse):
    """Several on one connection; the address on the first line says https."""
    assert server.url.startswith("https://127.0.0.1:")
    connection = browse(server)
    for _ in range(3):
        assert get(connection, "/") == b"Hello World!"


def test_environ_tells_of_tls(server, browse):
    """With the names of mod_ssl, and the real client's address."""
    connection = browse(server)
    lines = get(connection, "/environ").decode().splitlines()
    environ = dict(line.split("=", 1) for line in lines)
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTPS"] == "on"
    assert environ["SSL_PROTOCOL"] == connection.sock.version()
    assert environ["SSL_CIPHER"] == connection.sock.cipher()[0]
    address = environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])
    assert address == connection.sock.getsockname()
    assert "SSL_CLIENT_VERIFY" not in environ


def test_large_bodies_arrive_whole(server, browse):
    """Of requests and of responses."""
    connection = browse(server)
    data = os.urandom(SIZE)
    is_same = get(connection, "/echo", "POST", body=data) == data
    assert is_same
    is_same = get(connection, "/large") == b"x" * SIZE
    assert is_same


def test_a_response_ends_with_a_farewell(server, dial):
    """close_notify tells the client that nothing was cut off."""
    client = dial(server)
    client.sendall(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    assert read_to_end(client).endswith(b"Hello World!")


def test_a_response_that_broke_off_does_not_end_properly(server, dial):
    """It has no length, so only the way it ends tells."""
    client = dial(server)
    client.sendall(b"GET /failing HTTP/1.0\r\nHost: a\r\n\r\n")
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        read_to_end(client)


def test_a_slow_reader_gets_everything(server, dial):
    """Nothing is lost while it takes its time, and the response ends properly."""
    client = dial(server)
    client.sendall(b"GET /large HTTP/1.0\r\nHost: a\r\n\r\n")
    received = 0
    while data := client.recv(SIZE // 100):
        received += len(data)
        sleep(0.001)
    assert received > SIZE


# Websockets


def test_a_websocket_echoes_over_tls(server, open_websocket):
    """Text and binary, one after the other."""
    client = open_websocket(server)
    client.send("žluťoučký kůň")
    assert client.recv() == "žluťoučký kůň"
    client.send_binary(bytes(range(256)))
    assert client.recv() == bytes(range(256))


def test_large_messages_arrive_whole(server, open_websocket):
    """Several MiB both ways, text and binary."""
    client = open_websocket(server)
    data = os.urandom(SIZE)
    client.send_binary(data)
    is_same = client.recv() == data
    assert is_same
    text = data[: 2**20].hex()
    client.send(text)
    is_same = client.recv() == text
    assert is_same


def test_a_websocket_closes_properly(server, open_websocket):
    """The closing handshake, then close_notify, then the end."""
    client = open_websocket(server)
    client.send_close(1000, b"bye")
    opcode, data = client.recv_data()
    assert (opcode, data[:2]) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xe8")
    client.sock.suppress_ragged_eofs = False
    assert client.sock.recv(1) == b""


def test_pages_that_came_without_tls_may_not_open_a_websocket(server, certificates):
    """They are of another origin than this server."""
    origin = server.url.rstrip("/").replace("https", "http")
    options = {"ca_certs": certificates.authority}
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(
            server.ws("/echo"), timeout=SECONDS, sslopt=options, origin=origin
        )


def test_many_connections_leave_no_descriptor(server, browse, open_websocket, dial):
    """Pages and websockets at once; some end well, others just go."""
    connection = browse(server)
    before = int(get(connection, "/descriptors"))
    websockets = [open_websocket(server) for _ in range(20)]
    pages = [dial(server) for _ in range(20)]
    for number, client in enumerate(websockets):
        client.send(str(number))
    for number, client in enumerate(websockets):
        assert client.recv() == str(number)
    for page in pages:
        page.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        page.recv(1)
    assert int(get(connection, "/descriptors")) >= before + 3 * 20
    for client in websockets[:10]:
        client.close()
    for client in (*websockets[10:], *pages):
        client.shutdown(*() if client in websockets else (socket.SHUT_RDWR,))
    assert int(get(connection, f"/descriptors?{before}")) <= before


# Clients that do not speak TLS, or not properly


@pytest.mark.parametrize("data", [b"\0" * 99, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0"])
def test_garbage_is_harmless(server, browse, data):
    """The connection ends, and the server goes on."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), SECONDS) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while client.recv(65536):
                continue
    assert get(browse(server), "/") == b"Hello World!"


def test_http_is_answered_in_http(server):
    """A person who has typed the wrong scheme reads the right one."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), SECONDS) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while data := client.recv(65536):
            received += data
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"https://" in received


def test_a_client_that_says_nothing_is_let_go(hasty):
    """It holds no thread and no descriptor for longer than the server's timeout."""
    address = urlsplit(hasty.url)
    with socket.create_connection((address.hostname, address.port), SECONDS) as client:
        assert client.recv(1) == b""


def test_a_client_that_does_not_read_is_let_go(hasty, browse, dial):
    """It may not hold the response for ever; all it held is free."""
    connection = browse(hasty)
    before = int(get(connection, "/descriptors"))
    client = dial(hasty)
    client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
    client.recv(1)
    assert get(browse(hasty), "/endless/closed") == b"True"
    assert int(get(browse(hasty), f"/descriptors?{before}")) <= before
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        read_to_end(client)


def test_a_request_that_was_cut_off_is_no_request(server, browse, dial):
    """The client goes in the middle of a body, without a word."""
    client = dial(server)
    client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nhalf")
    socket.socket(fileno=client.detach()).close()
    assert get(browse(server), "/") == b"Hello World!"


# The end


@pytest.mark.processes
@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_loses_nothing(kind, certificates, tmp_path, dial, open_websocket):
    """A response on its way arrives whole, and websockets are closed with 1012."""
    with running(command(kind, certificates), tmp_path / "log") as server:
        client, listener = dial(server), open_websocket(server)
        client.sendall(b"GET /large HTTP/1.0\r\nHost: a\r\n\r\n")
        head = client.recv(10)
        server.process.send_signal(signal.SIGINT)
        assert len((head + read_to_end(client)).partition(b"\r\n\r\n")[2]) == SIZE
        opcode, data = listener.recv_data()
        assert (opcode, data[:2]) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xf4")
        assert server.process.wait(SECONDS) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
