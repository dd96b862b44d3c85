"""Knowing that nothing comes, without waiting for it."""

from __future__ import annotations

import threading
import time

import pytest

from tests.patience import SECONDS
from wsocket import PublishOptions
from wsocket.testing import Client, ConversationFailure


def test_nothing_is_known_at_once(client):
    """A thousand times in less time than one wait would take."""
    with client.join() as session, client.websocket("/echo") as ws:
        began = time.monotonic()
        for _ in range(200):
            session.receives_nothing()
            ws.receives_nothing()
        assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("hops", [0, 1, 20])
def test_work_under_way_is_waited_for(app, client, hops):
    """Procedures that publish, subscribers that call: all of it ends first."""

    @app.subscribe("com.example.hop")
    def hop(left):
        time.sleep(0.001)
        topic = "com.example.hop" if left else "com.example.end"
        app.publish(topic, left - 1, options=PublishOptions(exclude_me=False))

    session = client.join()
    session.subscribe("com.example.end")
    session.publish("com.example.hop", hops)
    with pytest.raises(ConversationFailure, match="expected nothing, and got EVENT"):
        session.receives_nothing()


def test_handler_that_answers_slowly_is_waited_for(app, client):
    """While it works, something may still come."""

    @app.route("/slow")
    def slow(environ, start_response):
        for message in environ["wsgi.websocket"]:
            time.sleep(0.05)
            environ["wsgi.websocket"].send(message)

    ws = client.websocket("/slow")
    ws.receives_nothing()
    ws.send("late")
    with pytest.raises(ConversationFailure, match="and got 'late'"):
        ws.receives_nothing()


def test_endless_work_is_a_failure_of_its_own(app):
    """The message says where the code is, and what to do."""
    over = threading.Event()

    @app.register("com.example.stuck")
    def stuck():
        over.wait(SECONDS)

    with Client(app, timeout=0.2) as client:
        session = client.join()
        session.start_call("com.example.stuck")
        with pytest.raises(ConversationFailure) as failure:
            session.receives_nothing()
        session.receives_nothing(within=0.01)
        over.set()
    message = str(failure.value)
    assert "cannot know whether something comes" in message
    assert "test_nothing.py" in message
    assert "stuck()" in message
    assert "receives_nothing(within=...)" in message


def test_foreign_threads_are_waited_for_in_real_time(app, client):
    """Of a thread of the application's own the kit knows nothing: hence `within`."""
    session = client.join()
    session.subscribe("com.example.news")
    go = threading.Event()

    def publish_later():
        go.wait(SECONDS)
        app.publish("com.example.news")

    thread = threading.Thread(target=publish_later)
    thread.start()
    session.receives_nothing()
    go.set()
    with pytest.raises(ConversationFailure, match="expected nothing"):
        session.receives_nothing(within=SECONDS)
    thread.join(SECONDS)
