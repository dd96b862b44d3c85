"""Server-sent events, on both servers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time

import pytest

from tests.patience import SECONDS
from tests.programs import app_commands
from tests.serving import serving
from tests.wamp.apps.bridge import TOKEN
from tests.wamp.bridge.http import listening, post, problem, publish
from tests.wamp.raw_client import connected
from tests.wamp.transports.longpoll.client import request
from wsocket import Bridge, Limits, Permission, Realm, Remember, Role, WSocketApp

GRACE = 20.0  # seconds; a server that waits for its responses takes 30


def test_events_come_as_they_are_published(bridged, uri):
    """With the publication as ID, and everything else as JSON."""
    with listening(bridged.http(), f"topic={uri}") as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (
            200,
            "text/event-stream",
        )
        body = {"topic": uri, "args": ["é\n\r", [1]], "kwargs": {"k": None}}
        answer = post(bridged.http(), "/wamp/publish", body)
        event = stream.next()
    assert event["id"] == str(json.loads(answer.body)["publication"])
    assert event.keys() == {"id", "data"}
    assert json.loads(event["data"]) == {**body, "details": {}}


@pytest.mark.parametrize(
    ("query", "topic"),
    [
        ("topic={}&match=prefix", "{}.more"),
        ("topic={}..end&match=wildcard", "{}.any.end"),
    ],
)
def test_stream_may_be_of_many_topics(bridged, uri, query, topic):
    """Each event says its own."""
    with listening(bridged.http(), query.format(uri)) as stream:
        publish(bridged.http(), topic.format(uri), 1)
        data = stream.data()
    assert (data["topic"], data["args"]) == (topic.format(uri), [1])


def test_event_of_a_client_with_another_serializer_is_converted(bridged, uri):
    """Binary values are strings, as in all JSON of WAMP."""
    with (
        listening(bridged.http(), f"topic={uri}") as stream,
        connected(bridged.ws(), "msgpack") as publisher,
    ):
        publisher.join().publish(uri, [b"\0\1"], {"f": 1.5})
        data = stream.data()
    assert (data["args"], data["kwargs"]) == (["\0AAE="], {"f": 1.5})


def test_line_ends_inside_of_json_do_not_end_an_event(bridged, uri):
    """A publisher may write its JSON on many lines, and cannot forge a field."""
    with listening(bridged.http(), f"topic={uri}") as stream:
        body = f'{{"topic": "{uri}", "args": [1,\r\n\r\nid: 7\n2]}}'
        assert post(bridged.http(), "/wamp/publish", body.encode()).status == 400
        body = f'{{"topic": "{uri}", "args": [1,\r\n\r\n\n2]}}'
        assert post(bridged.http(), "/wamp/publish", body.encode()).status == 200
        assert stream.args() == [1, 2]


def test_retained_event_comes_first(bridged, uri):
    """If the request asks for it."""
    body = {"topic": uri, "args": ["kept"], "options": {"retain": True}}
    post(bridged.http(), "/wamp/publish", body)
    with listening(bridged.http(), f"topic={uri}&get_retained=true") as stream:
        data = stream.data()
    assert (data["args"], data["details"]["retained"]) == (["kept"], True)


def test_topic_that_is_not_granted_is_refused(bridged):
    """Before the stream begins."""
    path = "/wamp/events?topic=com.backend.news"
    answer = request(bridged.http(), path, method="GET")
    assert (answer.status, problem(answer)["error"]) == (
        403,
        "wamp.error.not_authorized",
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with listening(bridged.http(), "topic=com.backend.news", **headers) as stream:
        assert stream.status == 200


def test_quiet_stream_has_heartbeats(bridged, uri):
    """Comments: proxies see that it lives, listeners see nothing."""
    with listening(bridged.http(), f"topic={uri}") as stream:
        assert stream.comment() == stream.comment() == b":\n"


@pytest.mark.parametrize("missed", [0, 3, 1200])
def test_stream_goes_on_after_the_last_event(bridged, uri, missed):
    """What the listener has missed comes first, in order; then live events."""
    topic = uri.replace("com.open", "com.kept")
    with listening(bridged.http(), f"topic={topic}") as stream:
        publish(bridged.http(), topic, "seen")
        last = stream.next()["id"]
    with connected(bridged.ws()) as publisher:
        publisher.join()
        for number in range(missed):
            publisher.publish(topic, [number])
    with listening(bridged.http(), f"topic={topic}", Last_Event_ID=last) as stream:
        notice = stream.next()
        publish(bridged.http(), topic, "live")
        found = [stream.args()[0] for _ in range(missed + 1)]
    assert notice == {"event": "resume", "data": '{"complete":true}'}
    assert found == [*range(missed), "live"]


def test_resumed_stream_of_many_topics_says_them(bridged, uri):
    """Past events have the same form as live ones."""
    topic = uri.replace("com.open", "com.kept")
    first = publish(bridged.http(), f"{topic}.a", 1)
    second = publish(bridged.http(), f"{topic}.b", 2)
    query = f"topic={topic}&match=prefix"
    with listening(bridged.http(), query, Last_Event_ID=str(first)) as stream:
        stream.next()
        event = stream.next()
    assert event["id"] == str(second)
    data = json.loads(event["data"])
    assert (data["topic"], data["args"]) == (f"{topic}.b", [2])


@pytest.mark.parametrize("topic", ["com.open.unkept", "com.kept.other"])
def test_listener_is_told_if_events_may_be_missing(bridged, topic):
    """Because the realm keeps none, or not any more: it goes on with live events."""
    with listening(bridged.http(), f"topic={topic}", Last_Event_ID="12345") as stream:
        notice = stream.next()
        publish(bridged.http(), topic, "live")
        assert stream.args() == ["live"]
    assert notice["event"] == "resume"
    assert json.loads(notice["data"]) == {
        "complete": False,
        "error": "wamp.error.no_such_publication",
    }


def test_events_during_a_resumption_come_once_and_in_order(serve, uri, beside):
    """Live ones wait until the past ones are sent, however many there are."""
    realm = Realm("realm1", history=[Remember(uri, limit=5000)])
    app, url = serve({"realm": realm})
    first = publish(url, uri, -1)
    for number in range(1500):
        app.publish(uri, number)

    def go_on():
        for number in range(1500, 3000):
            app.publish(uri, number)

    with listening(url, f"topic={uri}", Last_Event_ID=str(first)) as stream:
        publishing = beside(go_on)
        stream.next()
        found = [stream.args()[0] for _ in range(3000)]
        publishing.result()
    assert found == list(range(3000))


def test_requests_are_numbered_as_a_strict_realm_demands(serve, uri):
    """From 1 in each session, also those for past events."""
    realm = Realm("realm1", strict_request_ids=True, history=[Remember(uri)])
    _, url = serve({"realm": realm})
    first, second = publish(url, uri, 1), publish(url, uri, 2)
    with listening(url, f"topic={uri}", Last_Event_ID=str(first)) as stream:
        assert json.loads(stream.next()["data"]) == {"complete": True}
        assert stream.next()["id"] == str(second)


def test_role_that_may_not_read_the_history_gets_live_events_alone(serve, uri):
    """The notice names the reason; the stream goes on."""
    granted = [Permission(uri, allow=("publish", "subscribe"))]
    realm = Realm("realm1", roles=[Role("anonymous", granted)], history=[Remember(uri)])
    _, url = serve({"realm": realm})
    first = publish(url, uri, 1)
    with listening(url, f"topic={uri}", Last_Event_ID=str(first)) as stream:
        notice = json.loads(stream.next()["data"])
        publish(url, uri, "live")
        assert stream.args() == ["live"]
    assert notice == {"complete": False, "error": "wamp.error.not_authorized"}


def test_streams_beyond_the_limit_are_refused(serve, uri):
    """Each takes a thread; there is room again when a listener has gone."""
    app, url = serve(max_streams=1)
    path = f"/wamp/events?topic={uri}"
    with listening(url, f"topic={uri}"):
        refused = request(url, path, method="GET")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert "Bridge.max_streams, 1" in problem(refused)["detail"]
    wait_for(lambda: app.call("wamp.session.count") == 1)
    with listening(url, f"topic={uri}") as stream:
        assert stream.status == 200


def test_listener_that_goes_away_is_noticed(serve, uri):
    """Its session ends, although there is no event."""
    app, url = serve()
    with listening(url, f"topic={uri}"):
        assert app.call("wamp.session.count") == 2
    wait_for(lambda: app.call("wamp.session.count") == 1)


def test_session_that_is_killed_says_so_before_its_stream_ends(serve, uri):
    """The listener gets a notice with the reason."""
    app, url = serve()
    with listening(url, f"topic={uri}") as stream:
        app.call("wamp.session.kill_all", reason="com.example.maintenance")
        notice = stream.next()
        with pytest.raises(EOFError):
            stream.next()
    assert notice["event"] == "end"
    assert json.loads(notice["data"])["error"] == "com.example.maintenance"


def test_stream_whose_subscription_is_revoked_ends(serve, uri):
    """It would wait for ever."""
    app, url = serve()
    with listening(url, f"topic={uri}") as stream:
        subscription = app.call("wamp.subscription.lookup", uri)
        [session] = app.call("wamp.subscription.list_subscribers", subscription)
        app.call("wamp.subscription.remove_subscriber", subscription, session)
        notice = stream.next()
        with pytest.raises(EOFError):
            stream.next()
    assert notice["event"] == "end"
    assert json.loads(notice["data"])["error"].startswith("wamp.")


def test_streams_end_with_the_application(uri):
    """So that a server need not wait for them."""
    app = WSocketApp(protocol="WAMP", bridge=Bridge())
    with serving(app) as url, listening(url, f"topic={uri}") as stream:
        app.close()
        with pytest.raises(EOFError):
            stream.next()


@pytest.mark.parametrize("kind", ["threads", "gevent"])
def test_server_that_is_told_to_end_does_not_wait_for_listeners(start, kind, uri):
    """Their streams end, and the process with them."""
    server = start(*app_commands("tests.wamp.apps.bridge")[kind])
    with listening(server.http(), f"topic={uri}") as stream:
        publish(server.http(), uri, 1)
        assert stream.args() == [1]
        begun = time.monotonic()
        assert server.stop() == 0
        with pytest.raises(EOFError):
            stream.next()
    assert time.monotonic() - begun < GRACE


def test_listener_that_does_not_read_loses_the_oldest_events(serve, uri):
    """It is told how many; others are not disturbed."""
    limits = Limits(outbox_messages=10, outbox_bytes=2**20)
    app, url = serve({"limits": limits})
    big = "x" * 60_000
    with (
        listening(url, f"topic={uri}") as slow,
        listening(url, f"topic={uri}") as other,
    ):
        before = app.metrics().events_dropped["too_slow"]
        sent = 0
        deadline = time.monotonic() + SECONDS
        while app.metrics().events_dropped["too_slow"] == before:
            publish(url, uri, sent, big)
            assert other.args() == [sent, big]
            sent += 1
            assert time.monotonic() < deadline
        publish(url, uri, "last")
        assert other.args() == ["last"]
        lost, seen = 0, []
        while not seen or seen[-1] != "last":
            event = slow.next()
            data = json.loads(event["data"])
            if event.get("event") == "dropped":
                lost += data["events"]
            else:
                seen.append(data["args"][0])
    assert lost > 0
    assert lost + len(seen) == sent + 1
    assert seen[0] == 0


def test_curl_shows_events_as_they_come(bridged, uri):
    """``curl -N`` is all that a shell needs."""
    command = ["curl", "-sN", bridged.http(f"/wamp/events?topic={uri}")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        assert curl.stdout.readline() == "retry: 3000\n"
        publication = publish(bridged.http(), uri, "hello")
        with contextlib.closing(curl.stdout) as lines:
            found = next(line for line in lines if line.startswith("id"))
            data = next(lines)
        curl.terminate()
    assert found == f"id: {publication}\n"
    assert json.loads(data.removeprefix("data: "))["args"] == ["hello"]


def wait_for(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
