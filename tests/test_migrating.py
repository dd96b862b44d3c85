"""docs/migrating-from-2.md: every row of its tables, tried."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing, contextmanager
from queue import SimpleQueue

import pytest
from websocket import WebSocketBadStatusException, create_connection

import wsocket
from tests.patience import SECONDS
from tests.programs import ROOT, environ
from tests.serving import serving
from wsocket import WebSocket, WebSocketError, WSocketApp
from wsocket.testing import Client

GUIDE = "docs/migrating-from-2.md"
WORKS, FAILS = (
    re.findall(r"^\| `(.+?)` \|", part, re.MULTILINE)
    for part in (ROOT / GUIDE).read_text().split("## What fails")
)
TRIED: set[str] = set()
ORIGIN = "http://example.com"


def row(code: str):
    """Mark the test of a row of the first table."""

    def mark(test):
        TRIED.add(code)
        return test

    return mark


@contextmanager
def websocket_of(app: WSocketApp, path: str = "/", **options):
    """A real client's websocket on *app*."""
    with serving(app) as url:
        connection = create_connection(
            url.rstrip("/") + path, timeout=SECONDS, **options
        )
        with closing(connection):
            yield connection


def bottle(environ, start_response):
    """A WSGI application as Bottle is one, with a websocket in it."""
    websocket = environ.get("wsgi.websocket")
    if not websocket:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"no websocket"]
    while True:
        try:
            message = websocket.receive()
            if message is not None:
                websocket.send("you: " + message)
        except WebSocketError:
            break
    return []


@row("run(app)")
@pytest.mark.processes
def test_run_serves_the_application(processes):
    """The simplest program."""
    program = "from wsocket import WSocketApp, run; run(WSocketApp(), port=0)"
    started = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env=environ(),
    )
    with started as process:
        try:
            url = process.stdout.readline().split()[-1]
            address = url.replace("http", "ws")
            with closing(create_connection(address, timeout=SECONDS)) as client:
                client.send("hello")
                assert "hello" in client.recv()
        finally:
            process.terminate()


@row("app.onmessage + function")
def test_handlers_are_added_by_plus():
    """Without an assignment."""
    app = WSocketApp()
    closed = SimpleQueue()
    app.onconnect + (lambda client: client.send("welcome"))
    app.onmessage + (lambda message, client: client.send("first " + message))
    second = lambda message, client: client.send("second")  # noqa: E731 (to remove it)
    app.onmessage + second
    app.onmessage - second
    app.onclose + (lambda message, client: closed.put(client))
    with websocket_of(app) as client:
        assert client.recv() == "welcome"
        client.send("one")
        client.send("two")
        assert [client.recv(), client.recv()] == ["first one", "first two"]
    assert closed.get(timeout=SECONDS).closed


@row('@app.route("/chat/*")')
@row("start_response()")
def test_routes_answer_with_anything():
    """A path, the beginning of paths, and what a handler returns."""
    app = WSocketApp()

    @app.route("/chat/*")
    def chat(environ, start_response):
        start_response()
        return ["text, ", b"bytes, ", 2020]

    @app.route("/brief")
    def brief(environ, start_response):
        start_response(404, {"X-Mine": "yes"})
        return "not here"

    with Client(app) as client:
        answer = client.get("/chat/room?user=me")
        assert (answer.status, answer.text) == (200, "text, bytes, 2020")
        answer = client.get("/brief")
        assert (answer.status, answer.text) == (404, "not here")
        assert answer.headers["x-mine"] == "yes"
    assert app.routes["/brief"] is brief


@row("WSocketApp(bottle)")
@pytest.mark.parametrize("arguments", [(), ("WAMP",)])
def test_wrapped_application_has_the_websocket(arguments):
    """Also beside a router."""
    app = WSocketApp(bottle, *arguments)
    with Client(app) as client:
        assert client.get("/any").text == "no websocket"
    with websocket_of(WSocketApp(bottle, *arguments), "/any") as client:
        client.send("hello")
        assert client.recv() == "you: hello"


@row('WSocketApp(bottle, "WAMP")')
def test_protocol_wamp_is_a_router():
    """A client that offers WAMP's subprotocols is in a realm."""
    with Client(WSocketApp(bottle, "WAMP")) as client:
        client.join().publish("com.example.topic", "hello", acknowledge=True)


@row('WSocketApp(protocol="chat")')
def test_protocol_is_agreed_on():
    """If the client asks for exactly this name."""
    with websocket_of(
        WSocketApp(protocol="chat"), subprotocols=["talk", "chat"]
    ) as client:
        assert client.getsubprotocol() == "chat"
    # As a header: this client insists on one of its `subprotocols`.
    other = ["Sec-WebSocket-Protocol: chatter"]
    with websocket_of(WSocketApp(protocol="chat"), header=other) as client:
        assert client.getsubprotocol() is None


@row("websocket.receive()")
@row("except WebSocketError")
@row("websocket.environ")
@row("websocket.send(message, binary, do_compress)")
@row('websocket.close(1000, "reason")')
def test_websocket_has_its_methods():
    """Positional, as in version 2's documentation."""
    app = WSocketApp(protocol="chat", allowed_origins=[ORIGIN])
    ended = SimpleQueue()

    @app.route("/talk")
    def talk(environ, start_response):
        websocket = environ["wsgi.websocket"]
        try:
            told = websocket.receive()
            facts = (websocket.protocol, websocket.version, websocket.path)
            websocket.send(f"{told} {facts} {websocket.origin} {websocket.closed}")
            websocket.send(websocket.receive(), True, False)
            websocket.send("")
            websocket.close(1000, "reason")
            websocket.receive()
        except WebSocketError as error:
            ended.put((websocket.environ["PATH_INFO"], websocket.closed, error.code))

    options = {"subprotocols": ["chat"], "origin": ORIGIN}
    with websocket_of(app, "/talk", **options) as client:
        client.send("hello")
        assert client.recv() == "hello ('chat', 13, '/talk') http://example.com False"
        client.send_binary(b"\x00\xff")
        assert client.recv() == b"\x00\xff"
        assert client.recv() == ""
        opcode, data = client.recv_data()
        assert (opcode, data) == (8, b"\x03\xe8reason")
        client.shutdown()  # its answer was sent, so `close` would do nothing
        assert ended.get(timeout=SECONDS) == ("/talk", True, 1000)


@row("app.websocket_class = Mine")
@row("def not_found(self, environ, start_response)")
def test_classes_can_be_derived():
    """The websocket's and the application's."""

    class Mine(WebSocket):
        def send(self, message, binary=None, do_compress=True):
            super().send(message.upper(), binary, do_compress)

    class App(WSocketApp):
        websocket_class = Mine

        def not_found(self, environ, start_response):
            start_response(404)
            return "lost"

    app = App()
    app.route("/talk")(bottle)
    with Client(app) as client:
        assert client.get("/nowhere").text == "lost"
        with client.websocket("/talk") as websocket:
            websocket.send("hello")
            assert websocket.receive() == "YOU: HELLO"


def test_every_row_of_what_works_is_tried():
    """And nothing else, so that no row is lost when a test is renamed."""
    assert set(WORKS) == TRIED


@pytest.fixture(scope="module")
def websocket():
    """A websocket as a handler has it."""
    held = []
    app = WSocketApp()
    app.onconnect += held.append
    with websocket_of(app) as client:
        client.send("hello")
        assert client.recv()  # so the handler was called
        yield held[0]


@pytest.mark.parametrize("code", FAILS)
def test_what_fails_says_what_to_write(code, websocket):
    """At once, with the name that was used, and where to read more."""
    names = {
        **{name: getattr(wsocket, name) for name in wsocket.__all__},
        "Handler": object,
        "ThreadingServer": object,
        "app": WSocketApp(),
        "function": print,
        "websocket": websocket,
    }
    with pytest.raises((TypeError, AttributeError, ImportError)) as caught:
        exec(code, names)
    said = str(caught.value)
    assert "version 2" in said
    assert code == "run()" or GUIDE in said
    assert any(
        said.startswith(name) or f" {name}" in said or f"'{name}'" in said
        for name in re.findall(r"\w+", code)
    )


# What version 2.1.0 had without an underscore, but for the modules that it imported.
MODULE = """
    PY3 httplib text_type string_types range_type OPCODE_CONTINUATION OPCODE_TEXT
    OPCODE_BINARY OPCODE_CLOSE OPCODE_PING OPCODE_PONG FIN_MASK OPCODE_MASK MASK_MASK
    LENGTH_MASK RSV0_MASK RSV1_MASK RSV2_MASK HEADER_FLAG_MASK issue MSG_SOCKET_DEAD
    MSG_ALREADY_CLOSED MSG_CLOSED HTTP_CODES log_traceback logger make_server run
    WebSocketError ProtocolError FrameTooLargeException ThreadingWSGIServer
    FixedServerHandler FixedHandler WebSocket Response Event WSocketApp WebSocketHandler
"""
WEBSOCKET = """
    origin protocol version path logger environ closed write read handler do_compress
    compressor decompressor handle_close handle_ping handle_pong mask_payload
    read_message receive encode_header send_frame send close
"""
APP = """
    SUPPORTED_VERSIONS GUID websocket_class send routes on_close on_connect on_message
    fake route not_found wsgi protocol app onclose onmessage onconnect
"""
EVENT = "clear default"


def problem_with(owner: object, name: str) -> str | None:
    """Why *owner* does not have *name* any more."""
    try:
        getattr(owner, name)
    except (AttributeError, ImportError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", ["MODULE", "WEBSOCKET", "APP", "EVENT"])
def test_every_name_of_version_2_works_or_says_what_to_write(kind, websocket):
    """None is simply unknown; the table has examples."""
    app = WSocketApp()
    owner = {
        "MODULE": wsocket,
        "WEBSOCKET": websocket,
        "APP": app,
        "EVENT": app.onmessage,
    }[kind]
    for name in globals()[kind].split():
        problem = problem_with(owner, name)
        assert problem is None or (name in problem and GUIDE in problem)


def test_an_attribute_of_version_2_is_free_for_other_use():
    """An application may have it for its own purposes."""

    class Chat(WSocketApp):
        def send(self, text):
            return text.upper()

    app = Chat()
    assert app.send("hello") == "HELLO"
    assert not hasattr(app, "fake")
    app.fake = 5
    assert app.fake == 5


def test_unknown_names_are_unknown(websocket):
    """As in any module and any object, with Python's own error."""
    with pytest.raises(AttributeError, match=r"no attribute 'Sevrer'$"):
        _ = wsocket.Sevrer
    with pytest.raises(ImportError, match="cannot import name 'Sevrer'"):
        exec("from wsocket import Sevrer")
    with pytest.raises(AttributeError, match=r"no attribute 'sent'$"):
        _ = websocket.sent


@pytest.mark.slow(reason="waits for connections that are closed")
def test_page_from_a_file_is_told_what_to_write(caplog):
    """Its origin is null; the client gets 403, and the log the setting."""
    with serving(WSocketApp()) as url:
        with pytest.raises(WebSocketBadStatusException, match="403"):
            create_connection(url, origin="null", timeout=SECONDS)
        assert "null" in caplog.text
        assert "allowed_origins" in caplog.text
    with websocket_of(WSocketApp(allowed_origins=["null"]), origin="null") as client:
        client.send("hello")
        assert "hello" in client.recv()


@pytest.mark.processes
def test_module_is_the_command_line(processes):
    """It was the demo."""
    done = subprocess.run(
        [sys.executable, "-m", "wsocket"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environ(),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a COMMAND first: run, call," in done.stderr
