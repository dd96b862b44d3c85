"""What a failing assertion prints."""

from __future__ import annotations

import sys

import pytest

from wsocket import ApplicationError, WebSocketClosed
from wsocket.testing import Client, ConversationFailure, HandshakeRefused


def test_failure_prints_the_conversation(app, client):
    """Who has sent what to whom, at what time of the clock."""
    ws = client.websocket("/echo")
    ws.send("hello")
    assert ws.receive() == "hello"
    client.clock.advance(2)
    session = client.join()
    session.subscribe("com.example.news")
    client.get("/")
    app.publish("com.example.news", 7)
    session.receive_event()
    with pytest.raises(ConversationFailure) as failure:
        session.receive_event(timeout=0.01)
    problem, _, conversation = str(failure.value).partition("\n\n")
    assert problem == "session 1 waited 0.01 seconds for EVENT"
    lines = conversation.splitlines()
    assert lines[0] == "The conversation, with the seconds of the clock:"
    assert "      0.000  /echo #1 -> app: 'hello'" in lines
    assert "      0.000  app -> /echo #1: 'hello'" in lines
    assert "      0.000  (2 seconds pass)" in lines
    assert (
        "      2.000  session 1 -> app: SUBSCRIBE [32, 1, {}, 'com.example.news']"
        in (lines)
    )
    assert any("http -> app: GET /" in line for line in lines)
    assert any("app -> session 1: EVENT [36, " in line for line in lines)


def test_failure_is_an_assertion(client):
    """So test runners count it as a failed test, and not as an error."""
    with pytest.raises(AssertionError):
        client.websocket("/echo").receive(timeout=0.01)


def test_other_messages_are_named_in_the_failure(app, client):
    """Whoever waits for an event is told that something else has come."""
    session = client.join()
    session.register("com.example.page")
    other = client.join()
    other.start_call("com.example.page")
    session.receive_invocation()
    other.start_call("com.example.page", "second")
    with pytest.raises(ConversationFailure, match="for EVENT; it has got INVOCATION"):
        session.receive_event(timeout=0.1)


def test_long_conversations_are_cut(client):
    """The last lines are shown, none of them too wide."""
    ws = client.websocket("/echo")
    for number in range(100):
        ws.send(f"{number} " + "x" * 10_000)
        ws.receive()
    lines = str(client.conversation).splitlines()
    assert lines[1] == "  ... 142 earlier lines"
    assert len(lines) == 62
    assert max(map(len, lines)) < 250
    assert "99 xxx" in lines[-1]


def fail_with_two_clients(app):
    with Client(app) as one, Client(app) as other:
        one.get("/")
        other.join()
        raise AssertionError("the test's own words")


def test_failed_assertion_in_a_block_has_the_conversation(app):
    """So other test runners than pytest print it, too; once, of each client."""
    with pytest.raises(AssertionError) as failed:
        fail_with_two_clients(app)
    notes = getattr(failed.value, "__notes__", [])
    if sys.version_info >= (3, 11):
        assert ["http -> app" in note for note in notes] == [False, True]
        assert ["HELLO" in note for note in notes] == [True, False]
    with pytest.raises(ConversationFailure) as failure, Client(app) as client:
        client.join().receive(timeout=0.01)
    assert not hasattr(failure.value, "__notes__")


def test_unexpected_exceptions_have_the_conversation(app, client):
    """As a note, which Python prints since 3.11."""
    session = client.join()
    with pytest.raises(ApplicationError) as refused:
        session.call("com.example.missing")
    with pytest.raises(HandshakeRefused) as unknown:
        client.websocket("/nowhere")
    app.close()
    with pytest.raises(WebSocketClosed) as closed:
        session.receive()
    for raised in (refused, unknown, closed):
        notes = getattr(raised.value, "__notes__", [])
        shown = ["session 1 -> app: HELLO" in note for note in notes]
        assert shown == [True] * (sys.version_info >= (3, 11))
