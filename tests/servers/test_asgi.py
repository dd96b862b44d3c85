"""HTTP, plain websockets and WAMP on ASGI servers, through `wsocket.asgi`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse

import pytest
from websocket import create_connection

from tests.core.wire import CLOSE
from tests.patience import SECONDS
from tests.programs import ended
from tests.servers.clients import (
    CALL,
    SUBSCRIBE,
    SUBSCRIBED,
    Poller,
    Wamp,
    connect,
    plain,
    says,
    upgrade_request,
)
from tests.servers.conftest import each_of
from tests.servers.processes import (
    APPS,
    ASGI_KINDS,
    FREE_PORT,
    Kind,
    Site,
    running,
    uvicorn,
)
from tests.servers.test_graceful import is_told_to_come_back, two_clients
from tests.servers.test_servers import (
    SESSIONS,
    census,
    crowd,
    everybody_talks,
    settled,
    views_talk_to_everybody,
)
from wsocket.project import installation

WRONGLY_SERVED = {
    "uvicorn": Kind(uvicorn(f"{APPS}.own:app")),
    "granian": Kind(
        (
            *("-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"),
            *("--port", FREE_PORT, f"{APPS}.own:app"),
        ),
        listens_later=True,
    ),
}
TOO_LARGE = 2**20 + 1  # bytes
MESSAGE_TOO_BIG = (1009).to_bytes(2, "big")


@pytest.fixture(scope="module", params=each_of(ASGI_KINDS))
def running_site(processes: None, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server that runs for all tests here."""
    with running(ASGI_KINDS[request.param]) as site:
        yield site


def test_twelve_sessions_and_a_plain_websocket_at_once(site):
    """They talk to each other, and HTTP views talk to them."""
    with crowd(site) as everybody:
        everybody_talks(everybody)
        views_talk_to_everybody(site, everybody)


def test_a_session_that_polls_talks_to_the_others(site):
    """Long polling needs nothing but HTTP."""
    poller = Poller(site)
    poller.send([SUBSCRIBE, 1, {}, "com.example.news"])
    assert poller.receive()[0] == SUBSCRIBED
    assert site.get("/announce") == "announced"
    assert poller.receive()[4] == ["from a view"]
    poller.send([CALL, 2, {}, "com.example.add", [2, 3]])
    assert poller.receive()[3] == [5]
    assert poller.post("close") == (204, b"")


def test_messages_keep_their_type_and_size(site):
    """Text and binary, empty, of every length of header, in both directions."""
    with closing(plain(site, "/echo")) as websocket:
        for size in (0, 125, 126, 65535, 65536, 300_000):
            assert says(websocket, "\N{SNOWMAN}" * size) == "\N{SNOWMAN}" * size
        websocket.send_binary(b"\x00\xff")
        assert websocket.recv() == b"\x00\xff"


def test_the_subprotocol_is_agreed_on(site):
    """The client's first choice among those that are spoken here."""
    offer = ["wamp.9.json", "wamp.2.msgpack", "wamp.2.json"]
    url = site.ws("/anywhere")
    with closing(create_connection(url, subprotocols=offer, timeout=SECONDS)) as found:
        assert found.getsubprotocol() == "wamp.2.msgpack"


@pytest.mark.parametrize(
    ("path", "header", "status", "words"),
    [
        ("/nowhere", "X-Nothing: 1", 404, b"no route for /nowhere"),
        ("/echo", "Origin: http://evil.example", 403, b"allowed_origins="),
        ("/", "Sec-WebSocket-Protocol: wamp.2.morse", 400, b"offer one of: wamp.2."),
    ],
)
def test_a_refusal_has_the_status_and_the_reason(site, path, header, status, words):
    """Those that it has on every other server."""
    with connect(site) as sock:
        sock.sendall(upgrade_request(path, header))
        response = HTTPResponse(sock)
        response.begin()
        assert response.status == status
        assert words in response.read()


def test_a_message_that_is_too_large_is_answered_with_1009(site):
    """The limit is that of the application, not that of the server."""
    with ExitStack() as stack:
        websocket = plain(site, "/echo")
        stack.callback(websocket.shutdown)  # `close` does nothing after a Close frame
        websocket.send("x" * TOO_LARGE)
        opcode, payload = websocket.recv_data()
        assert opcode == CLOSE
        assert payload[:2] == MESSAGE_TOO_BIG


def test_connections_leave_nothing_behind(site):
    """Whether the clients leave politely, or only end the TCP connection."""
    with closing(plain(site, "/echo")), closing(Wamp(site)):
        site.get("/add")
    before = census(site)
    with ExitStack() as stack:
        for _ in range(SESSIONS):
            plain(site, "/echo").shutdown()
            Wamp(site).websocket.shutdown()
            stack.enter_context(closing(plain(site, "/echo")))
            Wamp(site).leave()
    settled(site, {**before, "threads": before["threads"] + SESSIONS})


def test_the_end_of_uvicorn_tells_the_websockets_to_come_back(processes):
    """With 1012, as on every other server. Hypercorn has a code of its own, 1011."""
    with running(ASGI_KINDS["uvicorn"]) as site, two_clients(site) as clients:
        site.terminate()
        assert all(map(is_told_to_come_back, clients))
    assert site.complaints() == ""


@pytest.mark.parametrize("running_site", ["uvicorn-fastapi"], indirect=True)
def test_fastapi_serves_its_own_routes_beside_the_mounted_application(site):
    """What FastAPI does not know goes to the application."""
    assert site.get("/fast") == '"from FastAPI"'
    assert site.get("/") == "hello"


@pytest.mark.processes
def test_without_its_extra_the_import_says_what_to_install():
    """a2wsgi carries the HTTP requests."""
    source = "import sys; sys.modules['a2wsgi'] = None; import wsocket.asgi"
    assert installation("asgi") in ended([sys.executable, "-c", source]).stderr


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
@pytest.mark.processes
def test_the_application_itself_on_an_asgi_server_says_what_to_serve(server):
    """Such a server calls it with other arguments than WSGI has."""
    with running(WRONGLY_SERVED[server]) as site:
        with connect(site) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 500 ")
        site.terminate()
        assert "serve wsocket.asgi.as_asgi(app) in place of app" in site.log()
