"""The examples, tested as their authors would: with the client of wsocket.testing."""

from __future__ import annotations

import importlib.util

import pytest

from tests.programs import ROOT
from wsocket import ApplicationError
from wsocket.testing import Client


@pytest.fixture
def example():
    """Import an example, under a name that nobody else has."""

    def load(path: str):
        name = "example_" + path.replace("/", "_").removesuffix(".py")
        spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_echo(example):
    """The page, the websocket, and what the websocket's address says to a browser."""
    with Client(example("echo.py").app) as client:
        assert "<h1>Echo</h1>" in client.get("/").text
        assert client.get("/echo").status == 400
        with client.websocket("/echo") as ws:
            for message in ("text", "", b"\x00\xff"):
                ws.send(message)
                assert ws.receive() == message
            ws.receives_nothing()


def test_wamp_minimal(example, capsys):
    """Its procedure adds and publishes the sum; its subscriber prints."""
    with Client(example("wamp_minimal.py").app) as client:
        session = client.join()
        session.subscribe("com.example.added")
        assert session.call("com.example.add", 2, 3) == 5
        event = session.receive_event()
        assert (event.args, event.kwargs) == ([2, 3], {"total": 5})
        session.publish("com.example.log", "hello")
        session.receives_nothing()
    assert capsys.readouterr().out == "log: hello\n"


def test_flask_app(example):
    """A view of Flask calls a procedure and publishes."""
    with Client(example("flask_app.py").app) as client:
        session = client.join()
        session.subscribe("com.example.orders")
        answer = client.post("/orders", form={"item": "tea", "quantity": 3})
        assert answer.status == 201
        assert answer.json() == {"item": "tea", "quantity": 3, "total": 6}
        assert session.receive_event().kwargs == {"quantity": 3, "total": 6}
        assert client.post("/orders", form={}).status == 400
        session.receives_nothing()
        with client.websocket("/echo") as ws:
            ws.send("text")
            assert ws.receive() == "text"


def test_chat(example):
    """Two pages meet, talk, ring, and one leaves."""
    with Client(example("chat/server.py").app) as client:
        ada, bob = client.join(), client.join()
        ada.subscribe("com.example.chat.people")
        ada.call("com.example.chat.hello", "1", "Ada")
        assert ada.receive_event().args == [[{"id": "1", "name": "Ada"}]]
        people = bob.call("com.example.chat.hello", "2", "Bob")
        assert [each["name"] for each in people] == ["Ada", "Bob"]
        assert ada.receive_event().args == [people]
        bob.call("com.example.chat.hello", "2", "Bob")
        ada.receives_nothing()  # nobody is new
        bob.publish("com.example.chat.message", {"text": "hi"})
        ada.receives_nothing()  # it has not subscribed, but Python has
        assert ada.call("com.example.chat.history") == [{"text": "hi"}]
        bob.register("com.example.chat.ring.2", lambda who: f"hi {who}")
        assert client.get("/ring/2").text == "hi Python"
        assert client.get("/ring/3").status == 404
        assert client.get("/bye/2").status == 204
        assert ada.receive_event().args == [[{"id": "1", "name": "Ada"}]]
        with pytest.raises(ApplicationError, match="say who you are"):
            ada.call("com.example.chat.hello", "3", " ")
        assert "wsocket chat" in client.get("/").text
