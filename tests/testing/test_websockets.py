"""Plain websockets of the kit's client."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from wsocket import WebSocketClosed, WSocketApp
from wsocket.testing import Client, ConversationFailure, HandshakeRefused


@pytest.mark.parametrize(
    "message", ["", "text", "ü" * 70_000, b"", b"\x00\xff", b"x" * 300], ids=len
)
def test_messages_go_there_and_back(client, message):
    """Text stays text, binary stays binary, of every length."""
    with client.websocket("/echo") as ws:
        ws.send(message)
        assert ws.receive() == message


def test_only_text_and_bytes_can_be_sent(client):
    """The error says what came."""
    with client.websocket("/echo") as ws, pytest.raises(TypeError, match="got int"):
        ws.send(7)


def test_unknown_path_is_refused(client):
    """The refusal has the HTTP answer."""
    with pytest.raises(HandshakeRefused, match="no route") as refused:
        client.websocket("/nowhere")
    assert refused.value.answer.status == 404


def test_foreign_origin_is_refused(client):
    """The checks of the handshake are those of production."""
    with pytest.raises(HandshakeRefused) as refused:
        client.websocket("/echo", headers={"Origin": "https://evil.example"})
    assert refused.value.answer.status == 403


def test_subprotocol_is_agreed_on():
    """The first one that the application knows."""
    app = WSocketApp(protocol=["chat"])

    @app.route("/")
    def handler(environ, start_response):
        environ["wsgi.websocket"].send(str(environ["wsgi.websocket"].protocol))

    with Client(app) as client:
        with client.websocket(subprotocols=["x", "chat"]) as ws:
            assert ws.subprotocol == "chat"
            assert ws.receive() == "chat"
        with client.websocket() as ws:
            assert ws.subprotocol is None


def test_application_closes(app, client):
    """Its code and its reason are returned."""

    @app.route("/bye")
    def bye(environ, start_response):
        environ["wsgi.websocket"].send("last")
        environ["wsgi.websocket"].close(4001, "enough")

    ws = client.websocket("/bye")
    assert ws.receive() == "last"
    assert ws.receive_close() == (4001, "enough")
    assert ws.closed
    with pytest.raises(WebSocketClosed) as closed:
        ws.receive()
    assert (closed.value.code, closed.value.reason) == (4001, "enough")
    with pytest.raises(WebSocketClosed):
        ws.send("too late")


@pytest.mark.parametrize("ending", ["close", "drop"])
def test_client_ends(app, client, ending):
    """The handler sees how: by a Close frame, or without a word."""
    seen: list[int] = []
    over = threading.Event()

    @app.route("/watch")
    def watch(environ, start_response):
        try:
            environ["wsgi.websocket"].receive()
        except WebSocketClosed as closed:
            seen.append(closed.code)
            over.set()

    ws = client.websocket("/watch")
    if ending == "close":
        ws.close(4002, "bye")
    else:
        ws.drop()
    assert over.wait(SECONDS)
    assert seen == [4002 if ending == "close" else 1006]
    assert ws.closed


def test_failing_handler_closes_with_1011(app, client, caplog):
    """As in production; the log has the traceback."""

    @app.route("/broken")
    def broken(environ, start_response):
        raise ValueError("oh no")

    assert client.websocket("/broken").receive_close()[0] == 1011
    assert "oh no" in caplog.text


def test_close_with_unread_messages_is_a_failure(app, client):
    """Whoever expects the end has forgotten a message."""

    @app.route("/greeting")
    def greeting(environ, start_response):
        environ["wsgi.websocket"].send("hello")

    with pytest.raises(ConversationFailure, match="expected the end, and got 'hello'"):
        client.websocket("/greeting").receive_close()


def test_pings_of_the_test_are_answered(client):
    """The pong is in the conversation."""
    ws = client.websocket("/echo")
    ws.ping(b"there?")
    ws.receives_nothing()
    assert "app -> /echo #1: pong b'there?'" in str(client.conversation)


def test_handler_that_never_reads_does_not_hold_up_the_end(app):
    """The block ends though the handler waits for something else."""
    over = threading.Event()

    @app.route("/push")
    def push(environ, start_response):
        environ["wsgi.websocket"].send("ready")
        over.wait(SECONDS)

    with Client(app) as client:
        with client.websocket("/push") as ws:
            assert ws.receive() == "ready"
        assert ws.closed
        over.set()


def test_two_websockets_hear_of_each_other(client, app):
    """Handlers that send to other websockets work as in production."""
    members = []

    @app.route("/chat")
    def chat(environ, start_response):
        members.append(environ["wsgi.websocket"])
        for message in environ["wsgi.websocket"]:
            for member in members:
                member.send(message)

    with client.websocket("/chat") as one, client.websocket("/chat") as two:
        two.receives_nothing()
        one.send("hi")
        assert two.receive() == "hi"
        assert one.receive() == "hi"
        one.receives_nothing()
        two.receives_nothing()
