"""Streams of server-sent events in the kit: the bridge's, and an application's."""

from __future__ import annotations

import json

import pytest

from wsocket import Bridge, PublishOptions, Realm, Remember, WSocketApp
from wsocket.testing import Client, ConversationFailure, StreamRefused

NEWS = "/wamp/events?topic=com.example.news"


@pytest.fixture
def bridged():
    """A router with a bridge, whose topics are remembered."""
    made = WSocketApp(protocol="WAMP", bridge=Bridge("/wamp", heartbeat=15, retry=3))

    @made.register("com.example.add")
    def add(a, b):
        made.publish("com.example.news", a + b)
        return a + b

    return made


@pytest.fixture
def client(bridged):
    with Client(bridged) as opened:
        yield opened


def test_event_reaches_the_stream(client):
    """With its data and its ID; after it nothing comes, which is known at once."""
    with client.events(NEWS) as stream:
        stream.receives_nothing()
        body = {"topic": "com.example.news", "args": ["hello"]}
        publication = client.post("/wamp/publish", json=body).json()["publication"]
        event = stream.receive()
        assert (event.name, event.id) == ("message", str(publication))
        assert event.json()["args"] == ["hello"]
        stream.receives_nothing()
        assert stream.retry == 3
        assert stream.headers["X-Accel-Buffering"] == "no"
    assert stream.closed


def test_event_that_is_under_way_is_waited_for(client):
    """A hundred times: what a procedure publishes comes before `receives_nothing`."""
    with client.events(NEWS) as stream, client.join() as session:
        for number in range(100):
            session.start_call("com.example.add", number, 0)
            with pytest.raises(ConversationFailure, match="and got event message"):
                stream.receives_nothing()
            assert stream.receive().json()["args"] == [number]


def test_open_stream_is_no_work(client):
    """Others know that nothing comes; the clock moves at once, and heartbeats come."""
    with client.events(NEWS), client.events(NEWS), client.join() as session:
        session.receives_nothing()
        client.clock.advance(3600)
        session.receives_nothing()
        for number in (1, 2):
            heartbeat = f"3600.000  app -> {NEWS} #{number}: comment ''"
            assert heartbeat in str(client.conversation)


def test_stream_whose_client_has_left_is_noticed(bridged, client):
    """As when a page is closed: its session leaves the realm."""
    session = client.join()
    session.subscribe("wamp.session.on_leave")
    stream = client.events(NEWS)
    stream.drop()
    session.receive_event()
    session.receives_nothing()
    assert len(bridged.snapshot().realms["realm1"].sessions) == 2


def test_browser_that_comes_back_gets_what_it_missed():
    """With the header Last-Event-ID."""
    app = WSocketApp(
        protocol="WAMP",
        bridge=Bridge("/wamp"),
        realm=Realm("realm1", history=[Remember("com.example.news")]),
    )
    known = PublishOptions(acknowledge=True)
    with Client(app) as client:
        first = client.events(NEWS)
        app.publish("com.example.news", 1, options=known)
        last = first.receive().id
        first.drop()
        app.publish("com.example.news", 2, options=known)
        with client.events(NEWS, headers={"Last-Event-ID": last}) as again:
            notice = again.receive()
            assert (notice.name, notice.json()) == ("resume", {"complete": True})
            assert again.receive().json()["args"] == [2]


@pytest.mark.parametrize(
    ("path", "status"), [("/wamp/events", 400), ("/nothing", 404), ("/page", 200)]
)
def test_answer_that_is_no_stream_is_raised(bridged, client, path, status):
    """With the answer, and with the conversation if nobody expects it."""

    @bridged.route("/page")
    def page(environ, start_response):
        start_response(200, {"Content-Type": "text/plain"})
        return "no events"

    with pytest.raises(StreamRefused, match=f"a stream of events was .*{status}") as no:
        client.events(path)
    assert no.value.answer.status == status
    assert f": {status} " in str(client.conversation)


def test_end_of_a_stream_is_waited_for(bridged, client):
    """When the application closes; an event that was not received is told."""
    with client.events(NEWS) as stream:
        bridged.publish("com.example.news", 1)
        client.clock.advance(0)  # lets it arrive
        bridged.close()
        with pytest.raises(
            ConversationFailure, match="expected the end, and got event"
        ):
            stream.receive_end()
        assert stream.receive().json()["args"] == [1]
        stream.receive_end()
        with pytest.raises(ConversationFailure, match="an event was expected"):
            stream.receive()


def test_slow_stream_is_a_failure(client):
    """After the timeout, with the conversation."""
    with (
        client.events(NEWS) as stream,
        pytest.raises(ConversationFailure, match=r"waited .* seconds for a message"),
    ):
        stream.receive(timeout=0.01)


STREAM = (
    b"\xef\xbb\xbf: hi\r\n\rretry:1500\ndata: a\rdata:b\r\ndata\n\n"
    b"event: x\nid: 7\n\nid: 8\nevent: named\ndata: {\nunknown: y\n\n"
    b"id\ndata:  \xc3\xa9\n\ndata: cut"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_stream_of_an_application_is_read_as_browsers_do(size):
    """However it is cut: line ends, comments, names, IDs (WHATWG HTML, 9.2.6)."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream; charset=utf-8")])
        for start in range(0, len(STREAM), size):
            yield STREAM[start : start + size]

    with Client(app) as client, client.events("/") as stream:
        got = [stream.receive() for _ in range(3)]
        stream.receive_end()
        assert stream.retry == 1.5
        assert "comment 'hi'" in str(client.conversation)
    assert [(each.name, each.data, each.id) for each in got] == [
        ("message", "a\nb\n", ""),
        ("named", "{", "8"),
        ("message", " é", ""),
    ]
    with pytest.raises(ValueError, match=r"of ServerSentEvent.*named.* is not JSON"):
        got[1].json()


def test_stream_needs_no_chunks():
    """An application may end it with the connection."""

    def app(environ, start_response):
        body = b"data: 1\n\n"
        headers = [("Content-Type", "text/event-stream"), ("Connection", "close")]
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    with Client(app) as client, client.events("/") as stream:
        assert json.loads(stream.receive().data) == 1
