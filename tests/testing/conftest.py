"""Applications for the tests of the kit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wsocket import Limits, WSocketApp
from wsocket.testing import Client


@pytest.fixture
def app() -> WSocketApp:
    """A page, plain websockets, procedures."""
    made = WSocketApp(
        protocol="WAMP",
        join_timeout=10,
        limits=Limits(ping_interval=20, ping_timeout=10),
    )

    @made.route("/")
    def page(environ, start_response):
        start_response(200, {"Content-Type": "text/plain; charset=utf-8"})
        return "grüezi"

    @made.route("/echo")
    def echo(environ, start_response):
        for message in environ["wsgi.websocket"]:
            environ["wsgi.websocket"].send(message)

    @made.register("com.example.add")
    def add(a, b):
        return a + b

    return made


@pytest.fixture
def client(app) -> Iterator[Client]:
    with Client(app) as opened:
        yield opened
