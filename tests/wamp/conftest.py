"""Routers to talk to, and clients that talk to them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.programs import app_commands, running
from tests.serving import serving
from tests.wamp.raw_client import FORMATS, RawClient, connected
from wsocket import WSocketApp

THREADS, GEVENT = "threads", "gevent"


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    """The application behind `url`."""
    return WSocketApp(protocol="WAMP")


@pytest.fixture(scope="module")
def threaded_url(app: WSocketApp) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture(scope="session")
def gevent_url(
    processes: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A router without procedures on gevent's server, in a process of its own."""
    log = tmp_path_factory.mktemp("gevent") / "server.log"
    with running(app_commands("tests.wamp.apps.bare")["gevent"], log) as server:
        yield server.ws()
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Where the router is; see `on_every_server`."""
    server = getattr(request, "param", THREADS)
    found: str = request.getfixturevalue(f"{server}_url".replace("threads", "threaded"))
    return found


@pytest.fixture(params=list(FORMATS))
def serializer(request: pytest.FixtureRequest) -> str:
    """Every serializer in turn."""
    name: str = request.param
    return name


@pytest.fixture
def connect(url: str) -> Iterator[Callable[..., RawClient]]:
    """Open a websocket that ends with the test: ``connect(serializer="json")``."""
    with contextlib.ExitStack() as stack:
        yield lambda serializer="json": stack.enter_context(connected(url, serializer))


@pytest.fixture
def join(connect: Callable[..., RawClient]) -> Callable[..., RawClient]:
    """Join the realm: ``join(serializer="json", **hello_details)``."""
    return lambda serializer="json", **details: connect(serializer).join(**details)


@pytest.fixture
def uri() -> str:
    """A URI that no other test uses: the server is shared."""
    return f"com.example.t{uuid4().hex}"
