"""A router with all transports, and clients of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.serving import serving
from wsocket import WSocketApp
from wsocket.client import Session, connect


class Place(NamedTuple):
    """Where a router is: by scheme."""

    ws: str
    tcp: str
    unix: str


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    """The application of the router, with one procedure."""
    app = WSocketApp(protocol="WAMP")

    @app.register("com.example.add")
    def add(left, right):
        return left + right

    return app


@pytest.fixture(scope="module")
def place(app: WSocketApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Where it listens."""
    path = tmp_path_factory.mktemp("router") / "wamp.sock"
    with serving(app) as url:
        tcp = app.listen_rawsocket("tcp://127.0.0.1:0").address
        yield Place(url, tcp, app.listen_rawsocket(f"unix://{path}").address)


class Way(NamedTuple):
    """How a client connects."""

    scheme: str
    serializer: str


WAYS = [
    Way("ws", "json"),
    Way("ws", "msgpack"),
    Way("ws", "cbor"),
    Way("tcp", "json"),
    Way("unix", "msgpack"),
]


@pytest.fixture(params=WAYS, ids="-".join)
def dial(
    request: pytest.FixtureRequest, place: Place
) -> Iterator[Callable[..., Session]]:
    """Connect in one of these ways; the sessions are closed at the end."""
    way: Way = request.param
    with contextlib.ExitStack() as stack:

        def dial_one(**options: Any) -> Session:
            url = getattr(place, way.scheme)
            session = connect(url, serializer=way.serializer, **options)
            return stack.enter_context(session)

        yield dial_one
