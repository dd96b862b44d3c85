"""The framework over a real server: events, upgrades, wrapped applications, closing."""

from __future__ import annotations

import os
import pydoc
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket
from greenlet import GreenletExit

from tests.patience import SECONDS
from tests.serving import serving
from wsocket import Limits, WebSocket, WSocketApp


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve an application until the test ends; gives ``127.0.0.1:port``."""
    with ExitStack() as stack:
        yield lambda app: urlsplit(stack.enter_context(serving(app))).netloc


def connect(address: str, path: str = "/", **options: Any) -> websocket.WebSocket:
    return websocket.create_connection(
        f"ws://{address}{path}", timeout=SECONDS, **options
    )


def get(address: str, path: str = "/", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def close_code(client: websocket.WebSocket) -> int:
    """The code of the server's Close frame, which must be what comes next."""
    opcode, payload = client.recv_data()
    assert opcode == 8
    client.shutdown()
    return int.from_bytes(payload[:2], "big")


# Events of applications without routes


def test_events_tell_of_a_client_from_beginning_to_end(serve):
    """Added handlers run in their order, each with what it needs to know."""
    app, log = WSocketApp(), Queue()
    app.onconnect += lambda client: log.put(("connect", client.path))
    app.onmessage += lambda message, client: log.put(("first", message))
    app.onmessage += lambda message, client: client.send(f"you said: {message}")
    app.onclose += lambda reason, client: log.put(("close", client.closed))
    client = connect(serve(app), "/somewhere")
    client.send("hi")
    assert client.recv() == "you said: hi"
    client.close()
    told = [log.get(timeout=SECONDS) for _ in range(3)]
    assert told == [("connect", "/somewhere"), ("first", "hi"), ("close", True)]


def test_assigning_to_an_event_replaces_its_handlers(serve):
    """``=`` after ``+=``; the one before is not called."""
    app = WSocketApp()
    app.onmessage += lambda message, client: client.send("old")
    app.onmessage = lambda message, client: client.send("new")
    client = connect(serve(app))
    client.send("hi")
    assert client.recv() == "new"
    client.close()


def test_a_handler_can_be_removed(serve):
    """``-=``; without any handler left nothing happens, and no demo comes back."""
    app = WSocketApp()

    def loud(message: str, client: WebSocket) -> None:
        client.send("loud")

    def quiet(message: str, client: WebSocket) -> None:
        client.send("quiet")

    app.onmessage += loud
    app.onmessage += quiet
    app.onmessage -= loud
    client = connect(serve(app))
    client.send("hi")
    assert client.recv() == "quiet"
    client.close()
    with pytest.raises(ValueError, match="was not added"):
        app.onmessage -= loud


def test_a_failing_handler_does_not_stop_the_others(serve, caplog):
    """It is logged; the connection goes on."""
    app = WSocketApp()

    def broken(message: str, client: WebSocket) -> None:
        raise ZeroDivisionError

    app.onmessage += broken
    app.onmessage += lambda message, client: client.send("still here")
    client = connect(serve(app))
    for _ in range(2):
        client.send("hi")
        assert client.recv() == "still here"
    client.close()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt, SystemExit, GreenletExit, GeneratorExit]
)
@pytest.mark.parametrize("event", ["onconnect", "onmessage"])
def test_a_handler_that_raises_no_error_closes_with_1011(serve, caplog, event, raised):
    """It ends its own connection, and not the server."""

    def ending(*args: object) -> None:
        raise raised

    app = WSocketApp()
    setattr(app, event, ending)
    address = serve(app)
    client = connect(address)
    client.send("hi")
    assert close_code(client) == 1011
    assert raised.__name__ in caplog.text
    assert get(address) == (200, "<h1>Hello World!</h1>")


def test_help_knows_the_events():
    """They are attributes of the class, too, which `help` looks at."""
    shown = pydoc.plain(pydoc.render_doc(WSocketApp))
    assert all(name in shown for name in ("onconnect", "onmessage", "onclose"))


@pytest.mark.slow(reason="waits for a close")
def test_without_handlers_there_is_an_echo_demo(serve):
    """And a page that says hello."""
    address = serve(WSocketApp())
    client = connect(address)
    client.send("hi")
    assert client.recv() == "you : hi"
    client.close()
    assert get(address) == (200, "<h1>Hello World!</h1>")


# What an application can change


def test_routes_are_each_applications_own():
    """They are a dict, and not shared."""
    one, other = WSocketApp(), WSocketApp()
    one.routes["/x"] = lambda environ, start_response: "x"
    assert isinstance(one.routes, dict)
    assert other.routes == {}


def test_websocket_class_can_be_a_subclass(serve):
    """Its instances are what handlers get."""

    class Shouting(WebSocket):
        def shout(self, text: str) -> None:
            self.send(text.upper())

    app = WSocketApp()
    app.websocket_class = Shouting

    @app.route("/")
    def handler(environ, start_response):
        environ["wsgi.websocket"].shout("hello")

    client = connect(serve(app))
    assert client.recv() == "HELLO"
    assert close_code(client) == 1000


def test_not_found_can_be_overridden(serve):
    """For HTTP and for websockets alike."""

    class Polite(WSocketApp):
        def not_found(self, environ, start_response):
            start_response(404)
            return "so sorry"

    app = Polite()
    app.route("/known")(lambda environ, start_response: "known")
    address = serve(app)
    assert get(address, "/unknown") == (404, "so sorry")
    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        connect(address, "/unknown")


def test_subprotocols_are_agreed_on_in_the_clients_order(serve):
    """`protocol` is a name, or several; the websocket knows which it is."""
    app = WSocketApp(protocol=["news", "chat"])

    @app.route("/")
    def handler(environ, start_response):
        environ["wsgi.websocket"].send(str(environ["wsgi.websocket"].protocol))

    address = serve(app)
    for offered, agreed in [(["chat", "news"], "chat"), (None, "None")]:
        client = connect(address, subprotocols=offered)
        assert client.recv() == agreed
        assert str(client.getsubprotocol()) == agreed
        client.close()


@pytest.mark.parametrize(
    ("allowed", "origin", "let_in"),
    [
        (None, "http://elsewhere.example", False),
        (["http://elsewhere.example"], "http://elsewhere.example", True),
        (["http://*.example.com"], "http://a.example.com", True),
        (["*"], "http://anywhere.example", True),
        (None, None, True),
    ],
)
def test_other_origins_need_permission(serve, allowed, origin, let_in):
    """The refusal names the setting."""
    app = WSocketApp(allowed_origins=allowed)
    address = serve(app)
    if let_in:
        connect(address, origin=origin, suppress_origin=origin is None).close()
        return
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        connect(address, origin=origin)
    assert refusal.value.status_code == 403
    assert b"allowed_origins" in refusal.value.resp_body


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"allowed_origins": "http://example.com"}, "allowed_origins"),
        ({"allowed_origins": ["example.com"]}, "allowed_origins"),
        ({"max_message_size": 0}, "max_message_size"),
        ({"app": 5}, "app"),
    ],
)
def test_a_wrong_setting_is_named_when_the_application_is_made(setting, error):
    """Not when the first client comes."""
    with pytest.raises((TypeError, ValueError), match=error):
        WSocketApp(**setting)


# Handlers


def test_a_message_over_the_limit_closes_with_1009(serve):
    """`max_message_size` is in bytes."""
    app = WSocketApp(max_message_size=10)
    app.onmessage = lambda message, client: client.send(message)
    client = connect(serve(app))
    client.send("ten bytes!")
    assert client.recv() == "ten bytes!"
    client.send("eleven byte")
    assert close_code(client) == 1009


def test_a_handler_that_raises_closes_with_1011(serve, caplog):
    """The traceback is in the log, and nothing of it on the wire."""
    app = WSocketApp()

    @app.route("/")
    def handler(environ, start_response):
        raise ZeroDivisionError("secret")

    client = connect(serve(app))
    assert close_code(client) == 1011
    assert "ZeroDivisionError: secret" in caplog.text


def test_a_generator_handler_runs_to_its_end(serve):
    """What it yields has no place on a websocket."""
    app, finished = WSocketApp(), threading.Event()

    @app.route("/")
    def handler(environ, start_response):
        environ["wsgi.websocket"].send("one")
        yield "ignored"
        environ["wsgi.websocket"].send("two")
        finished.set()

    client = connect(serve(app))
    assert [client.recv(), client.recv()] == ["one", "two"]
    assert close_code(client) == 1000
    assert finished.is_set()


def test_a_wrapped_application_gets_what_no_route_takes(serve):
    """Websockets too; one that it knows nothing of is closed with its status."""

    def site(environ, start_response):
        client = environ.get("wsgi.websocket")
        if client is not None and environ["PATH_INFO"] == "/live":
            client.send("from the site")
            return []
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"nothing here"]

    app = WSocketApp(site)
    app.route("/own")(lambda environ, start_response: "own")
    address = serve(app)
    assert get(address, "/own") == (200, "own")
    assert get(address, "/other") == (404, "nothing here")
    live = connect(address, "/live")
    assert live.recv() == "from the site"
    assert close_code(live) == 1000
    assert close_code(connect(address, "/other")) == 1008


def test_middleware_may_wrap_start_response(serve):
    """Our own server gives its connection in environ, not by way of start_response."""
    app = WSocketApp()
    app.onmessage = lambda message, client: client.send(message)

    def middleware(environ, start_response):
        return app(environ, lambda *args: start_response(*args))

    client = connect(serve(middleware))
    client.send("hello")
    assert client.recv() == "hello"
    client.close()


def test_handler_has_the_request_without_what_belongs_to_the_server(serve):
    """A websocket may stay for hours; it must not hold the buffers of its request."""
    app, seen = WSocketApp(), Queue()

    @app.route("/")
    def handler(environ, start_response):
        seen.put(environ)

    connect(serve(app), "/?a=b").close()
    environ = seen.get(timeout=SECONDS)
    assert environ["QUERY_STRING"] == "a=b"
    assert environ["wsgi.input"].read() == b""
    assert "wsocket.connection" not in environ


def test_close_without_connections_returns_at_once():
    """Nothing was ever opened, so there is nothing to wait for."""
    app = WSocketApp(protocol="WAMP", longpoll="/longpoll")
    app.close()
    assert app.connections.existing() is None


def test_close_says_1012_to_everybody(serve):
    """Whether their handlers listen or not."""
    app = WSocketApp(protocol="WAMP")
    resume = threading.Event()
    app.route("/deaf")(lambda environ, start_response: resume.wait(SECONDS))
    app.route("/echo")(lambda environ, start_response: list(environ["wsgi.websocket"]))
    address = serve(app)
    clients = [
        connect(address, "/deaf"),
        connect(address, "/echo"),
        connect(address, subprotocols=["wamp.2.json"]),
    ]
    closing = threading.Thread(target=app.close)
    closing.start()
    assert [close_code(client) for client in clients] == [1012] * 3
    resume.set()
    closing.join(SECONDS)
    assert not closing.is_alive()


# Compression


def extensions(address: str) -> str:
    """What the server agrees on with a client that offers compression."""
    offer = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
    client = connect(address, "/echo", header=offer)
    try:
        return str(client.headers.get("sec-websocket-extensions", ""))
    finally:
        client.close()


@pytest.mark.parametrize(
    ("settings", "agreed"),
    [
        ({}, "permessage-deflate"),
        ({"compression": "deflate"}, "permessage-deflate"),
        ({"compression": None}, ""),
    ],
)
def test_compression_can_be_switched_off(serve, settings, agreed):
    """Some clients offer it and then fail; with None it is never agreed on."""
    app = WSocketApp(**settings)
    app.route("/echo")(lambda environ, start_response: None)
    assert extensions(serve(app)).partition(";")[0] == agreed


@pytest.mark.parametrize("unknown", ["gzip", True, ""])
def test_an_unknown_compression_is_refused(unknown):
    """The message says what there is."""
    with pytest.raises(ValueError, match="compression: expected 'deflate' or None"):
        WSocketApp(compression=unknown)


# Networks that are cut


def test_the_kernel_gives_up_a_websocket_whose_network_is_cut(serve):
    """What was sent must be acknowledged within the time for a ping, also while the
    handler does not receive (RFC 5482).
    """
    app, found = WSocketApp(limits=Limits(ping_interval=7, ping_timeout=2)), Queue()

    @app.route("/options")
    def options(environ, start_response):
        port = int(environ["REMOTE_PORT"])
        with descriptor_to(port) as sock:
            name = socket.TCP_USER_TIMEOUT
            found.put(sock.getsockopt(socket.IPPROTO_TCP, name))
            found.put(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    connect(serve(app), "/options").close()
    assert found.get(timeout=SECONDS) == 9000  # milliseconds
    assert found.get(timeout=SECONDS) == 1


def descriptor_to(port: int) -> socket.socket:
    """A duplicate of this process's socket whose peer has *port*."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            copy = os.dup(int(name))
            if peer_port(copy) == port:
                return socket.socket(fileno=copy)
            os.close(copy)
    raise AssertionError(f"no connection to port {port}")


def peer_port(descriptor: int) -> int | None:
    """The port of the peer, if *descriptor* is that of a connected TCP socket."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    sock = socket.socket(fileno=descriptor)
    try:
        return sock.getpeername()[1] if sock.family == socket.AF_INET else None
    except OSError:
        return None
    finally:
        sock.detach()
