"""The last response of a connection arrives, whatever the client still sends."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.core.http.http_client import KINDS, PATCHED
from tests.patience import SECONDS
from tests.programs import Server, running

APP = "tests.core.http.careless_site"
SIZE = 20_000_000  # what /large answers
STRAY = b"x" * 40_000
CLOSE = b"Host: a\r\nConnection: close\r\n"
Dial = Callable[[], socket.socket]


def command(kind: str, certfile: str | None) -> list[str]:
    """How to run the application, over TLS if there is a certificate."""
    lines = [
        "import ssl",
        f"from {APP} import app",
        "from wsocket import run",
        "context = None",
    ]
    if certfile is not None:
        lines += [
            "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)",
            f"context.load_cert_chain({certfile!r})",
        ]
    lines.append("run(app, port=0, ssl_context=context)")
    patch = PATCHED if kind == "gevent" else ""
    return [sys.executable, "-c", patch + "; ".join(lines)]


@pytest.fixture(scope="module", params=itertools.product(KINDS, ["http", "https"]))
def server(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    """A server with the usual patience."""
    kind, scheme = request.param
    certfile = certificates.server if scheme == "https" else None
    log = tmp_path_factory.mktemp(scheme) / "log"
    with running(command(kind, certfile), log) as started:
        yield started


@pytest.fixture
def dial(server, certificates) -> Iterator[Dial]:
    """Connections to the server that are closed with the test."""
    address = urlsplit(server.url)
    with contextlib.ExitStack() as stack:

        def connect() -> socket.socket:
            sock = socket.create_connection((address.hostname, address.port), SECONDS)
            if address.scheme == "https":
                context: ssl.SSLContext = certificates.client_context()
                sock = context.wrap_socket(sock, server_hostname="127.0.0.1")
            return stack.enter_context(sock)

        yield connect


def rest(sock: socket.socket) -> bytes:
    """What arrives until the server closes; a reset fails the test."""
    received = bytearray()
    while data := sock.recv(65536):
        received += data
    return bytes(received)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /large HTTP/1.1\r\n" + CLOSE,
        b"GET /large HTTP/1.0\r\n",
        b"POST /large HTTP/1.1\r\n" + CLOSE + b"Content-Length: 10\r\n",
        b"POST /large HTTP/1.1\r\n" + CLOSE + b"Content-Length: 10000000\r\n",
        b"POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n",
        b"POST /large HTTP/1.1\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n",
    ],
    ids=["close", "1.0", "body", "large body", "kept", "no chunks"],
)
def test_response_is_whole_although_more_was_sent(dial, head):
    """Unread bytes must not reset the connection (RFC 9112 section 9.6)."""
    client = dial()
    client.sendall(head + b"\r\n" + STRAY)
    received = rest(client)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(received.partition(b"\r\n\r\n")[2]) == SIZE


def test_requests_after_the_last_one_are_not_answered(dial):
    """Whoever asks to close has sent too much."""
    client = dial()
    request = b"GET /alive HTTP/1.1\r\nHost: a\r\n"
    client.sendall(request + b"Connection: close\r\n\r\n" + (request + b"\r\n") * 1000)
    received = rest(client)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(b"body")


POST = b" HTTP/1.1\r\nHost: a\r\n"
REFUSED = {
    "no host": (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    "line": (b"GET /" + b"x" * 9000, b"414"),
    "head": (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"431"),
    "coding": (b"POST /" + POST + b"Transfer-Encoding: br\r\n\r\n", b"501"),
    "chunk": (
        b"POST /read" + POST + b"Transfer-Encoding: chunked\r\n\r\n5 \r\n",
        b"400",
    ),
    "500": (
        b"POST /raise/base" + POST + b"Content-Length: 9000000\r\n\r\n",
        b"500",
    ),
}


@pytest.mark.parametrize(("head", "status"), REFUSED.values(), ids=REFUSED)
def test_refusal_arrives_although_the_upload_goes_on(dial, head, status):
    """Also at a client that looks for it only when it has sent everything."""
    client = dial()
    client.sendall(head + b"x" * 8_000_000)
    received = rest(client)
    assert received.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in received


DRIPS = {
    "length": (b"Content-Length: 1000\r\n\r\n", b"x"),
    "data of a chunk": (b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n", b"x"),
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "size of a chunk": (b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "extension of a chunk": (b"Transfer-Encoding: chunked\r\n\r\n1;a", b"x"),
    "trailers": (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    "one trailer": (b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: ", b"x"),
}


def drip(client: socket.socket, drop: bytes, ended: threading.Event) -> None:
    """Send *drop* again and again."""
    with contextlib.suppress(OSError):  # the server does not listen any more
        while not ended.wait(0.1):
            client.send(drop)


def answer_to_dripping(client: socket.socket, head: bytes, drop: bytes) -> bytes:
    """What the server answers before it ends the connection."""
    client.sendall(b"POST /alive HTTP/1.1\r\nHost: a\r\n" + head)
    ended = threading.Event()
    dripping = threading.Thread(target=drip, args=(client, drop, ended))
    dripping.start()
    try:
        return rest(client)
    finally:
        ended.set()
        dripping.join()


@pytest.mark.slow(reason="waits until the server has waited long enough")
def test_body_that_drips_and_that_nobody_reads_ends_the_connection(dial):
    """The response is there at once; the rest of the body is given up soon after it."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(DRIPS)) as pool:
        answers = {
            name: pool.submit(answer_to_dripping, dial(), head, drop)
            for name, (head, drop) in DRIPS.items()
        }
    for name, answer in answers.items():
        assert answer.result().startswith(b"HTTP/1.1 200 OK\r\n"), name
        assert answer.result().endswith(b"body"), name
    assert time.monotonic() - started < 0.1 * 800  # long before the drops are used up


@pytest.mark.slow(reason="waits until the server has waited long enough")
def test_client_that_never_closes_does_not_hold_the_server(dial):
    """It has the response and its end, and goes on sending."""
    client = dial()
    client.sendall(b"GET /alive HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert rest(client).endswith(b"body")
    deadline = threading.Event()
    timer = threading.Timer(SECONDS, deadline.set)
    timer.start()
    drip(client, b"x", deadline)  # until the server does not listen any more
    assert not deadline.is_set()
    timer.cancel()


def test_slow_body_is_waited_for_by_a_handler_that_reads(dial):
    """It is answered line by line, and the connection is kept."""
    client = dial()
    head = b"POST /lines HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.sendall(head)
    received = b""
    for number in range(3):
        for byte in b"7\r\nline %d\n\r\n" % number:
            client.send(bytes([byte]))
        while b"line %d\n" % number not in received:
            received += client.recv(65536)
    client.sendall(b"0\r\n\r\nGET /alive HTTP/1.1\r\n" + CLOSE + b"\r\n")
    assert rest(client).endswith(b"body")
