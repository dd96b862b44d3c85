"""A router with all transports, and clients of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.client.driven import driven
from tests.client.states import States
from tests.serving import serving
from wsocket import WSocketApp
from wsocket.client import connect


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

    kind: str
    scheme: str
    serializer: str


KINDS: dict[str, Any] = {"threads": connect, "asyncio": driven}

WAYS = [
    Way(kind, scheme, serializer)
    for kind in KINDS
    for scheme, serializer in (
        ("ws", "json"),
        ("ws", "msgpack"),
        ("ws", "cbor"),
        ("tcp", "json"),
        ("unix", "msgpack"),
    )
]


@pytest.fixture
def states() -> States:
    """For ``on_state`` of a session."""
    return States()


@pytest.fixture(params=list(KINDS))
def connecting(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`connect`, and the same for asyncio: a context manager."""
    kind: Callable[..., Any] = KINDS[request.param]
    return kind


@pytest.fixture(params=WAYS, ids="-".join)
def dial(request: pytest.FixtureRequest, place: Place) -> Iterator[Callable[..., Any]]:
    """Connect in one of these ways; the sessions are closed at the end."""
    way: Way = request.param
    with contextlib.ExitStack() as stack:

        def dial_one(**options: Any) -> Any:
            url = getattr(place, way.scheme)
            session = KINDS[way.kind](url, serializer=way.serializer, **options)
            return stack.enter_context(session)

        yield dial_one
