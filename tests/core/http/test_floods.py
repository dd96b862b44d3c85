"""Clients that send without an end; the others are served meanwhile."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.core.http.http_client import KINDS, Client, fetch, run_app
from tests.core.wire import BINARY, CONTINUATION, PING, TEXT, client_frame
from tests.patience import SECONDS
from tests.programs import Server
from tests.servers.clients import upgrade_request

APP = "tests.core.http.careless_site"
PAGE = b"GET /alive HTTP/1.1\r\nHost: a\r\n\r\n"
ECHO = upgrade_request("/routed/alive")
FLOODS = {
    "requests": (PAGE, PAGE),
    "messages": (ECHO, client_frame(TEXT, b"hello")),
    "pings": (ECHO, client_frame(PING, b"x")),
    "fragments": (
        ECHO + client_frame(BINARY, b"", fin=False),
        client_frame(CONTINUATION, b"", fin=False),
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    with run_app(request.param, tmp_path_factory, module=APP) as started:
        yield started


class Flood(threading.Thread):
    """Sends on some connections until `stop`, and throws away what comes."""

    def __init__(self, socks: list[socket.socket], data: bytes) -> None:
        super().__init__()
        self._left = {sock: memoryview(b"") for sock in socks}
        self._data = memoryview(data)
        self._stopped = threading.Event()
        self.flows = threading.Event()

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in self._left:
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not self._stopped.is_set():
                for key, _ in selector.select(0.1):
                    with contextlib.suppress(BlockingIOError):
                        self._step(key.fileobj)

    def _step(self, sock: socket.socket) -> None:
        rest = self._left[sock] or self._data
        taken = sock.send(rest)
        self.flows.set()
        self._left[sock] = rest[taken:]
        sock.recv(65536)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


@contextlib.contextmanager
def flood(server: Server, kind: str) -> Iterator[Flood]:
    """Have four connections send without an end in this block."""
    first, again = FLOODS[kind]
    with contextlib.ExitStack() as stack:
        socks = [Client(server).sock for _ in range(4)]
        for sock in socks:
            stack.callback(sock.close)
            sock.sendall(first)
            assert sock.recv(12).startswith(b"HTTP/1.1 ")
        flooding = Flood(socks, again * (65536 // len(again)))
        stack.callback(flooding.stop)
        flooding.start()
        assert flooding.flows.wait(SECONDS)
        yield flooding


@pytest.mark.parametrize("kind", FLOODS)
def test_others_are_served_during_a_flood(server, kind):
    """They would wait for ever if it could keep a greenlet at work."""
    with flood(server, kind) as flooding:
        for _ in range(5):
            assert fetch(server, "/alive")[1] == b"body"
        assert flooding.is_alive()
