"""Connections whose TLS ends on a loop; the client's side is the standard library's."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.core.tls_client import TlsClient
from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.net.tls.terminator import Terminator, TlsConnection

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
every_version = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])

# More than all buffers on the way may hold.
TOO_MUCH = 32 * 2**20


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def world(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


class Line:
    """A client's socket, and what the terminator made of the server's."""

    def __init__(self, world: LoopWorld, terminator: Terminator) -> None:
        self.world = world
        self.terminator = terminator
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
        self.client = self._adopted(near)
        accepted = self._adopted(far)
        self.app: Any
        self.tls: TlsConnection
        self.app, self.tls = terminator.accept(
            accepted, client="127.0.0.1", loop=world.loop
        )
        assert type(self.app) is type(accepted)
        assert accepted.fileno() == -1
        self.app.settimeout(SECONDS)

    def _adopted(self, sock: socket.socket) -> Any:
        adopted = self.world.world.socket_class(fileno=sock.detach())
        adopted.settimeout(SECONDS)
        return adopted

    def secured(self, context: ssl.SSLContext, **more: Any) -> TlsClient:
        return TlsClient(self.client, context, **more).shake_hands()

    def app_receives(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.app.recv(size - len(data))
            assert part, f"the connection ended after {len(data)} bytes"
            data += part
        return bytes(data)

    def close(self) -> None:
        self.client.close()
        self.app.close()
        self.wait_until_ended()

    def wait_until_ended(self) -> None:
        """Nothing that one side sees would tell that the loop has let go of both."""
        deadline = time.monotonic() + SECONDS
        while self.tls in self.terminator.connections and time.monotonic() < deadline:
            self.world.world.event().wait(0.01)
        assert self.tls not in self.terminator.connections


Connect = Callable[..., Line]


@pytest.fixture
def connect(world: LoopWorld, certificates: Certificates) -> Iterator[Connect]:
    """Makes lines that are closed with the test, and leave no descriptor behind."""
    world.run(lambda: True)
    before = os.listdir("/proc/self/fd")
    with contextlib.ExitStack() as stack:

        def make(*, timeout: float = SECONDS, asks: bool = False) -> Line:
            context = certificates.server_context(asks=asks)
            line = Line(
                world, Terminator(context, timeout=timeout, plain_answer=TLS_EXPECTED)
            )
            stack.callback(line.close)
            return line

        yield make
    assert os.listdir("/proc/self/fd") == before


@pytest.fixture
def trusting(certificates: Certificates) -> Callable[..., ssl.SSLContext]:
    return certificates.client_context


def fill(send: Callable[[bytes], Any], sock: Any) -> int:
    """Send until nobody takes more; how much was taken at least."""
    sock.settimeout(0.3)
    taken = 0
    with contextlib.suppress(TimeoutError):
        while taken < TOO_MUCH:
            send(b"x" * 65536)
            taken += 65536
    assert taken < TOO_MUCH
    sock.settimeout(SECONDS)
    return taken


def are_same(received: bytes, sent: bytes) -> bool:
    """Without a report of millions of bytes."""
    return received == sent
