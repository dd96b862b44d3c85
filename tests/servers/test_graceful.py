"""The end of a foreign server: its websockets are told to come back, without a hook."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from websocket import WebSocket

from tests.core.wire import CLOSE
from tests.servers.clients import Wamp, plain, says
from tests.servers.conftest import EVERY_KIND
from tests.servers.processes import KINDS, Kind, Site, gunicorn, running

SERVICE_RESTART = (1012).to_bytes(2, "big")
PROMPT = 20  # seconds, on a busy machine; gunicorn would wait 30 for a held thread
MAX_REQUESTS = 5  # after which a worker of gunicorn ends

GUNICORN = [
    param for param in EVERY_KIND if str(param.values[0]).startswith("gunicorn")
]


@pytest.fixture(params=GUNICORN)
def gunicorn_site(processes: None, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A gunicorn server that the test may end."""
    with running(KINDS[request.param]) as site:
        yield site


@contextmanager
def two_clients(site: Site) -> Iterator[list[WebSocket]]:
    """A plain websocket and a session that have both been served."""
    echo, session = plain(site, "/echo"), Wamp(site)
    try:
        assert says(echo, "hello") == "hello"
        assert session.result(session.call("com.example.add", 2, 3)) == 5
        yield [echo, session.websocket]
    finally:
        echo.shutdown()
        session.websocket.shutdown()


def is_told_to_come_back(client: WebSocket) -> bool:
    opcode, payload = client.recv_data()
    return opcode == CLOSE and payload[:2] == SERVICE_RESTART


def test_sigterm_ends_the_server_at_once(own_site: Site) -> None:
    """Open websockets do not keep a server from ending, and get 1012."""
    with two_clients(own_site) as clients:
        assert own_site.terminate() < PROMPT
        assert all(map(is_told_to_come_back, clients))
    assert own_site.complaints() == ""


def test_reloading_gunicorn_tells_the_websockets_of_the_old_worker(
    gunicorn_site: Site,
) -> None:
    """And a new worker serves those who come back."""
    site = gunicorn_site
    with two_clients(site) as clients:
        site.process.send_signal(signal.SIGHUP)
        assert all(map(is_told_to_come_back, clients))
    with closing(plain(site, "/echo")) as again:
        assert says(again, "again") == "again"
    assert site.complaints() == ""


@pytest.mark.processes
@pytest.mark.parametrize("worker", ["gthread", "sync", "gevent"])
def test_a_worker_that_has_served_its_requests_tells_its_websockets(
    worker: str,
) -> None:
    """``--max-requests`` ends it as a reload does."""
    options = ("-k", worker, "--max-requests", str(MAX_REQUESTS))
    with running(Kind(gunicorn(*options))) as site:
        with two_clients(site) as clients:
            for _ in range(MAX_REQUESTS):
                assert site.get("/") == "hello"
            assert all(map(is_told_to_come_back, clients))
        with closing(plain(site, "/echo")) as again:
            assert says(again, "again") == "again"
