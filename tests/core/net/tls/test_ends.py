"""The end of a TLS connection, from either side."""

from __future__ import annotations

import os
import socket
import time

import pytest

from tests.core.net.tls.conftest import (
    TOO_MUCH,
    are_same,
    every_version,
    fill,
)
from tests.core.worlds import SECONDS

pytestmark = pytest.mark.slow(reason="waits for deadlines")


@every_version
def test_the_application_may_end_first(connect, trusting, version):
    """close_notify says so, and what the client still says is heard."""
    line = connect()
    client = line.secured(trusting(version))
    line.app.sendall(b"bye")
    line.app.shutdown(socket.SHUT_WR)
    assert client.exactly(3) == b"bye"
    assert client.receive() == b""
    client.send(b"one more thing")
    assert line.app_receives(14) == b"one more thing"
    client.say_goodbye()
    assert line.app.recv(1) == b""


@every_version
def test_the_client_may_end_first(connect, trusting, version):
    """The application sees the end of the stream, and may still answer."""
    line = connect()
    client = line.secured(trusting(version))
    client.send(b"bye")
    client.say_goodbye()
    assert line.app_receives(3) == b"bye"
    assert line.app.recv(1) == b""
    line.app.sendall(b"answer")
    assert client.exactly(6) == b"answer"
    line.app.close()
    assert client.receive() == b""


def test_what_a_client_sends_after_its_end_is_ignored(connect, trusting):
    """However much it is."""
    line = connect()
    client = line.secured(trusting())
    client.say_goodbye()
    assert line.app.recv(1) == b""
    for _ in range(100):
        line.client.sendall(b"x" * 65536)
    line.app.sendall(b"answer")
    assert client.exactly(6) == b"answer"


@every_version
def test_a_client_that_goes_without_a_word_is_at_its_end(connect, trusting, version):
    """As many do: TCP's end is enough."""
    line = connect()
    line.secured(trusting(version)).send(b"bye")
    line.client.close()
    assert line.app_receives(3) == b"bye"
    assert line.app.recv(1) == b""


def test_a_client_that_breaks_off_is_gone(connect, trusting, world):
    """A reset ends both directions."""
    line = connect()
    line.secured(trusting()).send(b"x")
    assert line.app_receives(1) == b"x"
    line.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.client.close()
    assert line.app.recv(1) == b""

    def send_on() -> None:  # the loop closes it a moment later
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            line.app.sendall(b"x")

    with pytest.raises(BrokenPipeError):
        send_on()


def test_an_aborted_connection_does_not_end_properly(connect, trusting):
    """The client must not take what it has for all there is."""
    line = connect()
    client = line.secured(trusting())
    line.app.sendall(b"half")
    assert client.exactly(4) == b"half"
    line.tls.abort_on_close()
    line.app.close()
    with pytest.raises(ConnectionResetError):
        client.receive()


def test_what_was_sent_before_the_end_arrives(connect, trusting):
    """Although the application has closed, and the client has not read yet."""
    line = connect()
    client = line.secured(trusting())
    data = os.urandom(200_000)
    line.app.sendall(data)
    line.app.close()
    assert are_same(client.exactly(len(data)), data)
    assert client.receive() == b""


def test_a_client_that_reads_nothing_is_left_after_a_while(connect, trusting):
    """When the application has given it up: its buffers are not kept for ever."""
    line = connect(timeout=2.0)
    client = line.secured(trusting())
    fill(line.app.sendall, line.app)
    line.app.close()
    line.wait_until_ended()
    with pytest.raises((ConnectionResetError, EOFError)):
        client.exactly(TOO_MUCH)


def test_a_client_that_does_not_close_is_left_after_a_second(connect, trusting):
    """It has had its close_notify."""
    line = connect()
    client = line.secured(trusting())
    line.app.close()
    assert client.receive() == b""
    assert line.client.recv(1) == b""
    line.wait_until_ended()
    with pytest.raises(ConnectionError):  # nobody is there
        client.send(b"x" * TOO_MUCH)
