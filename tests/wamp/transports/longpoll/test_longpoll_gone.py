"""Clients that go away while they poll, on both servers."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.patience import SECONDS
from tests.programs import Server
from tests.wamp.raw_client import EVENT, connected
from tests.wamp.transports.longpoll.client import LongPollClient

POLLERS = 100


def start_poll(client: LongPollClient, body: bytes = b"") -> socket.socket:
    """Send a request for a message, and do not wait for the answer."""
    address = urlsplit(client.url)
    sock = socket.create_connection((address.hostname, address.port), timeout=SECONDS)
    head = f"POST {client.transport}/receive HTTP/1.1\r\nHost: x\r\n"
    sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return sock


def held(server: Server) -> dict[str, int]:
    """How many descriptors and threads the server has."""
    process = f"/proc/{server.process.pid}"
    return {each: len(os.listdir(f"{process}/{each}")) for each in ("fd", "task")}


def eventually(server: Server, **most: int) -> None:
    """Wait until the server holds no more than this."""
    deadline = time.monotonic() + SECONDS
    while any(held(server)[kind] > number for kind, number in most.items()):
        assert time.monotonic() < deadline, (held(server), most)
        time.sleep(0.02)


@pytest.mark.parametrize("body", [b"", b"unread"])
def test_event_is_kept_for_the_next_poll(polled, poller, uri, body):
    """It comes while nobody polls: the client has dropped its poll before."""
    client = poller()
    client.subscribe(uri)
    before = held(polled)["fd"]
    start_poll(client, body).close()
    with connected(polled.ws()) as publisher:
        publisher.join()
        for number in range(3):
            publisher.publish(uri, [number])
    assert [client.receive()[4] for _ in range(3)] == [[0], [1], [2]]
    eventually(polled, fd=before)


def test_gone_clients_are_noticed_at_once(polled, poller, uri):
    """Their requests end long before the poll timeout, which is 60 seconds here."""
    clients = [poller() for _ in range(POLLERS)]
    before = held(polled)["fd"]
    with contextlib.ExitStack() as stack:
        for each in clients:
            stack.enter_context(start_poll(each))
        deadline = time.monotonic() + SECONDS
        while held(polled)["fd"] < POLLERS:  # not all have arrived
            assert time.monotonic() < deadline
            time.sleep(0.02)
    eventually(polled, fd=before)
    for each in clients:
        each.subscribe(uri)  # their sessions are as they were
    with connected(polled.ws()) as publisher:
        publisher.join().publish(uri, ["still there"])
    for each in clients:
        message = each.receive()
        assert (message[0], message[4]) == (EVENT, ["still there"])
