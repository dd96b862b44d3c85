"""Upgrade requests that nobody here can take, over real connections."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIServer, make_server

import pytest
import websocket

from tests.patience import SECONDS
from tests.servers.clients import upgrade_request
from tests.serving import in_thread, serving
from wsocket import WSocketApp

Serve = Callable[[Any], socket.socket]


@pytest.fixture
def dial() -> Iterator[Serve]:
    """Serve an application until the test ends; gives a connection to it."""
    with ExitStack() as stack:

        def connect(app: Any) -> socket.socket:
            address = urlsplit(stack.enter_context(serving(app)))
            sock = socket.create_connection((address.hostname, address.port), SECONDS)
            return stack.enter_context(sock)

        yield connect


def exchange(sock: socket.socket, request: bytes) -> tuple[int, str]:
    """Status and body of the answer to the only request of a connection."""
    sock.sendall(request)
    received = b""
    while data := sock.recv(65536):
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def upgrade(path: str = "/", *headers: str, version: str = "1.1") -> bytes:
    """An upgrade request, in a version of HTTP."""
    request = upgrade_request(path, *headers)
    return request.replace(b" HTTP/1.1\r\n", f" HTTP/{version}\r\n".encode(), 1)


# HTTP/1.0


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/page", 200, "a page"), ("/other", 404, "404 Not Found: no route for /other\n")],
)
def test_upgrade_is_ignored_in_http_1_0(dial, path, status, body):
    """The route answers, as RFC 9110 section 7.8 demands."""
    app = WSocketApp(protocol="WAMP")
    app.route("/page")(lambda environ, start_response: "a page")
    assert exchange(dial(app), upgrade(path, version="1.0")) == (status, body)


def test_upgrade_is_ignored_in_http_1_0_for_a_wrapped_application(dial):
    """It need not know of websockets."""

    def site(environ, start_response):
        start_response("200 OK", [])
        return [str("wsgi.websocket" in environ).encode()]

    for headers in ((), ("Sec-WebSocket-Protocol: wamp.2.json",)):
        request = upgrade("/", *headers, version="1.0")
        assert exchange(dial(WSocketApp(site)), request) == (200, "False")


def test_operator_of_a_proxy_is_told_once_of_http_1_0(dial, caplog):
    """Who asks in HTTP/1.0 again and again does not fill the log."""
    app = WSocketApp()
    app.route("/")(lambda environ, start_response: "a page")
    for _ in range(3):
        exchange(dial(app), upgrade(version="1.0"))
    [record] = [each for each in caplog.records if each.levelno > logging.INFO]
    assert record.levelno == logging.WARNING
    assert "proxy_http_version 1.1" in record.getMessage()


def test_other_upgrades_are_ignored(dial):
    """To protocols that nobody speaks here."""
    app = WSocketApp()
    app.route("/")(lambda environ, start_response: "a page")
    request = (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n"
    )
    assert exchange(dial(app), request + b"\r\n") == (200, "a page")


@pytest.mark.parametrize(
    "headers",
    [("Content-Length: 4",), ("Transfer-Encoding: chunked",), ("Content-Length: 00",)],
)
def test_upgrade_with_a_body_is_refused(dial, headers):
    """It would be taken for frames."""
    app = WSocketApp()
    app.route("/")(lambda environ, start_response: None)
    sock = dial(app)
    request = upgrade("/", *headers).replace(b"Upgrade\r\n", b"Upgrade, close\r\n", 1)
    status, body = exchange(sock, request)
    assert (status, body) == (400, "A request that opens a websocket has no body.\n")


# Applications that have only subprotocols


@pytest.mark.parametrize("path", ["/", "/ws"])
@pytest.mark.parametrize("offered", [(), ("chat",), ("mqtt", "chat")])
def test_router_without_routes_names_its_subprotocols(dial, path, offered):
    """A client that forgot its own is told, and does not talk to an echo."""
    header = [f"Sec-WebSocket-Protocol: {', '.join(offered)}"] if offered else []
    request = upgrade(path, *header)
    request = request.replace(b": Upgrade\r\n", b": Upgrade, close\r\n", 1)
    status, body = exchange(dial(WSocketApp(protocol="WAMP")), request)
    assert status == 400
    assert "offer one of: wamp.2.json, wamp.2.msgpack" in body


def test_router_with_event_handlers_serves_plain_websockets():
    """They are no demo."""
    app = WSocketApp(protocol="WAMP")
    app.onmessage += lambda message, client: client.send(f"got {message}")
    with serving(app) as url:
        client = websocket.create_connection(url, timeout=SECONDS)
        client.send("hi")
        assert client.recv() == "got hi"
        client.close()


def test_router_with_routes_serves_plain_websockets_there_only(dial):
    """Elsewhere there is nothing."""
    app = WSocketApp(protocol="WAMP")
    app.route("/chat")(
        lambda environ, start_response: environ["wsgi.websocket"].send("welcome")
    )
    with serving(app) as url:
        client = websocket.create_connection(f"{url}chat", timeout=SECONDS)
        assert client.recv() == "welcome"
        client.close()
        with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
            websocket.create_connection(f"{url}other", timeout=SECONDS)


def test_looking_at_an_event_does_not_make_it_handled(dial):
    """Only a handler does."""
    app = WSocketApp(protocol="WAMP")
    assert callable(app.onmessage)
    request = upgrade().replace(b": Upgrade\r\n", b": Upgrade, close\r\n", 1)
    assert exchange(dial(app), request)[0] == 400


# Clients that are gone


class QuietServer(WSGIServer):
    """wsgiref's server, with the name that `tests.serving` has for its methods."""

    def serve_forever(self, poll_interval: float = 0.01) -> None:
        super().serve_forever(poll_interval)


class Gate:
    """Lets a request pass to the application when its client has gone."""

    def __init__(self, app: WSocketApp) -> None:
        self._app = app
        self.arrived, self.gone = threading.Event(), threading.Event()
        self.passed = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.arrived.set()
        assert self.gone.wait(SECONDS)
        try:
            return self._app(environ, start_response)
        finally:
            self.passed.set()


def reset_while_it_waits(gate: Gate, port: int, request: bytes) -> None:
    """Send a request, and reset the connection before the application sees it."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        client.sendall(request)
        assert gate.arrived.wait(SECONDS)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gate.gone.set()
    assert gate.passed.wait(SECONDS)


@pytest.mark.parametrize("offer", [(), ("Sec-WebSocket-Protocol: wamp.2.json",)])
@pytest.mark.parametrize("server", ["own", "wsgiref"])
def test_client_that_is_gone_before_its_upgrade_is_no_error(
    caplog, capfd, offer, server
):
    """Health checks do that; at DEBUG there is a line, and no traceback anywhere."""
    caplog.set_level("DEBUG", "wsocket")
    app = WSocketApp(protocol="WAMP")
    app.route("/")(lambda environ, start_response: None)
    gate = Gate(app)
    with ExitStack() as stack:
        if server == "own":
            port = urlsplit(stack.enter_context(serving(gate))).port
        else:
            other = stack.enter_context(
                make_server("127.0.0.1", 0, gate, server_class=QuietServer)
            )
            stack.enter_context(in_thread(other))
            port = other.server_port
        reset_while_it_waits(gate, port, upgrade("/", *offer))
    app.close()
    records = [each for each in caplog.records if each.name != "wsocket.access"]
    assert all(record.levelno == logging.DEBUG for record in records)
    assert len([each for each in caplog.records if "gone" in each.getMessage()]) <= 1
    assert "Traceback" not in caplog.text + capfd.readouterr().err
