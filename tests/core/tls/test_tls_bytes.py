"""Bytes pass both ways, and neither side is read faster than the other reads."""

from __future__ import annotations

import os
from functools import partial

from tests.core.tls.conftest import (
    are_same,
    every_version,
    fill,
)
from tests.core.tls_client import TlsClient
from tests.core.wire import chunks


@every_version
def test_bytes_go_both_ways(connect, trusting, version):
    """And all is known of the connection when the first byte arrives."""
    line = connect()
    assert line.tls.info is None
    client = line.secured(trusting(version))
    client.send(b"hello")
    assert line.app_receives(5) == b"hello"
    assert line.tls.info.protocol == client.tls.version()
    assert line.tls.info.cipher == client.tls.cipher()[0]
    line.app.sendall(b"hi")
    assert client.exactly(2) == b"hi"


@every_version
def test_it_does_not_matter_how_the_network_splits_the_bytes(
    connect, trusting, version
):
    """One by one, the handshake included."""
    line = connect()
    client = TlsClient(line.client, trusting(version))
    client.split = partial(chunks, size=1)
    client.shake_hands().send(b"hello")
    assert line.app_receives(5) == b"hello"


@every_version
def test_large_amounts_arrive_whole(connect, trusting, world, version):
    """Several MiB both ways at once."""
    line = connect()
    client = line.secured(trusting(version))
    data = os.urandom(5 * 2**20)
    echo = world.world.start(lambda: line.app.sendall(line.app_receives(len(data))))
    client.send(data)
    assert are_same(client.exactly(len(data)), data)
    echo.result()


@every_version
def test_a_client_is_read_no_faster_than_the_application_reads(
    connect, trusting, version
):
    """What it sends waits with it, and arrives in the end."""
    line = connect()
    client = line.secured(trusting(version))
    client.split = partial(chunks, size=4096)
    taken = fill(client.send, line.client)
    assert are_same(line.app_receives(taken), b"x" * taken)


@every_version
def test_the_application_is_read_no_faster_than_the_client_reads(
    connect, trusting, version
):
    """Its socket blocks as a client's own would."""
    line = connect()
    client = line.secured(trusting(version))
    taken = fill(line.app.sendall, line.app)
    assert are_same(client.exactly(taken), b"x" * taken)


def test_both_sides_may_send_before_they_read(connect, trusting, world):
    """Neither direction waits for the other one."""
    line = connect()
    client = line.secured(trusting())
    data = os.urandom(300_000)  # less than the buffers of one direction
    for send in (client.send, line.app.sendall):
        send(data)
    assert are_same(line.app_receives(len(data)), data)
    assert are_same(client.exactly(len(data)), data)
