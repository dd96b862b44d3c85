"""A websocket that has ended costs nothing any more."""

from __future__ import annotations

import time
from urllib.request import urlopen

import pytest
import websocket

from tests.steady.peers import SECONDS, opened
from tests.steady.serving import StartServer

FEW = 20


@pytest.fixture
def app() -> str:
    return "tests.steady.remembering"


def say_goodbye(client: websocket.WebSocket) -> None:
    client.close()


def vanish(client: websocket.WebSocket) -> None:
    client.shutdown()


@pytest.mark.parametrize("path", ["/echo", "/broken"])
@pytest.mark.parametrize("leave", [say_goodbye, vanish])
def test_an_ended_websocket_is_forgotten_at_once(
    serve: StartServer, path: str, leave
) -> None:
    """Not when its next ping is due, and without a garbage collection."""
    server = serve()
    for _ in range(FEW):
        with opened(server.ws(path)) as client:
            client.send("hello")
            assert client.recv() == "hello"
            leave(client)
    deadline = time.monotonic() + SECONDS
    begun = time.monotonic()
    left = -1
    while left and time.monotonic() < deadline:
        with urlopen(server.http("/left"), timeout=SECONDS) as response:
            left = int(response.read())
    assert left == 0
    assert time.monotonic() - begun < 10  # the first ping is due after 20 seconds
