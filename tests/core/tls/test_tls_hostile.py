"""Clients that break TLS, or do not speak it, and many at once."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
from typing import Any

import pytest

from tests.core.tls.conftest import (
    TLS_1_2,
    Line,
    every_version,
)
from tests.core.tls_client import TlsClient
from tests.core.worlds import SECONDS
from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.net.tls.terminator import Terminator


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100,
        b"\x80\x2e\x01\x00\x02" + b"x" * 50,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x17\x03\x03\x00\x20" + b"x" * 32,
        b"\x16\x03\x03\xff\xff" + b"x" * 65536,
        random.Random(1).randbytes(1000),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_garbage_ends_the_connection(connect, data, caplog):
    """At once, without a traceback; the application sees the end and no byte."""
    caplog.set_level("INFO", "wsocket")
    line = connect()
    line.client.sendall(data)
    assert line.app.recv(1) == b""
    line.client.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while line.client.recv(65536):
            continue
    [record] = caplog.records
    assert record.getMessage().startswith("127.0.0.1: TLS failed: ")
    assert record.levelname == "INFO"
    assert record.exc_info is None


def test_http_without_tls_is_told_what_is_spoken_here(connect):
    """In its own words."""
    line = connect()
    line.client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    received = b""
    while data := line.client.recv(65536):
        received += data
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.endswith(b"this port speaks TLS: say https:// or wss://\n")
    assert line.app.recv(1) == b""


def test_a_client_without_a_common_version_is_told_in_an_alert(
    connect, certificates, trusting
):
    """The alert arrives before the end."""
    line = connect()
    context = trusting()
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # the server's key is not RSA
    context.maximum_version = TLS_1_2
    with pytest.raises(ssl.SSLError, match="alert handshake failure"):
        line.secured(context)
    assert line.app.recv(1) == b""


@every_version
def test_a_record_that_was_changed_on_its_way_ends_the_connection(
    connect, trusting, version
):
    """What came before it is delivered, nothing of it or after it."""
    line = connect()
    client = line.secured(trusting(version))
    good, bad = client.encrypted(b"good"), bytearray(client.encrypted(b"evil"))
    bad[-1] ^= 1
    line.client.sendall(good + bad + client.encrypted(b"late"))
    assert line.app_receives(4) == b"good"
    assert line.app.recv(1) == b""
    with pytest.raises(ssl.SSLError, match="alert bad record mac"):
        client.receive()


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_a_handshake_that_dawdles_is_ended(connect, trusting, size, caplog):
    """Whether the client says nothing, or not enough."""
    caplog.set_level("INFO", "wsocket")
    line = connect(timeout=0.2)
    hello: list[bytes] = []
    client = TlsClient(line.client, trusting())
    client.split = lambda data: [hello.append(data) or data[:size]]
    line.client.settimeout(SECONDS)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.shake_hands()
    assert len(hello[0]) > size
    assert line.app.recv(1) == b""
    assert "127.0.0.1: no TLS handshake in 0.2 seconds" in caplog.messages


def test_a_client_that_goes_during_the_handshake_is_no_event(connect, caplog):
    """Port scanners and browsers' spare connections."""
    caplog.set_level("INFO", "wsocket")
    line = connect()
    line.client.sendall(b"\x16\x03\x01")
    line.client.close()
    assert line.app.recv(1) == b""
    assert caplog.records == []


class BrokenContext:
    """A context with a bug in it."""

    def wrap_bio(self, *unused: Any, **more: Any) -> Any:
        return self

    def do_handshake(self) -> None:
        raise KeyError("oops")


def test_a_bug_ends_its_connection_and_nothing_else(world, caplog):
    """It is logged, and the loop goes on."""
    line = Line(
        world, Terminator(BrokenContext(), timeout=SECONDS, plain_answer=TLS_EXPECTED)
    )
    with contextlib.closing(line):
        line.client.sendall(b"x")
        assert line.app.recv(1) == b""
    assert world.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


# Many


def test_many_connections_at_once(connect, world, trusting):
    """Each has its own bytes."""
    context = trusting()
    lines = [connect() for _ in range(50)]
    clients = [line.secured(context) for line in lines]
    for number, client in enumerate(clients):
        client.send(b"%03d" % number)
    for number, line in enumerate(lines):
        assert line.app_receives(3) == b"%03d" % number
        line.app.sendall(b"%03d" % -number)
    for number, client in enumerate(clients):
        assert client.exactly(3)[:3] == b"%03d" % -number


def test_a_connection_without_descriptors_is_left_alone(
    world, certificates, monkeypatch
):
    """Whoever has accepted it may still close it."""

    def socketpair() -> None:
        raise OSError(24, "Too many open files")

    terminator = Terminator(
        certificates.server_context(), timeout=SECONDS, plain_answer=TLS_EXPECTED
    )
    accepted, client = socket.socketpair()
    monkeypatch.setattr(socket, "socketpair", socketpair)
    with accepted, client:
        with pytest.raises(OSError, match="Too many open files"):
            terminator.accept(accepted, client="", loop=world.loop)
        assert accepted.fileno() > 0


@pytest.mark.parametrize(
    ("context", "error", "problem"),
    [
        ("cert.pem", TypeError, "must be an ssl.SSLContext, not 'cert.pem'"),
        (True, TypeError, "must be an ssl.SSLContext, not True"),
        (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ValueError, "must be one for serv"),
    ],
)
def test_a_context_that_cannot_work_is_refused(context, error, problem):
    """When the server is made, not when the first client comes."""
    with pytest.raises(error, match=problem):
        Terminator(context, timeout=1, plain_answer=TLS_EXPECTED)
