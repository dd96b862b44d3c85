"""Clients that are gone, on every server: our code fails nowhere because of them."""

from __future__ import annotations

import socket
import struct

from tests.servers.clients import connect, upgrade_request
from tests.servers.processes import Site

WAMP = "Sec-WebSocket-Protocol: wamp.2.json"
UPLOAD = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc"
REQUESTS = [
    upgrade_request("/echo"),
    upgrade_request("/", WAMP),
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /longpoll/open" + UPLOAD,
    b"POST /upload" + UPLOAD,
]
ROUNDS = 10


def reset_after(site: Site, request: bytes) -> None:
    with connect(site) as client:
        client.sendall(request)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_clients_that_reset_their_connections_leave_no_traceback_of_ours(own_site):
    """Right after a request for a websocket, a page, or within an upload.

    What a server says of its own reading and writing is its own business.
    """
    for _ in range(ROUNDS):
        for request in REQUESTS:
            reset_after(own_site, request)
    assert own_site.get("/") == "hello"
    own_site.terminate()
    assert "wsocket/core/" not in own_site.log()  # the path of a frame in a traceback
