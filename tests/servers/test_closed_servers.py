"""Servers whose connections cannot be taken over: all but websockets works there."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from tests.servers.clients import (
    CALL,
    SUBSCRIBE,
    SUBSCRIBED,
    Poller,
    connect,
    upgrade_request,
)
from tests.servers.conftest import each_of
from tests.servers.processes import CLOSED_KINDS, Site, running

EVERY_KIND = each_of(CLOSED_KINDS)
WITHOUT_ASGI = {"granian": "Granian", "bjoern": "bjoern"}
ON_ASGI = [each for each in EVERY_KIND if each.values[0] not in WITHOUT_ASGI]


@pytest.fixture(scope="module", params=EVERY_KIND)
def site(processes: None, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server that runs for all tests here."""
    with running(CLOSED_KINDS[request.param]) as site:
        yield site


def refusal(site: Site) -> tuple[int, str]:
    """The status and the body of the answer to an upgrade request."""
    with connect(site) as sock:
        sock.sendall(upgrade_request("/echo"))
        response = HTTPResponse(sock)
        response.begin()
        return response.status, response.read().decode()


def test_http_and_long_polling_work(site):
    """Views, calls, and events of a view for a session that polls."""
    assert site.get("/") == "hello"
    assert site.get("/add") == "5"
    poller = Poller(site)
    poller.send([SUBSCRIBE, 1, {}, "com.example.news"])
    assert poller.receive()[0] == SUBSCRIBED
    assert site.get("/announce") == "announced"
    assert poller.receive()[4] == ["from a view"]
    poller.send([CALL, 2, {}, "com.example.add", [2, 3]])
    assert poller.receive()[3] == [5]
    assert poller.post("close") == (204, b"")


@pytest.mark.parametrize(
    ("site", "name"),
    [each for each in WITHOUT_ASGI.items() if each[0] in CLOSED_KINDS],
    indirect=["site"],
)
def test_a_refusal_names_the_server_the_reason_and_long_polling(site, name):
    """It is 501, and HTTP goes on."""
    status, body = refusal(site)
    assert status == 501
    assert f"{name} does not let an application reach its connections" in body
    assert "long polling" in body
    assert site.get("/") == "hello"
    assert "several processes" not in site.log()


@pytest.mark.processes
@pytest.mark.parametrize("kind", ON_ASGI)
def test_the_log_on_an_asgi_server_says_why_there_are_no_websockets(kind):
    """Mostly the application is never asked, so the first request has the reason.

    That there are several processes is what these adapters say of each, and not so.
    """
    with running(CLOSED_KINDS[kind]) as site:
        Poller(site).post("close")
        assert site.get("/") == site.get("/") == "hello"
        assert refusal(site)[0] in (403, 500, 501)
        site.terminate()
    log = site.log()
    assert log.count("HTTP requests come through") == 1
    assert "serve wsocket.asgi.as_asgi(app) instead" in log
    assert "long polling" in log
    assert "several processes" not in log
