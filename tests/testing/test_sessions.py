"""WAMP sessions of the kit's client."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from wsocket import ApplicationError, CallCanceled, CallResult, WebSocketClosed
from wsocket.testing import ConversationFailure

SERIALIZERS = pytest.mark.parametrize(
    "serializer", ["json", "msgpack", "cbor", "ubjson"]
)


@SERIALIZERS
def test_session_calls_and_listens(app, client, serializer):
    """With each serializer."""
    with client.join(serializer=serializer) as session:
        assert session.subprotocol == f"wamp.2.{serializer}"
        assert session.call("com.example.add", 2, 3) == 5
        subscription = session.subscribe("com.example.news")
        app.publish("com.example.news", "text", b"\x00", n=None)
        event = session.receive_event()
        assert (event.topic, event.args) == ("com.example.news", ["text", b"\x00"])
        assert (event.kwargs, event.subscription) == ({"n": None}, subscription)
        session.unsubscribe(subscription)
        app.publish("com.example.news", "unheard")
        session.receives_nothing()


def test_unknown_serializer_is_refused(client):
    """The error names those that there are."""
    with pytest.raises(ValueError, match=r"'xml'.*json, msgpack"):
        client.join(serializer="xml")


def test_results_are_those_of_the_application(app, client):
    """One value, none, or several."""

    @app.register("com.example.several")
    def several():
        return CallResult([1, 2], {"a": 3})

    @app.register("com.example.none")
    def none():
        return None

    with client.join() as session:
        assert session.call("com.example.several") == CallResult([1, 2], {"a": 3})
        assert session.call("com.example.none") is None


def test_errors_are_raised_with_their_payload(app, client):
    """As in the application."""

    @app.register("com.example.fail")
    def fail():
        raise ApplicationError("com.example.error.no", 7, why="so")

    with client.join() as session:
        with pytest.raises(ApplicationError) as raised:
            session.call("com.example.fail")
        assert raised.value.error == "com.example.error.no"
        assert (raised.value.args, raised.value.kwargs) == ((7,), {"why": "so"})
        with pytest.raises(ApplicationError, match="no_such_procedure"):
            session.call("com.example.missing")
        with pytest.raises(ApplicationError, match="invalid_uri"):
            session.subscribe("not a uri")


def test_sessions_hear_each_other(client):
    """Patterns and options of WAMP are passed on by their names."""
    with client.join() as one, client.join() as two:
        two.subscribe("com.example", match="prefix")
        one.publish("com.example.a", 1, options={"exclude_me": False})
        event = two.receive_event()
        assert (event.topic, event.args) == ("com.example.a", [1])
        one.publish("com.example.b", options={"eligible": [one.id]})
        two.receives_nothing()


def test_progressive_results_come_one_by_one(app, client):
    """`progress` gives the next one, `result` the last."""

    @app.register("com.example.count")
    def count(n):
        yield from range(n)
        return "done"

    with client.join() as session:
        wanted = {"receive_progress": True}
        call = session.start_call("com.example.count", 2, options=wanted)
        assert [call.progress(), call.progress()] == [0, 1]
        with pytest.raises(LookupError, match="has ended"):
            call.progress()
        assert call.result() == "done"
        skipping = session.start_call("com.example.count", 2, options=wanted)
        assert skipping.result() == "done"


def test_large_progressive_results_come(app, client):
    """The procedure waits until the test has read: in real time, not by the clock."""

    @app.register("com.example.large")
    def large():
        for _ in range(3):
            yield "x" * 200_000

    with client.join() as session:
        wanted = {"receive_progress": True}
        call = session.start_call("com.example.large", options=wanted)
        assert [len(call.progress()) for _ in range(3)] == [200_000] * 3
        assert call.result() is None


def test_call_is_canceled(app, client):
    """The caller gets the error of WAMP."""
    over = threading.Event()

    @app.register("com.example.wait")
    def wait():
        over.wait(SECONDS)

    with client.join() as session:
        call = session.start_call("com.example.wait")
        call.cancel()
        with pytest.raises(CallCanceled):
            call.result()
        over.set()


def test_test_answers_calls_of_the_application(app, client):
    """A procedure without a function waits for the test."""

    @app.route("/ring")
    def ring(environ, start_response):
        start_response(200, {"Content-Type": "text/plain"})
        return app.call("com.example.page", "knock", n=1)

    with client.join() as session:
        session.register("com.example.page", lambda text, n: f"{text} {n}")
        assert client.get("/ring").text == "knock 1"


def test_invocations_are_answered_step_by_step(client):
    """Progress, results and errors are those of the test."""
    with client.join() as callee, client.join() as caller:
        registration = callee.register("com.example.page")
        wanted = {"receive_progress": True}
        call = caller.start_call("com.example.page", 1, options=wanted, a=2)
        caller.receives_nothing()
        invocation = callee.receive_invocation()
        assert invocation.procedure == "com.example.page"
        assert (invocation.args, invocation.kwargs) == ([1], {"a": 2})
        invocation.progress("half")
        assert call.progress() == "half"
        invocation.answer("whole")
        assert call.result() == "whole"
        failing = caller.start_call("com.example.page")
        callee.receive_invocation().fail("com.example.error.no", 1)
        with pytest.raises(ApplicationError, match=r"com\.example\.error\.no: 1"):
            failing.result()
        callee.unregister(registration)
        with pytest.raises(ApplicationError, match="no_such_procedure"):
            caller.call("com.example.page")


@pytest.mark.parametrize(
    ("error", "uri"),
    [
        (ApplicationError("com.example.error.no", 1), "com.example.error.no"),
        (ValueError("oh no"), "wamp.error.runtime_error"),
    ],
)
def test_function_of_a_test_may_fail(client, error, uri):
    """The caller gets an ERROR, as from a procedure of the application."""

    def fail():
        raise error

    with client.join() as callee, client.join() as caller:
        callee.register("com.example.fail", fail)
        with pytest.raises(ApplicationError) as raised:
            caller.call("com.example.fail")
        assert raised.value.error == uri


def test_session_leaves(app, client):
    """GOODBYE is answered, and others hear of it."""
    with client.join() as watching, client.join() as leaving:
        watching.subscribe("wamp.session.on_leave")
        assert leaving.leave() == "wamp.close.goodbye_and_out"
        assert watching.receive_event().args[0] == leaving.id


def test_waiting_for_an_event_ends_with_the_session(app, client):
    """The test does not wait for a session that the application has ended."""
    with client.join() as session:
        app.close()
        with pytest.raises(WebSocketClosed) as closed:
            session.receive_event()
        assert closed.value.code == 1012


def test_raw_messages(client):
    """Lists go out and come in as they are, also wrong ones."""
    with client.wamp() as raw:
        raw.send([1, "realm1", {"roles": {"caller": {}}}])
        assert raw.receive()[0] == 2
        raw.send([48, 1, {}, "com.example.add", [2, 3]])
        assert raw.receive() == [50, 1, {}, [5]]
        raw.send([48, 3, {}, 7])
        code, _, reason = raw.receive()
        assert (code, reason) == (3, "wamp.error.protocol_violation")
        assert raw.receive_close()[0] == 1002


def test_unexpected_challenge_is_a_failure(client):
    """Whoever opens a realm that does not exist learns the router's reason."""
    with pytest.raises(ApplicationError) as refused:
        client.join("nowhere")
    assert refused.value.error == "wamp.error.no_such_realm"


def test_raw_client_sends_what_is_no_wamp(client):
    """Protocol details can be tested down to the first message."""
    with client.wamp() as raw:
        raw.send([])
        assert raw.receive()[2] == "wamp.error.protocol_violation"


def test_patience_can_be_given_for_one_wait(client):
    """In real seconds."""
    session = client.join()
    with pytest.raises(ConversationFailure, match=r"waited 0\.01 seconds for EVENT"):
        session.receive_event(timeout=0.01)
