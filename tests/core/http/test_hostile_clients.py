"""Clients that break HTTP, or take their time, against both servers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.core.http.http_client import (
    KINDS,
    exchange,
    fetch,
    is_alive,
    run_app,
)
from tests.programs import Server


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server with the usual patience."""
    with run_app(request.param, tmp_path_factory) as started:
        yield started


@pytest.fixture(scope="module", params=KINDS)
def hasty(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server that waits for nobody."""
    with run_app(request.param, tmp_path_factory, 0.5) as started:
        yield started


SMUGGLED = b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((b"Content-Length: 6", b"Transfer-Encoding: chunked"), b"0\r\n\r\n"),
        ((b"Transfer-Encoding: chunked", b"Content-Length: 6"), b"0\r\n\r\n"),
        ((b"Transfer-Encoding : chunked",), b"0\r\n\r\n"),
        ((b"Transfer-Encoding:", b" chunked"), b"0\r\n\r\n"),
        ((b"X: 1", b" Content-Length: 5"), b""),
        ((b"Content-Length: 0", b"Content-Length: 5"), b""),
        ((b"Content-Length: 5", b"Content-Length: 5"), b"12345"),
        ((b"Content-Length: +5",), b"12345"),
        ((b"X: 1\nContent-Length: 5",), b""),
        ((b"Host: b",), b""),
    ],
    ids=repr,
)
def test_ambiguous_request_is_refused_whole(server, connect, lines, body):
    """Neither it nor what follows is answered as a request."""
    received = exchange(
        connect, server, b"POST / HTTP/1.1", b"Host: a", *lines, body=body + SMUGGLED
    )
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 200 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n", b"501"),
        (b"GET / HTTP/1.1\r\nHost: a:80:90\r\n\r\n", b"400"),
        (b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
    ],
    ids=[
        *("no host", "0.9", "TLS", "HTTP/2", "line", "header", "headers", "coding"),
        *("host", "host in the target", "byte in the target"),
    ],
)
def test_bad_request_is_told_why(server, connect, data, status):
    """The status fits, and the response arrives before the connection ends."""
    client = connect(server)
    client.sock.sendall(data)
    received = client.rest()
    assert received.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in received
    assert is_alive(server)


def test_client_that_connects_and_goes_is_no_event(server, connect):
    """Port scanners and browsers' spare connections."""
    before = server.log.read_text()
    connect(server).sock.close()
    client = connect(server)
    client.sock.sendall(b"GET / HT")
    client.sock.close()
    assert is_alive(server)
    assert server.log.read_text() == before


def test_idle_connection_is_closed_silently(hasty, connect):
    """It holds a thread; there is no request to refuse."""
    client = connect(hasty)
    client.get(b"/")
    client.until(b"Hello World!")
    assert client.rest() == b""
    assert connect(hasty).rest() == b""


@pytest.mark.parametrize("stray", [b"\r", b"\r\n", b"\r\n\r\n"])
def test_empty_lines_after_a_body_do_not_make_a_request(hasty, connect, stray):
    """Some clients send them, and get no answer to a request that they did not make."""
    client = connect(hasty)
    client.get(b"/echo", b"Content-Length: 3", method=b"POST")
    client.sock.sendall(b"one" + stray)
    assert client.until(b"one").startswith(b"HTTP/1.1 200 OK\r\n")
    assert client.rest() == b""


def test_empty_line_before_a_request_may_come_in_two_packets(server, connect):
    """Its CR with the request before, and its LF with the next one."""
    client = connect(server)
    client.get(b"/echo", b"Content-Length: 3", method=b"POST")
    client.sock.sendall(b"one\r")
    assert client.until(b"one").startswith(b"HTTP/1.1 200 OK\r\n")
    client.sock.sendall(b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.until(b"Hello World!").startswith(b"HTTP/1.1 200 OK\r\n")


def test_slow_head_times_out(hasty, connect):
    """Although a byte arrives now and then."""
    client = connect(hasty)
    client.sock.sendall(b"GET / HTTP/1.1\r\nX: ")
    client.sock.settimeout(0.05)
    received = b""
    while not received:
        client.sock.sendall(b"x")
        with contextlib.suppress(TimeoutError):
            received = client.sock.recv(65536)
    assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_slow_body_times_out(hasty, connect):
    """The application waits no longer than that."""
    client = connect(hasty)
    client.get(b"/echo", b"Content-Length: 5", method=b"POST")
    assert client.rest().startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_client_that_does_not_read_is_dropped(hasty, connect):
    """It may not hold a thread and the response for ever."""
    client = connect(hasty)
    client.get(b"/endless")
    assert fetch(hasty, "/endless/closed")[1] == b"True"
