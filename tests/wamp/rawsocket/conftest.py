"""Routers with a RawSocket listener, on both servers, and in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import Server, app_commands, running
from tests.wamp.raw_client import RawClient, connected
from tests.wamp.rawsocket.client import RawSocketClient, rawsocket
from wsocket import Limits, WSocketApp


@pytest.fixture(scope="session", params=["threads", "gevent"])
def server(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The router of `app.py` on either server."""
    command = app_commands("tests.wamp.rawsocket.app")[request.param]
    log = tmp_path_factory.mktemp("rawsocket") / "server.log"
    with running(command, log) as started:
        yield started
    assert "Traceback" not in log.read_text(), log.read_text()


def listen(server: Server, url: str) -> str:
    """Have *server* listen on *url*; the listener's address."""
    with urlopen(server.http(f"/listen?{quote(url)}"), timeout=SECONDS) as answer:
        found: str = answer.read().decode()
    return found


@pytest.fixture(scope="session")
def address(server: Server) -> str:
    """Where the router listens for RawSocket on TCP."""
    return listen(server, "tcp://127.0.0.1:0")


@pytest.fixture(scope="session")
def unix_address(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the router listens on a Unix socket."""
    folder = tmp_path_factory.mktemp("sock")
    return listen(server, f"unix://{folder}/w.sock")


@pytest.fixture
def connect(address: str) -> Iterator[Callable[..., RawSocketClient]]:
    """Open a connection that ends with the test: ``connect("json", length=15)``."""
    with contextlib.ExitStack() as stack:
        yield lambda serializer="json", **how: stack.enter_context(
            rawsocket(address, serializer, **how)
        )


@pytest.fixture
def join(connect: Callable[..., RawSocketClient]) -> Callable[..., RawSocketClient]:
    """Join the realm over RawSocket."""
    return lambda serializer="json", **how: connect(serializer, **how).join()


@pytest.fixture
def join_websocket(server: Server) -> Iterator[Callable[..., RawClient]]:
    """Join the same realm over a websocket."""
    with contextlib.ExitStack() as stack:
        yield lambda serializer="json": stack.enter_context(
            connected(server.ws(), serializer)
        ).join()


@pytest.fixture
def listening() -> Iterator[Callable[..., str]]:
    """Start a router in this process; its address: ``listening(limits=...)``."""
    with contextlib.ExitStack() as stack:

        def start(
            url: str = "tcp://127.0.0.1:0",
            *,
            limits: Limits | None = None,
            pings: bool = False,
            **how,
        ) -> str:
            app = WSocketApp(protocol="WAMP", limits=limits, **how)
            stack.callback(app.close)
            return app.listen_rawsocket(url, pings=pings).address

        yield start
