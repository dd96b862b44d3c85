"""A router that breaks the protocol: the session ends, and the program knows why."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import threading

import pytest
from websockets.sync.server import serve

from tests.client.false_router import false_router
from tests.patience import SECONDS
from tests.serving import serving
from wsocket import WSocketApp
from wsocket.client import ConnectFailed, ConnectionLost

VIOLATION = "wamp.error.protocol_violation"


@contextlib.contextmanager
def websocket_router(handler):
    """Run *handler* for each websocket; yields the URL."""
    server = serve(handler, "127.0.0.1", 0, subprotocols=["wamp.2.json"])
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        finally:
            server.shutdown()
            thread.join(SECONDS)


def join(connecting, url, **options):
    """Try to connect, which is to fail."""
    with connecting(url, reconnect=False, **options):
        pytest.fail("there is no router")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"[", "message"),
        (b"\xff", "message"),
        (b'{"type": "WELCOME"}', "message"),
        (b"[99]", "unknown message type 99"),
        (b'[1, "realm1", {}]', r"message type 1 \(HELLO\) is never sent to this side"),
        (b"[2, 0, {}]", "WELCOME.Session"),
        (b"[2, 7, {}]", "WELCOME.Details: .* `roles`"),
        (b'[2, 7, {"roles": {}, "authid": 5}]', "WELCOME.Details.authid"),
        (b"[36, 1, 1, {}]", "EVENT before WELCOME"),
        (b'[4, "wampcra", {}]', "CHALLENGE .* anonymous client"),
        (b"[" * 100_000, "nested too deeply|message"),
    ],
    ids=lambda value: repr(value)[:25],
)
def test_nonsense_in_place_of_welcome(connecting, message, problem):
    """ABORT tells the router, and the exception tells the program."""

    def script(peer):
        peer.greet()
        peer.receive()
        peer.send_bytes(message)
        return peer.rest()

    with (
        false_router(script) as (url, outcome),
        pytest.raises(ConnectFailed, match=problem),
    ):
        join(connecting, url)
    [[[code, details, reason]]] = outcome
    assert (code, reason) == (3, VIOLATION)
    assert details["message"]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ([50, 2, {}], "an answer to request 2, but the last one was 1"),
        ([17, 1, 1], "an answer to PUBLISH 1, but that request was CALL"),
        ([50, 1, {}, {}], r"RESULT: Arguments: expected a list"),
        ([50, 1, {}, [], []], r"RESULT: ArgumentsKw: expected a dict"),
        ([8, 48, 1, {}, 5], "ERROR.Error"),
        ([8, 48, 1, {}], "ERROR"),
        ([36, 5, 1, {}], "an EVENT for subscription 5, which does not exist"),
        ([68, 1, 5, {}], "an INVOCATION for registration 5, which does not exist"),
        ([2, 8, {"roles": {}}], "WELCOME in a session"),
        ([4, "ticket", {}], "CHALLENGE in a session"),
        ([69, 1, 5], "INTERRUPT.Options"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_nonsense_in_a_session(connecting, message, problem):
    """The call in flight raises what was wrong."""

    def script(peer):
        peer.welcome()
        peer.receive()
        peer.send(*message)
        return peer.rest()

    with (
        false_router(script) as (url, outcome),
        connecting(url, reconnect=False) as session,
        pytest.raises(ConnectionLost, match=problem),
    ):
        session.call("com.example.any")
    [[[code, _, reason]]] = outcome
    assert (code, reason) == (3, VIOLATION)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "expected RawSocket, got b'HTTP'",
        ),
        (b"\x7f\x10\0\0", "refuses the handshake with error 1"),
        (b"\x7f\xf2\0\0", "chose serializer 2, expected 1"),
        (b"\x7f\xf1\0\1", "reserved"),
        (b"\x7f\xf1", "expected RawSocket, got the end of the connection"),
    ],
)
def test_wrong_reply_to_the_handshake(connecting, reply, problem):
    """Such as that of a web server."""

    def script(peer):
        peer.exactly(4)
        peer.send_raw(reply)

    with false_router(script) as (url, _), pytest.raises(ConnectFailed, match=problem):
        join(connecting, url)


def test_message_that_is_too_large(connecting):
    """It is not even read."""

    def script(peer):
        peer.welcome()
        peer.send_raw(b"\0\xff\xff\xff")
        return peer.rest()

    with (
        false_router(script) as (url, _),
        connecting(url, reconnect=False, max_message_size=1024) as session,
    ):
        assert session.wait(SECONDS)


@pytest.mark.slow(reason="waits until the client has waited long enough")
def test_router_that_takes_no_hello(connecting):
    """It says that it takes 512 bytes, which is less than this client has to say."""

    def script(peer):
        peer.exactly(4)
        peer.send_raw(b"\x7f\x01\0\0")
        return peer.rest()

    with (
        false_router(script) as (url, _),
        pytest.raises(ConnectFailed, match="the router takes 512"),
    ):
        join(connecting, url)


def test_router_that_says_nothing(connecting):
    """The timeout counts for joining, too."""

    def script(peer):
        peer.greet()
        return peer.rest()

    with (
        false_router(script) as (url, _),
        pytest.raises(ConnectFailed, match=r"no session within 0\.1 seconds"),
    ):
        join(connecting, url, timeout=0.1)


def test_router_that_aborts_a_session(connecting):
    """Its explanation is in the exception."""

    def script(peer):
        peer.welcome()
        peer.receive()
        peer.send(3, {"message": "too much"}, "com.example.error.enough")
        return peer.rest()

    with (
        false_router(script) as (url, _),
        connecting(url, reconnect=False) as session,
        pytest.raises(ConnectionLost, match=r"error\.enough: too much"),
    ):
        session.call("com.example.any")


def test_goodbye_of_the_router_is_answered(connecting):
    """And the session is over."""

    def script(peer):
        peer.welcome()
        peer.send(6, {}, "wamp.close.system_shutdown")
        return peer.rest()

    with (
        false_router(script) as (url, outcome),
        connecting(url, reconnect=False) as session,
    ):
        assert session.wait(SECONDS)
    assert outcome == [[[6, {}, "wamp.close.goodbye_and_out"]]]


def test_nobody_listens(connecting):
    """The exception says so, and where."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    for scheme in ("ws", "tcp"):
        url = f"{scheme}://127.0.0.1:{port}"
        with pytest.raises(ConnectFailed, match="nobody listens there"):
            join(connecting, url)


def test_web_server_without_websockets(connecting):
    """The status is in the exception, and what the page says."""

    def app(environ, start_response):
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"there is no router here"]

    problem = "answered 404, expected 101: there is no router here"
    with serving(app) as url, pytest.raises(ConnectFailed, match=problem):
        join(connecting, url)


def test_websocket_of_something_else(connecting):
    """It has not agreed on the subprotocol; perhaps the path is another one."""
    app = WSocketApp()
    app.route("/echo")(lambda environ, start_response: None)
    with (
        serving(app) as url,
        pytest.raises(
            ConnectFailed, match=r"no websocket of a WAMP .*, got None"
        ) as no,
    ):
        join(connecting, f"{url}echo")
    assert str(no.value).endswith("; is the path in the URL that of a WAMP router?")


@pytest.mark.parametrize("size", [2**20, 2**24])
def test_websocket_message_that_is_too_large(connecting, size):
    """It ends the session."""

    def handler(connection):
        connection.recv()
        connection.send('[2, 7, {"roles": {}}]')
        connection.send("[" + " " * size + "]")
        for _ in connection:
            continue

    with websocket_router(handler) as url:
        options = {"reconnect": False, "max_message_size": 4096}
        with connecting(url, **options) as session:
            assert session.wait(SECONDS)


def test_binary_message_in_place_of_text(connecting):
    """JSON is text."""

    def handler(connection):
        connection.recv()
        connection.send(b'[2, 7, {"roles": {}}]')
        for _ in connection:
            continue

    with (
        websocket_router(handler) as url,
        pytest.raises(ConnectFailed, match="expected text messages"),
    ):
        join(connecting, url)


def test_silent_network_is_noticed(connecting):
    """Whoever does not answer pings is gone."""
    ends = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def deaf():
            connected, _ = listener.accept()
            with connected:
                shake_hands_and_welcome(connected)
                ends.wait(SECONDS)  # neither reads nor writes

        thread = threading.Thread(target=deaf)
        thread.start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        options = {"reconnect": False, "ping_interval": 0.05, "ping_timeout": 0.05}
        try:
            with (
                connecting(url, **options) as session,
                pytest.raises(ConnectionLost, match="silent"),
            ):
                session.call("com.example.any")
        finally:
            ends.set()
            thread.join(SECONDS)


def shake_hands_and_welcome(connected):
    """The server's half of RFC 6455 section 4.2.2, and WELCOME."""
    connected.settimeout(SECONDS)
    request = b""
    while b"\r\n\r\n" not in request:
        request += connected.recv(65536)
    fields = dict(line.split(b": ") for line in request.split(b"\r\n")[1:-2])
    headers = {name.lower(): value for name, value in fields.items()}
    guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(
        hashlib.sha1(headers[b"sec-websocket-key"] + guid).digest()
    )
    assert headers[b"sec-websocket-protocol"] == b"wamp.2.json"
    connected.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    connected.recv(65536)  # HELLO
    welcome = b'[2, 7, {"roles": {}}]'
    connected.sendall(b"\x81" + bytes([len(welcome)]) + welcome)
