"""What the meta API tells of the transport of a session, over each real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from autobahn.wamp.types import SessionDetails

from tests.serving import serving
from tests.wamp.bridge.http import listening
from tests.wamp.raw_client import RawClient, connected
from tests.wamp.realm_kit import result
from tests.wamp.transports.longpoll.client import LongPollClient
from tests.wamp.transports.rawsocket.client import rawsocket
from wsocket import WSocketApp


@pytest.fixture(scope="module")
def app() -> Iterator[WSocketApp]:
    """A router with all of them."""
    app = WSocketApp(protocol="WAMP", longpoll="/longpoll", bridge="/wamp")
    yield app
    app.close()


@pytest.fixture(scope="module")
def url(app: WSocketApp) -> Iterator[str]:
    """Where it is served."""
    with serving(app) as url:
        yield url


@pytest.fixture
def observer(url: str) -> Iterator[RawClient]:
    """A client that is told who joins."""
    with connected(url) as client:
        client.join()
        client.subscribe("wamp.session.on_join")
        yield client


def told(observer: RawClient, session: int) -> str:
    """The kind of a session's transport, by ``wamp.session.get``."""
    details = result(observer, "wamp.session.get", session)
    assert SessionDetails.parse(details).authrole == details["authrole"]
    [(key, kind)] = details["transport"].items()
    assert key == "type"
    return kind


def told_at_join(observer: RawClient) -> tuple[int, str]:
    """The ID of the session that joins, and the kind of its transport."""
    [details] = observer.receive()[4]
    return details["session"], details["transport"]["type"]


def test_a_websocket(url, observer):
    """When it joins, and when somebody asks."""
    with connected(url) as client:
        client.join()
        assert told_at_join(observer) == (client.session, "websocket")
        assert told(observer, client.session) == "websocket"


def test_a_rawsocket(app, observer):
    """A listener of the same router."""
    with (
        closing(app.listen_rawsocket("tcp://127.0.0.1:0")) as listener,
        rawsocket(listener.address) as client,
    ):
        client.join()
        assert told_at_join(observer) == (client.session, "rawsocket")
        assert told(observer, client.session) == "rawsocket"


def test_long_polling(url, observer):
    """Its requests are one transport."""
    with closing(LongPollClient(url)) as client:
        client.join()
        assert told_at_join(observer) == (client.session, "longpoll")
        assert told(observer, client.session) == "longpoll"


def test_the_bridge(url, observer):
    """A stream of events is a session as long as it lasts."""
    with listening(url, "topic=com.example.any"):
        session, kind = told_at_join(observer)
        assert kind == "bridge"
        assert told(observer, session) == "bridge"


def test_the_application_itself(observer):
    """It is in the process of the router."""
    ids = result(observer, "wamp.session.list")
    kinds = {each: told(observer, each) for each in ids}
    assert kinds.pop(observer.session) == "websocket"
    assert list(kinds.values()) == ["in-process"]
